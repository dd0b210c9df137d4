// Package slo is the arithmetic of objectives: what is left of an error budget and what
// spent it, out of what is known of every minute.
package slo

import (
	"math"
	"math/big"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Ledger is what is known of every minute of an SLI.
type Ledger struct {
	Objective Objective
	Due       sli.Minute // nothing later can be known yet
	Measured  sli.Intervals
	Excluded  func(sli.Window) sli.Intervals
	// Sum adds what was counted in measured minutes.
	Sum func(sli.Intervals) sli.Counts
	// Each visits, in order, those of the minutes that something was counted in.
	Each func(minutes sli.Intervals, visit func(sli.Minute, sli.Counts))
	// Causes says what was wrong in a minute with that many bad events; nil: nothing is
	// known of it.
	Causes func(m sli.Minute, bad float64) []Cause
	// Why gives the reasons of minutes that are not measured, Exempt of excluded ones, and
	// Filled from where minutes came that weren't measured here; each with its minutes.
	Why, Exempt, Filled func(sli.Intervals) map[string]int
}

// Minutes are a period's minutes by what is known of them.
type Minutes struct {
	Value       int `json:"value"`
	NoTraffic   int `json:"no_traffic"`
	NotMeasured int `json:"not_measured"`
	Excluded    int `json:"excluded"`
	ToCome      int `json:"to_come"` // not due yet
}

// Measured is the number of minutes that are known.
func (m Minutes) Measured() int { return m.Value + m.NoTraffic }

// Due is the number of minutes that could be known: of a rolling period all that aren't
// excluded.
func (m Minutes) Due() int { return m.Measured() + m.NotMeasured }

// Asked is the number of minutes that the budget is for: all that aren't excluded.
func (m Minutes) Asked() int { return m.Due() + m.ToCome }

// Budget is an SLI's error budget over a period.
type Budget struct {
	Period    Period
	Objective Objective
	Counts    sli.Counts // of the measured minutes
	Minutes   Minutes
	Busiest   float64 // the most valid events of a measured minute

	Reasons map[string]int // of minutes that are not measured
	Exempt  map[string]int // of excluded minutes
	Filled  map[string]int // minutes that were measured elsewhere, by where

	Stretches []Stretch // what spent it, the worst first
}

// spans are a period's minutes: the measured ones, those that could be and aren't, and
// the excluded ones that are due.
func (l Ledger) spans(p Period) (measured, unmeasured, excluded sli.Intervals) {
	due := sli.Intervals{p.Window}.Within(sli.Window{From: p.Window.From, To: l.Due + 1})
	excluded = due.Intersect(l.Excluded(p.Window))
	asked := due.Minus(excluded)
	measured = l.Measured.Intersect(asked)
	return measured, asked.Minus(measured), excluded
}

// Balance is what the ledger says of a period without a look at single minutes: those
// without traffic count among those with a value, and nothing is said of what spent it.
func (l Ledger) Balance(p Period) Budget {
	b, measured, _, _ := l.minutes(p)
	b.Counts = l.Sum(measured)
	return b
}

// minutes are a period's, by what is known of them; all that are measured count as with a
// value.
func (l Ledger) minutes(p Period) (b Budget, measured, unmeasured, excluded sli.Intervals) {
	measured, unmeasured, excluded = l.spans(p)
	b = Budget{Period: p, Objective: l.Objective}
	rest := sli.Window{From: max(p.Window.From, l.Due+1), To: p.Window.To}
	if rest.Minutes() > 0 {
		b.Minutes.ToCome = rest.Minutes() - l.Excluded(rest).Minutes()
	}
	b.Minutes.Value, b.Minutes.NotMeasured, b.Minutes.Excluded = measured.Minutes(), unmeasured.Minutes(), excluded.Minutes()
	return b, measured, unmeasured, excluded
}

// Budget is what the ledger says of a period.
func (l Ledger) Budget(p Period) Budget {
	b, measured, unmeasured, excluded := l.minutes(p)
	b.Minutes.Value = 0
	var spent spending
	l.Each(measured, func(m sli.Minute, c sli.Counts) {
		b.Counts = b.Counts.Plus(c)
		b.Busiest = max(b.Busiest, c.Valid)
		if c.Valid > 0 {
			b.Minutes.Value++
		}
		if bad := c.Bad(); bad > 0 {
			spent.add(m, bad, l.causes(m, bad))
		}
	})
	b.Minutes.NoTraffic = measured.Minutes() - b.Minutes.Value
	b.Stretches = spent.stretches()
	b.Reasons, b.Exempt, b.Filled = told(l.Why, unmeasured), told(l.Exempt, excluded), told(l.Filled, measured)
	return b
}

// told asks for reasons only where there is something to ask for.
func told(ask func(sli.Intervals) map[string]int, minutes sli.Intervals) map[string]int {
	if ask == nil || len(minutes) == 0 {
		return nil
	}
	return ask(minutes)
}

// Left is the share of the budget that is left: 1 untouched, negative when overspent.
// It is the upper end: minutes that aren't measured count as without errors.
func (b Budget) Left() float64 {
	return b.Objective.Budget(b.Counts, b.Minutes.Measured(), b.Minutes.Asked())
}

// Allowed is the number of bad events that the period allows at the mean rate of its
// measured minutes.
func (b Budget) Allowed() float64 {
	if b.Minutes.Measured() == 0 {
		return 0
	}
	return exact(b.allowed())
}

// allowed is the same, without rounding.
func (b Budget) allowed() *big.Rat {
	perMinute := new(big.Rat).Mul(share(b.Objective), number(b.Counts.Valid))
	return perMinute.Mul(perMinute, big.NewRat(int64(b.Minutes.Asked()), int64(b.Minutes.Measured())))
}

// share is the share of events that may be bad, the decimal number that it is.
func share(o Objective) *big.Rat {
	return big.NewRat(int64(sli.AllowedParts(o.Target)), sli.TargetParts)
}

func number(v float64) *big.Rat {
	if r := new(big.Rat).SetFloat64(v); r != nil {
		return r
	}
	return new(big.Rat)
}

func exact(r *big.Rat) float64 {
	v, _ := r.Float64()
	return v
}

// LeftEvents is how many more bad events are allowed, negative when overspent.
func (b Budget) LeftEvents() float64 {
	if b.Minutes.Measured() == 0 {
		return 0
	}
	return exact(b.allowed().Sub(b.allowed(), number(b.Counts.Bad())))
}

// LeftMinutes is what is left as minutes of a full outage at the mean rate.
func (b Budget) LeftMinutes() float64 {
	whole := new(big.Rat).Mul(share(b.Objective), big.NewRat(int64(b.Minutes.Asked()), 1))
	if b.Counts.Valid <= 0 {
		return exact(whole)
	}
	lost := new(big.Rat).Quo(number(b.Counts.Bad()), number(b.Counts.Valid))
	return exact(whole.Sub(whole, lost.Mul(lost, big.NewRat(int64(b.Minutes.Measured()), 1))))
}

// Interval is where the ratio of the period lies, as far as it is over: at its ends all
// events of the minutes that aren't measured were bad, or good, at the traffic of the
// busiest measured minute. False where there was nothing to judge.
func (b Budget) Interval() (low, high float64, ok bool) {
	unknown := float64(b.Minutes.NotMeasured) * b.Busiest
	switch {
	case b.Minutes.Measured() == 0 && b.Minutes.NotMeasured > 0:
		return 0, 1, true
	case b.Counts.Valid+unknown <= 0:
		return 0, 0, false
	}
	return b.Counts.Good / (b.Counts.Valid + unknown), (b.Counts.Good + unknown) / (b.Counts.Valid + unknown), true
}

// MeasuredShare is the share of the minutes that could be known which are, 0…1.
func (b Budget) MeasuredShare() float64 {
	if b.Minutes.Due() == 0 {
		return 0
	}
	return float64(b.Minutes.Measured()) / float64(b.Minutes.Due())
}

// Passes tells whether a gate is passed that asks for a share of the budget to be left:
// it is not where the budget isn't measured, or less than half of its minutes are.
func (b Budget) Passes(share float64) bool {
	return b.Minutes.Measured() > 0 && b.MeasuredShare() >= 0.5 && b.Left() >= share-math.Abs(share)*1e-12
}

func (l Ledger) causes(m sli.Minute, bad float64) []Cause {
	if l.Causes == nil {
		return []Cause{{Bad: bad}}
	}
	return l.Causes(m, bad)
}
