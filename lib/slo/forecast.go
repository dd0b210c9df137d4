package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Pace is the present rate of spending: counts of a window that is just over.
type Pace struct {
	Length  time.Duration
	Minutes int // of it, measured
	Counts  sli.Counts
	Burn    float64
}

// shortestPace is the shortest window that a forecast goes by.
const shortestPace = time.Hour

// PaceOf is the burn rate that a forecast goes by: of the shortest window in which a
// single bad event burns no faster than allowed, since it would be chance else; where
// there is none, of the longest. False where no window is measured.
func PaceOf(o Objective, windows []Pace) (pace Pace, ok bool) {
	for _, w := range windows {
		if w.Minutes == 0 {
			continue
		}
		if pace, ok = w, true; o.Allowed()*w.Counts.Valid >= 1 {
			break
		}
	}
	return pace, ok
}

// Spent is a forecast of when a budget is spent.
type Spent struct {
	At      sli.Minute // its last minute with something left
	Falling bool       // what is left becomes less; where not, it won't be spent
	Known   bool       // when it will be; else not within the period
}

// SpentAt forecasts when nothing will be left of a budget at a pace. In a rolling period
// the minutes that leave take with them what was bad in them.
func (l Ledger) SpentAt(b Budget, pace Pace) Spent {
	if pace.Minutes == 0 || pace.Counts.Bad() <= 0 || b.Minutes.Asked() == 0 {
		return Spent{}
	}
	f := newForecast(l, b, pace)
	horizon := b.Minutes.ToCome
	if b.Period.Rolling {
		horizon = b.Period.Window.Minutes()
	}
	left := f.left()
	first := true
	var out Spent
	for passed := 0; passed < horizon; {
		step := min(forecastStep, horizon-passed)
		f.pass(step)
		next := f.left()
		if first {
			out.Falling, first = next < left, false
			if left <= 0 && out.Falling {
				return Spent{At: l.Due, Falling: true, Known: true}
			}
			if !out.Falling {
				return out
			}
		}
		if next <= 0 {
			within := float64(step) * left / (left - next)
			out.At, out.Known = l.Due+sli.Minute(float64(passed)+within), true
			return out
		}
		left, passed = next, passed+step
	}
	return out
}

// forecastStep is how finely what leaves a rolling period is looked at; in between, what
// is left is taken for a straight line.
const forecastStep = 60

// forecast is a budget some time from now.
type forecast struct {
	ledger  Ledger
	budget  Budget
	leaves  sli.Intervals // measured minutes of a rolling period, which leave it as it goes on
	from    sli.Minute    // its first
	valid   float64       // a minute, at the pace
	bad     float64
	minutes float64 // measured, by then
	counts  sli.Counts
}

func newForecast(l Ledger, b Budget, pace Pace) *forecast {
	f := &forecast{ledger: l, budget: b, from: b.Period.Window.From, counts: b.Counts, minutes: float64(b.Minutes.Measured())}
	f.valid, f.bad = pace.Counts.Valid/float64(pace.Minutes), pace.Counts.Bad()/float64(pace.Minutes)
	if b.Period.Rolling {
		f.leaves, _, _ = l.spans(b.Period)
	}
	return f
}

// pass lets minutes go by.
func (f *forecast) pass(minutes int) {
	n := float64(minutes)
	come := sli.Counts{Valid: n * f.valid, Good: n * (f.valid - f.bad)}
	f.counts, f.minutes = f.counts.Plus(come), f.minutes+n
	if f.budget.Period.Rolling {
		gone := f.leaves.Within(sli.Window{From: f.from, To: f.from + sli.Minute(minutes)})
		f.counts, f.minutes = f.counts.Minus(f.ledger.Sum(gone)), f.minutes-float64(gone.Minutes())
		f.from += sli.Minute(minutes)
	}
}

func (f *forecast) left() float64 {
	asked := float64(f.budget.Minutes.Asked())
	if f.counts.Valid <= 0 {
		return 1
	}
	return 1 - f.counts.Bad()/(f.budget.Objective.Allowed()*f.counts.Valid)*min(f.minutes, asked)/asked
}
