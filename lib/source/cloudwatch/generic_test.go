package cloudwatch_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/alb"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
	"mackerel-plugin-pipeline-sli/lib/source/dynamodb"
	"mackerel-plugin-pipeline-sli/lib/source/ecs"
	"mackerel-plugin-pipeline-sli/lib/source/firehose"
	"mackerel-plugin-pipeline-sli/lib/source/kinesis"
	"mackerel-plugin-pipeline-sli/lib/source/lambda"
	"mackerel-plugin-pipeline-sli/lib/source/rds"
	"mackerel-plugin-pipeline-sli/lib/source/sqs"
)

const byHand = `cloudwatch:
  namespace: App
  dimensions: {env: prod}
  signals:
    requests: {metric: Calls, absent: no_traffic}
    bad_requests: {metric: Faults, absent: zero}
    latency: {metric: Millis, scale: 0.001}
    done: {metric: Written, stat: SampleCount, absent: no_traffic}
    age: {metric: Lag, scale: 60}
    backlog: {metric: Waiting, absent: zero}
    utilisation:pool: {metric: PoolShare, scale: 100}
`

func TestAnyMetricCanBeMappedByHand(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric { return kindtest.Metric("App", name, "env", "prod") }
	for m := range 3 {
		w.PutAgo(of("Calls"), m, 7, 3)
	}
	w.PutAgo(of("Faults"), 0, 4)
	w.PutAgo(of("Millis"), 0, 100, 200, 900)
	w.PutAgo(of("Written"), 0, 5, 5, 5)
	w.PutAgo(of("Lag"), 0, 2)
	w.PutAgo(of("PoolShare"), 0, 0.25)
	s := w.Stage(byHand)
	h := w.Read(s, sli.Ask{Edges: []time.Duration{500 * time.Millisecond}}, nil)
	if diff := cmp.Diff([]string{
		"requests 200: 6", "requests 500: 4", "done: 3", "answers 0.5s: 2", "answers 0.5s: 1",
		"summary latency: n 3 mean 0.4 max 0.9 min 0.1 edges [{0.5 2}]",
		"level age: 120", "level backlog: 0", "level utilisation_pool: 25",
	}, h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"requests 200: 10", "level backlog: 0"}, h.Shown(w.Ago(1)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	f := s.Facts()
	if !f.Gives(sli.Request) || !f.Gives(sli.Answer) || !f.Latency || !slices.Equal(f.Capacity, []string{"pool"}) || !f.Replaces {
		t.Errorf("facts %+v", f)
	}
}

// TestAbsenceOfAnUnknownCountIsNoAnswer, while zero and no_traffic are.
func TestAbsenceOfAnUnknownCountIsNoAnswer(t *testing.T) {
	for absent, want := range map[string]bool{"unknown": true, "zero": false, "no_traffic": false} {
		w := newWorld(t)
		w.PutAgo(kindtest.Metric("App", "In"), 0, 1)
		h := w.Read(w.Stage("cloudwatch: {namespace: App, signals: {accepted: {metric: In, absent: "+absent+"}}}"), sli.Ask{}, nil)
		if got := h.Missing.Contains(sli.MinuteAt(w.Ago(1))); got != want || h.Missing.Contains(sli.MinuteAt(w.Ago(0))) {
			t.Errorf("%s: missing %v", absent, h.Missing)
		}
	}
}

// TestLongPeriodsStandInWholePeriods: counts are spread over the minutes, and none is lost
// or made by that; gauges stand in every minute, and a minute is due when its period is over.
func TestLongPeriodsStandInWholePeriods(t *testing.T) {
	w := newWorld(t)
	in, lag := kindtest.Metric("App", "In"), kindtest.Metric("App", "Lag")
	start := kindtest.Noon.Truncate(time.Minute).Add(-20 * time.Minute) // 11:40
	for m := range 10 {
		at := start.Add(time.Duration(m) * time.Minute)
		w.Put(in, at, start, float64(1+m/5)) // 5, then 10
		w.Put(lag, at, start, float64(m))
	}
	s := w.Stage("cloudwatch: {namespace: App, period: 5m, signals: {accepted: {metric: In, absent: zero}, age: {metric: Lag}}}")
	if got := s.Facts().Settle; got != 7*time.Minute {
		t.Errorf("settle %s", got)
	}
	h := w.Read(s, sli.Ask{}, nil)
	for m := range 10 {
		at := start.Add(time.Duration(m) * time.Minute)
		age, _ := h.Level("age", at)
		if got := h.Sum(sli.Accepted, at); got != float64(1+m/5) || age != float64(m/5*5+4) {
			t.Errorf("minute %d: %g accepted, age %g", m, got, age)
		}
	}
	h = w.Read(w.Stage("cloudwatch: {namespace: App, period: 5m, signals: {accepted: {metric: In, absent: zero, scale: 0.2}, 'utilisation:in': {metric: In, stat: Sum, absent: zero}}}"), sli.Ask{}, nil)
	for m := range 10 {
		at := start.Add(time.Duration(m) * time.Minute)
		if used, _ := h.Level(cloudwatch.Utilisation("in"), at); used != float64(5*(1+m/5)) {
			t.Errorf("minute %d: %g%% used", m, used)
		}
	}
}

// TestALongPeriodsCountsAddUp: a share of a third isn't one of 1/1024, and all of them
// together are the whole.
func TestALongPeriodsCountsAddUp(t *testing.T) {
	w := newWorld(t)
	in := kindtest.Metric("App", "In")
	start := kindtest.Noon.Truncate(time.Hour).Add(-time.Hour)
	for m, n := range []float64{1, 0, 7, 0, 0, 1, 0, 0, 0, 1e9, 3, 3, 3, 3, 3} {
		w.Put(in, start.Add(time.Duration(m)*time.Minute), start, n)
	}
	for _, period := range []string{"3m", "5m", "15m"} {
		h := w.Read(w.Stage("cloudwatch: {namespace: App, period: "+period+", signals: {accepted: {metric: In, absent: zero}}}"), sli.Ask{From: start}, nil)
		sum := 0.0
		for m := range 15 {
			sum += h.Sum(sli.Accepted, start.Add(time.Duration(m)*time.Minute))
		}
		if sum != 1e9+24 {
			t.Errorf("%s: %g of 1000000024", period, sum)
		}
	}
}

func TestImpossibleSectionsAreRefused(t *testing.T) {
	w := newWorld(t)
	for text, want := range map[string]string{
		"cloudwatch: {namespace: A, signals: {bad_requests: {metric: F}}}":            "bad_requests needs requests",
		"cloudwatch: {namespace: A, signals: {speed: {metric: F}}}":                   "no signal of that name",
		"cloudwatch: {namespace: A, signals: {latency: {metric: F, stat: Average}}}":  "latency takes the statistics that its threshold needs",
		"cloudwatch: {namespace: A, signals: {accepted: {metric: F, stat: Maximum}}}": "a count needs a statistic that adds up",
		"cloudwatch: {namespace: A, signals: {accepted: {metric: F, stat: p99}}}":     "must match",
		"cloudwatch: {namespace: A, signals: {accepted: {metric: F, scale: 0}}}":      "must be over 0",
		"kinesis: {stream: video, period: 90s}":                                       "must be whole minutes",
		"kinesis: {stream: 'a b'}":                                                    "must match",
		"kinesis: {stream: video, role_arn: reader}":                                  "must match",
		"alb: {load_balancer: net/front/50dc6c495c0c9188}":                            "must match",
		"lambda: {function: f, event_source_mapping: mine}":                           "must match",
		"sqs: {}": `missing key "queue"`,
	} {
		_, err := w.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nerror %v\nwant  %s", text, err, want)
		}
	}
}

