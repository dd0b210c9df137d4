package indicator

import (
	"errors"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Draft is a plan while the rules of its SLIs are being found.
type Draft struct {
	*sli.Plan
	given Configured
	begun map[sli.Kind]bool
	unfit []*Unfit
}

// Resolve finds the evidence of the configured SLIs and adds to the plan, whose stages
// and limits are known: their rules, those of the methods beside the chosen ones, and what
// its graphs count. It returns what can't be measured.
func Resolve(p *sli.Plan, given Configured) []*Unfit {
	d := &Draft{Plan: p, given: given, begun: map[sli.Kind]bool{}}
	for _, kind := range Kinds() {
		d.Rule(kind)
	}
	slices.SortFunc(d.Rules, func(a, b *sli.Rule) int { return indexOf(a.Kind) - indexOf(b.Kind) })
	slices.SortFunc(d.unfit, func(a, b *Unfit) int { return indexOf(a.Kind) - indexOf(b.Kind) })
	d.flows()
	d.alternatives()
	return d.unfit
}

// Rule is the rule of another SLI, for one that builds on it: it is found first. It is nil
// where that SLI isn't configured or can't be measured.
func (d *Draft) Rule(kind sli.Kind) *sli.Rule {
	if given := d.given[kind]; given != nil && !d.begun[kind] {
		d.begun[kind] = true
		if rule, err := d.find(kind, ""); err == nil {
			d.Rules = append(d.Rules, rule)
		} else if unfit := new(Unfit); errors.As(err, &unfit) {
			unfit.Kind = kind
			d.unfit = append(d.unfit, unfit)
		}
	}
	return d.Plan.Rule(kind)
}

// find makes an SLI's rule by a method of it.
func (d *Draft) find(kind sli.Kind, method string) (*sli.Rule, error) {
	rule, err := d.given[kind].Resolve(d, method)
	if err != nil {
		return nil, err
	}
	rule.Kind, rule.Question = kind, All[indexOf(kind)].Question
	if rule.Window == 0 {
		rule.Window = d.Window
	}
	rule.Scope = sli.Local
	for _, name := range rule.Stages {
		if d.Stage(name).Facts.Scope == sli.Shared {
			rule.Scope = sli.Shared
		}
	}
	rule.Settle = d.SettleOf(rule)
	return rule, nil
}

// alternatives adds, for every SLI, the rules of the other methods that have evidence.
// explain shows what they say beside the SLI, over its window; nothing is posted or judged
// by them.
func (d *Draft) alternatives() {
	for _, chosen := range d.Rules {
		for _, method := range section.Enum(d.given[chosen.Kind], "from") {
			if method == chosen.Method {
				continue
			}
			rule, err := d.find(chosen.Kind, method)
			if err != nil {
				continue // no evidence for it
			}
			rule.AlternativeTo = chosen.Kind
			rule.Kind = sli.Kind(string(chosen.Kind) + "_" + method)
			rule.Window = chosen.Window
			d.Alternatives = append(d.Alternatives, rule)
		}
	}
}
