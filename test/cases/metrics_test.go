package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

// metered is a host that reads metrics of a stand-in for CloudWatch.
type metered struct {
	*host
	aws *cwtest.Server
	now float64
}

func newMetered(t *testing.T) *metered {
	t.Helper()
	h := &metered{host: newHost(t)}
	h.aws = cwtest.New(func() time.Time { return noonPlus(h.now) })
	t.Cleanup(h.aws.Close)
	for _, pair := range h.aws.Env() {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	return h
}

// stages writes c.yaml: a pipeline of stages, and what else it holds.
func (h *metered) stages(stages, more string) {
	h.config(fmt.Sprintf("aws: { region: us-east-1, endpoint_url: %q }\nmetrics: [full]\npipelines: [ { name: v, stages: [ %s ], %s } ]\n", h.aws.URL, stages, more))
}

// values puts values of a metric, NAMESPACE NAME DIMENSION=VALUE …, into the minutes from…to
// after noon.
func (h *metered) values(from, to int, metric string, values ...float64) {
	words := strings.Fields(metric)
	m := cwtest.Metric{Namespace: words[0], Name: words[1], Dimensions: map[string]string{}}
	for _, d := range words[2:] {
		name, value, _ := strings.Cut(d, "=")
		m.Dimensions[name] = value
	}
	for minute := from; minute < to; minute++ {
		at := noonPlus(float64(60 * minute))
		h.aws.Put(m, at, at.Add(time.Minute), values...)
	}
}

func (h *metered) explain(at float64, args ...string) explained {
	h.t.Helper()
	h.now = at
	return h.host.explain(at, args...)
}

func (h *metered) check(at float64, args ...string) string {
	h.t.Helper()
	h.now = at
	return h.host.check(at, args...)
}

// TestAnAgeThatIsReportedStandsBesideCounts: as much comes out as arrives, and what comes out
// is old. Where a stage says how old, that is the pipeline's age, as it is its freshness.
func TestAnAgeThatIsReportedStandsBesideCounts(t *testing.T) {
	for name, stage := range map[string]string{
		"a delivery stream": "{ name: s, firehose: { stream: f } }",
		"metrics of one's own": "{ name: s, cloudwatch: { namespace: AWS/Firehose, dimensions: { DeliveryStreamName: f }, settle: 10m, signals: { accepted: { metric: IncomingRecords, absent: zero }," +
			" done: { metric: DeliveryToS3.Records, absent: zero }, age: { metric: DeliveryToS3.DataFreshness } } } }",
	} {
		for _, c := range []struct {
			age     float64
			verdict string
		}{
			{300, "OK: v: fresh"},
			{1000, "WARNING: v: oldest record not yet visible is 16m40s old, limit 6m40s (estimate, by the age that s reports)"},
			{3000, "CRITICAL: v: oldest record not yet visible is 50m old, limit 33m20s (estimate, by the age that s reports)"},
		} {
			h := newMetered(t)
			h.stages(stage, "slis: { freshness: { threshold: 400s, target: 99 } }")
			h.values(-40, 40, "AWS/Firehose IncomingRecords DeliveryStreamName=f", 5)
			h.values(-40, 40, "AWS/Firehose DeliveryToS3.Records DeliveryStreamName=f", 5)
			h.values(-40, 40, "AWS/Firehose DeliveryToS3.DataFreshness DeliveryStreamName=f", c.age)
			if e := h.explain(2470); e.age() != c.age {
				t.Errorf("%s, %g s: age %g", name, c.age, e.age())
			}
			if got := h.check(2470); got != c.verdict {
				t.Errorf("%s, %g s: %s", name, c.age, got)
			}
		}
	}
}

// TestWhereNothingComesThereIsNoAgeToTell: a metric that was seen before and is silent because
// nothing came is no traffic, in ages too.
func TestWhereNothingComesThereIsNoAgeToTell(t *testing.T) {
	for _, c := range []struct {
		stage   string
		metrics []string
	}{
		{"{ name: s, sqs: { queue: jobs, retention: 4d } }", []string{"AWS/SQS ApproximateAgeOfOldestMessage QueueName=jobs", "AWS/SQS ApproximateNumberOfMessagesVisible QueueName=jobs",
			"AWS/SQS NumberOfMessagesSent QueueName=jobs"}},
		{"{ name: s, firehose: { stream: f } }", []string{"AWS/Firehose IncomingRecords DeliveryStreamName=f", "AWS/Firehose DeliveryToS3.DataFreshness DeliveryStreamName=f"}},
		{"{ name: s, cloudwatch: { namespace: My, signals: { age: { metric: Lag, absent: no_traffic } } } }", []string{"My Lag"}},
	} {
		h := newMetered(t)
		h.stages(c.stage, "slis: { freshness: { threshold: 60s, target: 99 } }")
		for _, m := range c.metrics {
			h.values(-600, -420, m, 5)
		}
		e := h.explain(1810)
		if s := e.sli("freshness"); s.Status != "no_traffic" || s.Measured != 1 || s.Reason != "nothing came whose age could be told" || e.age() != 0 {
			t.Errorf("%s: %s, measured %g, %q, age %g", c.stage, s.Status, s.Measured, s.Reason, e.age())
		}
		if got := h.check(1810); got != "OK: v: no traffic" {
			t.Errorf("%s: %s", c.stage, got)
		}
		if got := h.check(1810, "--no-traffic", "WARNING"); got != "WARNING: v: no traffic" {
			t.Errorf("%s: %s", c.stage, got)
		}
	}
}

// TestAStageWithoutAnAgeSaysWhy: it has answered, so it isn't that nothing was read yet.
func TestAStageWithoutAnAgeSaysWhy(t *testing.T) {
	for _, c := range []struct {
		stage, other, age string
		now               []float64
		reason            string
	}{
		{"rds: { instance: d, replica: true }", "AWS/RDS CPUUtilization DBInstanceIdentifier=d", "AWS/RDS ReplicaLag DBInstanceIdentifier=d", []float64{-1},
			"ReplicaLag has no point, or a negative one: no replica, or replication is broken"},
		{"rds: { instance: d, replica: true }", "AWS/RDS CPUUtilization DBInstanceIdentifier=d", "AWS/RDS ReplicaLag DBInstanceIdentifier=d", nil,
			"ReplicaLag has no point, or a negative one: no replica, or replication is broken"},
		{"sqs: { queue: jobs, retention: 4d }", "AWS/SQS NumberOfMessagesSent QueueName=jobs", "AWS/SQS ApproximateAgeOfOldestMessage QueueName=jobs", nil,
			"ApproximateAgeOfOldestMessage has no point, though the queue's other metrics have"},
		{"firehose: { stream: f }", "AWS/Firehose IncomingRecords DeliveryStreamName=f", "AWS/Firehose DeliveryToS3.DataFreshness DeliveryStreamName=f", nil,
			"records come in, and DeliveryToS3.DataFreshness has no point"},
		{"kinesis: { stream: e, shards: 1, mode: provisioned, retention: 1d }", "AWS/Kinesis IncomingRecords StreamName=e", "AWS/Kinesis GetRecords.IteratorAgeMilliseconds StreamName=e", nil,
			"GetRecords.IteratorAgeMilliseconds has no point: nobody polls the stream"},
		{"cloudwatch: { namespace: My, signals: { age: { metric: Lag } } }", "My Other", "My Lag", nil, "Lag has no point, and absent: doesn't say what that means"},
	} {
		h := newMetered(t)
		h.stages("{ name: s, "+c.stage+" }", "slis: { freshness: { threshold: 60s, target: 99 } }")
		h.values(-60, 40, c.other, 5)
		h.values(-60, 0, c.age, 5)
		h.values(0, 40, c.age, c.now...)
		s := h.explain(1810).sli("freshness")
		if s.Status != "not_measured" || s.Reason != "stage s has answered, but tells no age: "+c.reason {
			t.Errorf("%s: %s, %q", c.stage, s.Status, s.Reason)
		}
	}
}

// TestABalancerThatNeverChoseATargetIsMeasured: all its answers are its own errors, so that
// RequestCount has never had a point.
func TestABalancerThatNeverChoseATargetIsMeasured(t *testing.T) {
	const at = " LoadBalancer=app/x/50dc6c495c0c9188"
	h := newMetered(t)
	h.stages("{ name: front, alb: { load_balancer: app/x/50dc6c495c0c9188 } }", "slis: { availability: { target: 99 }, latency: { threshold: 1s, target: 99 } }")
	h.values(-30, 30, "AWS/ApplicationELB HTTPCode_ELB_5XX_Count"+at, 1, 1)
	e := h.explain(1510)
	if s := e.sli("availability"); s.Status != "value" || s.counts() != "0/10" {
		t.Errorf("availability: %s %s %q", s.Status, s.counts(), s.Reason)
	}
	if s := e.sli("latency"); s.Status != "no_traffic" || s.Reason != "no answers" {
		t.Errorf("latency: %s %q", s.Status, s.Reason)
	}
	if got := h.check(1510, "--sli", "availability", "--critical-ratio", "90"); !strings.HasPrefix(got, "CRITICAL: v: ") {
		t.Error(got)
	}
	h = newMetered(t)
	h.stages("{ name: front, alb: { load_balancer: app/x/50dc6c495c0c9188 } }", "slis: { availability: { target: 99 } }")
	if s := h.explain(1510).sli("availability"); s.Status != "not_measured" || !strings.Contains(s.Reason, "no point in 14 days") {
		t.Errorf("a mistyped name: %s %q", s.Status, s.Reason)
	}
}

// TestALongPeriodLooksTheSameInEachOfItsMinutes: what was counted in five minutes isn't all in
// the first and nothing in the others, whenever it is looked at.
func TestALongPeriodLooksTheSameInEachOfItsMinutes(t *testing.T) {
	const at = " LoadBalancer=app/x/50dc6c495c0c9188"
	h := newMetered(t)
	h.stages("{ name: front, alb: { load_balancer: app/x/50dc6c495c0c9188, period: 5m } }", "window: 3m, slis: { availability: { target: 99 } }")
	h.values(-60, 60, "AWS/ApplicationELB RequestCount"+at, 1, 1)
	h.values(-60, 60, "AWS/ApplicationELB HTTPCode_Target_2XX_Count"+at, 1)
	h.values(-60, 60, "AWS/ApplicationELB HTTPCode_Target_5XX_Count"+at, 1)
	for minute := range 5 {
		if s := h.explain(float64(1810 + 60*minute)).sli("availability"); s.Status != "value" || s.counts() != "3/6" {
			t.Errorf("minute %d: %s %s", minute, s.Status, s.counts())
		}
	}

	h = newMetered(t)
	h.stages("{ name: stream, kinesis: { stream: e, shards: 1, mode: provisioned, retention: 1d, consumers: 1, period: 5m } },"+
		"{ name: work, lambda: { function: f, timeout: 60s, batch_size: 100, batching_window: 0s, parallelization_factor: 1, filtered: false, reserved_concurrency: 9, period: 5m } },"+
		"{ name: store, dynamodb: { table: videos, mode: on_demand, writes: one_per_record, period: 5m } }", "slis: { freshness: { threshold: 60s, target: 99 } }")
	for name, values := range map[string][]float64{"Kinesis IncomingRecords StreamName=e": {60}, "Lambda Invocations FunctionName=f": {60},
		"Lambda IteratorAge FunctionName=f": repeated(60, 400_000), "Lambda Duration FunctionName=f": repeated(60, 5),
		"DynamoDB SuccessfulRequestLatency TableName=videos Operation=PutItem": repeated(60, 5)} {
		h.values(-60, 60, "AWS/"+name, values...)
	}
	for minute := range 5 {
		at := float64(1810 + 60*minute)
		if s := h.explain(at).sli("freshness"); s.counts() != "0/300" {
			t.Errorf("minute %d: %s %s", minute, s.Status, s.counts())
		}
		if got := h.check(at); !strings.HasPrefix(got, "CRITICAL: v: oldest record not yet visible is 6m4") {
			t.Errorf("minute %d: %s", minute, got)
		}
	}
}

// TestACountWithoutAPointSaysSo: it isn't known whether that is zero, and it is no log.
func TestACountWithoutAPointSaysSo(t *testing.T) {
	for _, gone := range []string{"Req", "Bad"} {
		h := newMetered(t)
		h.stages("{ name: s, cloudwatch: { namespace: My, signals: { requests: { metric: Req }, bad_requests: { metric: Bad } } } }", "slis: { availability: { target: 99 } }")
		for _, name := range []string{"Req", "Bad"} {
			to := 40
			if name == gone {
				to = 0
			}
			h.values(-60, to, "My "+name, 1)
		}
		want := "stage s: no minute has an answer yet: " + gone + " has no point, and absent: doesn't say what that means"
		if s := h.explain(1810).sli("availability"); s.Status != "not_measured" || s.Reason != want {
			t.Errorf("%s: %s, %q", gone, s.Status, s.Reason)
		}
	}
}
