package sli

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
)

// Objective is a target with the period it is to be met over.
type Objective struct {
	Target float64 // percent, 1 < Target < 100
	Period time.Duration
}

// Allowed is the share of valid events that may be bad, 1 − target.
func (o Objective) Allowed() float64 { return float(o.allowed()) }

// allowed is 1 − target, of the target as it is written: 99.9 % allows 1/1000, where in
// binary 100 − 99.9 is a little less.
func (o Objective) allowed() *big.Rat {
	target, ok := new(big.Rat).SetString(strconv.FormatFloat(o.Target, 'f', -1, 64))
	if !ok {
		return new(big.Rat)
	}
	hundred := big.NewRat(100, 1)
	return target.Quo(target.Sub(hundred, target), hundred)
}

// spent is (1 − good/valid) / (1 − target), 0 where nothing was valid.
func (o Objective) spent(c Counts) *big.Rat {
	valid, bad := new(big.Rat).SetFloat64(c.Valid), new(big.Rat).SetFloat64(c.Bad())
	if valid == nil || bad == nil || c.Valid <= 0 {
		return new(big.Rat)
	}
	allowed := o.allowed()
	if allowed.Sign() <= 0 {
		return new(big.Rat)
	}
	return bad.Quo(bad, valid.Mul(valid, allowed))
}

// float is the number nearest to an exact one.
func float(r *big.Rat) float64 {
	f, _ := r.Float64()
	return f
}

// Burn is how many times faster than allowed the budget is being spent:
// (1 − good/valid) / (1 − target). No events burn nothing.
// Source: SRE workbook, chapter 5.
func (o Objective) Burn(c Counts) float64 { return float(o.spent(c)) }

// Budget is the share of the error budget that is left, 1 when untouched, negative
// when overspent: 1 − Σbad/((1−target)·Σvalid) · (measured minutes / asked minutes),
// those of the period that aren't excluded. A burn of 1 over the whole period spends
// exactly all of it.
func (o Objective) Budget(c Counts, measured, asked int) float64 {
	if asked <= 0 {
		return 1
	}
	spent := o.spent(c)
	spent.Mul(spent, big.NewRat(int64(min(measured, asked)), int64(asked)))
	return float(spent.Sub(big.NewRat(1, 1), spent))
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
