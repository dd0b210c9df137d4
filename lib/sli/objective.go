package sli

import (
	"fmt"
	"math"
	"time"
)

// Objective is a target with the period it is to be met over.
type Objective struct {
	Target float64 // percent, 1 < Target < 100
	Period time.Duration
}

// Allowed is the share of valid events that may be bad, 1 − target, to a thousandth of a
// millionth of a percent: 0.001 for 99.9, where the difference of the binary numbers is
// a little less.
func (o Objective) Allowed() float64 { return math.Round((100-o.Target)*1e9) / 1e11 }

// Burn is how many times faster than allowed the budget is being spent:
// (1 − good/valid) / (1 − target). No events burn nothing.
// Source: SRE workbook, chapter 5.
func (o Objective) Burn(c Counts) float64 {
	if c.Valid <= 0 {
		return 0
	}
	return c.Bad() / (c.Valid * o.Allowed())
}

// Budget is the share of the error budget that is left, 1 when untouched, negative
// when overspent: 1 − Σbad/((1−target)·Σvalid) · (measured minutes / minutes of the
// period). A burn of 1 over the whole period spends exactly all of it.
func (o Objective) Budget(c Counts, measuredMinutes int) float64 {
	period := o.Period.Minutes()
	if period <= 0 {
		return 1
	}
	return 1 - o.Burn(c)*min(1, float64(measuredMinutes)/period)
}

// Seconds is a duration of s seconds, to the longest there is in either direction; 0
// where s is no number.
func Seconds(s float64) time.Duration {
	const most = math.MaxInt64 / float64(time.Second)
	switch {
	case math.IsNaN(s):
		return 0
	case s >= most:
		return math.MaxInt64
	case s <= -most:
		return -math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// Span prints a duration the way people type it: 90s, 5m, 1h30m, 28d.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "-" + Span(-max(d, -math.MaxInt64)) // the least duration has no positive
	case d == 0:
		return "0s"
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d < time.Second && d%time.Millisecond == 0:
		return fmt.Sprintf("%dms", d/time.Millisecond)
	case d%time.Second != 0:
		return d.String()
	}
	s := ""
	if h := d / time.Hour; h > 0 {
		s += fmt.Sprintf("%dh", h)
	}
	if m := d % time.Hour / time.Minute; m > 0 {
		s += fmt.Sprintf("%dm", m)
	}
	if sec := d % time.Minute / time.Second; sec > 0 {
		s += fmt.Sprintf("%ds", sec)
	}
	return s
}
