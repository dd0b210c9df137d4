package indicator

import "mackerel-plugin-pipeline-sli/lib/sli"

// VerdictCorrectness judges log lines that carry a verdict on a record's content:
// valid = records judged, good = those found correct.
func VerdictCorrectness() sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		switch e.Signal {
		case sli.Correct:
			return sli.Good
		case sli.Wrong:
			return sli.Bad
		default:
			return sli.NotValid
		}
	}
}

// correctnessRule prefers the prover: it knows the answers. Its verdicts and those of
// logs are never added together.
func correctnessRule(p *sli.Plan, spec *sli.Spec) (*sli.Rule, error) {
	switch s := p.ProverStage(); {
	case spec.From == sli.ProverKind && s == nil:
		return nil, unfit("from: prover, but the pipeline has none", "add prover: { inject: …, expect: … } to the pipeline")
	case spec.From != "verdicts" && s != nil:
		return proverCorrectnessRule(s), nil
	}
	stage, err := first(p, "", func(f sli.Facts) bool { return f.Gives(sli.Correct) || f.Gives(sli.Wrong) }, "verdicts on records",
		"give the pipeline a prover, or an app_log rule with is: correct and is: wrong")
	if err != nil {
		return nil, err
	}
	return &sli.Rule{
		Method:     "verdicts",
		Stages:     []string{stage.Name},
		Population: "records",
		Quality:    sli.Exact,
		Formula:    "records found correct / records judged",
		Classify:   VerdictCorrectness(),
	}, nil
}
