package indicator

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// delivered is availability of what was accepted, up to where it is delivered: a
// request is good when it was answered with a good status and its record, where it was
// accepted, wasn't given up until the minute's end + the deadline.
//
// By ids it is exact. By counts, what is given up is taken from the good requests of its
// own minute, and of those before it where these are too few: an estimate.
func (o *Availability) delivered(draft *Draft) (*sli.Rule, error) {
	rule, err := o.answered(draft, "")
	if err != nil {
		return nil, err
	}
	draft.Rule(sli.Freshness) // by which coverage's deadline may go
	draft.Rule(sli.Coverage)  // which says by what records are followed
	p := draft.Plan
	front := p.Stage(rule.Stages[0])
	d := delivered{path: evidenceOf(p), front: front.Name, deadline: p.Deadline()}
	for i := range p.Stages {
		if s := &p.Stages[i]; s.Facts.Gives(sli.Dropped) || s.Facts.Gives(sli.DeadLettered) {
			d.losing = append(d.losing, s.Name)
		}
	}
	if len(d.losing) == 0 {
		return nil, unfit("from: delivered needs a stage that counts what is given up",
			"say is: dropped or is: dead_lettered in the worker's app_log, or name event_source_mapping: on the lambda stage or dead_letter_queue: on the sqs stage")
	}
	if f := p.Following(); f != nil && f.Whole && d.path.Accepted.Name == d.front {
		d.byIDs = true
		rule.Stages = f.Stages
	} else {
		rule.Quality = sli.Estimate
		for _, name := range d.losing {
			if err := divisible(p, front, p.Stage(name)); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range append([]string{d.front}, d.losing...) {
		if !slices.Contains(rule.Stages, name) {
			rule.Stages = append(rule.Stages, name)
		}
	}
	d.stages = rule.Stages
	rule.Method = fromDelivered
	rule.Formula = "requests answered with a good status whose records weren't dropped, dead-lettered or lost to retention within " + sli.FormatDuration(d.deadline) + " / requests"
	rule.Terms.Deadline, rule.Extra, rule.Derive = d.deadline, d.deadline, d
	return rule, nil
}

// delivered takes from the good requests those whose records were given up.
type delivered struct {
	path     evidence
	front    string
	losing   []string // stages that count what is given up
	stages   []string // that must have answered
	deadline time.Duration
	byIDs    bool
}

// Judged is a History with what a rule's own events were judged to be, for a Derivation
// that goes on from there.
type Judged interface {
	sli.History
	Judged(m sli.Minute) sli.Counts
}

func (d delivered) Derive(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	events, ok := h.(Judged)
	if !ok {
		return cells
	}
	answered := answeredBy(h, d.stages, w)
	given := d.counted
	if d.byIDs {
		given = d.followed
	}
	losses := given(events, w)
	for m := w.From; m < w.To; m++ {
		if !wholly(answered, sli.Window{From: m, To: sli.MinuteAt(m.End().Add(d.deadline))}) {
			continue
		}
		lost, known := losses[m]
		if d.byIDs && !known {
			continue
		}
		c := events.Judged(m)
		c.Good = max(0, c.Good-lost)
		cells[m] = c
	}
	return cells
}

// followed is, minute by minute of acceptance, how many records were given up, by their ids;
// of minutes of which that isn't known there is nothing.
func (d delivered) followed(h Judged, w sli.Window) map[sli.Minute]float64 {
	losses := map[sli.Minute]float64{}
	ids := sli.FollowedIDs(h)
	if ids == nil {
		return losses
	}
	retention := d.path.retention(h)
	for m := w.From; m < w.To; m++ {
		if cohort, known := ids.Cohort(m); known {
			losses[m] = cohort.GivenUp
			if retention > 0 && retention <= d.deadline {
				losses[m] = cohort.Open
			}
			losses[m] *= ids.Sampled()
		}
	}
	return losses
}

// counted spreads what each minute gave up over the good requests of the minutes up to it,
// the newest first, as far back as the deadline.
func (d delivered) counted(h Judged, w sli.Window) map[sli.Minute]float64 {
	losses := map[sli.Minute]float64{}
	reach := sli.Minute((d.deadline + time.Minute - 1) / time.Minute)
	for at := w.From; at < w.To+reach; at++ {
		left := 0.0
		for _, name := range d.losing {
			if c := h.Cell(name, at); c != nil {
				left += c.Signals[sli.Dropped] + c.Signals[sli.DeadLettered]
			}
		}
		for m := at; left > 0 && m >= max(w.From, at-reach); m-- {
			part := min(left, max(0, h.Judged(m).Good-losses[m]))
			losses[m] += part
			left -= part
		}
	}
	return losses
}
