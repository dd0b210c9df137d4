// Package sourcetest is the conformance test that every source passes: what the street
// relies on, whatever the source reads.
package sourcetest

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/recording/recordingtest"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Source is what is tested.
type Source interface {
	Facts() sli.Facts
	Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error)
}

// World is a small part of the world with a source over it.
type World struct {
	Source Source
	Now    time.Time // of the first reading; by then there are events in several minutes
	// Later lets the world go on and gives the clock of the next reading; nil where
	// nothing can be added.
	Later func() time.Time
	// Break makes the world unreadable; nil where it can't be.
	Break func()
}

// promises are kept by every source, each in a world of its own.
var promises = []struct {
	name string
	test func(*testing.T, World)
}{
	{"facts are pure", factsArePure},
	{"events are within their ranges", eventsAreSound},
	{"nothing is emitted twice", nothingTwice},
	{"again gives what was passed and no more", againGivesTheSame},
	{"nothing before From is emitted", fromHolds},
	{"nothing from Until on is emitted", untilHolds},
	{"a stopped reading ends and is gone on with", stops},
	{"a failure moves nothing", failureMovesNothing},
}

// Run tests the promises; world makes a new world for each.
func Run(t *testing.T, world func(*testing.T) World) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { p.test(t, world(t)) })
	}
}

// Heard is all that a reading emitted.
type Heard struct {
	Weights map[string]float64 // by minute and signal
	Tally   sli.Tally
	Batch   sli.Batch
	times   []int64
}

// Events is the sum of all weights.
func (h Heard) Events() (sum float64) {
	for _, w := range h.Weights {
		sum += w
	}
	return sum
}

// read asks the source once, and checks what must hold of any answer.
func read(ctx context.Context, t *testing.T, s Source, ask sli.Ask, cursor []byte) (Heard, error) {
	t.Helper()
	facts := s.Facts()
	h := Heard{Weights: map[string]float64{}}
	said := false
	ask.Emit = func(e *sli.Event) {
		if e.Observations == nil {
			h.times = append(h.times, e.Time)
		}
		for _, m := range e.Observations {
			h.times = append(h.times, m.Time)
		}
		if e.Weight > 0 {
			h.Weights[fmt.Sprintf("%d %s", sli.MinuteOf(e.Time), e.Signal)] += e.Weight
		}
		if problem := Unsound(e, facts, ask); problem != "" && !said {
			t.Errorf("%s: %+v", problem, *e)
			said = true
		}
	}
	ask.Count = func(_ sli.Minute, n sli.Tally) { h.Tally.Add(n) }
	before := slices.Clone(cursor)
	var err error
	h.Batch, err = recordingtest.Read(ctx, t, s, ask, cursor)
	if !slices.Equal(before, cursor) {
		t.Error("the cursor that was given was written to")
	}
	if err == nil && h.Batch.To.After(ask.Now) {
		t.Errorf("the answer covers up to %v, but now is %v", h.Batch.To, ask.Now)
	}
	if n := h.Tally; n.Lines != n.Parsed+n.Malformed+n.Blank {
		t.Errorf("lines don't add up: %+v", n)
	}
	return h, err
}

// Unsound says what is wrong with an event, "" where nothing is.
func Unsound(e *sli.Event, facts sli.Facts, ask sli.Ask) string {
	switch {
	case !(e.Weight >= 0) || math.IsInf(e.Weight, 0):
		return "weight is no count"
	case e.Weight > 0 && !facts.Gives(e.Signal):
		return "signal isn't among the facts"
	case e.HasDelay && e.Delay < 0, e.HasLatency && e.Latency < 0:
		return "negative duration"
	case e.HasDelay && e.Signal == sli.Done && !facts.Delay:
		return "a delay that isn't among the facts"
	case e.HasID && !facts.IDs:
		return "an id that isn't among the facts"
	case e.Observations != nil && (e.Weight != float64(len(e.Observations)) || slices.ContainsFunc(e.Observations, func(m sli.Observation) bool { return !alike(m, e, ask) })):
		return "moments that the event doesn't speak of"
	case e.Time > ask.Now.Add(sli.Skew).UnixMicro():
		return "time is ahead of the clock"
	}
	return ""
}

// alike tells whether an observation is one that the event stands for.
func alike(m sli.Observation, e *sli.Event, ask sli.Ask) bool {
	return sli.MinuteOf(m.Time) == sli.MinuteOf(e.Time) && m.Latency >= 0 &&
		!slices.ContainsFunc(ask.Edges, func(edge time.Duration) bool { return (m.Latency > edge) != (e.Latency > edge) })
}

