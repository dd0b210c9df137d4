package cloudwatch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

// shown is everything that was said of a minute, in lines.
func (h heard) shown(minute time.Time) []string {
	var lines []string
	for _, e := range h.events {
		if sli.MinuteOf(e.Time) != sli.MinuteAt(minute) {
			continue
		}
		line := e.Signal.String()
		if e.Status != 0 {
			line += fmt.Sprintf(" %d", e.Status)
		}
		if e.HasLatency {
			line += fmt.Sprintf(" %gs", e.Latency.Round(time.Millisecond).Seconds())
		}
		lines = append(lines, fmt.Sprintf("%s: %g", line, e.Weight))
	}
	for _, l := range h.Levels {
		if l.Minute == sli.MinuteAt(minute) {
			lines = append(lines, fmt.Sprintf("level %s: %g", l.Name, l.Value))
		}
	}
	for _, s := range h.Summaries {
		if s.Minute == sli.MinuteAt(minute) {
			v := s.Summary
			lines = append(lines, fmt.Sprintf("summary %s: n %g mean %g max %g min %g edges %v", s.Name, v.N, v.Mean, v.Max, v.Min.Value, v.Edges))
		}
	}
	slices.Sort(lines)
	return lines
}

// counted puts n ones, so that Sum and SampleCount are n.
func (w *world) counted(n int, m cwtest.Metric) {
	w.put(m, 0, slices.Repeat([]float64{1}, n)...)
}

