package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

const getMetricData = "cloudwatch:GetMetricData"

// syncWrite and asyncWrite are the two reference topologies, everything configured.
var (
	syncWrite = []string{
		"alb: {load_balancer: app/front/50dc6c495c0c9188}",
		"ecs: {cluster: c, service: api, desired: 4}",
		"rds: {instance: db, replica: true, max_connections: 100, storage_bytes: 1000}",
	}
	asyncWrite = []string{
		"alb: {load_balancer: app/front/50dc6c495c0c9188}",
		"ecs: {cluster: c, service: api, container_insights: true}",
		"kinesis: {stream: video}",
		"lambda: {function: transform, event_source_mapping: 91eaeb7e-c976-1234-9451-8709db01f137}",
		"dynamodb: {table: videos, writes: one_per_record, indexes: [by-user]}",
	}
)

// TestCallsAndBillAreWhatFactsSay holds Facts, which the cost estimate is made of,
// against what is really asked for in a run whose descriptions are known.
func TestCallsAndBillAreWhatFactsSay(t *testing.T) {
	for name, texts := range map[string][]string{"sync": syncWrite, "async": asyncWrite} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Alive()
			var sources []*cloudwatch.Source
			rounds, metrics := map[string]int{}, 0
			for _, text := range texts {
				s := w.Stage(text)
				sources = append(sources, s)
				rounds[s.Facts().Round] = s.Facts().Calls
				metrics += s.Facts().Metrics
			}
			cursors := make([][]byte, len(sources))
			for i, h := range w.Run(sli.Ask{}, sources, cursors) {
				if h.Err != nil || h.Unanswered != nil {
					t.Fatal(texts[i], h.Err, h.Unanswered)
				}
				cursors[i] = h.Cursor
			}
			w.Now = w.Now.Add(time.Minute)
			before, billed := len(w.Requests()), w.BilledMetrics()
			told := 0
			for _, h := range w.Run(sli.Ask{Edges: []time.Duration{time.Minute}}, sources, cursors) {
				told += h.Calls
			}
			made := len(w.Requests()) - before
			if want := 1; len(rounds) != 1 || made != want || told != want {
				t.Errorf("%d calls made, %d told, rounds %v; want one", made, told, rounds)
			}
			if got := w.BilledMetrics() - billed; got != metrics {
				t.Errorf("%d metrics billed, Facts say %d", got, metrics)
			}
		})
	}
}

// TestPipelinesShareOneRound: two pipelines over the same stream ask for it once;
// another region is another round.
func TestPipelinesShareOneRound(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.PutAgo(ofStream("IncomingRecords"), 1, 5, 5)
	sources := []*cloudwatch.Source{
		w.Stage(stream), w.Stage(stream), w.Stage("lambda: {function: transform}"),
		w.Stage("kinesis: {stream: video, region: eu-west-1, shards: 1, retention: 1d, mode: provisioned}"),
	}
	said := w.Run(sli.Ask{}, sources, make([][]byte, 4))
	if got := w.Calls()[getMetricData]; got != 2 {
		t.Errorf("%d calls, want one a region", got)
	}
	for i, h := range said {
		if h.Err != nil {
			t.Fatal(h.Err)
		}
		if got := h.Sum(sli.Accepted, w.Ago(1)); i != 2 && got != 10 {
			t.Errorf("stage %d counted %g of 10", i, got)
		}
	}
	asked := map[string]int{}
	for _, r := range w.Requests() {
		if in, ok := r.Input.(*cwtest.GetMetricDataInput); ok && r.Region == "us-east-1" {
			for _, q := range in.MetricDataQueries {
				asked[q.MetricStat.Metric.MetricName+" "+q.MetricStat.Stat]++
			}
		}
	}
	for what, n := range asked {
		if n > 1 {
			t.Errorf("%s was asked %d times", what, n)
		}
	}
}

// TestAnsweredMinuteIsNotAskedAgain guards the bill of the two programs together.
func TestAnsweredMinuteIsNotAskedAgain(t *testing.T) {
	w := newWorld(t)
	w.PutAgo(ofStream("IncomingRecords"), 0, 1)
	first := w.Read(w.Stage(stream), sli.Ask{}, nil)
	w.Restart(0) // the other program
	w.Now = w.Now.Add(10 * time.Second)
	second := w.Read(w.Stage(stream), sli.Ask{}, first.Cursor)
	if !second.Unchanged || second.Calls != 0 || len(second.Events) != 0 {
		t.Errorf("said %+v", second)
	}
	if got := w.Calls()[getMetricData]; got != 1 {
		t.Errorf("%d calls", got)
	}
	again := w.Read(w.Stage(stream), sli.Ask{Again: true, From: w.Ago(5)}, first.Cursor)
	if again.Unchanged || again.Sum(sli.Accepted, w.Ago(0)) != 1 {
		t.Error("a new rule's question was not asked")
	}
}

