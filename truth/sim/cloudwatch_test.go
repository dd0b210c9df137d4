package sim

import (
	"testing"
	"time"
)

func lambda(metric, stat string) Query {
	return Query{Namespace: "AWS/Lambda", Metric: metric, Dims: []Dim{{"FunctionName", FunctionName}}, Stat: stat, From: always / 2, To: Never}
}

func mapping(metric string) Query {
	q := lambda(metric, "Sum")
	q.Dims = []Dim{{"EventSourceMappingUUID", MappingUUID}}
	return q
}

func ask(t *testing.T, w *World, q Query) map[Instant]float64 {
	t.Helper()
	data, err := w.Series(q, Never)
	if err != nil {
		t.Fatal(err)
	}
	values := map[Instant]float64{}
	for _, d := range data {
		values[d.Stamp] = d.Value
	}
	return values
}

// One record a second, a window of 20 s, polls of 1 s: the oldest of a batch
// waits 20 s, the newest at most 1 s, and IteratorAge tells of the newest.
func TestIteratorAgeIsTheNewestRecordOfABatch(t *testing.T) {
	w := run(t, Scenario{Length: 5 * time.Minute, Traffic: Traffic{PerSecond: 1, Even: true}, Stream: Stream{Shards: 1},
		Worker: Worker{Window: 20 * time.Second}}, "")
	for m, ms := range ask(t, w, lambda("IteratorAge", "Maximum")) {
		if ms < 0 || ms > 1001 {
			t.Errorf("%v: IteratorAge %v ms", m.Time(), ms)
		}
	}
	v := w.Invocations[1]
	if waited := v.Began - v.Oldest; v.Events < 18 || waited < 19*second || waited > 22*second {
		t.Errorf("batch of %d, oldest waited %v µs", v.Events, waited)
	}
	if newest := w.Records[w.lanes[0].order[v.To-1]].Arrived; v.Newest != newest {
		t.Errorf("newest %v, want %v", v.Newest, newest)
	}
}

func TestAStoppedConsumerPublishesNothing(t *testing.T) {
	w := run(t, Scenario{Length: 30 * time.Minute}, "10:10 consumer stopped\n10:20 consumer resumed")
	for _, q := range []Query{lambda("Invocations", "Sum"), lambda("IteratorAge", "Maximum"), lambda("Errors", "Sum"), lambda("Throttles", "Sum"), mapping("PolledEventCount"), mapping("InvokedEventCount")} {
		got := ask(t, w, q)
		for m := 0.0; m < 30; m++ {
			if _, ok := got[clockAt(m)]; ok == (m >= 10 && m < 20) {
				t.Errorf("%s: point in minute %v: %v", q.Metric, m, ok)
			}
		}
	}
	if _, ok := ask(t, w, Query{Namespace: "AWS/Kinesis", Metric: "IncomingRecords", Dims: []Dim{{"StreamName", StreamName}}, Stat: "Sum", From: 0, To: Never})[clockAt(15)]; !ok {
		t.Error("the stream went on, but published nothing")
	}
}

func TestEmptyPollsAreZeroAndNoInvocationIsNoPoint(t *testing.T) {
	w := run(t, Scenario{Length: 10 * time.Minute}, "10:03-10:07 no traffic")
	polled, invoked := ask(t, w, mapping("PolledEventCount")), ask(t, w, lambda("Invocations", "Sum"))
	for m := 0.0; m < 10; m++ {
		n, ok := polled[clockAt(m)]
		if quiet := m >= 4 && m < 7; !ok || quiet != (n == 0) {
			t.Errorf("minute %v: polled %v, %v", m, n, ok)
		} else if _, ok := invoked[clockAt(m)]; ok == quiet {
			t.Errorf("minute %v: invocations present: %v", m, ok)
		}
	}
}

func TestASilentShardIsInvisibleInTheStreamsAges(t *testing.T) {
	w := run(t, Scenario{Seed: 3, Length: 20 * time.Minute}, "10:05-10:15 shard 2 silent")
	if worst := ask(t, w, lambda("IteratorAge", "Maximum"))[clockAt(12)]; worst > 5000 {
		t.Errorf("IteratorAge %v ms shows the silent shard", worst)
	}
	if age := w.Age(clockAt(13)); age < 7*time.Minute || age > 9*time.Minute {
		t.Errorf("true age %v", age)
	}
}

func TestPointsAreStampedAtTheStartAndSeenAfterTheEnd(t *testing.T) {
	w := run(t, Scenario{Length: 10 * time.Minute, Tail: 20 * time.Minute, Worker: Worker{Timeout: 3 * time.Minute}}, "10:02-10:03 worker slow x1000")
	late := 0
	for p := range w.Points(w.Start, Never) {
		if p.Visible < p.Stamp+2*minute {
			t.Fatalf("%s of %v was visible at %v", p.Metric, p.Stamp.Time(), p.Visible.Time())
		}
		if p.Metric == "Duration" && p.Stamp == clockAt(2) && p.Visible > clockAt(5) {
			late++
		}
	}
	if late == 0 {
		t.Error("no long invocation was published late under its start")
	}
}

