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

// Allowed is the share of valid events that may be bad, 1 − target.
func (o Objective) Allowed() float64 { return (100 - o.Target) / 100 }

// Burn is how many times faster than allowed the budget is being spent:
// (1 − good/valid) / (1 − target). No events burn nothing.
// Source: SRE workbook, chapter 5.
func (o Objective) Burn(c Counts) float64 {
	if c.Valid <= 0 {
		return 0
	}
	return c.Bad() / c.Valid / o.Allowed()
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

// BurnRule is one multiwindow burn-rate alert: it fires while both windows burn at
// Factor or more. Source: SRE workbook, table 5-8; factors are for a 30-day period.
type BurnRule struct {
	Long, Short time.Duration
	Factor      float64
	Page        bool
}

// BurnRules are the rules for a period, most urgent first: a rule spends the same
// share of the budget over its long window whatever the period.
func BurnRules(period time.Duration) []BurnRule {
	const day = 24 * time.Hour
	scale := float64(period) / float64(30*day)
	rules := []BurnRule{
		{time.Hour, 5 * time.Minute, 14.4, true},
		{6 * time.Hour, 30 * time.Minute, 6, true},
		{day, 2 * time.Hour, 3, false},
		{3 * day, 6 * time.Hour, 1, false},
	}
	for i := range rules {
		rules[i].Factor *= scale
	}
	return rules
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
