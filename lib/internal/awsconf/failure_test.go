package awsconf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
)

// services are calls over all protocols that AWS has.
var services = map[string]func(context.Context, aws.Config) error{
	"cloudwatch": func(ctx context.Context, c aws.Config) error {
		_, err := cloudwatch.NewFromConfig(c).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Unix(0, 0)), EndTime: aws.Time(time.Unix(60, 0)),
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("q")}}})
		return err
	},
	"kinesis": func(ctx context.Context, c aws.Config) error {
		_, err := kinesis.NewFromConfig(c).DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
		return err
	},
	"lambda": func(ctx context.Context, c aws.Config) error {
		_, err := lambda.NewFromConfig(c).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f")})
		return err
	},
	"sts": func(ctx context.Context, c aws.Config) error {
		_, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
		return err
	},
	"sqs": func(ctx context.Context, c aws.Config) error {
		_, err := sqs.NewFromConfig(c).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
		return err
	},
	"dynamodb": func(ctx context.Context, c aws.Config) error {
		_, err := dynamodb.NewFromConfig(c).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("t")})
		return err
	},
}

// when says when a run is over: it gets what ends the run, and gives the pause after an attempt.
type when func(end func()) func(int, error) (time.Duration, error)

func never(func()) func(int, error) (time.Duration, error) {
	return func(int, error) (time.Duration, error) { return 0, nil }
}

func soon(end func()) func(int, error) (time.Duration, error) {
	time.AfterFunc(10*time.Millisecond, end)
	return never(end)
}

func inThePause(end func()) func(int, error) (time.Duration, error) {
	return func(int, error) (time.Duration, error) { end(); return time.Hour, nil }
}

// TestWhatWentWrongIsToldApart: an HTTP status without a word of AWS, a certificate, a
// connection that is refused, and whose time was over.
func TestWhatWentWrongIsToldApart(t *testing.T) {
	answers := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then a client that leaves is noticed
		<-r.Context().Done()
	})
	cut := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Close()
	})
	const ended = "no answer within 2s (--timeout)"
	for name, c := range map[string]struct {
		handler http.Handler
		tls     bool
		over    when
		want    string
	}{
		"503 without a body":                {answers(503, ""), false, never, "answered HTTP 503 without a word of AWS; check endpoint_url, and proxies on the way"},
		"503 until the time was over":       {answers(503, ""), false, inThePause, "answered HTTP 503 without a word of AWS; check endpoint_url, and proxies on the way; " + ended},
		"404 with a page":                   {answers(404, "<html>not here</html>"), false, never, "answered HTTP 404 without a word of AWS; check endpoint_url, and proxies on the way"},
		"403 of a proxy":                    {answers(403, "<h1>Forbidden"), false, never, "answered HTTP 403 without a word of AWS; check endpoint_url, and proxies on the way"},
		"407 with JSON that is none of AWS": {answers(407, `{"a":1}`), false, never, "answered HTTP 407 without a word of AWS; check endpoint_url, and proxies on the way"},
		"no answer":                         {silent, false, soon, ended},
		"a certificate of nobody":           {answers(200, "{}"), true, never, "the certificate can't be verified: x509: "},
		"a connection that is cut":          {cut, false, never, "the endpoint can't be reached or speaks no AWS; check region, endpoint_url and the network"},
	} {
		for service, call := range services {
			t.Run(name+"/"+service, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewUnstartedServer(c.handler)
				if server.Config.ErrorLog = log.New(io.Discard, "", 0); c.tls {
					server.StartTLS()
				} else {
					server.Start()
				}
				defer server.Close()
				defer server.CloseClientConnections()
				got := ask(t, call, server.URL, c.over)
				if !strings.HasPrefix(got, "s:Do: "+c.want) {
					t.Errorf("got  %s\nwant s:Do: %s", got, c.want)
				}
			})
		}
	}
	if got := ask(t, services["kinesis"], "http://127.0.0.1:9", never); got != "s:Do: the endpoint refused the connection; check region and endpoint_url" {
		t.Errorf("nobody listens: got %s", got)
	}
}

// ask makes a call of a run that has two seconds.
func ask(t *testing.T, call func(context.Context, aws.Config) error, url string, over when) string {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	pause := over(func() { cancel(errors.New("no answer within 2s (--timeout)")) })
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &url, APIOptions: []func(*middleware.Stack) error{noteAttempts},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}, nil
		}),
		Retryer: NewSession(Options{}, Patience{Backoff: retry.BackoffDelayerFunc(pause)}).retryer,
	}
	return fmt.Sprint(Failure("s:Do", call(ctx, cfg)))
}