func TestMetricsLateMovesOnlyWhenTheyAreSeen(t *testing.T) {
	s := Scenario{Length: 20 * time.Minute}
	q := lambda("Invocations", "Sum")
	usual, late := run(t, s, ""), run(t, s, "10:05-10:10 metrics late +10m")
	if a, b := ask(t, usual, q), ask(t, late, q); len(a) != len(b) || a[clockAt(6)] != b[clockAt(6)] {
		t.Error("lateness changed the values")
	}
	before, _ := usual.Series(q, clockAt(11))
	after, _ := late.Series(q, clockAt(11))
	if len(after) >= len(before) {
		t.Errorf("%d points visible when late, %d usually", len(after), len(before))
	}
}

func TestOutageWithoutHealthyTargetHasErrorsButNoRequests(t *testing.T) {
	w := run(t, Scenario{Topology: Sync, Length: 10 * time.Minute}, "10:03-10:06 no healthy target")
	q := Query{Namespace: "AWS/ApplicationELB", Metric: "RequestCount", Dims: []Dim{{"LoadBalancer", LoadBalancer}}, Stat: "Sum", From: 0, To: Never}
	requests := ask(t, w, q)
	q.Metric = "HTTPCode_ELB_5XX_Count"
	errors := ask(t, w, q)
	truth := w.Availability(w.Start, w.End)
	for m := range 10 {
		_, ok := requests[clockAt(float64(m))]
		outage := m == 4 || m == 5
		if n := errors[clockAt(float64(m))]; ok == outage || (int(n) != truth[m].Valid-truth[m].Good) {
			t.Errorf("minute %d: requests present %v, ELB errors %v, truth %+v", m, ok, n, truth[m])
		}
	}
}

func TestStatisticsOfPoints(t *testing.T) {
	points := []*Point{{Values: []float64{1, 2}, Counts: []float64{3, 1}}, {Values: []float64{10}, Counts: []float64{1}}}
	for name, want := range map[string]float64{"SampleCount": 5, "Sum": 15, "Average": 3, "Minimum": 1, "Maximum": 10,
		"p50": 1, "p99": 10, "TC(:2)": 4, "TC(1:2)": 1, "TC(2:)": 1, "PR(:1)": 60} {
		if got, ok, err := Stat(points, name); err != nil || !ok || got != want {
			t.Errorf("%s = %v, %v, %v, want %v", name, got, ok, err, want)
		}
	}
	for _, name := range []string{"", "sum", "p101", "pNaN", "TC", "TC(:)", "TC(1)", "TC(NaN:1)", "XX(1:2)"} {
		if _, _, err := Stat(points, name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	if _, ok, _ := Stat(nil, "Sum"); ok {
		t.Error("a sum of nothing has a value")
	}
}

func TestThrottledToNothingShowsThrottlesAlone(t *testing.T) {
	w := run(t, Scenario{Length: 20 * time.Minute}, "10:05-10:15 throttled to 0")
	throttles, invocations := ask(t, w, lambda("Throttles", "Sum")), ask(t, w, lambda("Invocations", "Sum"))
	for m := 6.0; m < 15; m++ {
		if _, ok := invocations[clockAt(m)]; ok || throttles[clockAt(m)] == 0 {
			t.Errorf("minute %v: invocations present %v, throttles %v", m, ok, throttles[clockAt(m)])
		}
	}
	if n, ok := throttles[clockAt(2)]; n != 0 || !ok {
		t.Errorf("throttles before: %v, %v", n, ok)
	}
}

func TestEventCountsMatchTheRecords(t *testing.T) {
	w := run(t, Scenario{Length: 20 * time.Minute, Tail: 20 * time.Minute, Worker: Worker{Errors: 0.1, MappingDrops: 0.2, Skips: 0.1}, Metrics: Metrics{Queue: true}}, "")
	total := func(q Query) (sum float64) {
		for _, v := range ask(t, w, q) {
			sum += v
		}
		return sum
	}
	a := w.Balance(w.End)
	stream := Query{Namespace: "AWS/Kinesis", Metric: "IncomingRecords", Dims: []Dim{{"StreamName", StreamName}}, Stat: "Sum", From: 0, To: Never}
	table := Query{Namespace: "AWS/DynamoDB", Metric: "SuccessfulRequestLatency", Dims: []Dim{{"TableName", TableName}, {"Operation", Operation}}, Stat: "SampleCount", From: 0, To: Never}
	sqs := Query{Namespace: "AWS/SQS", Metric: "NumberOfMessagesDeleted", Dims: []Dim{{"QueueName", QueueName}}, Stat: "Sum", From: 0, To: Never}
	writes, mapped := 0, 0
	for i := range w.Records {
		writes += int(w.Records[i].Writes)
		if w.Records[i].mapped {
			mapped++
		}
	}
	for _, c := range []struct {
		what string
		got  float64
		want int
	}{
		{"incoming", total(stream), a.Accepted},
		{"polled", total(mapping("PolledEventCount")), a.Accepted},
		{"filtered", total(mapping("FilteredOutEventCount")), mapped},
		{"invoked - failed", total(mapping("InvokedEventCount")) - total(mapping("FailedInvokeEventCount")), a.Accepted - mapped},
		{"writes", total(table), writes},
		{"deleted", total(sqs), a.Visible + a.Filtered},
	} {
		if int(c.got) != c.want {
			t.Errorf("%s: %v, truth %d", c.what, c.got, c.want)
		}
	}
	if mapped == 0 || a.Filtered <= mapped || writes <= a.Visible {
		t.Errorf("nothing filtered or repeated: %+v, %d writes", a, writes)
	}
}
