package sli

import "time"

// RecordFreshness judges records as they come out: valid = records that came out,
// good = those whose delay from accepted to visible is within the threshold. It is
// exact. What never comes out is coverage's.
func RecordFreshness(threshold time.Duration) Classifier {
	return func(e *Event) Verdict {
		switch {
		case e.Signal != Done:
			return NotValid
		case !e.HasDelay:
			return Uncertain
		case e.Delay <= threshold:
			return Good
		}
		return Bad
	}
}

func freshnessRule(p *Plan, spec *Spec) (*Rule, error) {
	stage, err := p.first("", func(f Facts) bool { return f.Delay }, "a delay per record",
		"name a stage with an app_log whose lines have accepted_at or a delay")
	if err != nil {
		return nil, err
	}
	return &Rule{
		Method:     "records",
		Stages:     []string{stage.Name},
		Population: "records",
		Quality:    Exact,
		Formula:    "records visible within " + Span(spec.Threshold) + " of being accepted / records that came out",
		Classify:   RecordFreshness(spec.Threshold),
	}, nil
}
