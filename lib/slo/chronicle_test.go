package slo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

func chronicled(t *testing.T, minutes, most int) (*Chronicle, []sli.Counts, []bool) {
	t.Helper()
	rule := &sli.Rule{Spec: sli.Spec{Kind: sli.Freshness, Target: 99}}
	from := sli.MinuteAt(time.Date(2026, 3, 28, 22, 7, 0, 0, time.UTC))
	w := sli.Window{From: from, To: from + sli.Minute(minutes)}
	plan := &sli.Plan{Name: "video", Period: 24 * time.Hour, Rules: []*sli.Rule{rule},
		Exclude: sli.Exclusions{{From: (from + 30).Start(), To: (from + 40).Start(), Reason: "maintenance"}}}
	c := NewChronicle(plan, w, most)
	rng := rand.New(rand.NewPCG(1, uint64(minutes)))
	n := c.Whole().Minutes()
	counts, told := make([]sli.Counts, n), make([]bool, n)
	for i := range n {
		if rng.IntN(10) == 0 {
			continue // nobody could look
		}
		valid := float64(rng.IntN(20))
		counts[i], told[i] = sli.Counts{Valid: valid, Good: valid - float64(rng.IntN(int(valid)+1))*float64(rng.IntN(2))}, true
		c.Measured(sli.Freshness, c.Before+sli.Minute(i), counts[i])
	}
	return c, counts, told
}

// An obvious computation beside it: minute by minute, without buckets.
func TestAChroniclesBudgetsAreThoseOfItsMinutes(t *testing.T) {
	for _, c := range []struct{ minutes, most int }{{60, 720}, {1000, 300}, {1441, 97}, {5, 5}, {1, 1}} {
		chronicle, counts, told := chronicled(t, c.minutes, c.most)
		track := chronicle.Tracks[0]
		o := Of(chronicle.Plan, track.Rule)
		rolling, spent := track.Rolling(o, chronicle.Width), track.Spent(o)
		excluded := func(i int) bool {
			m := chronicle.Before + sli.Minute(i) - chronicle.Window.From
			return m >= 30 && m < 40
		}
		first := int(chronicle.Window.From - chronicle.Before)
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
		if total.Counts != page || total.Minutes() != c.minutes {
			t.Errorf("%+v: %+v of %d minutes, want %+v", c, total, total.Minutes(), page)
		}
	}
}

func TestOneBadMinuteStaysVisibleInAYear(t *testing.T) {
	rule := &sli.Rule{Spec: sli.Spec{Kind: sli.Availability, Target: 99.9}}
	plan := &sli.Plan{Name: "video", Period: 28 * 24 * time.Hour, Rules: []*sli.Rule{rule}}
	w := sli.Window{From: 1_000_000, To: 1_000_000 + 365*24*60}
	c := NewChronicle(plan, w, 720)
	for m := c.Before; m < w.To; m++ {
		counts := sli.Counts{Valid: 100, Good: 100}
		if m == w.From+200_000 {
			counts.Good = 0
		}
		c.Measured(sli.Availability, m, counts)
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
	c.Measured(sli.Freshness, c.Window.To, sli.Counts{Valid: 5})
	c.Measured(sli.Freshness, c.Before-1, sli.Counts{Valid: 5})
	c.Measured(sli.Latency, c.Window.From, sli.Counts{Valid: 5})
	c.Measured(sli.Freshness, c.Window.From+35, sli.Counts{Valid: 5})
	c.Age(c.Window.To, 9)
	if after := c.Tracks[0].Total(); after != before && !math.IsNaN(after.Ratios.Least) || after.Excluded != 10 {
		t.Errorf("%+v, before %+v", after, before)
	}
}
