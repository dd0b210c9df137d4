package slo

import (
	"fmt"
	"maps"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Withheld stands for what a redacted page doesn't tell.
const Withheld = "(withheld)"

// Redacted is a chronicle without what names the service: pipeline and stages are
// numbered, and what was read from logs, paths and messages is left out. Numbers and
// times stay.
func (c *Chronicle) Redacted(number int) *Chronicle {
	out := *c
	plan := *c.Plan
	plan.Name, plan.Label, plan.Owner, plan.Runbook = fmt.Sprintf("pipeline-%d", number), "", Withheld, ""
	names := map[string]string{}
	plan.Stages = make([]sli.Stage, len(c.Plan.Stages))
	for i, s := range c.Plan.Stages {
		names[s.Name] = fmt.Sprintf("stage-%d", i+1)
		s.Name, s.Of = names[s.Name], ""
		plan.Stages[i] = s
	}
	rename := func(stages []string) []string {
		var to []string
		for _, s := range stages {
			to = append(to, names[s])
		}
		return to
	}
	rules := map[*sli.Rule]*sli.Rule{}
	plan.Rules = nil
	for _, r := range c.Plan.Rules {
		rule := *r
		rule.Stages, rule.Formula = rename(r.Stages), Withheld
		rules[r] = &rule
		plan.Rules = append(plan.Rules, &rule)
	}
	out.Plan, out.Report = &plan, nil
	out.Tracks = nil
	for _, t := range c.Tracks {
		track := *t
		track.Rule = rules[t.Rule]
		out.Tracks = append(out.Tracks, &track)
	}
	out.Accounts = Accounts{Plan: &plan}
	for _, a := range c.Accounts.SLIs {
		a.Rule = rules[a.Rule]
		statements := a.Statements
		a.Statements = nil
		for _, s := range statements {
			a.Statements = append(a.Statements, s.redacted(names))
		}
		out.Accounts.SLIs = append(out.Accounts.SLIs, a)
	}
	out.Spoken = nil
	for _, s := range c.Spoken {
		s.Plan, s.Text = &plan, Withheld
		out.Spoken = append(out.Spoken, s)
	}
	return &out
}

func (s Statement) redacted(names map[string]string) Statement {
	stretches := s.Stretches
	s.Stretches = nil
	for _, w := range stretches {
		w.Stage, w.By = names[w.Stage], nil
		s.Stretches = append(s.Stretches, w)
	}
	for _, why := range []*map[string]int{&s.Reasons, &s.Exempt, &s.Filled} {
		n := 0
		for count := range maps.Values(*why) {
			n += count
		}
		*why = nil
		if n > 0 {
			*why = map[string]int{Withheld: n}
		}
	}
	return s
}
