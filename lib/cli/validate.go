package cli

import (
	"context"
	"fmt"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// Series that a host may have before Mackerel bills another one.
const (
	seriesPerHost  = 200
	seriesPerMicro = 30
)

// validate says what the configuration amounts to, without asking the world.
func (p *program) validate(ctx context.Context) int {
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	total, doubts := 0, 0
	cost := newCost()
	for _, pipeline := range c.Pipelines {
		plan := pipeline.Plan
		n := p.env.Outputs.Series(plan)
		total += n
		fmt.Fprintf(p.env.Stdout, "pipeline %s: %d series\n", plan.Name, n)
		for _, rule := range plan.Rules {
			fmt.Fprintf(p.env.Stdout, "  %-13s %s from %s, %s, scope %s, settles after %s, window %s, target %s%%\n", rule.Kind,
				rule.Method, stageList(rule), rule.Quality, rule.Scope, sli.FormatDuration(rule.Settle), sli.FormatDuration(rule.Window), digits.Shortest(rule.Target))
		}
		cost.add(plan)
		for _, note := range slo.ProverNotes(plan) {
			fmt.Fprintf(p.env.Stdout, "  %s\n", note)
		}
		for _, lint := range slo.Lints(plan) {
			doubts++
			p.voice.warn("pipeline "+plan.Name+": "+lint, "")
		}
	}
	fmt.Fprintf(p.env.Stdout, "%d series in all, of %d per standard host (%d on a micro host)\n", total, seriesPerHost, seriesPerMicro)
	cost.print(p.env.Stdout)
	if doubts > 0 && p.opt.Strict {
		return exitFailed
	}
	return exitOK
}

func stageList(rule *sli.Rule) string {
	text := ""
	for i, name := range rule.Stages {
		if i > 0 {
			text += " + "
		}
		text += name
	}
	return text
}
