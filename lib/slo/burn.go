package slo

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// BurnRule is one multiwindow burn-rate alert: it fires while both windows burn over
// Factor. Source: SRE workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
type BurnRule struct {
	Long, Short time.Duration
	Factor      float64 // times what the target allows
	Page        bool
}

// workbook are the rules for a period of 28 days or more: at its factor a rule has spent
// the share of the period's budget when the long window has passed.
var workbook = []struct {
	long, short time.Duration
	share       float64
	page        bool
}{
	{time.Hour, 5 * time.Minute, 0.02, true},
	{6 * time.Hour, 30 * time.Minute, 0.05, true},
	{24 * time.Hour, 2 * time.Hour, 0.1, false},
	{3 * 24 * time.Hour, 6 * time.Hour, 0.1, false},
}

// Bounds of the rules. A shorter period has shorter windows, down to minutes that hold
// anything, rather than factors under which nothing is too fast.
const (
	burnPeriod   = 28 * 24 * time.Hour
	leastLong    = 5 * time.Minute
	leastShort   = time.Minute
	mostOfOutage = 0.8 // of the burn of a total outage, which must be over every factor
)

// BurnRules are the rules for the objective, most urgent first. A factor is share ×
// period / long window, never below 1, at which exactly the whole budget is spent,
// unless a total outage burned less than 1/0.8 times that.
func (o Objective) BurnRules() []BurnRule {
	var rules []BurnRule
	for _, w := range workbook {
		r := BurnRule{Long: w.long, Short: w.short, Page: w.page}
		period := max(o.Period, burnPeriod)
		r.Factor = min(max(1, w.share*float64(period)/float64(w.long)), mostOfOutage/o.Allowed())
		if o.Period < burnPeriod {
			r.Long, r.Short = max(leastLong, o.shrunk(w.long)), max(leastShort, o.shrunk(w.short))
		}
		if r.Long <= o.Period {
			rules = append(rules, r)
		}
	}
	return rules
}

// shrunk is a window's share of a period that is shorter than 28 days, rounded up to
// whole minutes.
func (o Objective) shrunk(window time.Duration) time.Duration {
	minutes := int64(window/time.Minute) * int64(o.Period/time.Second)
	per := int64(burnPeriod / time.Second)
	return time.Duration((minutes+per-1)/per) * time.Minute
}

// burnGraph are the windows that burn metrics name.
var burnGraph = []time.Duration{time.Hour, 6 * time.Hour, 3 * 24 * time.Hour}

// BurnGraph are the windows of the burn graph that fit into the period.
func (o Objective) BurnGraph() []time.Duration {
	var lengths []time.Duration
	for _, length := range burnGraph {
		if length <= o.Period {
			lengths = append(lengths, length)
		}
	}
	return lengths
}

// Bounds of what a rule with a slow factor must prove.
const (
	slowFactor = 2
	burnLevel  = 0.001
)

// NeedsProof tells whether the long window must prove the burn: a rule whose factor is
// near 1 is broken by chance as often as not where a service spends what it may.
func (r BurnRule) NeedsProof() bool { return r.Factor < slowFactor }

// over tells whether counts burn faster than the rule's factor. Products of decimal
// fractions are a little off in binary; as fast as the factor isn't over it.
func (r BurnRule) over(o Objective, c sli.Counts) bool {
	return c.Bad() > r.Factor*o.Allowed()*c.Valid*(1+1e-9)
}

// Broken tells whether the rule fires at these counts of its windows.
func (r BurnRule) Broken(o Objective, long, short sli.Counts) bool {
	if !r.over(o, long) || !r.over(o, short) {
		return false
	}
	return !r.NeedsProof() || atLeast(math.Round(long.Bad()), math.Round(long.Valid), r.Factor*o.Allowed()) < burnLevel
}

// pageBad is how many bad events a page needs in its long window: one may be chance.
const pageBad = 2

// Pages tells whether the rule pages at counts that break it.
func (r BurnRule) Pages(long sli.Counts) bool { return r.Page && long.Bad() >= pageBad }
