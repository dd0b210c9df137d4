package awsconf

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// TestInnerOptionsWin field by field, but an external id stays with its role.
func TestInnerOptionsWin(t *testing.T) {
	outer := Options{Region: "eu-west-1", RoleARN: "outer", ExternalID: "outer's", EndpointURL: "http://outer"}
	for name, c := range map[string]struct{ inner, want Options }{
		"nothing said":      {Options{}, outer},
		"a region":          {Options{Region: "us-east-1"}, Options{Region: "us-east-1", RoleARN: "outer", ExternalID: "outer's", EndpointURL: "http://outer"}},
		"a role of its own": {Options{RoleARN: "inner"}, Options{Region: "eu-west-1", RoleARN: "inner", EndpointURL: "http://outer"}},
	} {
		if got := c.inner.Over(outer); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestOptionsAreNamedWithoutTheirSecret(t *testing.T) {
	o := Options{Region: "eu-west-1", Profile: "p", RoleARN: "r", ExternalID: "hidden"}
	if got, want := o.String(), "region=eu-west-1 profile=p role=r"; got != want {
		t.Errorf("named %q, want %q", got, want)
	}
	if got, want := (Options{}).ARN("kinesis", "stream/s"), "arn:aws:kinesis:*:*:stream/s"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFailuresAreOneLine: the action, what is wrong, one hint; never the SDK's chain.
func TestFailuresAreOneLine(t *testing.T) {
	api := func(code string) error {
		return fmt.Errorf("operation error X: https response error StatusCode: 400, RequestID: 1234: %w",
			&smithy.GenericAPIError{Code: code, Message: "foreign\n" + strings.Repeat("text ", 100)})
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{api("AccessDeniedException"), "s:Do is not allowed; add it to the policy"},
		{api("ExpiredToken"), "s:Do: the credentials have expired; renew them"},
		{api("UnrecognizedClientException"), "s:Do: the credentials were not accepted; check keys, region and the host's clock"},
		{api("ThrottlingException"), "s:Do: throttled in all 3 attempts; fewer hosts should ask, or the quota be raised"},
		{api("ResourceNotFoundException"), "s:Do: there is no such resource; check its name and region"},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), "s:Do: no answer in time; raise --timeout if it is slow rather than away"},
		{fmt.Errorf("x: %w", context.Canceled), "s:Do: the run was stopped"},
		{errors.New("tls: no such luck"), "s:Do: the endpoint can't be reached or speaks no AWS; check region, endpoint_url and the network"},
	} {
		if got := Failure("s:Do", c.err).Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	got := Failure("s:Do", api("Strange\tCode")).Error()
	if !strings.HasPrefix(got, "s:Do: refused: Strange Code: foreign text text") || len(got) > 200 || strings.ContainsAny(got, "\n\t") {
		t.Errorf("got %q", got)
	}
	if Failure("s:Do", nil) != nil {
		t.Error("no error is one")
	}
	var denied *Denied
	if !errors.As(Failure("s:Do", api("AccessDenied")), &denied) || denied.Action != "s:Do" {
		t.Error("a refusal can't be told from others")
	}
}