func must(t *testing.T, s Source, ask sli.Ask, cursor []byte) Heard {
	t.Helper()
	h, err := read(t.Context(), t, s, ask, cursor)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func factsArePure(t *testing.T, w World) {
	first := w.Source.Facts()
	must(t, w.Source, sli.Ask{Now: w.Now}, nil)
	if second := w.Source.Facts(); !reflect.DeepEqual(first, second) {
		t.Errorf("facts changed by reading:\n%+v\n%+v", first, second)
	}
	signals := slices.Compact(slices.Clone(first.Signals))
	switch {
	case first.Reads == "" || first.SettleWhy == "" || first.Settle < 0:
		t.Errorf("facts lack what is read, or when it settles and why: %+v", first)
	case first.Scope != sli.Local && first.Scope != sli.Shared:
		t.Errorf("scope %q", first.Scope)
	case len(signals) != len(first.Signals) || len(signals)+len(first.Levels) == 0 || slices.Contains(signals, sli.NoSignal):
		t.Errorf("signals %v, levels %v", first.Signals, first.Levels)
	}
}

func eventsAreSound(t *testing.T, w World) {
	h := must(t, w.Source, sli.Ask{Now: w.Now}, nil)
	if h.Events() == 0 || h.Batch.Cursor == nil && !w.Source.Facts().Replaces {
		t.Errorf("a world with events gave %v, cursor %q", h.Weights, h.Batch.Cursor)
	}
	if from := h.Batch.From; !from.IsZero() && from.After(h.Batch.To) {
		t.Errorf("the answer covers %v to %v", from, h.Batch.To)
	}
}

// total adds readings: of an adding source their sum, of a replacing one the last.
func total(replaces bool, readings ...Heard) map[string]float64 {
	sum := map[string]float64{}
	for _, h := range readings {
		for key, v := range h.Weights {
			if replaces {
				sum[key] = v
			} else {
				sum[key] += v
			}
		}
	}
	return sum
}

func nothingTwice(t *testing.T, w World) {
	replaces := w.Source.Facts().Replaces
	first := must(t, w.Source, sli.Ask{Now: w.Now}, nil)
	second := must(t, w.Source, sli.Ask{Now: w.Now}, first.Batch.Cursor)
	if got := total(replaces, first, second); !reflect.DeepEqual(got, first.Weights) {
		t.Errorf("once %v, twice %v", first.Weights, got)
	}
	if w.Later == nil {
		return
	}
	later := w.Later()
	third := must(t, w.Source, sli.Ask{Now: later}, second.Batch.Cursor)
	whole := must(t, w.Source, sli.Ask{Now: later}, nil)
	if got := total(replaces, first, second, third); !reflect.DeepEqual(got, whole.Weights) || third.Events() == 0 {
		t.Errorf("in parts %v, at once %v", got, whole.Weights)
	}
}

func againGivesTheSame(t *testing.T, w World) {
	first := must(t, w.Source, sli.Ask{Now: w.Now}, nil)
	now := w.Now
	if w.Later != nil {
		now = w.Later()
	}
	again := must(t, w.Source, sli.Ask{Now: now, Again: true}, first.Batch.Cursor)
	if again.Batch.Cursor != nil {
		t.Errorf("a new cursor: %q", again.Batch.Cursor)
	}
	if !w.Source.Facts().Replaces && !reflect.DeepEqual(again.Weights, first.Weights) {
		t.Errorf("first %v, again %v", first.Weights, again.Weights)
	}
}

// middle is the minute of the median event.
func middle(h Heard) time.Time {
	slices.Sort(h.times)
	return sli.MinuteOf(h.times[len(h.times)/2]).Start()
}

func fromHolds(t *testing.T, w World) {
	from := middle(must(t, w.Source, sli.Ask{Now: w.Now}, nil))
	h := must(t, w.Source, sli.Ask{Now: w.Now, From: from}, nil)
	if h.Events() == 0 || slices.Min(h.times) < from.UnixMicro() {
		t.Errorf("asked from %v, got %v", from, h.Weights)
	}
}

func untilHolds(t *testing.T, w World) {
	until := middle(must(t, w.Source, sli.Ask{Now: w.Now}, nil))
	h := must(t, w.Source, sli.Ask{Now: w.Now, Until: until}, nil)
	if h.Events() == 0 || slices.Max(h.times) >= until.UnixMicro() {
		t.Errorf("asked until %v, got %v", until, h.Weights)
	}
}

func stops(t *testing.T, w World) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan Heard, 1)
	go func() {
		h, err := read(ctx, t, w.Source, sli.Ask{Now: w.Now}, nil)
		if err != nil {
			h = Heard{} // nothing of it counts
		}
		done <- h
	}()
	const prompt = 5 * time.Second
	select {
	case stopped := <-done:
		rest := must(t, w.Source, sli.Ask{Now: w.Now}, stopped.Batch.Cursor)
		whole := must(t, w.Source, sli.Ask{Now: w.Now}, nil)
		if got := total(w.Source.Facts().Replaces, stopped, rest); !reflect.DeepEqual(got, whole.Weights) {
			t.Errorf("stopped and gone on with %v, at once %v", got, whole.Weights)
		}
	case <-time.After(prompt):
		t.Fatalf("still reading %v after it was told to stop", prompt)
	}
}

func failureMovesNothing(t *testing.T, w World) {
	if w.Break == nil {
		t.Skip("this world can't be broken")
	}
	w.Break()
	h, err := read(t.Context(), t, w.Source, sli.Ask{Now: w.Now}, nil)
	failed := err != nil && h.Batch.Cursor == nil
	answersNothing := err == nil && h.Batch.Unanswered != nil
	if !failed && !answersNothing || !h.Batch.To.IsZero() || len(h.Weights) != 0 {
		t.Errorf("a world that can't be read: error %v, batch %+v", err, h.Batch)
	}
}
