package cwtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// snapshot is a file of the SDK's own wire samples: a first line, headers, and a body.
type snapshot struct {
	first  string
	header http.Header
	body   []byte
}

func readSnapshot(t *testing.T, name string) snapshot {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/cloudwatch").Output()
	if err != nil {
		t.Skipf("no module cache to read the SDK's wire samples from: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), name))
	if err != nil {
		t.Skipf("this SDK ships no wire sample %s: %v", name, err)
	}
	return parseSnapshot(t, raw)
}

func parseSnapshot(t *testing.T, raw []byte) snapshot {
	t.Helper()
	head, body, found := bytes.Cut(raw, []byte("\n\n"))
	if request, rest, ok := bytes.Cut(raw, []byte("\n\n")); ok && bytes.HasPrefix(request, []byte("POST ")) {
		// A request has a blank line after its first line too.
		var headers []byte
		headers, body, found = bytes.Cut(rest, []byte("\n\n"))
		head = append(append(request, '\n'), headers...)
	}
	if !found {
		t.Fatal("a wire sample without a blank line")
	}
	first, lines, _ := strings.Cut(string(head), "\n")
	s := snapshot{first: first, header: http.Header{}, body: body}
	for _, line := range strings.Split(lines, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			s.header.Set(name, value)
		}
	}
	return s
}

// respond is an HTTP client that always gets one answer.
func respond(status int, header http.Header, body []byte) smithyhttp.ClientDoFunc {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: header, Request: r,
			Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		}, nil
	}
}

func (s snapshot) status(t *testing.T) int {
	t.Helper()
	status, err := strconv.Atoi(s.first)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

var aDay = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestTheSDKsRequestSamplesAreDecoded(t *testing.T) {
	yes, one, unit := true, 1, 1.0
	dimensions := []Dimension{{"__Name__", "__Value__"}, {"__Name__", "__Value__"}}
	query := MetricDataQuery{
		ID: "__Id__", Expression: "__Expression__", Label: "__Label__", ReturnData: &yes, Period: 1, AccountID: "__AccountId__",
		MetricStat: &MetricStat{
			Metric: MetricID{Namespace: "__Namespace__", MetricName: "__MetricName__", Dimensions: dimensions},
			Period: 1, Stat: "__Stat__", Unit: "Seconds",
		},
	}
	put := MetricDatum{
		MetricName: "__MetricName__", Dimensions: dimensions, Timestamp: &Time{aDay}, Value: &unit,
		Values: []float64{1, 1}, Counts: []float64{1, 1}, StatisticValues: &StatisticSet{1, 1, 1, 1}, Unit: "Seconds", StorageResolution: &one,
	}
	twice := []MetricDatum{put, put}
	for operation, want := range map[string]any{
		"GetMetricData": &GetMetricDataInput{
			MetricDataQueries: []MetricDataQuery{query, query}, StartTime: &Time{aDay}, EndTime: &Time{aDay},
			NextToken: "__NextToken__", ScanBy: "TimestampDescending", MaxDatapoints: &one, LabelOptions: &LabelOptions{Timezone: "__Timezone__"},
		},
		"ListMetrics": &ListMetricsInput{
			Namespace: "__Namespace__", MetricName: "__MetricName__", Dimensions: dimensions, NextToken: "__NextToken__", RecentlyActive: "PT3H",
		},
		"PutMetricData": &PutMetricDataInput{
			Namespace: "__Namespace__", MetricData: twice, EntityMetricData: []EntityMetricData{{twice}, {twice}},
		},
	} {
		t.Run(operation, func(t *testing.T) {
			sample := readSnapshot(t, "request_snapshot/"+operation+".request.snap")
			path := strings.Fields(sample.first)[1]
			request := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(sample.body))
			request.Header = sample.header
			request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20000101/us-east-1/monitoring/aws4_request, Signature=0")
			s := startServer(t)
			s.ServeHTTP(httptest.NewRecorder(), request)
			if diff := cmp.Diff(want, s.Requests()[0].Input); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

// sampleOutputs are the values of the SDK's response samples.
func sampleOutputs() map[string]any {
	messages := messageTree([]Message{{"__Code__", "__Value__"}, {"__Code__", "__Value__"}})
	one := map[string]any{
		"Id": "__Id__", "Label": "__Label__", "StatusCode": Complete, "Messages": messages,
		"Timestamps": []any{aDay, aDay}, "Values": []any{1.0, 1.0},
	}
	dimension := map[string]any{"Name": "__Name__", "Value": "__Value__"}
	metric := map[string]any{"Namespace": "__Namespace__", "MetricName": "__MetricName__", "Dimensions": []any{dimension, dimension}}
	return map[string]any{
		"GetMetricData": map[string]any{"MetricDataResults": []any{one, one}, "NextToken": "__NextToken__", "Messages": messages},
		"ListMetrics": map[string]any{
			"Metrics": []any{metric, metric}, "NextToken": "__NextToken__", "OwningAccounts": []any{"__Member__", "__Member__"},
		},
		"PutMetricData": nil,
	}
}

// invoke calls an operation with an empty request and gives its output or error.
func invoke(operation string, answer smithyhttp.ClientDoFunc) (any, error) {
	client := newClient(&Server{URL: "http://127.0.0.1"}, func(o *cloudwatch.Options) {
		o.HTTPClient = answer
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			_, err := stack.Initialize.Remove("OperationInputValidation")
			return err
		})
	})
	switch ctx := context.Background(); operation {
	case "GetMetricData":
		return client.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{})
	case "ListMetrics":
		return client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
	default:
		return client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test")})
	}
}

func TestRepliesDecodeToTheSameAsTheSDKsSamples(t *testing.T) {
	for operation, tree := range sampleOutputs() {
		t.Run(operation, func(t *testing.T) {
			sample := readSnapshot(t, "response_snapshot/"+operation+".response.snap")
			want, err := invoke(operation, respond(sample.status(t), sample.header, sample.body))
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			(&call{protocol: cborRPC}).writeReply(w, tree)
			got, err := invoke(operation, respond(w.Code, w.Header(), w.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(middleware.Metadata{}, document.NoSerde{})); diff != "" {
				t.Errorf("reply (-sample +ours):\n%s", diff)
			}
		})
	}
}

func TestErrorsDecodeToTheSameAsTheSDKsSamples(t *testing.T) {
	for _, shape := range []string{
		"InvalidNextToken", "InvalidParameterValueException", "MissingRequiredParameterException",
		"InvalidParameterCombinationException", "InternalServiceFault", "ValidationException",
	} {
		t.Run(shape, func(t *testing.T) {
			sample := readSnapshot(t, "response_snapshot/"+shape+".error.snap")
			_, want := invoke("GetMetricData", respond(sample.status(t), sample.header, sample.body))
			w := httptest.NewRecorder()
			(&call{protocol: cborRPC, action: "cloudwatch:GetMetricData"}).writeError(w, &apiError{
				status: sample.status(t), shape: shape, message: "__Message__",
			})
			_, got := invoke("GetMetricData", respond(w.Code, w.Header(), w.Body.Bytes()))
			wanted, ours := modelled(t, want), modelled(t, got)
			if wanted != ours {
				t.Errorf("error %s, the sample's is %s", ours, wanted)
			}
		})
	}
}

// modelled is an error's Go type and message: its code is not in the samples, which lack the header for it.
func modelled(t *testing.T, err error) string {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		t.Fatalf("no API error: %v", err)
	}
	return fmt.Sprintf("%T %s", refused, refused.ErrorMessage())
}
