package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// listen hears the round, a stretch at a time, and says of each what it means: however far
// back a question reaches, no more than a stretch of it is held. Only of a stage that may turn
// out to be silent nothing is said before that is known.
func (s *Source) listen(ctx context.Context, ask sli.Ask, r *reading, batch *sli.Batch) error {
	for {
		next := r.at.following(ctx)
		if next == nil {
			if r.round.err != nil {
				return r.round.err
			}
			return s.answer(ctx, ask, r, batch)
		}
		if r.first {
			batch.Calls += next.calls - r.at.calls
		}
		if err := r.failed(next); err != nil {
			if !r.shorten(ask, next, err) {
				return err
			}
			return s.answer(ctx, ask, r, batch)
		}
		r.at = next
		if r.told == nil {
			if len(s.stage.Asks)+len(s.stage.Names) > 0 && r.before.describeDue(ask.Now) {
				if err := s.describe(ctx, r, batch); err != nil {
					return err
				}
			}
			r.told = newMinuteAnswer(ask, r)
		}
		if r.unsaid = append(r.unsaid, next); len(s.unheard(r)) == 0 {
			s.say(ask, r, batch)
		}
	}
}

// failed is why one of the reading's metrics has no answer.
func (r *reading) failed(in *stretch) error {
	for _, m := range r.metrics {
		if err := in.series[m.identity()].Err; err != nil {
			return err
		}
	}
	return nil
}

// shorten leaves a stretch that failed, and what comes behind it, to the next reading, where
// that will ask for it.
func (r *reading) shorten(ask sli.Ask, failed *stretch, why error) bool {
	if ask.Again || ask.Final || len(r.unsaid) > 0 || failed.window.From <= r.window.From {
		return false
	}
	r.window.To, r.cut = min(r.window.To, failed.window.From), why
	return true
}

// say tells the minutes of what was heard and not said yet.
func (s *Source) say(ask sli.Ask, r *reading, batch *sli.Batch) {
	for _, heard := range r.unsaid {
		r.told.of(heard)
		for m := max(r.window.From, heard.window.From); m < min(r.window.To, heard.window.To); m++ {
			s.stage.Kind.Emit(r.told.minute(m))
		}
		if heard.window.Contains(r.window.To) {
			batch.Early = s.early(ask, r, heard)
		}
	}
	r.unsaid = nil
}

// answer says what of the round isn't told minute by minute.
func (s *Source) answer(ctx context.Context, ask sli.Ask, r *reading, batch *sli.Batch) error {
	p := r.before
	silent, err := s.listened(r)
	if err != nil {
		return err
	}
	p.Asked, p.HasAsked, p.Silence = r.window.To-1, true, ""
	batch.Inputs = r.known.Inputs
	batch.Warnings = append(batch.Warnings, p.Doubts...)
	r.skew(ask, batch)
	if len(silent) > 0 {
		p.Silence = fmt.Sprintf("no point in 14 days: %s; check the name, the dimensions and the region", strings.Join(silent, ", "))
		batch.Unanswered = p.silence()
		batch.Cursor = p.cursor()
		return nil
	}
	s.say(ask, r, batch)
	t := r.told
	batch.From, batch.To = r.window.Start(), ask.Now
	if r.cut != nil {
		behind := s.window(ask, r).To - r.window.To
		batch.To = ask.Now.Add(-time.Duration(behind) * time.Minute)
		if batch.Paused = ctx.Err() != nil; !batch.Paused {
			batch.Warnings = append(batch.Warnings, r.cut.Error())
		}
	}
	batch.Levels = append(batch.Levels, t.levels...)
	batch.Summaries = t.summaries
	batch.Missing = t.missing
	batch.Warnings = append(batch.Warnings, extended(r.metrics, r.at.series)...)
	batch.Warnings = append(batch.Warnings, t.doubts...)
	batch.Cursor = p.cursor()
	return nil
}

// hasEarly tells whether the minute after those that are due is over, so that some of its
// points may be there: the same call answers for them.
func (s *Source) hasEarly(r *reading) bool {
	return s.period == time.Minute && !r.window.To.End().After(r.now)
}

// early is what is there of the minute after those that are due.
func (s *Source) early(ask sli.Ask, r *reading, heard *stretch) *sli.EarlyMinute {
	if !s.hasEarly(r) {
		return nil
	}
	early := &sli.EarlyMinute{Minute: r.window.To, Cell: new(sli.StageCell)}
	seen := false
	ask.Emit = func(e *sli.Event) { seen = true; early.Cell.Count(e) }
	t := newMinuteAnswer(ask, r)
	t.of(heard)
	s.stage.Kind.Emit(t.minute(early.Minute))
	for _, l := range t.levels {
		early.Cell.Raise(l.Name, l.Value)
	}
	for _, v := range t.summaries {
		early.Cell.Describe(v.Name, v.Summary)
	}
	if !seen || len(t.missing) > 0 {
		return nil
	}
	return early
}

// unheard are the liveness metrics that never had a point, so far.
func (s *Source) unheard(r *reading) (metrics []Metric) {
	for _, m := range r.metrics {
		if s.stage.shows(m) && !slices.Contains(r.before.Seen, m.key()) && !r.at.series[m.identity()].any() && !s.proven(r) {
			metrics = append(metrics, m)
		}
	}
	return metrics
}

// listened notes which liveness metrics had a point and returns those that never were.
func (s *Source) listened(r *reading) (silent []string, err error) {
	p, unheard := r.before, s.unheard(r)
	for _, m := range r.metrics {
		if !s.stage.shows(m) || slices.Contains(p.Seen, m.key()) {
			continue
		}
		if !slices.ContainsFunc(unheard, func(u Metric) bool { return u.key() == m.key() }) {
			p.see(m.key())
			continue
		}
		m.Period = historyPeriod
		history := r.at.history[m.identity()]
		switch {
		case history == nil: // looked less than a day ago
			silent = append(silent, m.String())
		case history.Err != nil:
			return nil, history.Err
		case history.any():
			p.see(m.key())
		default:
			p.Looked = r.now.Unix()
			silent = append(silent, m.String())
		}
	}
	return silent, nil
}

// proven tells whether points of other metrics show that there is what the stage names.
func (s *Source) proven(r *reading) bool {
	return slices.ContainsFunc(r.metrics, func(m Metric) bool {
		return slices.Contains(s.stage.Proofs, m.key()) && r.at.series[m.identity()].any()
	})
}

// skewLimit is how far the host's clock may be off without a word.
const skewLimit = 5 * time.Second

// skew tells how far the run's clock is off the service's. A run that speaks of a
// past instant has no clock to compare.
func (r *reading) skew(ask sli.Ask, batch *sli.Batch) {
	d := r.at.skew.Abs().Round(time.Second)
	if !ask.Until.IsZero() || d <= skewLimit {
		return
	}
	direction := "ahead of"
	if r.at.skew > 0 {
		direction = "behind"
	}
	batch.Warnings = append(batch.Warnings, fmt.Sprintf("this host's clock is %s %s AWS's; check its time service", d, direction))
	batch.Levels = append(batch.Levels, sli.Level{Minute: r.window.To - 1, Name: LevelSkew, Value: d.Seconds()})
}
