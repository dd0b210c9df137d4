package cli

import (
	"context"
	"fmt"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Series that a host may have before Mackerel bills another one.
const (
	seriesPerHost  = 200
	seriesPerMicro = 30
)

// validate says what the configuration amounts to, without asking the world.
func (p *program) validate(ctx context.Context) int {
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	for _, pipeline := range c.Pipelines {
		if err := pipeline.Plan.Unread; err != nil {
			return p.usage(err)
		}
	}
	total, doubts := 0, 0
	cost := newCost()
	for _, pipeline := range c.Pipelines {
		plan := pipeline.Plan
		n := p.env.Outputs.Series(plan)
		total += n
		fmt.Fprintln(p.env.Stdout, lang.Say(words.PipelineSeries, plan.Name, n))
		for _, rule := range plan.Rules {
			fmt.Fprintln(p.env.Stdout, "  "+lang.Say(words.RuleOf, rule.Kind, rule.Method, stageList(rule), words.OfQuality(rule.Quality == sli.Exact),
				rule.Scope, sli.FormatDuration(rule.Settle), sli.FormatDuration(rule.Window), digits.Shortest(rule.Target)))
		}
		for _, text := range overHosts(plan, lang) {
			fmt.Fprintln(p.env.Stdout, "  "+text)
		}
		cost.add(plan)
		for _, note := range slo.ProverNotes(plan) {
			fmt.Fprintln(p.env.Stdout, "  "+lang.Render(note))
		}
		for _, lint := range slo.Lints(plan) {
			doubts++
			p.voice.warn(lang.Say(words.OfPipeline, plan.Name, lint), "")
		}
	}
	fmt.Fprintln(p.env.Stdout, lang.Say(words.SeriesInAll, total, seriesPerHost, seriesPerMicro))
	cost.print(p.env.Stdout, lang)
	if doubts > 0 && p.opt.Strict {
		return exitFailed
	}
	return exitOK
}

// overHosts says what becomes of a plan's SLIs where several hosts measure them.
func overHosts(plan *sli.Plan, lang words.Language) (texts []string) {
	var add, same []string
	for _, rule := range plan.Rules {
		if rule.Scope == sli.Local {
			add = append(add, string(rule.Kind))
		} else {
			same = append(same, string(rule.Kind))
		}
	}
	if len(add) > 0 {
		texts = append(texts, lang.Say(words.HostsAdd, strings.Join(add, ", ")))
	}
	if len(same) > 0 {
		texts = append(texts, lang.Say(words.HostsTellTheSame, strings.Join(same, ", ")))
	}
	return texts
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
