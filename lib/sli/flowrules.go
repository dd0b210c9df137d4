package sli

// flowSignals are the counts of the flow graph, in the order of a record's life.
var flowSignals = []Signal{Accepted, Done, Filtered, Dropped, DeadLettered, Duplicate}

// Flow rules count records by what became of them, minute by minute, with the same
// care as SLIs: late ones included, each in exactly one point. Their kind is the
// signal's name and only their Valid means something.
func flowRules(p *Plan) []*Rule {
	path := evidence{p.PathOf(nil, nil)}
	var rules []*Rule
	for _, s := range flowSignals {
		stage := path.counting(s)
		if stage == nil && s == Duplicate {
			if r := path.surplusRule(); r != nil {
				rules = append(rules, r)
			}
		}
		if stage == nil {
			continue
		}
		rules = append(rules, &Rule{
			Spec:       Spec{Kind: Kind(s.String())},
			Method:     "flow",
			Stages:     []string{stage.Name},
			Population: "records",
			Quality:    Exact,
			Settle:     stage.Facts.Settle,
			Scope:      stage.Facts.Scope,
			Weigh:      weigh(s),
		})
	}
	return rules
}

// counting is the stage that counts a signal; nil if none does.
func (path evidence) counting(s Signal) *Stage {
	switch s {
	case Accepted:
		return path.Accepted
	case Done:
		return path.Done
	case Duplicate:
		// Records that are followed by their ids show which came out twice.
		if r := path.Plan.Following(); r != nil {
			return path.Done
		}
	default:
	}
	return path.Plan.FindLast(func(f Facts) bool { return f.Gives(s) })
}

// weigh is how much an event adds to the count of a signal.
func weigh(s Signal) func(*Event) float64 {
	return func(e *Event) float64 {
		switch {
		case e.Signal == s:
			return e.Weight
		case s == Accepted && AcceptedRequest(e):
			return e.Weight
		case s == Done && e.Signal == Handed:
			return e.Weight
		case s == Done && e.Signal == HandFailed:
			return -e.Weight
		}
		return 0
	}
}

// throttleRules count, stage by stage, what was turned away for capacity.
func throttleRules(p *Plan) []*Rule {
	var rules []*Rule
	for _, s := range p.Stages {
		if s.Facts.Throttles {
			rules = append(rules, &Rule{
				Spec:    Spec{Kind: Kind(ThrottlePrefix + s.Name)},
				Method:  "throttle",
				Stages:  []string{s.Name},
				Quality: Exact,
				Settle:  s.Facts.Settle,
				Scope:   s.Facts.Scope,
				Weigh:   weigh(Throttled),
			})
		}
	}
	return rules
}

// Flowing adds the rules that the flow, throttle and prover graphs need; it is called once all
// SLIs are resolved.
func Flowing(p *Plan) {
	if p.Graphs[GraphFlow] {
		p.Flows = append(p.Flows, flowRules(p)...)
	}
	if p.Graphs[GraphThrottle] {
		p.Flows = append(p.Flows, throttleRules(p)...)
	}
	if p.Graphs[GraphProver] {
		p.Flows = append(p.Flows, proverRules(p)...)
	}
}
