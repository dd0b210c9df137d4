package sli

import "slices"

// methods are the ways to find an SLI that can stand beside each other, as from: spells
// them. Coverage by ids needs every record followed, so it is never a mere second.
var methods = map[Kind][]string{
	Freshness:   {"records", "rows", "stages", "age", "flow", "prover", "traces"},
	Coverage:    {"counts"},
	Correctness: {"prover", "verdicts"},
}

// Compare adds to the plan, for every SLI, the rules of the other methods that have
// evidence. explain shows what they say beside the SLI; nothing is posted or judged by
// them. It is called once all SLIs are resolved.
func (p *Plan) Compare() {
	for _, r := range p.Rules {
		for _, method := range methods[r.Kind] {
			if method == r.Method {
				continue
			}
			spec := r.Spec
			spec.From = method
			rule, err := p.resolve(spec)
			if err != nil {
				continue // no evidence for it
			}
			rule.Beside = r.Kind
			rule.Kind = Kind(string(r.Kind) + "_" + method)
			p.Others = append(p.Others, rule)
		}
	}
}

// All is every rule that counts: the SLIs', what graphs count, and those beside them.
func (p *Plan) All() []*Rule { return slices.Concat(p.Rules, p.Flows, p.Others) }

// SLI is the kind of SLI that the rule measures, be it the chosen one or one beside it.
func (r *Rule) SLI() Kind {
	if r.Beside != "" {
		return r.Beside
	}
	return r.Kind
}
