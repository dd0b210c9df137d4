package sli

// VerdictCorrectness judges log lines that carry a verdict on a record's content:
// valid = records judged, good = those found correct.
func VerdictCorrectness() Classifier {
	return func(e *Event) Verdict {
		switch e.Signal {
		case Correct:
			return Good
		case Wrong:
			return Bad
		default:
			return NotValid
		}
	}
}

// correctnessRule prefers the prover: it knows the answers. Its verdicts and those of
// logs are never added together.
func correctnessRule(p *Plan, spec *Spec) (*Rule, error) {
	switch s := p.ProverStage(); {
	case spec.From == ProverKind && s == nil:
		return nil, unfit("from: prover, but the pipeline has none", "add prover: { inject: …, expect: … } to the pipeline")
	case spec.From != "verdicts" && s != nil:
		return proverCorrectnessRule(s), nil
	}
	stage, err := first(p, "", func(f Facts) bool { return f.Gives(Correct) || f.Gives(Wrong) }, "verdicts on records",
		"give the pipeline a prover, or an app_log rule with is: correct and is: wrong")
	if err != nil {
		return nil, err
	}
	return &Rule{
		Method:     "verdicts",
		Stages:     []string{stage.Name},
		Population: "records",
		Quality:    Exact,
		Formula:    "records found correct / records judged",
		Classify:   VerdictCorrectness(),
	}, nil
}
