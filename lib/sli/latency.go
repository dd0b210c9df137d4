package sli

import "time"

// RequestLatency judges how quickly requests were answered: valid = requests that
// were answered successfully, with a known duration; good = within the threshold.
// Where it can't be told whether a request succeeded, nor can this. Failed requests are
// availability's, so that fast failures don't flatter; and so are those
// whose latency is a connection's life.
func RequestLatency(threshold time.Duration, answered Classifier) Classifier {
	return func(e *Event) Verdict {
		switch verdict := answered(e); {
		case e.Lived():
		case verdict == Good:
			return quick(e, threshold)
		case verdict == Uncertain:
			return Uncertain
		}
		return NotValid
	}
}

// AnswerLatency judges counted answers, where the requests behind them aren't known: a
// load balancer's. Its population is every answer, whatever its status. An event's
// latency lies on the right side of every threshold that was asked for; it has none
// where the source can't tell the side.
func AnswerLatency(threshold time.Duration) Classifier {
	return func(e *Event) Verdict {
		if e.Signal != Answer {
			return NotValid
		}
		return quick(e, threshold)
	}
}

func quick(e *Event, threshold time.Duration) Verdict {
	switch {
	case !e.HasLatency:
		return Uncertain
	case e.Latency <= threshold:
		return Good
	}
	return Bad
}

func latencyRule(p *Plan, spec *Spec) (*Rule, error) {
	// Latency speaks of the requests that availability calls good, at the same stage.
	from := spec.From
	if a := p.Rule(Availability); a != nil {
		spec.Good, spec.AbortLimit = a.Good, a.AbortLimit
		if from == "" && p.Stage(a.Stages[0]).Facts.Latency {
			from = a.Stages[0]
		}
	}
	stage, err := first(p, from, func(f Facts) bool { return f.Latency && (f.Gives(Request) || f.Gives(Answer)) }, "requests with a duration",
		"name a stage with an access_log that has a request time")
	if err != nil {
		return nil, err
	}
	unclear := "how long they took isn't known"
	population := "requests answered successfully, with a known duration"
	classify := RequestLatency(spec.Threshold, RequestAvailability(spec.abortLimit()))
	if stage.Facts.Gives(Answer) {
		population, classify = "all answers, whatever their status", AnswerLatency(spec.Threshold)
		unclear = "the metric doesn't tell how many of them took no longer than " + FormatDuration(spec.Threshold)
	}
	return &Rule{
		Method:     stage.Kind,
		Stages:     []string{stage.Name},
		Population: "requests",
		Quality:    Exact,
		Formula:    "requests within " + FormatDuration(spec.Threshold) + " / " + population,
		Classify:   classify,
		JudgesBy:   append(spec.Good.Fields(), FieldStatus, FieldLatency),
		Unclear:    unclear,
	}, nil
}
