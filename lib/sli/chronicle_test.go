package sli

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func chronicled(t *testing.T, minutes, most int) (*Chronicle, []Counts, []bool) {
	t.Helper()
	rule := &Rule{Spec: Spec{Kind: Freshness, Target: 99}, Objective: Objective{Target: 99, Period: 24 * time.Hour}}
	from := MinuteAt(time.Date(2026, 3, 28, 22, 7, 0, 0, time.UTC))
	w := Window{from, from + Minute(minutes)}
	plan := &Plan{Name: "video", Period: 24 * time.Hour, Rules: []*Rule{rule},
		Exclude: Exclusions{{From: (from + 30).Start(), To: (from + 40).Start(), Reason: "maintenance"}}}
	c := NewChronicle(plan, w, most)
	rng := rand.New(rand.NewPCG(1, uint64(minutes)))
	n := c.Whole().Minutes()
	counts, told := make([]Counts, n), make([]bool, n)
	for i := range n {
		if rng.IntN(10) == 0 {
			continue // nobody could look
		}
		valid := float64(rng.IntN(20))
		counts[i], told[i] = Counts{Valid: valid, Good: valid - float64(rng.IntN(int(valid)+1))*float64(rng.IntN(2))}, true
		c.Measured(Freshness, c.Before+Minute(i), counts[i])
	}
	return c, counts, told
}

// An obvious computation beside it: minute by minute, without buckets.
func TestAChroniclesBudgetsAreThoseOfItsMinutes(t *testing.T) {
	for _, c := range []struct{ minutes, most int }{{60, 720}, {1000, 300}, {1441, 97}, {5, 5}, {1, 1}} {
		chronicle, counts, told := chronicled(t, c.minutes, c.most)
		track := chronicle.Tracks[0]
		o := track.Rule.Objective
		rolling, spent := track.Rolling(o, chronicle.Width), track.Spent(o)
		excluded := func(i int) bool {
			m := chronicle.Before + Minute(i) - chronicle.Window.From
			return m >= 30 && m < 40
		}
		first := int(chronicle.Window.From - chronicle.Before)
		sum := func(from, to int) (all Counts, measured, asked int) {
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
		if total.Counts != page || total.Minutes() != c.minutes {
			t.Errorf("%+v: %+v of %d minutes, want %+v", c, total, total.Minutes(), page)
		}
	}
}

func TestOneBadMinuteStaysVisibleInAYear(t *testing.T) {
	rule := &Rule{Spec: Spec{Kind: Availability, Target: 99.9}, Objective: Objective{Target: 99.9, Period: 28 * 24 * time.Hour}}
	plan := &Plan{Name: "video", Period: 28 * 24 * time.Hour, Rules: []*Rule{rule}}
	w := Window{1_000_000, 1_000_000 + 365*24*60}
	c := NewChronicle(plan, w, 720)
	for m := c.Before; m < w.To; m++ {
		counts := Counts{Valid: 100, Good: 100}
		if m == w.From+200_000 {
			counts.Good = 0
		}
		c.Measured(Availability, m, counts)
	}
	if n := len(c.Tracks[0].Shown()); n > 720 {
		t.Errorf("%d buckets", n)
	}
	total := c.Tracks[0].Total()
	if total.Ratios.Least != 0 || total.Counts.Bad() != 100 || total.NotMeasured != 0 || total.Value != w.Minutes() {
		t.Errorf("the minute is lost: %+v", total)
	}
}

func TestMinutesOutsideAndExcludedOnesCountNothing(t *testing.T) {
	c, _, _ := chronicled(t, 60, 60)
	before := c.Tracks[0].Total()
	c.Measured(Freshness, c.Window.To, Counts{Valid: 5})
	c.Measured(Freshness, c.Before-1, Counts{Valid: 5})
	c.Measured(Latency, c.Window.From, Counts{Valid: 5})
	c.Measured(Freshness, c.Window.From+35, Counts{Valid: 5})
	c.Age(c.Window.To, 9)
	if after := c.Tracks[0].Total(); after != before && !math.IsNaN(after.Ratios.Least) || after.Excluded != 10 {
		t.Errorf("%+v, before %+v", after, before)
	}
}
