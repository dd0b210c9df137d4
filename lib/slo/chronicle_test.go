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
	begin := from - 24*60
	n := int(c.Window.To - begin)
	counts, told := make([]sli.Counts, n), make([]bool, n)
	for i := range n {
		if rng.IntN(10) == 0 {
			continue // nobody could look
		}
		valid := float64(rng.IntN(20))
		counts[i], told[i] = sli.Counts{Valid: valid, Good: valid - float64(rng.IntN(int(valid)+1))*float64(rng.IntN(2))}, true
	}
	c.Follow(rule, kept(rule, begin, counts, told, plan.Exclude))
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
			m := i - 24*60
			return m >= 30 && m < 40
		}
		first := 24 * 60
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
		page, measuredOfPage, askedOfPage := sum(first, len(counts))
		for k := range rolling {
			end := min(len(counts), first+(k+1)*chronicle.Width)
			all, measured, asked := sum(end-24*60, end)
			if want := o.Budget(all, measured, asked); math.Abs(rolling[k]-want) > 1e-9 {
				t.Fatalf("%+v: bucket %d: rolling budget %g, want %g", c, k, rolling[k], want)
			}
			so, _, _ := sum(first, end)
			want := 1.0
			if page.Valid > 0 {
				want = 1 - so.Bad()/(0.01*page.Valid)*float64(measuredOfPage)/float64(askedOfPage)
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
	begin := w.From - 28*24*60
	n := int(w.To - begin)
	counts := make([]sli.Counts, n)
	for i := range counts {
		counts[i] = sli.Counts{Valid: 100, Good: 100}
	}
	counts[28*24*60+200_000].Good = 0
	l := kept(rule, begin, counts, make([]bool, n), nil)
	l.Measured = sli.Intervals{{From: begin, To: w.To}}
	c.Follow(rule, l)
	if n := len(c.Tracks[0].Buckets); n > 720 {
		t.Errorf("%d buckets", n)
	}
	total := c.Tracks[0].Total()
	if total.Ratios.Least != 0 || total.Counts.Bad() != 100 || total.Minutes.NotMeasured != 0 || total.Minutes.Value != w.Minutes() {
		t.Errorf("the minute is lost: %+v", total)
	}
}

// A page that reaches beyond the newest due minute says nothing of what is to come, and its
// budgets are those of the newest due minute.
func TestAChroniclesCurvesEndWithTheNewestDueMinute(t *testing.T) {
	rule := &sli.Rule{Kind: sli.Freshness, Target: 99}
	for _, c := range []struct{ minutes, most, due int }{{60, 720, 41}, {1000, 97, 500}, {100, 7, 99}, {30, 30, -5}} {
		plan := &sli.Plan{Name: "video", Period: 2 * time.Hour, Rules: []*sli.Rule{rule}}
		w := sli.Window{From: 1_000_000, To: 1_000_000 + sli.Minute(c.minutes)}
		begin := w.From - 120
		counts := make([]sli.Counts, 120+c.due+1)
		for i := range counts {
			counts[i] = sli.Counts{Valid: 100, Good: 100 - float64(i%7)}
		}
		l := kept(rule, begin, counts, make([]bool, len(counts)), nil)
		l.Objective.Period, l.Measured = plan.Period, sli.Intervals{{From: begin, To: w.From + sli.Minute(c.due) + 1}}
		chronicle := NewChronicle(plan, w, c.most)
		chronicle.Follow(rule, l)
		track := chronicle.Tracks[0]
		for i := range track.Rolling {
			if due := chronicle.Bucket(i).From <= l.Due; due == math.IsNaN(track.Rolling[i]) || due == math.IsNaN(track.Spent[i]) {
				t.Errorf("%+v: bucket %d: %g and %g", c, i, track.Rolling[i], track.Spent[i])
			}
		}
		if c.due < 0 {
			continue
		}
		l.Sum = func(minutes sli.Intervals) (all sli.Counts) {
			for _, w := range minutes {
				for m := w.From; m < w.To; m++ {
					all = all.Plus(counts[m-begin])
				}
			}
			return all
		}
		if want := l.Balance(Last(plan.Period, l.Due)).Left(); Newest(track.Rolling) != want {
			t.Errorf("%+v: the curve ends at %g, the budget at %g", c, Newest(track.Rolling), want)
		}
		if want := l.Balance(Between(w)).Left(); math.Abs(Newest(track.Spent)-want) > 1e-12 {
			t.Errorf("%+v: of the page %g, the budget of the same time %g", c, Newest(track.Spent), want)
		}
	}
}

// The largest age of each quarter of an hour is kept however wide the buckets are, and
// beside it nothing that wasn't measured.
func TestAChronicleKeepsTheWorstAgeOfEachQuarter(t *testing.T) {
	plan := &sli.Plan{Name: "video", Period: 24 * time.Hour}
	w := sli.Window{From: 1_000_007, To: 1_000_007 + 365*24*60}
	c := NewChronicle(plan, w, 10)
	want := map[time.Time]float64{}
	for m := w.From; m < w.To; m += 11 {
		age := float64(m % 600)
		c.Age(m, age)
		at := m.Start().Truncate(15 * time.Minute)
		want[at] = max(want[at], age)
	}
	c.Quarters(func(begins time.Time, seconds float64) {
		if w, ok := want[begins]; !ok || w != seconds {
			t.Fatalf("%v: %g, want %g", begins, seconds, w)
		}
		delete(want, begins)
	})
	if len(want) > 0 {
		t.Errorf("%d quarters aren't told", len(want))
	}
}
