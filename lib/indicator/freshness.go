package indicator

import (
	"cmp"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// RecordFreshness judges records as they come out: valid = records that came out,
// good = those whose delay from accepted to visible is within the threshold. It is
// exact. What never comes out is coverage's.
func RecordFreshness(threshold time.Duration) sli.Classifier { return delayWithin(sli.Done, threshold) }

// delayWithin judges events of a signal by their delay; one without is uncertain.
func delayWithin(signal sli.Signal, threshold time.Duration) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		if e.Signal != signal {
			return sli.NotValid
		}
		return within(e.HasDelay, e.Delay, threshold)
	}
}

// Freshness is the options of the SLI. The methods of `from` stand in the order in which they
// are tried.
type Freshness struct {
	Threshold   section.Duration `yaml:"threshold" required:"true" doc:"what is fresh enough"`
	Target      section.Target   `yaml:"target" required:"true" doc:"percent of good events"`
	ExpectEvery section.Duration `yaml:"expect_every" doc:"batch: how often the data is updated"`
	From        string           `yaml:"from" doc:"the method" otherwise:"the best there is evidence for" enum:"records|rows|stages|age|flow|prover|traces"`
	Window      section.Duration `yaml:"window" min:"1m" max:"1h" whole:"minutes" doc:"instead of the pipeline's"`
}

// onlyNamed are the methods that are taken only where from: names them.
var onlyNamed = []string{"flow", "prover", "traces"}

// Resolve chooses the method: per record where delays are known, else by the store's rows,
// else from the stages' metrics, else from an age that something reports.
func (o *Freshness) Resolve(d *Draft, method string) (*sli.Rule, error) {
	rule, err := o.choose(d.Plan, cmp.Or(method, o.From))
	if err != nil {
		return nil, err
	}
	rule.Target, rule.Window = float64(o.Target), time.Duration(o.Window)
	rule.Terms = sli.Terms{Threshold: time.Duration(o.Threshold), ExpectEvery: time.Duration(o.ExpectEvery)}
	return rule, nil
}

// choose finds the rule of a method, of the best there is evidence for where none is
// named.
func (o *Freshness) choose(p *sli.Plan, named string) (*sli.Rule, error) {
	if named != "" {
		return o.by(p, named)
	}
	for _, method := range section.Enum(o, "from") {
		if slices.Contains(onlyNamed, method) {
			continue
		}
		if rule, err := o.by(p, method); err == nil {
			return rule, nil
		}
	}
	if _, err := o.by(p, "prover"); err == nil {
		return nil, unfit("nothing tells how long records take, but the prover's own records", "from: prover")
	}
	return nil, unfit("nothing tells how long records take", "add an app_log whose lines have accepted_at, the stream and its function, or a query for the newest row")
}

// by finds the rule of one method. Which stages records pass is the pipeline's own order:
// those that coverage names are coverage's.
func (o *Freshness) by(p *sli.Plan, method string) (*sli.Rule, error) {
	path := evidence{p.PathOf(nil, nil)}
	threshold, every := time.Duration(o.Threshold), time.Duration(o.ExpectEvery)
	switch method {
	case "records":
		return recordsRule(p, threshold)
	case "rows":
		return rowsRule(p, threshold)
	case "stages":
		if path.Accepted == nil || path.Worker == nil {
			return nil, unfit("no stages whose metrics tell the queue's age and the work's duration", "name the stream and the function")
		}
		return stagesRule(path, threshold), nil
	case "age":
		if batch := p.Find(func(f sli.Facts) bool { return f.Gives(sli.RunDone) }); batch != nil && every > 0 {
			return batchRule(batch, threshold, every), nil
		}
		stage := p.Find(func(f sli.Facts) bool { return f.HasLevel("age") && f.Role != sli.Queue }, func(f sli.Facts) bool { return f.HasLevel("age") })
		if stage == nil {
			return nil, unfit("no stage reports an age", "a replica's lag, a queue's oldest message or a watermark query does")
		}
		return ageRule(p, stage, threshold), nil
	case "flow":
		if path.Accepted == nil || path.Done == nil {
			return nil, unfit("from: flow needs stages that count what was accepted and what came out", "")
		}
		return flowRule(path, threshold)
	case "traces":
		return tracesRule(p, threshold)
	case "prover":
		return proverFreshnessRule(p, threshold)
	}
	return nil, unfit("from: no stage is evidence for "+method, "leave from: out to take the best there is")
}

func recordsRule(p *sli.Plan, threshold time.Duration) (*sli.Rule, error) {
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
		Formula:    "records visible within " + sli.FormatDuration(threshold) + " of being accepted / records that came out, and those of minutes after which nothing came out in time",
		Nothing:    "no records that came out, and none that should have",
		Classify:   RecordFreshness(threshold),
		JudgesBy:   []string{sli.FieldAcceptedAt, sli.FieldDelay},
		Unclear:    "when they were accepted isn't known",
		Silence:    threshold,
	}, nil
}
