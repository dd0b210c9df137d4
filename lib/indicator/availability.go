package indicator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
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
		case sli.AbortStatus(e.Status):
			if e.HasLatency && e.Latency > abortLimit || !e.HasLatency && e.Lasted > abortLimit {
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

// Availability is the options of the SLI.
type Availability struct {
	Target     section.Target   `yaml:"target" required:"true" doc:"percent of good events"`
	Good       conditions       `yaml:"good" doc:"what a good answer is" otherwise:"status: \"<500\""`
	AbortLimit section.Duration `yaml:"abort_limit" default:"10s" doc:"a client abort (499, 460) is bad if it lasted longer, else uncertain"`
	From       string           `yaml:"from" doc:"front, delivered (answered well, and not given up by the deadline of coverage) or the name of a stage" otherwise:"the first stage that counts requests"`
	Window     section.Duration `yaml:"window" min:"1m" max:"1h" whole:"minutes" doc:"instead of the pipeline's"`
}

// fromDelivered is a word of from: that is no stage's name.
const fromDelivered = "delivered"

// Resolve takes the answers of a stage, or follows what was accepted up to where it is
// delivered.
func (o *Availability) Resolve(d *Draft, _ string) (*sli.Rule, error) {
	if o.From == fromDelivered {
		return o.delivered(d)
	}
	from := o.From
	if from == "front" {
		from = ""
	}
	return o.answered(d, from)
}

// answered is availability as far as the answer.
func (o *Availability) answered(d *Draft, from string) (*sli.Rule, error) {
	good, err := o.Good.match()
	if err != nil {
		return nil, err
	}
	stage, err := first(d.Plan, from, func(f sli.Facts) bool { return f.Gives(sli.Request) }, "requests",
		"name a stage with an access_log or a load balancer")
	if err != nil {
		return nil, err
	}
	for _, name := range good.Fields() {
		if may := stage.Facts.Judges; may != nil && !slices.Contains(may, name) {
			return nil, unfit(fmt.Sprintf("good: stage %s counts elsewhere, and can't be asked for each request's %s", stage.Name, name),
				"ask for "+strings.Join(may, " or ")+"; or let where: leave requests out")
		}
	}
	abortLimit := time.Duration(o.AbortLimit)
	rule := &sli.Rule{
		Target:     float64(o.Target),
		Window:     time.Duration(o.Window),
		Terms:      sli.Terms{AbortLimit: abortLimit, Good: good},
		Method:     stage.Kind,
		Stages:     []string{stage.Name},
		Population: "requests",
		Quality:    sli.Exact,
		Formula:    "requests answered with a good status / requests",
		Classify:   RequestAvailability(cmp.Or(abortLimit, AbortLimit)),
		JudgesBy:   append(good.Fields(), sli.FieldStatus),
		Unclear:    "their status isn't known",
	}
	if !good.Empty() {
		rule.Unclear = "whether they meet good: isn't known"
	}
	if s := d.ProverStage(); s != nil {
		rule.OptionalStages = []string{s.Name}
		rule.Classify = withUninjected(rule.Classify)
	}
	return rule, nil
}
