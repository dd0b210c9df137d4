package awsconf

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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

// Failure says in one line why an action failed, and where a limit ended it, which one
// and what was answered before. It never shows the SDK's own chain of errors.
func Failure(action string, err error) error {
	var e *ended
	switch {
	case !errors.As(err, &e):
	case code(err) != "": // answered after all
	case e.last != nil:
		return fmt.Errorf("%w; %w", Failure(action, e.last), over(e.limit))
	default:
		return fmt.Errorf("%s: %w", action, over(e.limit))
	}
	name, has := code(err), func(codes []string) bool { return slices.Contains(codes, code(err)) }
	var certificate *tls.CertificateVerificationError
	var lookup *net.DNSError
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
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", action, over(err))
	case brokeOff(err):
		return fmt.Errorf("%s: the answer broke off; check endpoint_url, and proxies on the way", action)
	case errors.Is(err, errTooLong):
		return fmt.Errorf("%s: the answer is longer than %d MiB; check endpoint_url, and proxies on the way", action, maxAnswer>>20)
	case status(err) == http.StatusOK:
		return fmt.Errorf("%s: the answer can't be read as one of AWS; check endpoint_url, and proxies on the way", action)
	case status(err) != 0:
		return fmt.Errorf("%s: answered HTTP %d without a word of AWS; check endpoint_url, and proxies on the way", action, status(err))
	case errors.As(err, &certificate):
		return fmt.Errorf("%s: the certificate can't be verified: %s; check endpoint_url, AWS_CA_BUNDLE and the host's clock", action, Plain(certificate.Err.Error()))
	case errors.As(err, &lookup):
		return fmt.Errorf("%s: the endpoint's name can't be resolved; check region, endpoint_url and DNS", action)
	case refused(err):
		return fmt.Errorf("%s: the endpoint refused the connection; check region and endpoint_url", action)
	}
	return fmt.Errorf("%s: the endpoint can't be reached or speaks no AWS; check region, endpoint_url and the network", action)
}

// over words the limit that ended a call.
func over(limit error) error {
	switch {
	case errors.Is(limit, context.DeadlineExceeded):
		return errors.New("no answer in time; raise --timeout if it is slow rather than away")
	case errors.Is(limit, context.Canceled):
		return errors.New("the run was stopped")
	}
	return limit
}

// noName is what the SDK calls an error in which the service names none.
const noName = "UnknownError"

// status is the HTTP status of an answer in which the service names no error, else 0.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil {
		return 0
	}
	return answer.HTTPStatusCode()
}

// Invalid tells whether the service found fault with the question itself.
func Invalid(err error) bool { return slices.Contains(invalidCodes, code(err)) }

// code is the service's name for what is wrong, empty where it didn't answer, or where the
// SDK makes one from the answer's status, as it does of answers of S3 that say nothing.
func code(err error) string {
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	switch {
	case !errors.As(err, &api) || api.ErrorCode() == noName:
		return ""
	case errors.As(err, &answer) && answer.Response != nil && api.ErrorCode() == strings.ReplaceAll(http.StatusText(answer.HTTPStatusCode()), " ", "") &&
		api.ErrorMessage() == http.StatusText(answer.HTTPStatusCode()):
		return ""
	}
	return api.ErrorCode()
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
