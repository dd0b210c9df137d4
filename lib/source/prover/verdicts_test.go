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

// truth is what must be said of a record, by definition, from when it could be looked
// for: looks are the instants of runs with the store up, seen from when it was sent.
func truth(s sent, looks []time.Duration, down map[time.Duration]bool) (verdict string, fresh string) {
	left, right, found := time.Duration(0), time.Duration(0), false
	last, lastUp, judged := time.Duration(0), false, false
	for _, l := range looks {
		if l <= 0 || last >= deadline+grace {
			continue
		}
		last, lastUp = l, !down[l]
		if down[l] {
			continue
		}
		if s.visible(s.at.Add(l)) {
			if !found {
				right, found = l, true
			}
			if judged = l >= deadline || !s.fate.wrong; judged {
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
	case found && s.fate.wrong && judged:
		return "wrong", fresh
	case found && right <= deadline && judged:
		return "correct", fresh
	case found && left >= deadline:
		return "late", fresh
	case found || !lastUp:
		return "uncertain", fresh
	}
	return "missing", "bad"
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
	got, runs, down := sums{}, []time.Time{}, map[time.Time]bool{}
	for i := range 90 {
		w.now = start.Add(time.Duration(i)*time.Minute + time.Duration(i*7%20)*time.Second)
		w.down = i > 40 && i < 55
		runs = append(runs, w.now)
		down[w.now] = w.down
		got.take(w.metric())
	}

	want := sums{}
	first := start.Truncate(time.Minute).Add(time.Minute)
	due := w.now.Add(-deadline - grace).Truncate(time.Minute)
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
		var looks []time.Duration
		unasked := map[time.Duration]bool{}
		for _, r := range runs {
			looks = append(looks, r.Sub(s.at))
			unasked[r.Sub(s.at)] = down[r]
		}
		verdict, fresh := truth(s, looks, unasked)
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
		case "wrong", "missing":
			want["events.correctness_valid"]++
		}
	}
	for _, v := range []string{"correct", "wrong", "missing", "late", "uncertain"} {
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