// TestQuestionsCoverFifteenMinutes, so that late points replace what they change, and
// the whole gap where a run was missing.
func TestQuestionsCoverFifteenMinutes(t *testing.T) {
	w := newWorld(t)
	w.PutAgo(ofStream("IncomingRecords"), 1, 1)
	s := w.Stage(stream)
	first := w.Read(s, sli.Ask{From: w.Ago(4)}, nil)
	late := w.Ago(1)
	w.Now = w.Now.Add(time.Minute)
	w.PutAgo(ofStream("IncomingRecords"), 2, 1, 1) // late
	w.PutAgo(ofStream("IncomingRecords"), 0, 1)
	second := w.Read(s, sli.Ask{}, first.Cursor)
	if got := second.Sum(sli.Accepted, late); first.Sum(sli.Accepted, late) != 1 || got != 3 {
		t.Errorf("the minute counts %g after late points, want 3", got)
	}
	for name, h := range map[string]kindtest.Heard{"first": first, "second": second} {
		if got := h.To.Sub(h.From); got < 15*time.Minute {
			t.Errorf("%s question covers %s", name, got)
		}
	}
	if got := sli.MinuteAt(second.From); got != sli.MinuteAt(w.Ago(14)) {
		t.Errorf("from %s", second.From)
	}
	w.Now = w.Now.Add(2 * time.Hour)
	third := w.Read(s, sli.Ask{}, second.Cursor)
	if got := sli.MinuteAt(third.From); got != sli.MinuteAt(w.Ago(119)) {
		t.Errorf("after two hours away it reads from %s", third.From)
	}
}

// TestTheNextMinuteComesWithTheSameCall: what is there of it is told apart, and counts
// nowhere.
func TestTheNextMinuteComesWithTheSameCall(t *testing.T) {
	w := newWorld(t)
	w.PutAgo(ofStream("IncomingRecords"), 0, 7)
	w.PutAgo(ofStream("IncomingRecords"), -1, 3)
	h := w.Read(w.Stage(stream), sli.Ask{}, nil)
	if got := w.Calls()[getMetricData]; got != 1 {
		t.Errorf("%d calls", got)
	}
	next := sli.MinuteAt(w.Ago(0)) + 1
	if h.Early == nil || h.Early.Minute != next || h.Early.Cell.Signals[sli.Accepted] != 3 {
		t.Errorf("early: %+v", h.Early)
	}
	if got := h.Sum(sli.Accepted, next.Start()); got != 0 {
		t.Errorf("%g of the next minute count already", got)
	}
	w.Now = w.Now.Add(time.Minute)
	if h = w.Read(w.Stage(stream), sli.Ask{}, h.Cursor); h.Sum(sli.Accepted, w.Ago(0)) != 3 || h.Early != nil {
		t.Errorf("a minute later: %g counted, early %+v", h.Sum(sli.Accepted, w.Ago(0)), h.Early)
	}
}

// TestMissingMinuteIsAnsweredAndEmpty: no put means no arrivals, not a failure.
func TestMissingMinuteIsAnsweredAndEmpty(t *testing.T) {
	w := newWorld(t)
	w.PutAgo(ofStream("IncomingRecords"), 0, 7)
	w.PutAgo(ofStream("IncomingRecords"), 2, 7)
	h := w.Read(w.Stage(stream), sli.Ask{}, nil)
	if h.Sum(sli.Accepted, w.Ago(1)) != 0 || h.Sum(sli.Accepted, w.Ago(2)) != 7 || h.Unanswered != nil || h.To.IsZero() {
		t.Errorf("said %+v", h.Batch)
	}
	if _, ok := h.Level(cloudwatch.LevelAge, w.Ago(1)); ok {
		t.Error("a stream that nobody polls has an age")
	}
}

// TestPagesAndRepeats: pages are followed, what failed by itself is asked again, what
// stays failed fails only the stages that need it.
func TestPagesAndRepeats(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	for m := range 15 {
		w.PutAgo(ofStream("IncomingRecords"), m, 1)
	}
	w.SetPageLimit(4)
	h := w.Read(w.Stage(stream), sli.Ask{}, nil)
	total := 0.0
	for _, e := range h.Events {
		total += e.Weight
	}
	if want := 16.0; total != want { // alive put one more
		t.Errorf("pages hold %g of %g", total, want)
	}
	w.SetPageLimit(100_800)
	for _, status := range []string{cwtest.PartialData, cwtest.InternalError} {
		w.ResultNext(2, "q0", status)
		if h := w.Read(w.Stage(stream), sli.Ask{}, nil); h.Sum(sli.Accepted, w.Ago(3)) != 1 {
			t.Errorf("%s was not asked again", status)
		}
	}
	w.ResultNext(-1, "q0", cwtest.PartialData)
	w.Fails(w.Stage(stream), "cloudwatch:GetMetricData: AWS/Kinesis IncomingRecords StreamName=video was not answered completely")
	w.ResultNext(-1, "q0", cwtest.InternalError)
	w.Fails(w.Stage(stream), "cloudwatch:GetMetricData: AWS/Kinesis IncomingRecords StreamName=video: the service had an internal error")
}

