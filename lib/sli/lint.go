package sli

import "fmt"

// Lints are doubts about a plan that is valid: objectives that can't do what they
// seem to.
func Lints(p *Plan) []string {
	var out []string
	for _, rule := range p.Rules {
		// A page needs the burn over an hour; at a total outage it is 1/(1−target).
		if page := BurnRules(p.Period)[0]; 1/rule.Objective.Allowed() < page.Factor {
			out = append(out, fmt.Sprintf("%s: target %g%% can never page: even a total outage burns only %.3g times the budget, a page needs %.3g",
				rule.Kind, rule.Target, 1/rule.Objective.Allowed(), page.Factor))
		}
	}
	for _, kind := range p.Limits.SLIs {
		rule := p.Rule(kind)
		for _, limit := range []float64{p.Limits.WarningRatio, p.Limits.CriticalRatio} {
			if limit > rule.Target {
				out = append(out, fmt.Sprintf("check: %s: limit %g%% is above the target %g%%, so it fires while the objective is met", kind, limit, rule.Target))
			}
		}
	}
	return append(out, proverLints(p)...)
}
