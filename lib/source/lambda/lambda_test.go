package lambda

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"lambda": New})
}

func ofFunction(name string) cwtest.Metric {
	return kindtest.Metric("AWS/Lambda", name, "FunctionName", "transform")
}

func TestFunctionTellsInvocationsAgesWorkAndEventCounts(t *testing.T) {
	w := newWorld(t)
	w.Alive() // one more invocation, one more polled
	w.Counted(9, ofFunction("Invocations"))
	w.Counted(2, ofFunction("Errors"))
	w.PutAgo(ofFunction("IteratorAge"), 0, 1000, 2000, 9000)
	w.PutAgo(ofFunction("Duration"), 0, 100, 300)
	w.PutAgo(ofFunction("ConcurrentExecutions"), 0, 3)
	of := func(name string) cwtest.Metric {
		return kindtest.Metric("AWS/Lambda", name, "EventSourceMappingUUID", kindtest.Mapping)
	}
	w.Counted(99, of("PolledEventCount"))
	w.Counted(20, of("FilteredOutEventCount"))
	w.Counted(80, of("InvokedEventCount"))
	w.Counted(10, of("FailedInvokeEventCount"))
	s := w.Stage("lambda: {function: transform, settle: 180s, event_source_mapping: auto, reserved_concurrency: 10, batching_window: 0}")
	h := w.Read(s, sli.Ask{Edges: []time.Duration{10 * time.Second}}, nil)
	if diff := cmp.Diff([]string{
		"invocations: 10", "failed: 2", "polled: 100", "filtered: 20", "handed: 80", "hand_failed: 10",
		"level polled: 100", "level utilisation_concurrency: 30",
		"summary age: n 3 mean 4 max 9 min 0 edges [{5 2} {10 3}]",
		"summary work: n 2 mean 0.2 max 0.3 min 0.1 edges [{2.5 2}]",
	}, h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(sli.Inputs{
		"timeout": {Value: 30, From: "asked"}, "batch_size": {Value: 200, From: "asked"}, "batching_window": {From: "configured"},
		"parallelization_factor": {Value: 2, From: "asked"}, "filtered": {From: "asked"},
		"reserved_concurrency": {Value: 10, From: "configured"}, "age_includes_duration": {From: "configured"},
	}, h.Inputs); diff != "" {
		t.Error(diff)
	}
	if lines := h.Shown(w.Ago(1)); len(lines) != 0 {
		t.Errorf("a minute without points says %q", lines)
	}
}

// TestFunctionSettlesByItsTimeout: points are written when invocations end.
func TestFunctionSettlesByItsTimeout(t *testing.T) {
	w := newWorld(t)
	if f := w.Stage("lambda: {function: transform, timeout: 5m}").Facts(); f.Settle != 8*time.Minute || f.SettleInput != "" {
		t.Errorf("settle %s and %q", f.Settle, f.SettleInput)
	}
	w.Alive()
	w.SetFunction("transform", cwtest.Function{Timeout: 300})
	s := w.Stage("lambda: {function: transform}")
	if f := s.Facts(); f.Settle != 3*time.Minute || f.SettleInput != "timeout" {
		t.Errorf("settle %s and %q", f.Settle, f.SettleInput)
	}
	h := w.Read(s, sli.Ask{}, nil)
	w.Now = w.Now.Add(10 * time.Minute)
	w.Put(ofFunction("Invocations"), w.Now.Add(-5*time.Minute), w.Now, 1) // some may still run
	h = w.Read(s, sli.Ask{}, h.Cursor)
	for _, e := range h.Events {
		if sli.MinuteOf(e.Time) > sli.Due(w.Now, 8*time.Minute) {
			t.Error("a minute is told of that invocations may still be added to")
		}
	}
}

// TestAgesWithoutExtendedStatistics: estimates go on without edges.
func TestAgesWithoutExtendedStatistics(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	age := ofFunction("IteratorAge")
	w.NoExtended(age)
	w.PutAgo(age, 0, 1000, 3000)
	h := w.Read(w.Stage("lambda: {function: transform, settle: 180s}"), sli.Ask{Edges: []time.Duration{time.Minute}}, nil)
	s, ok := h.Summary("age", w.Ago(0))
	if !ok || s.N != 2 || s.Mean != 2 || s.Max != 3 || s.Min != estimate.Some(1) || len(s.Edges) != 0 || !h.Warned("IteratorAge") {
		t.Errorf("summary %+v, warnings %q", s, h.Warnings)
	}
}
