package sli

import (
	"fmt"
	"math"
	"math/big"
	"time"
)

// Objective is a target with the period it is to be met over.
type Objective struct {
	Target float64 // percent, 1 < Target < 100
	Period time.Duration
}

// Allowed is the share of valid events that may be bad, 1 − target: 0.001 for 99.9.
func (o Objective) Allowed() float64 { return o.allowed() / parts }

// allowed is 1 − target in parts, a whole number, so that what is worked out from it is
// rounded once: the difference of the binary numbers is a little less than the decimal
// one.
func (o Objective) allowed() float64 { return math.Round((100 - o.Target) * parts / 100) }

// parts are as fine as targets are read: a thousandth of a millionth of a percent.
const parts = 1e11

// Burn is how many times faster than allowed the budget is being spent:
// (1 − good/valid) / (1 − target). No events burn nothing.
// Source: SRE workbook, chapter 5.
func (o Objective) Burn(c Counts) float64 {
	if c.Valid <= 0 {
		return 0
	}
	return c.Bad() * parts / (c.Valid * o.allowed())
}

// Budget is the share of the error budget that is left, 1 when untouched, negative
// when overspent: 1 − Σbad/((1−target)·Σvalid) · (measured minutes / asked minutes),
// those of the period that aren't excluded. A burn of 1 over the whole period spends
// exactly all of it.
func (o Objective) Budget(c Counts, measured, asked int) float64 {
	if asked <= 0 {
		return 1
	}
	bad, valid := new(big.Rat).SetFloat64(c.Bad()), new(big.Rat).SetFloat64(c.Valid)
	if c.Valid <= 0 || bad == nil || valid == nil {
		return 1
	}
	// Nearly all of a budget is left, so that a bit's error would show.
	bad.Mul(bad, big.NewRat(int64(min(measured, asked))*parts, int64(asked)))
	valid.Mul(valid, new(big.Rat).SetFloat64(o.allowed()))
	left, _ := bad.Sub(big.NewRat(1, 1), bad.Quo(bad, valid)).Float64()
	return left
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

// FormatSeconds prints seconds as FormatDuration does, to the second; in days what is longer than any
// duration, such as the age of a row of the year 1.
func FormatSeconds(seconds float64) string {
	if math.Abs(seconds) < math.MaxInt64/float64(time.Second) {
		return FormatDuration(Seconds(seconds).Round(time.Second))
	}
	return fmt.Sprintf("%.0fd", seconds/(24*time.Hour).Seconds())
}

// ago is the instant so many seconds before t, however many they are.
func ago(t time.Time, seconds float64) time.Time {
	whole := math.Floor(seconds)
	return time.Unix(t.Unix()-int64(whole), int64(t.Nanosecond())).Add(-Seconds(seconds - whole)).In(t.Location())
}

// FormatDuration prints a duration the way people type it: 90s, 5m, 1h30m, 28d.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "-" + FormatDuration(-max(d, -math.MaxInt64)) // the least duration has no positive
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
