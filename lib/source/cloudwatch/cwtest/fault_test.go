package cwtest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// quickRetries are the SDK's three attempts without its pauses.
func quickRetries(o *cloudwatch.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

func TestFaultsAreErrorsOfTheProtocol(t *testing.T) {
	cases := map[string]struct {
		set    func(*Server)
		code   string
		status int
	}{
		"throttling":  {func(s *Server) { s.ThrottleNext(1) }, "Throttling", 400},
		"internal":    {func(s *Server) { s.FailNext(1, 500) }, "InternalServiceError", 500},
		"unavailable": {func(s *Server) { s.FailNext(1, 503) }, "ServiceUnavailable", 503},
		"forbidden":   {func(s *Server) { s.Forbid("cloudwatch:GetMetricData") }, "AccessDenied", 403},
		"expired": {func(s *Server) {
			s.Inject(Fault{Status: 403, Code: "ExpiredTokenException", Message: "The security token included in the request is expired"})
		}, "ExpiredToken", 403},
	}
	for name, c := range cases {
		for protocol, change := range map[string]func(*cloudwatch.Options){"cbor": func(*cloudwatch.Options) {}, "json": overJSON} {
			t.Run(name+" "+protocol, func(t *testing.T) {
				s := startServer(t)
				c.set(s)
				_, err := newClient(s, change).GetMetricData(context.Background(), lastFive(metricQuery("n", requests, "Sum")))
				var refused smithy.APIError
				var response *smithyhttp.ResponseError
				if !errors.As(err, &refused) || !strings.HasPrefix(refused.ErrorCode(), c.code) || !errors.As(err, &response) || response.HTTPStatusCode() != c.status {
					t.Errorf("got %v, want %s with status %d", err, c.code, c.status)
				}
			})
		}
	}
}

func TestTheClientRetriesThrottlingAndServerFaults(t *testing.T) {
	for name, set := range map[string]func(*Server){
		"throttling":     func(s *Server) { s.ThrottleNext(2) },
		"500":            func(s *Server) { s.FailNext(2, http.StatusInternalServerError) },
		"cut connection": func(s *Server) { s.Inject(Fault{Drop: true, Times: 2}) },
		"proxy page":     func(s *Server) { s.Inject(Fault{Status: 502, Body: "<html>bad gateway", Times: 2}) },
	} {
		s := startServer(t)
		s.Put(requests, before(1), noon, 7)
		set(s)
		wantResults(t, ask(t, newClient(s, quickRetries), lastFive(metricQuery("n", requests, "Sum"))), "n Complete 7@-1")
		if n := len(s.Requests()); n != 3 {
			t.Errorf("%s: %d requests, want 3", name, n)
		}
	}
}

func TestAHangingCallEndsWithTheClientsDeadline(t *testing.T) {
	s := startServer(t)
	s.HangNext(1)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := newClient(s).GetMetricData(ctx, lastFive(metricQuery("n", requests, "Sum")))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestResultsCarryTheirOwnStatus(t *testing.T) {
	s := startServer(t)
	for minutes := 1; minutes <= 4; minutes++ {
		s.Put(requests, before(minutes), noon, 1)
		s.Put(latency, before(minutes), noon, 1)
	}
	s.ResultNext(1, "a", InternalError)
	s.ResultNext(1, "b", PartialData)
	s.ForbidMetric(latency)
	s.MessageNext(Message{Code: "note", Value: "a note"})
	in := lastFive(metricQuery("a", requests, "Sum"), metricQuery("b", requests, "Sum"), metricQuery("c", latency, "Sum"))
	out := ask(t, newClient(s), in)
	wantResults(t, out, "a InternalError", "b PartialData 1@-4 1@-3", "c Forbidden")
	if out.NextToken != nil || len(out.Messages) != 1 || len(out.MetricDataResults[2].Messages) != 1 {
		t.Errorf("token %v, messages %v, %v", out.NextToken, out.Messages, out.MetricDataResults[2].Messages)
	}
	out = ask(t, newClient(s), in)
	wantResults(t, out, "a Complete 1@-4 1@-3 1@-2 1@-1", "b Complete 1@-4 1@-3 1@-2 1@-1", "c Forbidden")
	s.Heal()
	if got := ask(t, newClient(s), in).MetricDataResults[2].StatusCode; got != types.StatusCodeComplete {
		t.Errorf("after Heal: %s", got)
	}
}

func TestAPartialPageGoesOnWithItsToken(t *testing.T) {
	s := startServer(t)
	for minutes := 1; minutes <= 4; minutes++ {
		s.Put(requests, before(minutes), noon, 1)
	}
	s.PartialNext(1)
	in := lastFive(metricQuery("a", requests, "Sum"))
	out := ask(t, newClient(s), in)
	wantResults(t, out, "a PartialData 1@-4 1@-3")
	in.NextToken = out.NextToken
	wantResults(t, ask(t, newClient(s), in), "a Complete 1@-2 1@-1")
}

func TestTheDateHeaderFollowsTheClock(t *testing.T) {
	s := startServer(t)
	s.SetDateSkew(90 * time.Second)
	response, err := http.Post(s.URL, "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Date"); got != "Sun, 22 Nov 2026 12:01:30 GMT" {
		t.Errorf("Date %q", got)
	}
}

func TestRequestsOutOfProtocolAreRefused(t *testing.T) {
	const signature = "AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"
	cbor := map[string]string{"Smithy-Protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Authorization": signature}
	with := func(name, value string) map[string]string {
		changed := map[string]string{name: value}
		for n, v := range cbor {
			if n != name {
				changed[n] = v
			}
		}
		return changed
	}
	cases := map[string]struct {
		operation string
		header    map[string]string
		body      string
		status    int
	}{
		"fine":              {"ListMetrics", cbor, "\xa0", 200},
		"not signed":        {"ListMetrics", with("Authorization", ""), "\xa0", 403},
		"wrong service":     {"ListMetrics", with("Authorization", strings.Replace(signature, "monitoring", "logs", 1)), "\xa0", 403},
		"no protocol":       {"ListMetrics", with("Smithy-Protocol", ""), "\xa0", 400},
		"not CBOR":          {"ListMetrics", cbor, "\xff", 400},
		"wrong member type": {"ListMetrics", cbor, "\xa1\x69Namespace\x01", 400},
		"unknown operation": {"DescribeAlarms", cbor, "\xa0", 404},
		"not gzip":          {"ListMetrics", with("Content-Encoding", "gzip"), "\xa0", 400},
		"byte string":       {"ListMetrics", cbor, "\xa1\x61a\x41\x01", 400},
	}
	s := startServer(t)
	for name, c := range cases {
		request, err := http.NewRequest(http.MethodPost, s.URL+rpcPrefix+c.operation, bytes.NewReader([]byte(c.body)))
		if err != nil {
			t.Fatal(err)
		}
		for n, v := range c.header {
			request.Header.Set(n, v)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", name, response.StatusCode, c.status)
		}
	}
}

func TestCloseEndsHangingCalls(t *testing.T) {
	s := New(func() time.Time { return noon })
	s.HangNext(1)
	done := make(chan error, 1)
	go func() {
		_, err := newClient(s).ListMetrics(context.Background(), &cloudwatch.ListMetricsInput{Namespace: aws.String("Test")})
		done <- err
	}()
	for len(s.Requests()) == 0 { // until the call has arrived
		runtime.Gosched()
	}
	s.Close()
	if err := <-done; err == nil {
		t.Error("a hanging call was answered")
	}
}
