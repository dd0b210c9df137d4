package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// derived fills in the limits that follow from the freshness threshold.
func derived(p *sli.Plan, l sli.Limits) sli.Limits {
	if r := p.Rule(sli.Freshness); r != nil {
		warning, critical := ages(r)
		if l.WarningAge == 0 {
			l.WarningAge = warning
		}
		if l.CriticalAge == 0 {
			l.CriticalAge = critical
		}
		if len(l.SLIs) == 0 {
			l.SLIs = []sli.Kind{sli.Freshness}
		}
	}
	if l.MaxLag == 0 {
		l.MaxLag = p.Sources() + lagGrace
	}
	return l
}

// Judged is what the check judges of a plan: the SLIs that ratios or burn rates are held
// against, and whether it looks at the age.
func Judged(p *sli.Plan) (slis []sli.Kind, age bool) {
	l := derived(p, p.Limits)
	if l.WarningRatio > 0 || l.CriticalRatio > 0 || l.BurnRate {
		slis = l.SLIs
	}
	return slis, p.HasAge()
}

// CriticalAge is the age that is critical by the plan's own limits; 0 where none is.
func CriticalAge(p *sli.Plan) time.Duration { return derived(p, p.Limits).CriticalAge }

// WarningAge is the age over which the check warns, 0 where nothing says it.
func WarningAge(p *sli.Plan) time.Duration { return derived(p, p.Limits).WarningAge }

// ages are the limits of the age that follow from the rule.
func ages(r *sli.Rule) (warning, critical time.Duration) {
	if r.Terms.ExpectEvery > 0 {
		return r.Terms.ExpectEvery * 3 / 2, r.Terms.ExpectEvery * 5 / 2
	}
	return r.Terms.Threshold, 5 * r.Terms.Threshold
}

// Backwards finds a warning limit that can never come before the critical one, also
// where that follows from the threshold: the key in the configuration, its value, and
// the rule that it breaks; empty where all is well.
func Backwards(p *sli.Plan, l sli.Limits) (key, got, rule string) {
	switch {
	case l.WarningRatio > 0 && l.CriticalRatio > 0 && l.WarningRatio <= l.CriticalRatio:
		return "critical_ratio", digits.Shortest(l.CriticalRatio), "must be below warning_ratio " + digits.Shortest(l.WarningRatio)
	case l.WarningAge > 0 && l.CriticalAge > 0 && l.WarningAge >= l.CriticalAge:
		return "critical_age", sli.FormatDuration(l.CriticalAge), "must be longer than warning_age " + sli.FormatDuration(l.WarningAge)
	}
	r := p.Rule(sli.Freshness)
	if r == nil || l.WarningAge == 0 || l.CriticalAge > 0 {
		return "", "", ""
	}
	if _, critical := ages(r); l.WarningAge >= critical {
		return "warning_age", sli.FormatDuration(l.WarningAge), "must be shorter than critical_age, which is " + sli.FormatDuration(critical) + " unless it is given"
	}
	return "", "", ""
}