// TestThrottledCallIsRepeatedInTime and says so when it stays throttled.
func TestThrottledCallIsRepeatedInTime(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.ThrottleNext(2)
	w.Read(w.Stage(stream), sli.Ask{}, nil)
	w.ThrottleNext(3)
	w.Fails(w.Stage(stream), "cloudwatch:GetMetricData: throttled in all 3 attempts; fewer hosts should ask, or the quota be raised")
}

// TestCallsEndWithTheRun: an endpoint that hangs costs no more than the deadline.
func TestCallsEndWithTheRun(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	s := w.Stage(stream)
	w.Read(s, sli.Ask{}, nil) // credentials are there
	w.HangNext(1)
	w.Now = w.Now.Add(time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := s.Read(ctx, sli.Ask{Now: w.Now, Emit: func(*sli.Event) {}}, nil)
	if err == nil || err.Error() != "cloudwatch:GetMetricData: no answer in time; raise --timeout if it is slow rather than away" {
		t.Errorf("error %v", err)
	}
}

// TestOneImpossibleQuestionCostsOnlyItself: the others are asked without it.
func TestOneImpossibleQuestionCostsOnlyItself(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.Inject(cwtest.Fault{Action: getMetricData, Code: "ValidationException", Message: "member 3 is not valid"})
	if h := w.Read(w.Stage(stream), sli.Ask{}, nil); h.Sum(sli.Accepted, w.Ago(0)) != 1 {
		t.Error("nothing was asked again")
	}
}

// TestManyQueriesTakeMoreCalls: 500 queries are the most that one call may hold.
func TestManyQueriesTakeMoreCalls(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	ids := make([]string, 501)
	for i := range ids {
		ids[i] = fmt.Sprintf("shardId-%012d", i)
		w.PutAgo(kindtest.Metric("AWS/Kinesis", "IteratorAgeMilliseconds", "StreamName", "video", "ShardId", ids[i]), 0, float64(i)*1000)
	}
	s := w.Stage("kinesis: {stream: video, shards: 501, retention: 1d, mode: on_demand, shard_level: [" + strings.Join(ids, ", ") + "]}")
	h := w.Read(s, sli.Ask{From: w.Ago(0)}, nil)
	if got := w.Calls()[getMetricData]; got != 2 || h.Calls != 2 {
		t.Errorf("%d calls, %d told; want 2", got, h.Calls)
	}
	for i, id := range ids {
		if v, ok := h.Level("age:"+id, w.Ago(0)); !ok || v != float64(i) {
			t.Fatalf("age of %s is %g, %t", id, v, ok)
		}
	}
}

// TestStagesReadAtOnce is for the race detector: measure asks all sources at once.
func TestStagesReadAtOnce(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	var sources []*cloudwatch.Source
	for range 8 {
		sources = append(sources, w.Stage(stream), w.Stage("lambda: {function: transform}"))
	}
	ask := sli.Ask{Now: w.Now, Emit: func(*sli.Event) {}}
	for _, s := range sources {
		s.Prepare(ask, nil)
	}
	var wg sync.WaitGroup
	errs := make([]error, len(sources))
	for i, s := range sources {
		wg.Go(func() { _, errs[i] = s.Read(context.Background(), ask, nil) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil || w.Calls()[getMetricData] != 1 {
		t.Errorf("%d calls, error %v", w.Calls()[getMetricData], err)
	}
}

// TestTheCallsOfARoundAreToldOnceWhoeverIsQuicker: by the stage that was told first what it
// would be asked; who has to find a name before asks alone.
func TestTheCallsOfARoundAreToldOnceWhoeverIsQuicker(t *testing.T) {
	for name, order := range map[string][]int{"in order": {0, 1, 2}, "the last first": {2, 1, 0}, "a name in between": {1, 2, 0}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Alive()
			w.SetLoadBalancer("front", cwtest.LoadBalancer{ID: "50dc6c495c0c9188"})
			sources := []*cloudwatch.Source{w.Stage(stream), w.Stage("ecs: {cluster: c, service: api, desired: 4}"), w.Stage("alb: {load_balancer: front}")}
			ask := sli.Ask{Now: w.Now, Emit: func(*sli.Event) {}}
			for _, s := range sources {
				s.Prepare(ask, nil)
			}
			told := make([]int, len(sources))
			for _, i := range order {
				b, _ := sources[i].Read(t.Context(), ask, nil)
				told[i] = b.Calls
			}
			all := 0
			for _, n := range w.Calls() {
				all += n
			}
			if got, want := fmt.Sprint(told, all), "[1 0 2] 3"; got != want {
				t.Errorf("want %s told and made, got %s", want, got)
			}
		})
	}
}
