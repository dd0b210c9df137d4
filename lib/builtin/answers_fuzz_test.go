package builtin

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
)

// asked are stages of every kind that asks AWS, each with what an answer to it looks like.
var asked = []struct{ kind, options, first, then string }{
	{"alb", "{load_balancer: front}", `<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/front/50dc6c495c0c9188</LoadBalancerArn></member></LoadBalancers></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>`, "\xa1\x71MetricDataResults\x80"},
	{"kinesis", "{stream: s}", "\xa1\x71MetricDataResults\x81\xa3\x62Id\x62m0\x6aTimestamps\x80\x66Values\x80", `{"StreamDescriptionSummary":{"RetentionPeriodHours":24,"OpenShardCount":1}}`},
	{"lambda", "{function: f}", "\xbf\x71MetricDataResults\x9f\xff\xff", `{"Timeout":60}`},
	{"sqs", "{queue: q}", `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/123456789012/q"}`, `{"Attributes":{"VisibilityTimeout":"30"}}`},
	{"dynamodb", "{table: videos}", `{"Table":{"StreamSpecification":{"StreamEnabled":true}}}`, ""},
	{"dynamodb_item", "{table: videos, key: {id: w}, time: upto}", `{"Item":{"upto":{"S":"2026-03-02T12:00:00Z"}}}`, `{"Item":{"upto":{"N":"1e300"}}}`},
	{"xray", "{filter: 'service(\"f\")'}", `{"TraceSummaries":[{"Id":"1-a","Duration":1.5,"ResponseTime":0.5,"StartTime":1772452800.5,"HasError":true,"IsPartial":false}],"NextToken":"n"}`, `{"TraceSummaries":[]}`},
	{"athena", "{database: d, table: t}", `{"QueryExecutionId":"q","QueryExecution":{"Status":{"State":"SUCCEEDED"},"Statistics":{"DataScannedInBytes":1}}}`, `{"QueryExecution":{"Status":{"State":"SUCCEEDED"}},"ResultSet":{"Rows":[{"Data":[{"VarCharValue":"minute"}]},{"Data":[{"VarCharValue":"0"},{"VarCharValue":"200"}]}]}}`},
	{"access_log", "{cloudwatch_logs: /g, format: json}", `{"events":[{"logStreamName":"s","timestamp":1772452800000,"ingestionTime":1772452801000,"eventId":"1","message":"{\"time\":\"2026-03-02T12:00:00Z\",\"status\":200}"}],"nextToken":"n"}`, `{"events":[],"searchedLogStreams":[]}`},
	{"access_log", "{cloudwatch_logs: {group: /g, mode: insights}, format: json}", `{"queryId":"q"}`, `{"status":"Complete","results":[[{"field":"m","value":"1"}]],"statistics":{"recordsMatched":1}}`},
	{"access_log", "{s3: s3://bucket/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc6c495c0c9188, format: alb}", `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/02/123456789012_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188_20260302T1205Z_1.1.1.1_x.log.gz</Key><Size>9</Size></Contents></ListBucketResult>`, "\x1f\x8b\x08\x00"},
	{"app_log", "{cloudwatch_logs: /g, format: json, events: [{match: {msg: done}, is: done}]}", `{"events":[{"eventId":"1","message":"{\"msg\":\"done\",\"time\":1}"}]}`, "{}"},
}

// FuzzAnswers: whatever AWS answers to the first question and to all that follow, a reading ends, and what it emits is
// sound.
func FuzzAnswers(f *testing.F) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "key123secret", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		f.Setenv(name, value)
	}
	var first, then atomic.Pointer[string]
	var refused atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := first.Swap(nil)
		if text == nil {
			text = then.Load()
		}
		if strings.HasPrefix(*text, "\xa1") || strings.HasPrefix(*text, "\xbf") {
			w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
			w.Header().Set("Content-Type", "application/cbor")
		}
		if refused.Load() {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, *text) // a reading that is over is its own affair
	}))
	f.Cleanup(server.Close)
	for i, a := range asked {
		for _, no := range []bool{false, true} {
			f.Add(byte(i), no, a.first, a.then)
			f.Add(byte(i), no, a.first, a.first)
			f.Add(byte(i), no, a.then, `{"__type":"ThrottlingException","message":"slow"}`)
		}
	}
	now := time.Date(2026, 3, 2, 12, 20, 12, 0, time.UTC)
	f.Fuzz(func(t *testing.T, which byte, no bool, one, more string) {
		a := asked[int(which)%len(asked)]
		n, err := section.Parse("f.yaml", []byte(a.options), nil)
		if err != nil {
			t.Fatal(err)
		}
		made, err := Kinds()[a.kind].New(n, config.StageContext{Pipeline: "p", Stage: "s", Zone: time.UTC, AWS: []config.AWS{{Region: "eu-west-1", EndpointURL: server.URL}}})
		if err != nil {
			t.Fatal(err)
		}
		source := made.(sourcetest.Source)
		first.Store(&one)
		then.Store(&more)
		refused.Store(no)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		facts := source.Facts()
		ask := sli.Ask{Now: now, From: now.Add(-15 * time.Minute).Truncate(time.Minute), Edges: []time.Duration{500 * time.Millisecond}}
		ask.Emit = func(e *sli.Event) {
			if problem := sourcetest.Unsound(e, facts, ask); problem != "" {
				t.Errorf("%s: %s: %+v", a.kind, problem, *e)
			}
		}
		ask.Count = func(sli.Minute, sli.Tally) {}
		b, err := source.Read(ctx, ask, nil)
		if err != nil && strings.Contains(err.Error(), "key123secret") {
			t.Errorf("%s: %v", a.kind, err)
		}
		if err == nil && b.To.After(now) {
			t.Errorf("%s answers up to %v", a.kind, b.To)
		}
		if slices.ContainsFunc(b.Warnings, func(w string) bool { return strings.Contains(w, "key123secret") }) {
			t.Errorf("%s: %q", a.kind, b.Warnings)
		}
	})
}
