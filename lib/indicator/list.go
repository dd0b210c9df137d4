package indicator

import (
	"fmt"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// resolvers finds the evidence of each kind. A new SLI is one line here.
var resolvers = map[sli.Kind]func(*sli.Plan, *sli.Spec) (*sli.Rule, error){
	sli.Availability: availabilityRule,
	sli.Latency:      latencyRule,
	sli.Freshness:    freshnessRule,
	sli.Coverage:     coverageRule,
	sli.Correctness:  correctnessRule,
}

// Resolve finds the evidence for an SLI and adds its rule to the plan; the error is
// an *Unfit. SLIs are to be resolved in the order of Kinds.
func Resolve(p *sli.Plan, spec sli.Spec) error {
	rule, err := resolve(p, spec)
	if err != nil {
		return err
	}
	p.Rules = append(p.Rules, rule)
	slices.SortStableFunc(p.Rules, func(a, b *sli.Rule) int {
		return slices.Index(sli.Kinds, a.Kind) - slices.Index(sli.Kinds, b.Kind)
	})
	return nil
}

func resolve(p *sli.Plan, spec sli.Spec) (*sli.Rule, error) {
	resolve, ok := resolvers[spec.Kind]
	if !ok {
		return nil, &sli.Unfit{Reason: fmt.Sprintf("no SLI of that name (got %q)", spec.Kind)}
	}
	rule, err := resolve(p, &spec)
	if err != nil {
		return nil, err
	}
	if spec.Window == 0 { // neither given nor the method's own
		spec.Window = p.Window
	}
	rule.Spec = spec
	rule.Scope = sli.Local
	for _, name := range rule.Stages {
		if p.Stage(name).Facts.Scope == sli.Shared {
			rule.Scope = sli.Shared
		}
	}
	rule.Settle = p.SettleOf(rule)
	return rule, nil
}

// first is the first stage that fits, or the one that from names. what says what it
// must have, hint where that comes from.
func first(p *sli.Plan, from string, fits func(sli.Facts) bool, what, hint string) (*sli.Stage, error) {
	if from != "" {
		s := p.Stage(from)
		switch {
		case s == nil:
			return nil, unfit(fmt.Sprintf("from: no stage of that name (got %q)", from), "stages here: "+strings.Join(stageNames(p), ", "))
		case !fits(s.Facts):
			return nil, unfit(fmt.Sprintf("from: stage %s has no %s", from, what), hint)
		}
		return s, nil
	}
	for i := range p.Stages {
		if fits(p.Stages[i].Facts) {
			return &p.Stages[i], nil
		}
	}
	return nil, unfit("no stage has "+what, hint)
}

func unfit(reason, hint string) *sli.Unfit { return &sli.Unfit{Reason: reason, Hint: hint} }

func stageNames(p *sli.Plan) []string {
	names := make([]string, len(p.Stages))
	for i, s := range p.Stages {
		names[i] = s.Name
	}
	return names
}
