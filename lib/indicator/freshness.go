package indicator

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// RecordFreshness judges records as they come out: valid = records that came out,
// good = those whose delay from accepted to visible is within the threshold. It is
// exact. What never comes out is coverage's.
func RecordFreshness(threshold time.Duration) sli.Classifier { return delayWithin(sli.Done, threshold) }

// delayWithin judges events of a signal by their delay; one without is uncertain.
func delayWithin(signal sli.Signal, threshold time.Duration) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		switch {
		case e.Signal != signal:
			return sli.NotValid
		case !e.HasDelay:
			return sli.Uncertain
		case e.Delay <= threshold:
			return sli.Good
		}
		return sli.Bad
	}
}

// freshnessRule chooses the method: per record where delays are known, else by the
// store's rows, else from the stages' metrics, else from an age that something reports.
// flow, prover and traces only when named.
func freshnessRule(p *sli.Plan, spec *sli.Spec) (*sli.Rule, error) {
	path := evidenceOf(p)
	methods := []struct {
		name string
		find func() (*sli.Rule, error)
	}{
		{"records", func() (*sli.Rule, error) { return recordsRule(p, spec) }},
		{"rows", func() (*sli.Rule, error) { return rowsRule(p, spec) }},
		{"stages", func() (*sli.Rule, error) {
			if path.Accepted == nil || path.Worker == nil {
				return nil, unfit("no stages whose metrics tell the queue's age and the work's duration", "name the stream and the function")
			}
			return stagesRule(path, spec), nil
		}},
		{"age", func() (*sli.Rule, error) {
			if batch := p.Find(func(f sli.Facts) bool { return f.Gives(sli.RunDone) }); batch != nil && spec.ExpectEvery > 0 {
				return batchRule(batch, spec), nil
			}
			stage := p.Find(func(f sli.Facts) bool { return f.HasLevel("age") && f.Role != sli.Queue }, func(f sli.Facts) bool { return f.HasLevel("age") })
			if stage == nil {
				return nil, unfit("no stage reports an age", "a replica's lag, a queue's oldest message or a watermark query does")
			}
			return ageRule(p, stage, spec), nil
		}},
		{"flow", func() (*sli.Rule, error) {
			if path.Accepted == nil || path.Done == nil {
				return nil, unfit("from: flow needs stages that count what was accepted and what came out", "")
			}
			return flowRule(path, spec)
		}},
		{"traces", func() (*sli.Rule, error) { return tracesRule(p, spec) }},
		{"prover", func() (*sli.Rule, error) { return proverFreshnessRule(p, spec) }},
	}
	for _, m := range methods {
		if spec.From == m.name {
			return m.find()
		}
		if spec.From != "" || m.name == "flow" || m.name == "traces" || m.name == "prover" {
			continue
		}
		if rule, err := m.find(); err == nil {
			return rule, nil
		}
	}
	if spec.From != "" {
		return nil, unfit("from: no stage is evidence for "+spec.From, "leave from: out to take the best there is")
	}
	return nil, unfit("nothing tells how long records take", "add an app_log whose lines have accepted_at, the stream and its function, or a query for the newest row")
}

func recordsRule(p *sli.Plan, spec *sli.Spec) (*sli.Rule, error) {
	stage, err := first(p, "", func(f sli.Facts) bool { return f.Delay }, "a delay per record",
		"name a stage with an app_log whose lines have accepted_at or a delay")
	if err != nil {
		return nil, err
	}
	return &sli.Rule{
		Method:     "records",
		Stages:     []string{stage.Name},
		Population: "records",
		Quality:    sli.Exact,
		Formula:    "records visible within " + sli.FormatDuration(spec.Threshold) + " of being accepted / records that came out, and those of minutes after which nothing came out in time",
		Classify:   RecordFreshness(spec.Threshold),
		JudgesBy:   []string{sli.FieldAcceptedAt, sli.FieldDelay},
		Unclear:    "when they were accepted isn't known",
		Silence:    spec.Threshold,
	}, nil
}
