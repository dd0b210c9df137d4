package sli

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// derived fills in the limits that follow from the freshness threshold.
func derived(p *Plan, l Limits) Limits {
	if r := p.Rule(Freshness); r != nil {
		warning, critical := ages(r)
		if l.WarningAge == 0 {
			l.WarningAge = warning
		}
		if l.CriticalAge == 0 {
			l.CriticalAge = critical
		}
		if len(l.SLIs) == 0 {
			l.SLIs = []Kind{Freshness}
		}
	}
	if l.MaxLag == 0 {
		l.MaxLag = p.Sources() + lagGrace
	}
	return l
}

// CriticalAge is the age that is critical by the plan's own limits; 0 where none is.
func CriticalAge(p *Plan) time.Duration { return derived(p, p.Limits).CriticalAge }

// ages are the limits of the age that follow from the rule.
func ages(r *Rule) (warning, critical time.Duration) {
	if r.ExpectEvery > 0 {
		return r.ExpectEvery * 3 / 2, r.ExpectEvery * 5 / 2
	}
	return r.Threshold, 5 * r.Threshold
}

// Backwards finds a warning limit that can never come before the critical one, also
// where that follows from the threshold: the key in the configuration, its value, and
// the rule that it breaks; empty where all is well.
func Backwards(p *Plan, l Limits) (key, got, rule string) {
	switch {
	case l.WarningRatio > 0 && l.CriticalRatio > 0 && l.WarningRatio <= l.CriticalRatio:
		return "critical_ratio", digits.Shortest(l.CriticalRatio), "must be below warning_ratio " + digits.Shortest(l.WarningRatio)
	case l.WarningAge > 0 && l.CriticalAge > 0 && l.WarningAge >= l.CriticalAge:
		return "critical_age", FormatDuration(l.CriticalAge), "must be longer than warning_age " + FormatDuration(l.WarningAge)
	}
	r := p.Rule(Freshness)
	if r == nil || l.WarningAge == 0 || l.CriticalAge > 0 {
		return "", "", ""
	}
	if _, critical := ages(r); l.WarningAge >= critical {
		return "warning_age", FormatDuration(l.WarningAge), "must be shorter than critical_age, which is " + FormatDuration(critical) + " unless it is given"
	}
	return "", "", ""
}
