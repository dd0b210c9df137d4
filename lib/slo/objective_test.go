package slo

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

func TestBudgetAndBurnWorkedByHand(t *testing.T) {
	o := Objective{Target: 99.9, Period: 28 * 24 * time.Hour}
	half := int(o.Period.Minutes()) / 2
	for _, c := range []struct {
		name         string
		counts       sli.Counts
		minutes      int
		burn, budget float64
	}{
		{"nothing happened", sli.Counts{}, 0, 0, 1},
		{"all good", sli.Counts{Valid: 1e6, Good: 1e6}, half, 0, 1},
		{"as allowed, over the whole period", sli.Counts{Valid: 1e6, Good: 999_000}, 2 * half, 1, 0},
		{"as allowed, over half of it", sli.Counts{Valid: 1e6, Good: 999_000}, half, 1, 0.5},
		{"fourteen times as much for half of it", sli.Counts{Valid: 1e4, Good: 9860}, half, 14, -6},
		{"more minutes than the period has", sli.Counts{Valid: 1e6, Good: 999_000}, 9 * half, 1, 0},
		{"a total outage", sli.Counts{Valid: 100}, 2 * half, 1000, -999},
	} {
		if got := o.Burn(c.counts); got != c.burn {
			t.Errorf("%s: want a burn of %v, got %v", c.name, c.burn, got)
		}
		if got := o.Budget(c.counts, c.minutes, int(o.Period.Minutes())); got != c.budget {
			t.Errorf("%s: want %v left, got %v", c.name, c.budget, got)
		}
	}
}

// Targets are decimal: what they allow must not be what is left of them in binary.
func TestRatesOfDecimalTargetsAreExact(t *testing.T) {
	day := 24 * 60
	for _, c := range []struct {
		target, bad, valid, burn, allowed, budget float64
	}{
		{99.9, 900, 3600, 250, 0.001, -249},
		{99.9, 1800, 3600, 500, 0.001, -499},
		{99.99, 3, 10_000, 3, 0.0001, -2},
		{99.95, 1, 8000, 0.25, 0.0005, 0.75},
		{99.5, 7, 2000, 0.7, 0.005, 0.3},
		{99.7, 1, 1000, 1.0 / 3, 0.003, 2.0 / 3},
		{90, 3, 100, 0.3, 0.1, 0.7},
	} {
		o := Objective{Target: c.target, Period: 24 * time.Hour}
		counts := sli.Counts{Valid: c.valid, Good: c.valid - c.bad}
		if burn, budget := o.Burn(counts), o.Budget(counts, day, day); burn != c.burn || budget != c.budget || o.Allowed() != c.allowed {
			t.Errorf("%v of %v by %v%%: want a burn of %v and %v left, got %v and %v; allowed %v", c.bad, c.valid, c.target, c.burn, c.budget, burn, budget, o.Allowed())
		}
	}
}
