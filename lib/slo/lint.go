package slo

import (
	"fmt"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Lints are doubts about a plan that is valid: objectives and limits that can't do what
// they seem to.
func Lints(p *sli.Plan) []string {
	limits := derived(p, p.Limits)
	var out []string
	for _, stage := range p.Stages {
		if err := stage.Facts.Unknown; err != nil {
			out = append(out, fmt.Sprintf("stage %s: %v", stage.Name, err))
		}
	}
	for _, kind := range limits.SLIs {
		rule := p.Rule(kind)
		for _, limit := range []float64{limits.WarningRatio, limits.CriticalRatio} {
			if limit > rule.Target {
				out = append(out, fmt.Sprintf("check: %s: limit %s%% is above the target %s%%, so it fires while the objective is met", kind, digits.Shortest(limit), digits.Shortest(rule.Target)))
			}
		}
		if n := pace(p, rule); n > 0 {
			out = append(out, slowLints(rule, Of(p, rule), limits, n)...)
		}
	}
	out = append(out, reachLints(p, limits)...)
	out = append(out, idLints(p)...)
	return append(out, proverLints(p)...)
}

// pace is the time from one event to the next of a rule whose events come by the clock:
// known-answer records, runs of a batch job. 0 where others decide when they come.
func pace(p *sli.Plan, r *sli.Rule) time.Duration {
	switch r.Method {
	case "prover":
		return p.Prover().Every
	case "runs":
		return p.Stage(r.Stages[0]).Facts.Runs.Every
	}
	return 0
}

// slowLints say what the check's rules make of events that come one every so often.
func slowLints(r *sli.Rule, o Objective, limits sli.Limits, every time.Duration) []string {
	var out []string
	in := func(window time.Duration) float64 { return max(1, math.Ceil(float64(window)/float64(every))) }
	if r.Window < every && (limits.WarningRatio > 0 || limits.CriticalRatio > 0) {
		out = append(out, fmt.Sprintf("check: %s: its window of %s is shorter than the %s from one of its %s to the next, so most windows have nothing to judge",
			r.Kind, sli.FormatDuration(r.Window), sli.FormatDuration(every), r.Population))
	}
	for _, limit := range []struct {
		percent float64
		status  CheckStatus
	}{{limits.CriticalRatio, Critical}, {limits.WarningRatio, Warning}} {
		n := in(r.Window)
		if limit.percent > 0 && ProvesBelow(sli.Counts{Valid: n, Good: n - 1}, limit.percent/100) {
			out = append(out, fmt.Sprintf("check: %s: one bad one of its %s, %s in %s, is %s by itself", r.Kind, r.Population, digits.Count(n), sli.FormatDuration(r.Window), limit.status))
			break
		}
	}
	if !limits.BurnRate {
		return out
	}
	rules := o.BurnRules()
	all := func(rule BurnRule) bool { // whether an outage breaks it
		return rule.Broken(o, sli.Counts{Valid: in(rule.Long)}, sli.Counts{Valid: 1})
	}
	pages := slices.ContainsFunc(rules, func(rule BurnRule) bool { return all(rule) && rule.Pages(sli.Counts{Valid: in(rule.Long)}) })
	switch {
	case !slices.ContainsFunc(rules, all):
		return append(out, fmt.Sprintf("check: %s: its burn rate can never alert: one of its %s every %s proves nothing in any window", r.Kind, r.Population, sli.FormatDuration(every)))
	case !pages:
		out = append(out, fmt.Sprintf("check: %s: its burn rate can never page: a page needs %d bad in %s, and one of its %s comes every %s",
			r.Kind, pageBad, sli.FormatDuration(longestPage(rules)), r.Population, sli.FormatDuration(every)))
	}
	for _, rule := range rules {
		n := in(rule.Long)
		if one := (sli.Counts{Valid: n, Good: n - 1}); rule.Broken(o, one, sli.Counts{Valid: 1}) {
			out = append(out, fmt.Sprintf("check: %s: one bad one of its %s, %s in %s, burns %s times the budget, limit %s: it warns by itself",
				r.Kind, r.Population, digits.Count(n), sli.FormatDuration(rule.Long), digits.Of(o.Burn(one), 3), digits.Of(rule.Factor, 3)))
			break
		}
	}
	return out
}

// longestPage is the longest window of the rules that page.
func longestPage(rules []BurnRule) time.Duration {
	var longest time.Duration
	for _, rule := range rules {
		if rule.Page {
			longest = max(longest, rule.Long)
		}
	}
	return longest
}

// reachLints find limits below what can be observed while all is well.
func reachLints(p *sli.Plan, limits sli.Limits) []string {
	var out []string
	within := func(what string, limit time.Duration, stages []string) {
		if wait := wait(p, stages); wait.For > 0 && limit > 0 && limit <= wait.For {
			out = append(out, fmt.Sprintf("%s %s is below what can be observed: %s of %s is %s, and so old is what comes out while all is well", what, sli.FormatDuration(limit), wait.Why, wait.stage, sli.FormatDuration(wait.For)))
		}
	}
	if r := p.Rule(sli.Freshness); r != nil {
		within("freshness: threshold", r.Threshold, r.Stages)
		if r.ExpectEvery > 0 && r.Threshold <= r.ExpectEvery {
			out = append(out, fmt.Sprintf("freshness: threshold %s is below what can be observed: an update comes every %s, and so old is what it brought until then", sli.FormatDuration(r.Threshold), sli.FormatDuration(r.ExpectEvery)))
		}
	}
	if r := p.Rule(sli.Coverage); r != nil && r.Method != "runs" {
		within("coverage: deadline", r.Deadline, r.Stages)
	}
	if stages := aged(p); len(stages) > 0 {
		within("check: warning_age", p.Limits.WarningAge, stages)
		within("check: critical_age", p.Limits.CriticalAge, stages)
		if known := known(p, stages); p.Limits.CriticalAge > 0 && p.Limits.CriticalAge < known {
			out = append(out, fmt.Sprintf("check: critical_age %s is below what can be observed: a minute is known %s after its end, and what lasted no longer is over by then", sli.FormatDuration(p.Limits.CriticalAge), sli.FormatDuration(known)))
		}
	}
	if least := p.Sources() + time.Minute; p.Limits.MaxLag > 0 && p.Limits.MaxLag < least {
		out = append(out, fmt.Sprintf("check: max_lag %s is below what can be observed: the newest minute is known up to %s after its end, so the check is UNKNOWN while all is well", sli.FormatDuration(p.Limits.MaxLag), sli.FormatDuration(least)))
	}
	return out
}

// stageWait is a wait of a stage.
type stageWait struct {
	sli.Wait
	stage string
}

// wait is the longest wait of the stages.
func wait(p *sli.Plan, stages []string) stageWait {
	var longest stageWait
	for _, name := range stages {
		for _, w := range p.Stage(name).Facts.Waits {
			if w.For > longest.For {
				longest = stageWait{w, name}
			}
		}
	}
	return longest
}

// known is how long after a minute's end the stages have answered for it.
func known(p *sli.Plan, stages []string) time.Duration {
	var settle time.Duration
	for _, name := range stages {
		settle = max(settle, p.Stage(name).Facts.Settle)
	}
	return settle
}

// aged are the stages that the pipeline's age rests on.
func aged(p *sli.Plan) []string {
	if p.HasState() {
		return p.Path().StageNames()
	}
	var names []string
	for _, s := range p.Stages {
		if s.Facts.HasLevel("age") {
			names = append(names, s.Name)
		}
	}
	return names
}

// idLints doubt that the ids of two logs meet, where the layout shows that they may not.
func idLints(p *sli.Plan) []string {
	f := p.Following()
	if f == nil || !f.Whole || p.SingleHost {
		return nil
	}
	path := p.Path()
	accepted, done := path.Accepted, path.Done
	if accepted.Facts.Scope != done.Facts.Scope {
		here, everywhere := accepted, done
		if here.Facts.Scope == sli.Shared {
			here, everywhere = done, accepted
		}
		return []string{fmt.Sprintf("ids: stage %s holds the records of this host, stage %s those of all hosts: they meet only where there is one host (assume: single_host); read both logs where those of all hosts are",
			here.Name, everywhere.Name)}
	}
	queue := slices.IndexFunc(p.Stages, func(s sli.Stage) bool { return s.Facts.Role == sli.Queue && s.Facts.Scope == sli.Shared })
	if accepted.Facts.Scope == sli.Shared || queue < 0 {
		return nil
	}
	return []string{fmt.Sprintf("ids: stages %s and %s are logs of this host, and the queue %s is shared: what is accepted here and done on another host never meets; read both logs where those of all hosts are, say coverage: { from: counts }, or assume: single_host",
		accepted.Name, done.Name, p.Stages[queue].Name)}
}

// proverLints are doubts about what the rate of known-answer records can tell.
func proverLints(p *sli.Plan) []string {
	proving := p.Prover()
	if proving == nil {
		return nil
	}
	var out []string
	for _, rule := range p.Rules {
		if rule.Method != "prover" {
			continue
		}
		n, needs := math.Floor(float64(p.Period)/float64(proving.Every)), ProofNeeds(rule.Target)
		if n < needs {
			out = append(out, fmt.Sprintf("%s: the prover is too slow to prove %s%%: %s records without a failure would, one every %s gives %s in %s, which prove %s%%",
				rule.Kind, digits.Shortest(rule.Target), digits.Count(needs), sli.FormatDuration(proving.Every), digits.Count(n), sli.FormatDuration(p.Period), digits.Of(100-100*Disproved(n), 4)))
		}
	}
	return out
}

// ProverNotes say what the prover's rate can prove, for validate.
func ProverNotes(p *sli.Plan) []string {
	proving := p.Prover()
	if proving == nil {
		return nil
	}
	out := []string{fmt.Sprintf("prover: one record every %s; verdict after %s; no failure in a day's %s rules out losses above %s%%",
		sli.FormatDuration(proving.Every), sli.FormatDuration(proving.Deadline), digits.Count(math.Floor(float64(24*time.Hour)/float64(proving.Every))), digits.Of(100*Disproved(float64(24*time.Hour)/float64(proving.Every)), 3))}
	for _, rule := range p.Rules {
		if rule.Method == "prover" {
			needs := ProofNeeds(rule.Target)
			out = append(out, fmt.Sprintf("prover: %s %s%% is proven by %s records without a failure, after %s",
				rule.Kind, digits.Shortest(rule.Target), digits.Count(needs), sli.FormatDuration(time.Duration(needs)*proving.Every.Truncate(time.Second))))
		}
	}
	return out
}