func TestBalancerCountsAnswersByClassAndTime(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric {
		return metric("AWS/ApplicationELB", name, "LoadBalancer", "app/front/50dc6c495c0c9188")
	}
	w.counted(95, of("RequestCount"))
	w.counted(90, of("HTTPCode_Target_2XX_Count"))
	w.counted(3, of("HTTPCode_Target_4XX_Count"))
	w.counted(2, of("HTTPCode_Target_5XX_Count"))
	w.counted(5, of("HTTPCode_ELB_5XX_Count"))
	w.counted(8, of("HTTPCode_ELB_4XX_Count")) // the load balancer's own refusals aren't valid requests
	w.PutCounts(of("TargetResponseTime"), w.ago(0), noon.Add(-time.Hour), []float64{0.5, 2}, []float64{94, 1})
	s := w.stage("alb: {load_balancer: app/front/50dc6c495c0c9188}")
	h := w.read(s, sli.Ask{Edges: []time.Duration{500 * time.Millisecond}}, nil)
	if diff := cmp.Diff([]string{
		"answers 0.5s: 94", "answers 0.5s: 1", // a nanosecond beyond the threshold
		"requests 200: 90", "requests 400: 3", "requests 500: 2", "requests 503: 5",
		"summary latency: n 95 mean 0.5157894736842106 max 2 min 0.5 edges [{0.5 94}]",
	}, h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
	latency := sli.AnswerLatency(500 * time.Millisecond)
	var counts sli.Counts
	for _, e := range h.events {
		counts.Count(latency(&e), e.Weight)
	}
	if want := (sli.Counts{Valid: 95, Good: 94}); counts != want {
		t.Errorf("latency counts %+v, want %+v", counts, want)
	}
}

var sortedLines = cmp.Transformer("sorted", func(lines []string) map[string]int {
	set := map[string]int{}
	for _, line := range lines {
		set[line]++
	}
	return set
})

// TestConfiguredGoodJudgesWholeClasses: a class is judged with one voice or not at all.
func TestConfiguredGoodJudgesWholeClasses(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric {
		return metric("AWS/ApplicationELB", name, "LoadBalancer", "app/front/50dc6c495c0c9188")
	}
	for _, name := range []string{"RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count"} {
		w.counted(1, of(name))
	}
	s := w.stage("alb: {load_balancer: app/front/50dc6c495c0c9188}")
	for condition, want := range map[string]map[int]sli.Verdict{
		"<400": {200: sli.Good, 400: sli.Bad, 500: sli.Bad},
		"!429": {200: sli.Good, 400: sli.Uncertain, 500: sli.Good},
	} {
		good, err := sli.ParseMatch(map[string][]string{"status": {condition}})
		if err != nil {
			t.Fatal(err)
		}
		got := map[int]sli.Verdict{}
		for _, e := range w.read(s, sli.Ask{Good: good}, nil).events {
			if e.Signal == sli.Request {
				got[e.Status] = e.Good
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", condition, diff)
		}
	}
}

// TestMetricWithoutExtendedStatistics: no TC is not a TC of 0. What the extremes prove
// is said, the rest is uncertain, and estimates go on without edges.
func TestMetricWithoutExtendedStatistics(t *testing.T) {
	w := newWorld(t)
	w.alive()
	response := metric("AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", "app/front/50dc6c495c0c9188")
	w.NoExtended(response)
	w.put(response, 0, 0.1, 0.9)
	w.put(response, 1, 0.1, 0.2)
	w.put(response, 2, 0.8, 0.9)
	h := w.read(w.stage("alb: {load_balancer: app/front/50dc6c495c0c9188}"), sli.Ask{Edges: []time.Duration{500 * time.Millisecond}}, nil)
	for minutes, want := range []string{"answers: 2", "answers 0.5s: 2", "answers 0.5s: 2"} {
		if got := h.shown(w.ago(minutes)); !slices.Contains(got, want) {
			t.Errorf("%d minutes ago: %q", minutes, got)
		}
	}
	if !h.warned("AWS/ApplicationELB TargetResponseTime LoadBalancer=app/front/50dc6c495c0c9188 has values but no TC(:0.5)") {
		t.Errorf("warnings %q", h.Warnings)
	}
	age := ofFunction("IteratorAge")
	w.NoExtended(age)
	w.put(age, 0, 1000, 3000)
	h = w.read(w.stage("lambda: {function: transform, settle: 180s}"), sli.Ask{Edges: []time.Duration{time.Minute}}, nil)
	s, ok := h.summary("age", w.ago(0))
	if !ok || s.N != 2 || s.Mean != 2 || s.Max != 3 || s.Min != sli.Some(1) || len(s.Edges) != 0 || !h.warned("IteratorAge") {
		t.Errorf("summary %+v, warnings %q", s, h.Warnings)
	}
}

// TestBalancersNameIsResolvedOnce, by hand-signed query.
func TestBalancersNameIsResolvedOnce(t *testing.T) {
	w := newWorld(t)
	w.alive()
	w.SetLoadBalancer("front", cwtest.LoadBalancer{ID: "50dc6c495c0c9188"})
	s := w.stage("alb: {load_balancer: front}")
	h := w.read(s, sli.Ask{}, nil)
	if h.Unanswered != nil || h.Calls != 2 {
		t.Errorf("unanswered %v, %d calls", h.Unanswered, h.Calls)
	}
	w.now = w.now.Add(7 * time.Hour)
	w.alive()
	if h = w.read(s, sli.Ask{}, h.Cursor); h.Calls != 1 {
		t.Errorf("later %d calls", h.Calls)
	}
	w.fails(w.stage("alb: {load_balancer: back}"), "AWS/ApplicationELB LoadBalancer=back: "+
		"elasticloadbalancing:DescribeLoadBalancers of back: there is no such resource; check its name and region")
}

func TestStreamTellsArrivalsAgesAndLimits(t *testing.T) {
	w := newWorld(t)
	w.counted(120, ofStream("IncomingRecords"))
	w.put(ofStream("IncomingBytes"), 0, 60<<20)
	w.put(ofStream("GetRecords.Bytes"), 0, 60<<20)
	w.counted(120, ofStream("GetRecords.Records"))
	w.counted(4, ofStream("WriteProvisionedThroughputExceeded"))
	w.put(ofStream("GetRecords.IteratorAgeMilliseconds"), 0, 100, 8640)
	s := w.stage("kinesis: {stream: video, shards: 2, retention: 1d, mode: provisioned, consumers: 1}")
	h := w.read(s, sli.Ask{}, nil)
	if diff := cmp.Diff([]string{
		"accepted: 120", "received: 120", "throttled: 4",
		"level age: 8.64", "level utilisation_retention: 0.01", "level utilisation_write_records: 0.1",
		"level utilisation_write_bytes: 50", "level utilisation_read_bytes: 25",
	}, h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
	w.SetStream("video", cwtest.Stream{OpenShards: 2, OnDemand: true})
	for _, line := range w.read(w.stage("kinesis: {stream: video}"), sli.Ask{}, nil).shown(w.ago(0)) {
		if strings.Contains(line, "write_") || strings.Contains(line, "read_") {
			t.Errorf("an on-demand stream has %s", line)
		}
	}
}

// TestShardsAndConsumersAreWatchedWhenAsked lists the open shards only.
func TestShardsAndConsumersAreWatchedWhenAsked(t *testing.T) {
	w := newWorld(t)
	w.counted(1, ofStream("IncomingRecords"))
	w.SetStream("video", cwtest.Stream{OpenShards: 2, ClosedShards: 1})
	w.put(metric("AWS/Kinesis", "SubscribeToShardEvent.MillisBehindLatest", "StreamName", "video", "ConsumerName", "app"), 0, 2000)
	for i, age := range []float64{9000, 3000, 4000} {
		w.put(metric("AWS/Kinesis", "IteratorAgeMilliseconds", "StreamName", "video", "ShardId", fmt.Sprintf("shardId-%012d", i)), 0, age)
	}
	h := w.read(w.stage("kinesis: {stream: video, consumer: app, shard_level: true}"), sli.Ask{}, nil)
	got := h.shown(w.ago(0))
	for _, want := range []string{"level age: 2", "level age:shardId-000000000001: 3", "level age:shardId-000000000002: 4"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, "000000000000") }) {
		t.Error("a closed shard is watched")
	}
}

func TestFunctionTellsInvocationsAgesWorkAndEventCounts(t *testing.T) {
	w := newWorld(t)
	w.alive() // one more invocation, one more polled
	w.counted(9, ofFunction("Invocations"))
	w.counted(2, ofFunction("Errors"))
	w.put(ofFunction("IteratorAge"), 0, 1000, 2000, 9000)
	w.put(ofFunction("Duration"), 0, 100, 300)
	w.put(ofFunction("ConcurrentExecutions"), 0, 3)
	of := func(name string) cwtest.Metric { return metric("AWS/Lambda", name, "EventSourceMappingUUID", mapping) }
	w.counted(99, of("PolledEventCount"))
	w.counted(20, of("FilteredOutEventCount"))
	w.counted(80, of("InvokedEventCount"))
	w.counted(10, of("FailedInvokeEventCount"))
	s := w.stage("lambda: {function: transform, settle: 180s, event_source_mapping: auto, reserved_concurrency: 10, batching_window: 0}")
	h := w.read(s, sli.Ask{Edges: []time.Duration{10 * time.Second}}, nil)
	if diff := cmp.Diff([]string{
		"invocations: 10", "failed: 2", "polled: 100", "filtered: 20", "handed: 80", "hand_failed: 10",
		"level polled: 100", "level utilisation_concurrency: 30",
		"summary age: n 3 mean 4 max 9 min 0 edges [{5 2} {10 3}]",
		"summary work: n 2 mean 0.2 max 0.3 min 0.1 edges [{2.5 2}]",
	}, h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sli.Inputs{
		"timeout": {Value: 30, From: "asked"}, "batch_size": {Value: 200, From: "asked"}, "batching_window": {From: "configured"},
		"parallelization_factor": {Value: 2, From: "asked"}, "filtered": {From: "asked"},
		"reserved_concurrency": {Value: 10, From: "configured"}, "age_includes_duration": {From: "configured"},
	}, h.Inputs); diff != "" {
		t.Error(diff)
	}
	if lines := h.shown(w.ago(1)); len(lines) != 0 {
		t.Errorf("a minute without points says %q", lines)
	}
}

// TestFunctionSettlesByItsTimeout: points are written when invocations end.
func TestFunctionSettlesByItsTimeout(t *testing.T) {
	w := newWorld(t)
	if f := w.stage("lambda: {function: transform, timeout: 5m}").Facts(); f.Settle != 8*time.Minute || f.SettleInput != "" {
		t.Errorf("settle %s and %q", f.Settle, f.SettleInput)
	}
	w.alive()
	w.SetFunction("transform", cwtest.Function{Timeout: 300})
	s := w.stage("lambda: {function: transform}")
	if f := s.Facts(); f.Settle != 3*time.Minute || f.SettleInput != "timeout" {
		t.Errorf("settle %s and %q", f.Settle, f.SettleInput)
	}
	h := w.read(s, sli.Ask{}, nil)
	w.now = w.now.Add(10 * time.Minute)
	w.Put(ofFunction("Invocations"), w.now.Add(-5*time.Minute), w.now, 1) // some may still run
	h = w.read(s, sli.Ask{}, h.Cursor)
	for _, e := range h.events {
		if sli.MinuteOf(e.Time) > sli.Due(w.now, 8*time.Minute) {
			t.Error("a minute is told of that invocations may still be added to")
		}
	}
}

func TestTableTellsWritesAndCapacity(t *testing.T) {
	w := newWorld(t)
	w.SetTable("videos", cwtest.Table{WriteCapacity: 10, ReadCapacity: 20, Indexes: map[string]cwtest.Table{"by.user": {WriteCapacity: 5, ReadCapacity: 5}}})
	of := func(name string) cwtest.Metric {
		return metric("AWS/DynamoDB", name, "TableName", "videos", "Operation", "PutItem")
	}
	w.put(of("SuccessfulRequestLatency"), 0, 2, 4, 6)
	w.counted(1, of("SystemErrors"))
	w.counted(2, of("ThrottledRequests"))
	w.put(metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "videos"), 0, 300)
	w.put(metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "videos", "GlobalSecondaryIndexName", "by.user"), 0, 30)
	s := w.stage("dynamodb: {table: videos, writes: one_per_record, indexes: [by.user]}")
	w.read(s, sli.Ask{}, nil) // asks for the capacities
	h := w.read(s, sli.Ask{}, nil)
	if diff := cmp.Diff([]string{
		"done: 3", "failed: 1", "throttled: 2", "summary store: n 3 mean 0.004 max 0.006 min 0.002 edges []",
		"level utilisation_write: 50", "level utilisation_read: 0",
		"level utilisation_by_user_write: 10", "level utilisation_by_user_read: 0",
	}, h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
	if f := w.stage("dynamodb: {table: videos}").Facts(); f.Gives(sli.Done) {
		t.Error("writes that aren't one per record count as done")
	}
}

