package sli

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CheckStatus is a check's status; its value is the exit code.
type CheckStatus int

// The statuses, by exit code.
const (
	OK CheckStatus = iota
	Warning
	Critical
	Unknown
)

var statusNames = []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

// String is the status as Mackerel spells it.
func (s CheckStatus) String() string { return statusNames[s] }

// ParseCheckStatus reads a status in any case.
func ParseCheckStatus(text string) (CheckStatus, bool) {
	i := slices.Index(statusNames, strings.ToUpper(text))
	return CheckStatus(max(i, 0)), i >= 0
}

// fromBest orders statuses from best to worst: UNKNOWN beats OK, a proven breach
// beats UNKNOWN.
var fromBest = []CheckStatus{OK, Unknown, Warning, Critical}

// WorseThan tells whether s is worse than t.
func (s CheckStatus) WorseThan(t CheckStatus) bool {
	return slices.Index(fromBest, s) > slices.Index(fromBest, t)
}

// Finding is what a check finds of one pipeline: its status, the rule that decided, and why.
type Finding struct {
	Plan   *Plan
	Status CheckStatus
	Rule   string // age, state, ratio, burn_rate, lag, not_measured, no_traffic, nothing; empty when OK
	Text   string // without the pipeline's name
}

// lagGrace is how much more than the slowest settle a measurement may lag.
const lagGrace = 3 * time.Minute

// Judge says what the check finds of a pipeline: the worst of its rules, a proven
// breach before a measurement that is missing.
func Judge(p *Pipeline, limits Limits, now time.Time) Finding {
	f := judge(p, limits, now)
	f.Plan = p.Plan
	return f
}

func judge(p *Pipeline, limits Limits, now time.Time) Finding {
	kinds := limits.SLIs
	if len(kinds) == 0 && p.Plan.Rule(Freshness) != nil {
		kinds = []Kind{Freshness}
	}
	judged := p.Plan.HasAge() || (len(kinds) > 0 && (limits.WarningRatio > 0 || limits.CriticalRatio > 0 || limits.BurnRate))
	if !judged {
		return Finding{Status: Unknown, Rule: "nothing", Text: "nothing to judge; name --sli with --warning-ratio, --critical-ratio or --burn-rate"}
	}
	worst := Finding{Status: OK, Text: "fresh"}
	consider := func(f Finding) {
		if f.Status.WorseThan(worst.Status) {
			worst = f
		}
	}
	traffic := false
	for _, r := range p.Results {
		if !slices.Contains(kinds, r.Rule.Kind) {
			continue
		}
		consider(judgeRatio(r, limits))
		traffic = traffic || r.Status != NoTraffic
	}
	consider(judgeLag(p, limits, now))
	if worst.Status == OK && !traffic && len(kinds) > 0 {
		status, _ := ParseCheckStatus(limits.NoTraffic)
		return Finding{Status: status, Rule: "no_traffic", Text: "no traffic"}
	}
	return worst
}

// judgeRatio compares the window's ratio with the limits; a limit is broken only
// where the counts prove it.
func judgeRatio(r *Result, limits Limits) Finding {
	if r.Status == NotMeasured {
		status := Unknown
		if s, ok := ParseCheckStatus(limits.Missing); ok {
			status = s
		}
		return Finding{Status: status, Rule: "not_measured", Text: fmt.Sprintf("%s not measured: %.0f%% of the window's minutes have an answer", r.Rule.Kind, r.Measured*100)}
	}
	for _, limit := range []struct {
		percent float64
		status  CheckStatus
	}{{limits.CriticalRatio, Critical}, {limits.WarningRatio, Warning}} {
		if limit.percent > 0 && ProvesBelow(r.Counts, limit.percent/100) {
			ratio, _ := r.Counts.Ratio()
			return Finding{Status: limit.status, Rule: "ratio", Text: fmt.Sprintf("%s %.4g%% is below %.4g%%: %.0f of %.0f %s were bad in %s",
				r.Rule.Kind, ratio*100, limit.percent, r.Counts.Bad(), r.Counts.Valid, r.Rule.Population, Span(r.Rule.Window))}
		}
	}
	return Finding{}
}

// judgeLag finds a measurement that lags too far behind to say anything.
func judgeLag(p *Pipeline, limits Limits, now time.Time) Finding {
	limit := limits.MaxLag
	if limit == 0 {
		limit = p.Plan.Sources() + lagGrace
	}
	lag := p.MeasureLag(now)
	if lag <= limit {
		return Finding{}
	}
	text := fmt.Sprintf("not measured: the newest complete minute is %s old, limit %s", Span(lag.Round(time.Second)), Span(limit))
	for _, s := range p.Stages {
		if s.Err != nil {
			text = fmt.Sprintf("not measured: stage %s: %v", s.Stage.Name, s.Err)
			break
		}
	}
	status := Unknown
	if s, ok := ParseCheckStatus(limits.Missing); ok {
		status = s
	}
	return Finding{Status: status, Rule: "lag", Text: text}
}
