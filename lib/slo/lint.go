package slo

import (
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Lints are doubts about a plan that is valid: objectives and limits that can't do what
// they seem to.
func Lints(p *sli.Plan) []words.Message {
	limits := derived(p, p.Limits)
	var out []words.Message
	for _, stage := range p.Stages {
		if err := stage.Facts.Unknown; err != nil {
			out = append(out, words.OfStage.With(stage.Name, words.Heard(err.Error())))
		}
	}
	for _, kind := range limits.SLIs {
		rule := p.Rule(kind)
		for _, limit := range []float64{limits.WarningRatio, limits.CriticalRatio} {
			if limit > rule.Target {
				out = append(out, words.LimitOverTarget.With(kind, digits.Shortest(limit), digits.Shortest(rule.Target)))
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
func slowLints(r *sli.Rule, o Objective, limits sli.Limits, every time.Duration) []words.Message {
	var out []words.Message
	in := func(window time.Duration) float64 { return max(1, math.Ceil(float64(window)/float64(every))) }
	if r.Window < every && (limits.WarningRatio > 0 || limits.CriticalRatio > 0) {
		out = append(out, words.WindowTooShort.With(r.Kind, sli.FormatDuration(r.Window), sli.FormatDuration(every), words.Heard(r.Population)))
	}
	for _, limit := range []struct {
		percent float64
		status  CheckStatus
	}{{limits.CriticalRatio, Critical}, {limits.WarningRatio, Warning}} {
		n := in(r.Window)
		if limit.percent > 0 && ProvesBelow(sli.Counts{Valid: n, Good: n - 1}, limit.percent/100) {
			out = append(out, words.OneIsBad.With(r.Kind, words.Heard(r.Population), digits.Count(n), sli.FormatDuration(r.Window), limit.status.String()))
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
		return append(out, words.BurnNeverAlerts.With(r.Kind, words.Heard(r.Population), sli.FormatDuration(every)))
	case !pages:
		out = append(out, words.BurnNeverPages.With(r.Kind, pageBad, sli.FormatDuration(longestPage(rules)), words.Heard(r.Population), sli.FormatDuration(every)))
	}
	for _, rule := range rules {
		n := in(rule.Long)
		if one := (sli.Counts{Valid: n, Good: n - 1}); rule.Broken(o, one, sli.Counts{Valid: 1}) {
			out = append(out, words.OneWarns.With(r.Kind, words.Heard(r.Population), digits.Count(n), sli.FormatDuration(rule.Long), digits.Of(o.Burn(one), 3), digits.Of(rule.Factor, 3)))
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
func reachLints(p *sli.Plan, limits sli.Limits) []words.Message {
	var out []words.Message
	within := func(what string, limit time.Duration, stages []string) {
		if wait := wait(p, stages); wait.For > 0 && limit > 0 && limit <= wait.For {
			out = append(out, words.BelowWait.With(what, sli.FormatDuration(limit), words.Heard(wait.Why), wait.stage, sli.FormatDuration(wait.For)))
		}
	}
	if r := p.Rule(sli.Freshness); r != nil {
		within("freshness: threshold", r.Terms.Threshold, r.Stages)
		if r.Terms.ExpectEvery > 0 && r.Terms.Threshold <= r.Terms.ExpectEvery {
			out = append(out, words.BelowUpdates.With(sli.FormatDuration(r.Terms.Threshold), sli.FormatDuration(r.Terms.ExpectEvery)))
		}
	}
	if r := p.Rule(sli.Coverage); r != nil && r.Method != "runs" {
		within("coverage: deadline", r.Terms.Deadline, r.Stages)
	}
	if stages := aged(p); len(stages) > 0 {
		within("check: warning_age", p.Limits.WarningAge, stages)
		within("check: critical_age", p.Limits.CriticalAge, stages)
		if known := known(p, stages); p.Limits.CriticalAge > 0 && p.Limits.CriticalAge < known {
			out = append(out, words.AgeBelowKnown.With(sli.FormatDuration(p.Limits.CriticalAge), sli.FormatDuration(known)))
		}
	}
	if least := p.Sources() + time.Minute; p.Limits.MaxLag > 0 && p.Limits.MaxLag < least {
		out = append(out, words.LagBelowKnown.With(sli.FormatDuration(p.Limits.MaxLag), sli.FormatDuration(least)))
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
	if p.Path().HasState() {
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
func idLints(p *sli.Plan) []words.Message {
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
		return []words.Message{words.IDsMeetNot.With(here.Name, everywhere.Name)}
	}
	queue := slices.IndexFunc(p.Stages, func(s sli.Stage) bool { return s.Facts.Role == sli.Queue && s.Facts.Scope == sli.Shared })
	if accepted.Facts.Scope == sli.Shared || queue < 0 {
		return nil
	}
	return []words.Message{words.IDsOverQueue.With(accepted.Name, done.Name, p.Stages[queue].Name)}
}

// proverLints are doubts about what the rate of known-answer records can tell.
func proverLints(p *sli.Plan) []words.Message {
	proving := p.Prover()
	if proving == nil {
		return nil
	}
	var out []words.Message
	for _, rule := range p.Rules {
		if rule.Method != "prover" {
			continue
		}
		n, needs := math.Floor(float64(p.Period)/float64(proving.Every)), ProofNeeds(rule.Target)
		if n < needs {
			out = append(out, words.ProverTooSlow.With(rule.Kind, digits.Shortest(rule.Target), digits.Count(needs), sli.FormatDuration(proving.Every), digits.Count(n), sli.FormatDuration(p.Period), digits.Of(100-100*Disproved(n), 4)))
		}
	}
	return out
}

// ProverNotes say what the prover's rate can prove, for validate.
func ProverNotes(p *sli.Plan) []words.Message {
	proving := p.Prover()
	if proving == nil {
		return nil
	}
	out := []words.Message{words.ProverRate.With(sli.FormatDuration(proving.Every), sli.FormatDuration(proving.Deadline), digits.Count(math.Floor(float64(24*time.Hour)/float64(proving.Every))), digits.Of(100*Disproved(float64(24*time.Hour)/float64(proving.Every)), 3))}
	for _, rule := range p.Rules {
		if rule.Method == "prover" {
			needs := ProofNeeds(rule.Target)
			out = append(out, words.ProverNeeds.With(rule.Kind, digits.Shortest(rule.Target), digits.Count(needs), sli.FormatDuration(time.Duration(needs)*proving.Every.Truncate(time.Second))))
		}
	}
	return out
}
