package prover_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The defaults of the configuration in world_test.go.
const (
	deadline  = 5 * time.Minute
	grace     = 2 * time.Minute
	threshold = 90 * time.Second
)

// schedule is when the programs ran, and when the store was down.
type schedule struct {
	deadline, grace time.Duration
	watches         bool // duplicates
	runs            []time.Time
	down            map[time.Time]bool
}

func (s *schedule) run(now time.Time, down bool) {
	s.runs = append(s.runs, now)
	s.down[now] = down
}

// truth is what must be said of a record, by definition, from when it could be looked
// for: looks are the instants of runs with the store up, seen from when it was sent.
func (c *schedule) truth(s sent) (verdict string, fresh string) {
	left, right, found := time.Duration(0), time.Duration(0), false
	last, lastUp, judged := time.Duration(0), false, false
	for _, r := range c.runs {
		l := r.Sub(s.at)
		if l <= 0 || last >= c.deadline+c.grace {
			continue
		}
		last, lastUp = l, !c.down[r]
		if c.down[r] {
			continue
		}
		if s.visible(r) {
			if !found {
				right, found = l, true
			}
			if judged = l >= c.deadline || s.fate.applied > 1 || !s.fate.wrong && !c.watches; judged {
				break
			}
		} else {
			left = l
		}
	}
	fresh = "uncertain"
	switch {
	case found && right <= threshold:
		fresh = "good"
	case found && left >= threshold:
		fresh = "bad"
	}
	switch {
	case found && s.fate.applied > 1 && judged:
		return "duplicate", fresh
	case found && s.fate.wrong && judged:
		return "wrong", fresh
	case found && right <= c.deadline && judged:
		return "correct", fresh
	case found && left >= c.deadline:
		return "late", fresh
	case found || !lastUp:
		return "uncertain", fresh
	}
	return "missing", "bad"
}

// counts is what the points of all runs must hold together.
func (w *world) counts(c *schedule) sums {
	want := sums{}
	first := c.runs[0].Truncate(time.Minute).Add(time.Minute)
	due := w.now.Add(-c.deadline - c.grace).Truncate(time.Minute)
	for _, s := range w.records {
		if s.fate.status >= 500 {
			if m := s.at.Truncate(time.Minute); !m.Before(first) && m.Before(w.now.Add(-10*time.Second).Truncate(time.Minute)) {
				want["events.availability_valid"]++
			}
			continue
		}
		if s.at.Before(first) || !s.at.Before(due) {
			continue
		}
		verdict, fresh := c.truth(s)
		want["prover.injected"]++
		want["prover."+verdict]++
		if fresh != "uncertain" {
			want["events.freshness_valid"]++
		}
		if fresh == "good" {
			want["events.freshness_good"]++
		}
		switch verdict {
		case "correct", "late":
			want["events.correctness_good"]++
			fallthrough
		case "wrong", "missing", "duplicate":
			want["events.correctness_valid"]++
		}
	}
	return want
}

// same fails the test where the counts differ, or a verdict didn't come up.
func same(t *testing.T, want, got sums, verdicts ...string) {
	t.Helper()
	for _, v := range verdicts {
		if want["prover."+v] == 0 {
			t.Errorf("no record is %s: the test shows nothing of it", v)
		}
	}
	for name := range got {
		if got[name] == 0 || name == "events.minutes" {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-injected truth +counted\n%s", diff)
	}
}

func TestEveryVerdictIsCountedAsItIs(t *testing.T) {
	faults := []fate{
		{delay: 5 * time.Second},
		{delay: 5 * time.Second, wrong: true},
		{lost: true},
		{delay: 80 * time.Second},
		{delay: deadline + 100*time.Second},
		{delay: 5 * time.Second},
		{delay: deadline - 20*time.Second}, // between two looks, one on each side of the deadline, at times
		{delay: 5 * time.Second, status: 503},
		{delay: 3 * time.Minute, wrong: true},
	}
	w := newWorld(t)
	n := 0
	w.fate = func(string) fate { n++; return faults[n%len(faults)] }
	got, c := sums{}, &schedule{deadline: deadline, grace: grace, down: map[time.Time]bool{}}
	for i := range 90 {
		w.now = start.Add(time.Duration(i)*time.Minute + time.Duration(i*7%20)*time.Second)
		w.down = i > 40 && i < 55
		c.run(w.now, w.down)
		got.take(w.metric())
	}
	same(t, w.counts(c), got, "correct", "wrong", "missing", "late", "uncertain")
}

func TestARecordAppliedTwiceIsADuplicate(t *testing.T) {
	w := newWorld(t)
	w.prover = "    applied: video.applied\n"
	n := 0
	w.fate = func(string) fate { n++; return fate{delay: time.Second, applied: 1 + n%2} }
	got := sums{}
	for range 30 {
		got.take(w.metric())
		w.step(time.Minute)
	}
	if d, c := got["prover.duplicate"], got["prover.correct"]; d < 10 || c < 10 || d+c != got["prover.injected"] || got["events.correctness_good"] != c {
		t.Errorf("%v duplicates and %v correct of %v; good %v", d, c, got["prover.injected"], got["events.correctness_good"])
	}
}

// The store tells when a record became visible: nothing between two looks is uncertain.
func TestVisibleAtLeavesNothingUncertain(t *testing.T) {
	for _, c := range []struct {
		delay   time.Duration
		verdict string
		fresh   float64
	}{
		{threshold, "correct", 1},
		{threshold + time.Second, "correct", 0},
		{deadline, "correct", 0},
		{deadline + time.Second, "late", 0},
	} {
		t.Run(c.delay.String(), func(t *testing.T) {
			w := newWorld(t)
			w.tells, w.prover = true, "    visible_at: video.processed_at\n"
			w.fate = func(string) fate { return fate{delay: c.delay} }
			got := sums{}
			for i := range 12 {
				w.now = start.Add(time.Duration(i)*time.Minute + time.Duration(i*7%20)*time.Second)
				got.take(w.metric())
			}
			injected := got["prover.injected"]
			if injected < 3 || got["prover."+c.verdict] != injected || got["events.freshness_good"] != c.fresh*injected || got["events.freshness_valid"] != injected {
				t.Errorf("of %v: %v; want all %s, fresh %v", injected, got, c.verdict, c.fresh)
			}
		})
	}
}

func TestLateMayCountAsIncorrect(t *testing.T) {
	for late, good := range map[string]float64{"good": 1, "bad": 0} {
		w := newWorld(t)
		w.prover = fmt.Sprintf("    late: %s\n", late)
		w.fate = func(string) fate { return fate{delay: deadline + 30*time.Second} }
		got := sums{}
		for range 12 {
			got.take(w.metric())
			w.step(time.Minute)
		}
		if n := got["prover.late"]; n < 3 || got["events.correctness_valid"] != n || got["events.correctness_good"] != good*n {
			t.Errorf("late: %s: %v", late, got)
		}
	}
}
