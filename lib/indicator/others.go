package indicator

import "mackerel-plugin-pipeline-sli/lib/sli"

// methods are the ways to find an SLI that can stand beside each other, as from: spells
// them. Coverage by ids needs every record followed, so it is never a mere second.
var methods = map[sli.Kind][]string{
	sli.Freshness:   {"records", "rows", "stages", "age", "flow", "prover", "traces"},
	sli.Coverage:    {"counts"},
	sli.Correctness: {"prover", "verdicts"},
}

// Compare adds to the plan, for every SLI, the rules of the other methods that have
// evidence. explain shows what they say beside the SLI; nothing is posted or judged by
// them. It is called once all SLIs are resolved.
func Compare(p *sli.Plan) {
	for _, r := range p.Rules {
		for _, method := range methods[r.Kind] {
			if method == r.Method {
				continue
			}
			spec := r.Spec
			spec.From = method
			rule, err := resolve(p, spec)
			if err != nil {
				continue // no evidence for it
			}
			rule.Beside = r.Kind
			rule.Kind = sli.Kind(string(r.Kind) + "_" + method)
			p.Others = append(p.Others, rule)
		}
	}
}
