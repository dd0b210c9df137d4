package measure_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// told is a source that is asked about minutes: of each it tells ten events of each signal, a
// level, as far back as it was asked.
type told struct {
	signals []sli.Signal
	back    time.Duration // further than was asked for
	cut     time.Duration // so much of it is left to the next reading
}

func (t told) Facts() sli.Facts {
	return sli.Facts{Reads: t.signals[0].String(), Signals: t.signals, Levels: []string{"depth"}, Replaces: true, Scope: sli.Shared}
}

func (t told) Read(_ context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	w := sli.Ending(sli.Due(ask.Now, 0), 15*time.Minute)
	if !ask.From.IsZero() {
		w.From = min(w.From, sli.MinuteAt(ask.From))
	}
	var at sli.Minute
	if cursor != nil && json.Unmarshal(cursor, &at) == nil {
		w.From = min(w.From, at+1)
	}
	w.From = min(w.From, w.To-sli.Minute(t.back/time.Minute))
	w.To -= sli.Minute(t.cut / time.Minute)
	next, err := json.Marshal(w.To - 1)
	batch := sli.Batch{From: w.Start(), To: w.End(), Cursor: next, Paused: t.cut > 0}
	for m := w.From; m < w.To; m++ {
		for _, signal := range t.signals {
			ask.Emit(&sli.Event{Time: m.Start().UnixMicro(), Weight: 10, Signal: signal, Status: 200})
		}
		batch.Levels = append(batch.Levels, sli.Level{Minute: m, Name: "depth", Value: 1})
	}
	return batch, err
}

// asked is a host whose pipeline is told of, minute by minute.
type asked struct {
	*world
	front, worker told
}

func newAsked(t *testing.T) *asked {
	return &asked{newWorld(t, t.TempDir()), told{signals: []sli.Signal{sli.Request, sli.Accepted}}, told{signals: []sli.Signal{sli.Done}}}
}

func (a *asked) stages() []sli.Stage {
	return []sli.Stage{{Name: "front", Kind: "alb", Facts: a.front.Facts()}, {Name: "worker", Kind: "sqs", Facts: a.worker.Facts()}}
}

// run measures some SLIs now.
func (a *asked) run(t *testing.T, slis indicator.Configured) *sli.Report {
	plan := &sli.Plan{Name: "video", Window: 5 * time.Minute, Period: 28 * 24 * time.Hour, Stages: a.stages()}
	if unfit := indicator.Resolve(plan, slis); unfit != nil {
		t.Fatal(unfit[0])
	}
	r, err := measure.Run{Now: a.now, Store: a.store(), Take: true,
		Pipelines: []measure.Pipeline{{Plan: plan, Sources: []sli.Source{a.front, a.worker}}}}.Do(t.Context())
	a.must(err)
	a.acknowledge(r)
	return r
}

// look reads the state.
func (a *asked) look(t *testing.T, do func(measure.Tx)) {
	a.must(a.store().View(t.Context(), func(tx measure.Tx) error { do(tx); return nil }))
}

var availability = indicator.Configured{sli.Availability: &indicator.Availability{Target: 99}}

// Of a backlog each minute counts once, however far back it reaches.
func TestABacklogOfAQueryCountsEachMinuteOnce(t *testing.T) {
	a := newAsked(t)
	a.run(t, availability)
	from := sli.MinuteAt(a.now)
	for _, away := range []time.Duration{24 * time.Hour, time.Minute, 5 * time.Hour} {
		a.now = a.now.Add(away)
		a.run(t, availability)
		a.look(t, func(tx measure.Tx) {
			for m := from; m < sli.Due(a.now, 0); m++ {
				if got := measure.ReadCell(tx, "video", sli.Availability, m); got.Valid != 10 || got.Good != 10 {
					t.Fatalf("after %s: minute %s holds %+v", away, m.Start(), got)
				}
			}
			for i, signal := range []sli.Signal{sli.Request, sli.Done} {
				for m, n := range measure.StageMinutes(tx, "video", a.stages()[i], signal) {
					if m >= from && n != 10 {
						t.Fatalf("after %s: %s counted %v in minute %s", away, signal, n, m.Start())
					}
				}
			}
		})
	}
}

