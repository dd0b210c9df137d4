package awsconf

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
)

// Denied says that an action isn't allowed.
type Denied struct {
	Action string // cloudwatch:GetMetricData, with what it was asked of where that matters
}

func (d *Denied) Error() string { return d.Action + " is not allowed; add it to the policy" }

var (
	deniedCodes    = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "Forbidden"}
	expiredCodes   = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
	strangeCodes   = []string{"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature"}
	throttledCodes = []string{"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "TooManyRequestsException", "RequestThrottled", "LimitExceededException", "ProvisionedThroughputExceededException"}
	invalidCodes   = []string{"ValidationError", "ValidationException", "InvalidParameterValue", "InvalidParameterValueException", "InvalidParameterCombination", "InvalidParameterCombinationException"}
	absentCodes    = []string{"ResourceNotFoundException", "LoadBalancerNotFound", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "TableNotFoundException"}
)

// Failure says in one line why an action failed. It never shows the SDK's own chain
// of errors.
func Failure(action string, err error) error {
	name, has := code(err), func(codes []string) bool { return slices.Contains(codes, code(err)) }
	switch {
	case err == nil:
		return nil
	case has(deniedCodes):
		return &Denied{Action: action}
	case has(expiredCodes):
		return fmt.Errorf("%s: the credentials have expired; renew them", action)
	case has(strangeCodes):
		return fmt.Errorf("%s: the credentials were not accepted; check keys, region and the host's clock", action)
	case has(throttledCodes):
		return fmt.Errorf("%s: throttled in all %d attempts; fewer hosts should ask, or the quota be raised", action, attempts)
	case has(absentCodes):
		return fmt.Errorf("%s: there is no such resource; check its name and region", action)
	case name != "":
		return fmt.Errorf("%s: refused: %s: %s", action, Plain(name), Plain(message(err)))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer in time; raise --timeout if it is slow rather than away", action)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: the run was stopped", action)
	case refused(err):
		return fmt.Errorf("%s: the endpoint refused the connection; check region and endpoint_url", action)
	}
	return fmt.Errorf("%s: the endpoint can't be reached or speaks no AWS; check region, endpoint_url and the network", action)
}

// Invalid tells whether the service found fault with the question itself.
func Invalid(err error) bool { return slices.Contains(invalidCodes, code(err)) }

// code is the service's name for what is wrong, empty where it didn't answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func message(err error) string {
	var api smithy.APIError
	errors.As(err, &api)
	return api.ErrorMessage()
}

func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

const shown = 120

// Plain is foreign text as part of a message: one line, and short. Outputs escape what
// in it isn't harmless.
func Plain(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > shown {
		text = string(r[:shown]) + "…"
	}
	return text
}
