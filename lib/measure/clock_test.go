package measure_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// polled is a source that is asked about minutes, of which it remembers the newest, and
// that counts ten requests in each.
type polled struct{ until func() time.Time }

func (polled) Facts() sli.Facts {
	return sli.Facts{Reads: "polled", Signals: []sli.Signal{sli.Request}, Replaces: true, Scope: sli.Shared}
}

func (p polled) Read(_ context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	newest := sli.Due(ask.Now, 0)
	w := sli.Ending(newest, 15*time.Minute)
	if !ask.From.IsZero() {
		w.From = sli.MinuteAt(ask.From)
	}
	var at sli.Minute
	if cursor != nil && json.Unmarshal(cursor, &at) == nil {
		w.From = at + 1
	}
	if w.Minutes() == 0 {
		return sli.Batch{Unchanged: true, Cursor: cursor}, nil
	}
	for m := w.From; m < w.To && m.Start().Before(p.until()); m++ {
		ask.Emit(&sli.Event{Time: m.Start().UnixMicro(), Weight: 10, Signal: sli.Request, Status: 200})
	}
	next, _ := json.Marshal(w.To - 1)
	return sli.Batch{From: w.Start(), To: w.End(), Cursor: next}, nil
}

// A query's position lies in time: one that a wrong clock left in the future is set aside.
func TestAQueryGoesOnAfterAClockThatWasAhead(t *testing.T) {
	w := newWorld(t, t.TempDir())
	plan := &sli.Plan{Name: "video", Window: 5 * time.Minute, Period: 24 * time.Hour,
		Stages: []sli.Stage{{Name: "front", Kind: "alb", Facts: polled{}.Facts()}}, Graphs: sli.Graphs{}}
	if unfit := indicator.Resolve(plan, indicator.Configured{sli.Availability: &indicator.Availability{Target: 99}}); unfit != nil {
		t.Fatal(unfit[0])
	}
	now := start
	run := func(ahead time.Duration) *sli.Report {
		source := polled{until: func() time.Time { return now }}
		r, err := measure.Run{Now: now.Add(ahead), Store: w.store(), Take: true,
			Pipelines: []measure.Pipeline{{Plan: plan, Sources: []sli.Source{source}}}}.Do(context.Background())
		w.must(err)
		w.acknowledge(r)
		now = now.Add(time.Minute)
		return r
	}
	for range 10 {
		run(0)
	}
	run(3 * time.Hour)
	run(3 * time.Hour)
	for i := range 5 {
		r := run(0)
		got := resultOf(r, sli.Availability)
		if got.Counts.Valid != 50 || got.Measured != 1 || partOf(r, sli.Availability) == nil {
			t.Errorf("run %d after: want five minutes of ten, got %+v, measured %v, point %v", i, got.Counts, got.Measured, r.Pipelines[0].Point)
		}
		if warned := len(r.Pipelines[0].Warnings) > 0; warned != (i == 0) {
			t.Errorf("run %d after: %v", i, r.Pipelines[0].Warnings)
		}
	}
}

// A clock that is far ahead for a while forgets nothing that counts.
func TestAClockThatIsAheadForgetsNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.second(600, 0)
	w.acknowledge(w.mustRun(nil))
	from := w.record(sli.Availability).Since
	real := w.now
	for i := range 20 {
		w.now = real.AddDate(2, 0, 0).Add(time.Duration(i) * time.Minute)
		w.acknowledge(w.mustRun(nil))
	}
	w.now = real.Add(21 * time.Minute)
	w.acknowledge(w.mustRun(nil))
	if rec := w.record(sli.Availability); rec.Since != from {
		t.Errorf("counts since %s, and did since %s", rec.Since.Start(), from.Start())
	}
	w.must(w.store().View(context.Background(), func(tx measure.Tx) error {
		for m := from; m < sli.MinuteAt(real); m++ {
			if got := measure.ReadCell(tx, "video", sli.Availability, m).Valid; got != 60 {
				t.Errorf("minute %s holds %v of 60", m.Start(), got)
			}
		}
		return nil
	}))
}
