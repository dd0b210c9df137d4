package slo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// kept is a ledger of counts minute by minute from one on; those not told aren't
// measured.
func kept(rule *sli.Rule, from sli.Minute, counts []sli.Counts, told []bool, exclude sli.Exclusions) Ledger {
	var measured sli.Intervals
	for i := range counts {
		if told[i] {
			measured = measured.Add(sli.Window{From: from + sli.Minute(i), To: from + sli.Minute(i) + 1})
		}
	}
	return Ledger{Objective: Objective{Target: rule.Target, Period: 24 * time.Hour}, Due: from + sli.Minute(len(counts)) - 1, Measured: measured,
		Excluded: func(w sli.Window) sli.Intervals { return exclude.Of(rule.Kind, w) },
		Each: func(minutes sli.Intervals, visit func(sli.Minute, sli.Counts)) {
			for _, w := range minutes {
				for m := w.From; m < w.To; m++ {
					if c := counts[m-from]; !c.IsZero() {
						visit(m, c)
					}
				}
			}
		}}
}

func chronicled(t *testing.T, minutes, most int) (*Chronicle, []sli.Counts, []bool) {
	t.Helper()
	rule := &sli.Rule{Kind: sli.Freshness, Target: 99}
	from := sli.MinuteAt(time.Date(2026, 3, 28, 22, 7, 0, 0, time.UTC))
	plan := &sli.Plan{Name: "video", Period: 24 * time.Hour, Rules: []*sli.Rule{rule},
		Exclude: sli.Exclusions{{From: (from + 30).Start(), To: (from + 40).Start(), Reason: "maintenance"}}}
	c := NewChronicle(plan, sli.Window{From: from, To: from + sli.Minute(minutes)}, most)
	rng := rand.New(rand.NewPCG(1, uint64(minutes)))
	n := int(c.Window.To - c.before)
	counts, told := make([]sli.Counts, n), make([]bool, n)
	for i := range n {
		if rng.IntN(10) == 0 {
			continue // nobody could look
		}
		valid := float64(rng.IntN(20))
		counts[i], told[i] = sli.Counts{Valid: valid, Good: valid - float64(rng.IntN(int(valid)+1))*float64(rng.IntN(2))}, true
	}
	c.Follow(rule, kept(rule, c.before, counts, told, plan.Exclude))
	return c, counts, told
}

// An obvious computation beside it: minute by minute, without buckets.
func TestAChroniclesBudgetsAreThoseOfItsMinutes(t *testing.T) {
	for _, c := range []struct{ minutes, most int }{{60, 720}, {1000, 300}, {1441, 97}, {5, 5}, {1, 1}} {
		chronicle, counts, told := chronicled(t, c.minutes, c.most)
		track := chronicle.Tracks[0]
		o := track.Objective
		rolling, spent := track.Rolling, track.Spent
		excluded := func(i int) bool {
			m := chronicle.before + sli.Minute(i) - chronicle.Window.From
			return m >= 30 && m < 40
		}
		first := int(chronicle.Window.From - chronicle.before)
		sum := func(from, to int) (all sli.Counts, measured, asked int) {
			for i := max(0, from); i < to; i++ {
				if excluded(i) {
					continue
				}
				asked++
				if told[i] {
					all, measured = all.Plus(counts[i]), measured+1
				}
			}
			return all, measured, asked
		}
		page, _, _ := sum(first, len(counts))
		for k := range rolling {
			end := min(len(counts), first+(k+1)*chronicle.Width)
			begin := max(0, first+(k+1)*chronicle.Width-int(o.Period/time.Minute)/chronicle.Width*chronicle.Width)
			all, measured, asked := sum(begin, end)
			if want := o.Budget(all, measured, asked); math.Abs(rolling[k]-want) > 1e-9 {
				t.Fatalf("%+v: bucket %d: rolling budget %g, want %g", c, k, rolling[k], want)
			}
			so, _, _ := sum(first, end)
			want := 1.0
			if page.Valid > 0 {
				want = 1 - so.Bad()/(0.01*page.Valid)
			}
			if math.Abs(spent[k]-want) > 1e-9 {
				t.Fatalf("%+v: bucket %d: spent %g, want %g", c, k, spent[k], want)
			}
		}
		total := track.Total()
		if total.Counts != page || total.Minutes.Due()+total.Minutes.Excluded != c.minutes {
			t.Errorf("%+v: %+v of %+v, want %+v", c, total, total.Minutes, page)
		}
	}
}

func TestOneBadMinuteStaysVisibleInAYear(t *testing.T) {
	rule := &sli.Rule{Kind: sli.Availability, Target: 99.9}
	plan := &sli.Plan{Name: "video", Period: 28 * 24 * time.Hour, Rules: []*sli.Rule{rule}}
	w := sli.Window{From: 1_000_000, To: 1_000_000 + 365*24*60}
	c := NewChronicle(plan, w, 720)
	n := int(w.To - c.before)
	counts := make([]sli.Counts, n)
	for i := range counts {
		counts[i] = sli.Counts{Valid: 100, Good: 100}
	}
	counts[int(w.From-c.before)+200_000].Good = 0
	l := kept(rule, c.before, counts, make([]bool, n), nil)
	l.Measured = sli.Intervals{{From: c.before, To: w.To}}
	c.Follow(rule, l)
	if n := len(c.Tracks[0].Shown()); n > 720 {
		t.Errorf("%d buckets", n)
	}
	total := c.Tracks[0].Total()
	if total.Ratios.Least != 0 || total.Counts.Bad() != 100 || total.Minutes.NotMeasured != 0 || total.Minutes.Value != w.Minutes() {
		t.Errorf("the minute is lost: %+v", total)
	}
}
