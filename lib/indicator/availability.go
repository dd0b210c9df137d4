package indicator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// AbortLimit is how long a request whose client went away must have lasted for the
// abort to count as the service's fault, unless configured.
const AbortLimit = 10 * time.Second

// RequestAvailability judges requests: valid = requests, good = answered with a good
// status (by default anything but 500–599; SRE workbook, appendix A).
//
// A status outside 100–599 is uncertain. A client abort (nginx 499, ALB 460) is bad
// if it lasted longer than abortLimit, else Aborted: the service was not given the time
// to answer.
func RequestAvailability(abortLimit time.Duration) sli.Classifier {
	return func(e *sli.Event) sli.Verdict {
		if e.Signal != sli.Request {
			return sli.NotValid
		}
		switch {
		case e.Status == 499 || e.Status == 460:
			if e.HasLatency && e.Latency > abortLimit {
				return sli.Bad
			}
			return sli.Aborted
		case e.Good != sli.NotValid:
			return e.Good
		case e.Status < 100 || e.Status > 599:
			return sli.Uncertain
		case e.Status >= 500:
			return sli.Bad
		}
		return sli.Good
	}
}

func availabilityRule(p *sli.Plan, spec *sli.Spec) (*sli.Rule, error) {
	if spec.From == "delivered" {
		return deliveredRule(p, spec)
	}
	return answeredRule(p, spec)
}

// answeredRule is availability as far as the answer.
func answeredRule(p *sli.Plan, spec *sli.Spec) (*sli.Rule, error) {
	stage, err := first(p, spec.From, func(f sli.Facts) bool { return f.Gives(sli.Request) }, "requests",
		"name a stage with an access_log or a load balancer")
	if err != nil {
		return nil, err
	}
	for _, name := range spec.Good.Fields() {
		if may := stage.Facts.Judges; may != nil && !slices.Contains(may, name) {
			return nil, unfit(fmt.Sprintf("good: stage %s counts elsewhere, and can't be asked for each request's %s", stage.Name, name),
				"ask for "+strings.Join(may, " or ")+"; or let where: leave requests out")
		}
	}
	rule := &sli.Rule{
		Method:     stage.Kind,
		Stages:     []string{stage.Name},
		Population: "requests",
		Quality:    sli.Exact,
		Formula:    "requests answered with a good status / requests",
		Classify:   RequestAvailability(abortLimit(spec)),
		JudgesBy:   append(spec.Good.Fields(), sli.FieldStatus),
		Unclear:    "their status isn't known",
	}
	if !spec.Good.Empty() {
		rule.Unclear = "whether they meet good: isn't known"
	}
	if s := p.ProverStage(); s != nil {
		rule.Hears = []string{s.Name}
		rule.Classify = withUninjected(rule.Classify)
	}
	return rule, nil
}

func abortLimit(s *sli.Spec) time.Duration {
	if s.AbortLimit > 0 {
		return s.AbortLimit
	}
	return AbortLimit
}