// TestFactsHoldWithoutTheWorld: permissions and shared calls follow from the section.
func TestFactsHoldWithoutTheWorld(t *testing.T) {
	w := newWorld(t)
	w.Close()
	f := w.Stage("kinesis: {stream: video, region: ap-northeast-1, shard_level: true, role_arn: 'arn:aws:iam::210987654321:role/reader'}").Facts()
	want := []string{
		"cloudwatch:GetMetricData",
		"kinesis:DescribeStreamSummary arn:aws:kinesis:ap-northeast-1:*:stream/video",
		"kinesis:ListShards arn:aws:kinesis:ap-northeast-1:*:stream/video",
		"sts:AssumeRole arn:aws:iam::210987654321:role/reader",
	}
	if diff := cmp.Diff(want, f.Permissions); diff != "" {
		t.Error(diff)
	}
	if f.Calls != 1 || f.Round != "cloudwatch region=ap-northeast-1 role=arn:aws:iam::210987654321:role/reader" {
		t.Errorf("round %q", f.Round)
	}
	if got := w.Stage(stream).Facts().Permissions; len(got) != 1 {
		t.Errorf("a configured stream needs %q", got)
	}
}

// TestEveryOptionIsDocumented guards the generated reference and the schema.
func TestEveryOptionIsDocumented(t *testing.T) {
	all := section.Variants{
		"alb": alb.Options{}, "ecs": ecs.Options{}, "rds": rds.Options{}, "kinesis": kinesis.Options{}, "lambda": lambda.Options{},
		"dynamodb": dynamodb.Options{}, "sqs": sqs.Options{}, "firehose": firehose.Options{}, "cloudwatch": cloudwatch.Options{},
	}
	for kind, options := range all {
		for _, line := range strings.Split(section.Table(options), "\n") {
			if strings.HasSuffix(line, "|  |") {
				t.Errorf("%s: undocumented: %s", kind, line)
			}
		}
	}
	if schema := section.Schema(struct{ Of section.Variant }{}, "stages", all); !json.Valid(schema) {
		t.Error("the schema is no JSON")
	}
}

// TestStrangeCursorsAreNone: what can't be read begins anew.
func TestStrangeCursorsAreNone(t *testing.T) {
	w := newWorld(t)
	w.PutAgo(ofStream("IncomingRecords"), 0, 1)
	for _, cursor := range []string{"", "{", "[]", `{"asked":"soon"}`, `{"asked":-9223372036854775808,"has_asked":true}`, `{"asked":9223372036854775807,"has_asked":true}`} {
		h := w.Read(w.Stage(stream), sli.Ask{}, []byte(cursor))
		if h.Sum(sli.Accepted, w.Ago(0)) != 1 || h.To.Sub(h.From) > 15*24*time.Hour {
			t.Errorf("%q: from %s to %s", cursor, h.From, h.To)
		}
	}
}