func TestQueueTellsAgeBacklogAndLimits(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric { return metric("AWS/SQS", name, "QueueName", "jobs.fifo") }
	w.SetQueue("jobs.fifo", map[string]string{"MessageRetentionPeriod": "600"})
	w.put(of("ApproximateAgeOfOldestMessage"), 0, 60)
	w.put(of("ApproximateNumberOfMessagesVisible"), 0, 12)
	w.put(of("ApproximateNumberOfMessagesNotVisible"), 0, 200)
	w.counted(3, of("NumberOfMessagesSent"))
	w.counted(2, of("NumberOfMessagesDeleted"))
	w.put(metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "dead"), 0, 4)
	h := w.read(w.stage("sqs: {queue: jobs.fifo, dead_letter_queue: dead}"), sli.Ask{}, nil)
	if diff := cmp.Diff([]string{
		"sent: 3", "deleted: 2", "level age: 60", "level backlog: 12", "level dead_letters: 4",
		"level utilisation_retention: 10", "level utilisation_inflight: 1",
	}, h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
}

func TestDeliveryTellsAgeAndCounts(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric { return metric("AWS/Firehose", name, "DeliveryStreamName", "lake") }
	w.now = w.now.Add(10 * time.Minute)
	minute := (sli.Due(w.now, 600*time.Second)).Start()
	for name, v := range map[string]float64{"IncomingRecords": 50, "DeliveryToHttpEndpoint.Records": 40, "DeliveryToHttpEndpoint.Success": 0.5, "DeliveryToHttpEndpoint.DataFreshness": 30} {
		w.Put(of(name), minute, w.now.Add(-time.Hour), v)
	}
	h := w.read(w.stage("firehose: {stream: lake, destination: http, buffering: 60s}"), sli.Ask{}, nil)
	if diff := cmp.Diff([]string{"accepted: 50", "done: 40", "level success: 50", "level age: 30", "level utilisation_buffer: 50"},
		h.shown(minute), sortedLines); diff != "" {
		t.Error(diff)
	}
}

