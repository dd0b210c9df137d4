package indicator

import "mackerel-plugin-pipeline-sli/lib/sli"

// flowSignals are the counts of the flow graph, in the order of a record's life.
var flowSignals = []sli.Signal{sli.Accepted, sli.Done, sli.Filtered, sli.Dropped, sli.DeadLettered, sli.Duplicate}

// Flow rules count records by what became of them, minute by minute, with the same
// care as SLIs: late ones included, each in exactly one point. Their kind is the
// signal's name and only their Valid means something.
func flowRules(p *sli.Plan) []*sli.Rule {
	path := evidence{p.PathOf(nil, nil)}
	var rules []*sli.Rule
	for _, s := range flowSignals {
		stage := path.counting(s)
		if stage == nil && s == sli.Duplicate {
			if r := path.surplusRule(); r != nil {
				rules = append(rules, r)
			}
		}
		if stage == nil {
			continue
		}
		rules = append(rules, &sli.Rule{
			Kind:       sli.Kind(s.String()),
			Method:     "flow",
			Stages:     []string{stage.Name},
			Population: "records",
			Quality:    sli.Exact,
			Settle:     stage.Facts.Settle,
			Scope:      stage.Facts.Scope,
			Weigh:      weigh(s),
		})
	}
	return rules
}

// counting is the stage that counts a signal; nil if none does.
func (path evidence) counting(s sli.Signal) *sli.Stage {
	switch s {
	case sli.Accepted:
		return path.Accepted
	case sli.Done:
		return path.Done
	case sli.Duplicate:
		// Records that are followed by their ids show which came out twice.
		if r := path.Plan.Following(); r != nil {
			return path.Done
		}
	default:
	}
	return path.Plan.FindLast(func(f sli.Facts) bool { return f.Gives(s) })
}

// weigh is how much an event adds to the count of a signal.
func weigh(s sli.Signal) func(*sli.Event) float64 {
	return func(e *sli.Event) float64 {
		switch {
		case e.Signal == s:
			return e.Weight
		case s == sli.Accepted && sli.AcceptedRequest(e):
			return e.Weight
		case s == sli.Done && e.Signal == sli.Handed:
			return e.Weight
		case s == sli.Done && e.Signal == sli.HandFailed:
			return -e.Weight
		}
		return 0
	}
}

// throttleRules count, stage by stage, what was turned away for capacity.
func throttleRules(p *sli.Plan) []*sli.Rule {
	var rules []*sli.Rule
	for _, s := range p.Stages {
		if s.Facts.Throttles {
			rules = append(rules, &sli.Rule{
				Kind:    sli.Kind(sli.ThrottlePrefix + s.Name),
				Method:  "throttle",
				Stages:  []string{s.Name},
				Quality: sli.Exact,
				Settle:  s.Facts.Settle,
				Scope:   s.Facts.Scope,
				Weigh:   weigh(sli.Throttled),
			})
		}
	}
	return rules
}

// flows adds the rules that the flow, throttle and prover graphs need.
func (d *Draft) flows() {
	p := d.Plan
	if p.Graphs[sli.GraphFlow] {
		p.Flows = append(p.Flows, flowRules(p)...)
	}
	if p.Graphs[sli.GraphThrottle] {
		p.Flows = append(p.Flows, throttleRules(p)...)
	}
	if p.Graphs[sli.GraphProver] {
		p.Flows = append(p.Flows, proverRules(p)...)
	}
}
