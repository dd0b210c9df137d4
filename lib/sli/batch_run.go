package sli

import (
	"slices"
	"time"
)

// batchRun is the run that goes on at the end of a minute, nil if none does or none is
// known to: only jobs that log their starts show it.
func batchRun(p *Plan, h History, due Minute) *BatchRun {
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
	for m := due - UpdateReach(f.every); m <= due; m++ {
		c := CellAt(h, f.stage, m)
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
