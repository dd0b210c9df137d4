package indicator

import (
	"cmp"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

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

// Correctness is the options of the SLI.
type Correctness struct {
	Target section.Target   `yaml:"target" required:"true" doc:"percent of good events"`
	From   string           `yaml:"from" enum:"prover|verdicts" doc:"the method" otherwise:"the prover if there is one"`
	Window section.Duration `yaml:"window" min:"1m" max:"1h" whole:"minutes" doc:"instead of the pipeline's"`
}

// Resolve prefers the prover: it knows the answers. Its verdicts and those of logs are
// never added together.
func (o *Correctness) Resolve(d *Draft, method string) (*sli.Rule, error) {
	rule, err := o.choose(d.Plan, cmp.Or(method, o.From))
	if err != nil {
		return nil, err
	}
	rule.Target, rule.Window = float64(o.Target), time.Duration(o.Window)
	return rule, nil
}

func (o *Correctness) choose(p *sli.Plan, from string) (*sli.Rule, error) {
	switch s := p.ProverStage(); {
	case from == sli.ProverKind && s == nil:
		return nil, unfit("from: prover, but the pipeline has none", "add prover: { inject: …, expect: … } to the pipeline")
	case from != "verdicts" && s != nil:
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
