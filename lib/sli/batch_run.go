package sli

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/words"
)

// BatchRun is a run of a batch job that has begun and isn't done.
type BatchRun struct {
	Began Minute
	Usual time.Duration // how long runs take, the median of those seen to the minute; 0 unknown
}

// batchRun is the run that goes on at the end of a minute, nil if none does or none is
// known to: only jobs that log their starts show it.
func (p *Plan) batchRun(h History, due Minute) *BatchRun {
	r := p.Rule(Freshness)
	if r == nil {
		return nil
	}
	f, ok := r.Derive.(freshnessByUpdates)
	if !ok || !f.stage.Facts.Gives(RunStart) {
		return nil
	}
	var run *BatchRun
	var took []time.Duration
	for m := due - updateReach(f.every); m <= due; m++ {
		c := cell(h, f.stage, m)
		if c.Signals[RunStart] > 0 {
			run = &BatchRun{Began: m}
		}
		if c.Signals[RunDone] > 0 && run != nil {
			took, run = append(took, m.Start().Sub(run.Began.Start())), nil
		}
	}
	if run != nil && len(took) > 0 {
		slices.Sort(took)
		run.Usual = took[len(took)/2]
	}
	return run
}

// Message says since when and for how long it has been running at an instant, whose zone
// it is told in.
func (r *BatchRun) Message(at time.Time) words.Message {
	began := r.Began.Start()
	since, running := began.In(at.Location()).Format("15:04"), FormatDuration(at.Sub(began).Truncate(time.Minute))
	if r.Usual > 0 {
		return words.RunSinceUsual.With(since, running, FormatDuration(r.Usual))
	}
	return words.RunSince.With(since, running)
}
