package slo

import (
	"math/big"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Objective is a target with the period it is to be met over.
type Objective struct {
	Target float64 // percent, 1 < Target < 100
	Period time.Duration
}

// Of is the objective of a plan's rule.
func Of(p *sli.Plan, r *sli.Rule) Objective { return Objective{Target: r.Target, Period: p.Period} }

// Allowed is the share of valid events that may be bad, 1 − target: 0.001 for 99.9.
func (o Objective) Allowed() float64 { return sli.AllowedParts(o.Target) / sli.TargetParts }

// Burn is how many times faster than allowed the budget is being spent:
// (1 − good/valid) / (1 − target). No events burn nothing.
// Source: SRE workbook, chapter 5.
func (o Objective) Burn(c sli.Counts) float64 {
	if c.Valid <= 0 {
		return 0
	}
	return c.Bad() * sli.TargetParts / (c.Valid * sli.AllowedParts(o.Target))
}

// Budget is the share of the error budget that is left, 1 when untouched, negative
// when overspent: 1 − Σbad/((1−target)·Σvalid) · (measured minutes / asked minutes),
// those of the period that aren't excluded. A burn of 1 over the whole period spends
// exactly all of it.
func (o Objective) Budget(c sli.Counts, measured, asked int) float64 {
	if asked <= 0 {
		return 1
	}
	bad, valid := new(big.Rat).SetFloat64(c.Bad()), new(big.Rat).SetFloat64(c.Valid)
	if c.Valid <= 0 || bad == nil || valid == nil {
		return 1
	}
	// Nearly all of a budget is left, so that a bit's error would show.
	bad.Mul(bad, big.NewRat(int64(min(measured, asked))*sli.TargetParts, int64(asked)))
	valid.Mul(valid, new(big.Rat).SetFloat64(sli.AllowedParts(o.Target)))
	left, _ := bad.Sub(big.NewRat(1, 1), bad.Quo(bad, valid)).Float64()
	return left
}