// TestNegativeLagIsNotMeasured: −1 means that replication is broken.
func TestNegativeLagIsNotMeasured(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric { return metric("AWS/RDS", name, "DBInstanceIdentifier", "db") }
	for m := range 2 {
		w.put(of("CPUUtilization"), m, 40)
	}
	w.put(of("ReplicaLag"), 0, -1)
	w.put(of("ReplicaLag"), 1, 3)
	w.put(of("DatabaseConnections"), 0, 20)
	w.put(of("FreeStorageSpace"), 0, 250)
	w.put(of("BurstBalance"), 0, 90)
	h := w.read(w.stage("rds: {instance: db, replica: true, max_connections: 100, storage_bytes: 1000}"), sli.Ask{}, nil)
	if diff := cmp.Diff([]string{"level utilisation_cpu: 40", "level utilisation_connections: 20", "level utilisation_storage: 75", "level utilisation_credits: 10"},
		h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
	if v, ok := h.level("age", w.ago(1)); !ok || v != 3 {
		t.Errorf("lag %g, %t", v, ok)
	}
}

// TestServiceWithoutTasksIsDown: no CPU point means that no task ran.
func TestServiceWithoutTasksIsDown(t *testing.T) {
	w := newWorld(t)
	of := func(space, name string) cwtest.Metric {
		return metric(space, name, "ClusterName", "c", "ServiceName", "api")
	}
	w.put(of("AWS/ECS", "CPUUtilization"), 0, 10, 20, 60)
	w.put(of("AWS/ECS", "MemoryUtilization"), 0, 70)
	s := w.stage("ecs: {cluster: c, service: api, desired: 4}")
	h := w.read(s, sli.Ask{}, nil)
	if diff := cmp.Diff([]string{"level tasks: 3", "level utilisation_tasks: 75", "level utilisation_cpu: 60", "level utilisation_memory: 70"},
		h.shown(w.ago(0)), sortedLines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"level tasks: 0", "level utilisation_tasks: 0"}, h.shown(w.ago(1)), sortedLines); diff != "" {
		t.Error(diff)
	}
	w.put(of("ECS/ContainerInsights", "RunningTaskCount"), 0, 2, 5)
	w.put(of("ECS/ContainerInsights", "DesiredTaskCount"), 0, 5)
	h = w.read(w.stage("ecs: {cluster: c, service: api, container_insights: true}"), sli.Ask{}, nil)
	if v, _ := h.level("utilisation_tasks", w.ago(0)); v != 40 {
		t.Errorf("tasks at %g %%", v)
	}
}
