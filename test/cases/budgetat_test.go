package cases

import "testing"

// TestABudgetOfAPastInstantIsWhatARunOfThatTimeSaid: from the state's history, without what
// was judged since.
func TestABudgetOfAPastInstantIsWhatARunOfThatTimeSaid(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    slo: { periods: [1d, 2d], month: true }"))
	feed := func(from, to float64) {
		each(from, to, 20, func(n float64, i int) {
			status := "status:200"
			if i%20 == 0 {
				status = "status:503"
			}
			h.lines("a.log", labelled(n, status))
		})
	}
	feed(-3*3600, 0)
	h.run(12)
	then := h.budget(12)
	feed(0, 3600)
	h.run(3612)
	now, past := h.budget(3612), h.budget(3612, "--at", stamp(12))
	for i := range then {
		a, b := then[i], past[i]
		if a.Valid != b.Valid || a.Good != b.Good || *a.Left != *b.Left || len(a.Worst) != len(b.Worst) || a.Minutes["value"] != b.Minutes["value"] || !a.Period.To.Equal(b.Period.To) {
			t.Errorf("%s: want %+v, got %+v", a.Period.Name, a, b)
		}
		if now[i].Valid == b.Valid {
			t.Errorf("%s: want the past, got the present", a.Period.Name)
		}
	}
	if len(then) != 3 || then[2].Period.Name != "2026-03" || then[2].Minutes["to_come"] == 0 {
		t.Errorf("want a day, two days and the month, got %+v", then)
	}
}

// A budget of before the state began is read from what the sources still have, as explain
// does it.
func TestABudgetOfBeforeTheStateBeganIsReadFromTheSources(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }\n    slo: { periods: [1d] }"))
	each(-600, 0, 20, func(n float64, i int) {
		status := "status:200"
		if i%10 == 0 {
			status = "status:503"
		}
		h.lines("a.log", labelled(n, status))
	})
	without := h.budget(24*3600, "--at", stamp(12))
	if without[0].Valid == 0 || without[0].Valid == without[0].Good {
		t.Fatalf("want counts with errors, got %+v", without[0])
	}
	h.run(24*3600, "--take")
	if with := h.budget(24*3600, "--at", stamp(12)); with[0].Valid != without[0].Valid || with[0].Good != without[0].Good {
		t.Errorf("want %+v as without a state, got %+v", without[0], with[0])
	}
}