// What a run left to the next one counts there, once: also where the stages got differently far.
func TestABacklogThatIsCutShortCountsEachMinuteOnce(t *testing.T) {
	whole, cut := newAsked(t), newAsked(t)
	slis := indicator.Configured{sli.Availability: availability[sli.Availability], sli.Coverage: &indicator.Coverage{Target: 99}}
	from := sli.MinuteAt(whole.now)
	for _, a := range []*asked{whole, cut} {
		a.run(t, slis)
		a.now = a.now.Add(3 * 24 * time.Hour)
	}
	for _, left := range [][2]time.Duration{{2 * 24 * time.Hour, 24 * time.Hour}, {5 * time.Hour, 0}, {0, time.Hour}} {
		cut.front.cut, cut.worker.cut = left[0], left[1]
		cut.run(t, slis)
	}
	cut.front.cut, cut.worker.cut = 0, 0
	whole.run(t, slis)
	cut.run(t, slis)
	count := func(a *asked) (all map[sli.Kind][]sli.Counts) {
		all = map[sli.Kind][]sli.Counts{}
		a.look(t, func(tx measure.Tx) {
			for m := from; m < sli.Due(a.now, 0); m++ {
				for kind := range slis {
					all[kind] = append(all[kind], measure.ReadCell(tx, "video", kind, m))
				}
			}
		})
		return all
	}
	if diff := cmp.Diff(count(whole), count(cut)); diff != "" {
		t.Error(diff)
	}
}

// A first answer that reaches back two weeks makes cells of no more minutes than are kept.
func TestOfMinutesBeforeThoseThatAreKeptStagesHaveNoCells(t *testing.T) {
	a := newAsked(t)
	a.front.back, a.worker.back = 14*24*time.Hour, 14*24*time.Hour
	a.run(t, availability)
	a.look(t, func(tx measure.Tx) {
		for i, signal := range []sli.Signal{sli.Request, sli.Done} {
			if kept := measure.StageMinutes(tx, "video", a.stages()[i], signal); len(kept) < 60 || len(kept) > 6*60 {
				t.Errorf("%s has cells of %d minutes", signal, len(kept))
			}
		}
	})
}

// After an absence of days, too, and what is derived has its hours all the same.
func TestOfALongAbsenceOnlyTheMinutesThatAreDerivedFromHaveCells(t *testing.T) {
	a := newAsked(t)
	slis := indicator.Configured{sli.Availability: availability[sli.Availability], sli.Coverage: &indicator.Coverage{Target: 99}}
	for range 5 {
		a.run(t, slis)
		a.now = a.now.Add(time.Minute)
	}
	from := sli.MinuteAt(a.now)
	for _, away := range []time.Duration{3 * 24 * time.Hour, time.Minute} {
		a.now = a.now.Add(away)
		a.run(t, slis)
		due := sli.Due(a.now, 0)
		a.look(t, func(tx measure.Tx) {
			for i, signal := range []sli.Signal{sli.Request, sli.Done} {
				kept := measure.StageMinutes(tx, "video", a.stages()[i], signal)
				gap := 0
				for m := range kept {
					if m >= from {
						gap++
					}
				}
				if gap < 4*60 || gap > 6*60 {
					t.Errorf("after %s: %s has cells of %d minutes", away, signal, gap)
				}
			}
			for m := from; m < due; m++ {
				if got := measure.ReadCell(tx, "video", sli.Availability, m); got.Valid != 10 {
					t.Fatalf("after %s: minute %s holds %+v", away, m.Start(), got)
				}
			}
			for m := due - 60; m < due-15; m++ {
				if got := measure.ReadCell(tx, "video", sli.Coverage, m); got.Valid != 20 {
					t.Fatalf("after %s: coverage of minute %s is %+v", away, m.Start(), got)
				}
			}
		})
	}
}

// What is asked once more for an SLI that is new is that SLI's: the minutes of the stages, and
// what is derived from them, stay as they are.
func TestANewSLILeavesWhatStagesHaveCounted(t *testing.T) {
	a := newAsked(t)
	before := indicator.Configured{sli.Coverage: &indicator.Coverage{Target: 99}}
	for range 90 {
		a.run(t, before)
		a.now = a.now.Add(time.Minute)
	}
	counted := func() (stages map[sli.Minute]float64, coverage map[sli.Minute]sli.Counts) {
		coverage = map[sli.Minute]sli.Counts{}
		a.look(t, func(tx measure.Tx) {
			stages = measure.StageMinutes(tx, "video", a.stages()[0], sli.Request)
			for m := range stages {
				coverage[m] = measure.ReadCell(tx, "video", sli.Coverage, m)
			}
		})
		return stages, coverage
	}
	stages, coverage := counted()
	after := indicator.Configured{sli.Coverage: before[sli.Coverage], sli.Availability: availability[sli.Availability]}
	for range 3 {
		a.run(t, after)
		a.now = a.now.Add(time.Minute)
	}
	now, derived := counted()
	for m, n := range stages {
		if got, kept := now[m]; kept && got != n {
			t.Errorf("the front counted %v in minute %s, and now %v", n, m.Start(), got)
		}
	}
	for m, c := range coverage {
		if got, kept := derived[m]; kept && got.Valid < c.Valid {
			t.Errorf("coverage had %+v in minute %s, and now %+v", c, m.Start(), got)
		}
	}
}
