package sli

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
func Compare(p *Plan) {
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
			rule.Kind = Kind(string(r.Kind) + "_" + method)
			p.Others = append(p.Others, rule)
		}
	}
}
