package indicator

import (
	"cmp"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// RequestLatency judges how quickly requests were answered: valid = requests that
// were answered successfully, with a known duration; good = within the threshold.
// Where it can't be told whether a request succeeded, nor can this. Failed requests are
// availability's, so that fast failures don't flatter; and so are those
// whose latency is a connection's life.
func RequestLatency(threshold time.Duration, answered sli.Classifier) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		switch verdict := answered(e); {
		case e.Lived():
		case verdict == sli.Good:
			return within(e.HasLatency, e.Latency, threshold)
		case verdict == sli.Uncertain:
			return sli.Uncertain
		}
		return sli.NotValid
	}
}

// AnswerLatency judges counted answers, where the requests behind them aren't known: a
// load balancer's. Its population is every answer, whatever its status. An event's
// latency lies on the right side of every threshold that was asked for; it has none
// where the source can't tell the side.
func AnswerLatency(threshold time.Duration) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		if e.Signal != sli.Answer {
			return sli.NotValid
		}
		return within(e.HasLatency, e.Latency, threshold)
	}
}

// within judges an event by how long it took; one that doesn't tell is uncertain.
func within(known bool, took, threshold time.Duration) sli.Verdict {
	switch {
	case !known:
		return sli.Uncertain
	case took <= threshold:
		return sli.Good
	}
	return sli.Bad
}

// Latency is the options of the SLI.
type Latency struct {
	Threshold section.UnitDuration `yaml:"threshold" required:"true" doc:"what is quick enough, with its unit"`
	Target    section.Target       `yaml:"target" required:"true" doc:"percent of good events"`
	From      string               `yaml:"from" doc:"the name of a stage" otherwise:"where availability is measured"`
	Window    section.Duration     `yaml:"window" min:"1m" max:"1h" whole:"minutes" doc:"instead of the pipeline's"`
}

// Resolve takes the requests that availability calls good, at the same stage.
func (o *Latency) Resolve(d *Draft, _ string) (*sli.Rule, error) {
	from := o.From
	terms := sli.Terms{Threshold: time.Duration(o.Threshold)}
	if a := d.Rule(sli.Availability); a != nil {
		terms.Good, terms.AbortLimit = a.Terms.Good, a.Terms.AbortLimit
		if from == "" && d.Stage(a.Stages[0]).Facts.Latency {
			from = a.Stages[0]
		}
	}
	stage, err := first(d.Plan, from, func(f sli.Facts) bool { return f.Latency && (f.Gives(sli.Request) || f.Gives(sli.Answer)) }, "requests with a duration",
		"name a stage with an access_log that has a request time")
	if err != nil {
		return nil, err
	}
	unclear := "how long they took isn't known"
	population := "requests answered successfully, with a known duration"
	nothing, classify := "", RequestLatency(terms.Threshold, RequestAvailability(cmp.Or(terms.AbortLimit, AbortLimit)))
	if stage.Facts.Gives(sli.Answer) {
		population, nothing, classify = "all answers, whatever their status", "no answers", AnswerLatency(terms.Threshold)
		unclear = "the metric doesn't tell how many of them took no longer than " + sli.FormatDuration(terms.Threshold)
	}
	return &sli.Rule{
		Target:     float64(o.Target),
		Window:     time.Duration(o.Window),
		Terms:      terms,
		Method:     stage.Kind,
		Stages:     []string{stage.Name},
		Population: "requests",
		Quality:    sli.Exact,
		Formula:    "requests within " + sli.FormatDuration(terms.Threshold) + " / " + population,
		Nothing:    nothing,
		Classify:   classify,
		JudgesBy:   append(terms.Good.Fields(), sli.FieldStatus, sli.FieldLatency),
		Unclear:    unclear,
	}, nil
}
