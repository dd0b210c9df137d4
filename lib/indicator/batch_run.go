package indicator

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// batchRun is the run that goes on at the end of a minute, nil if none does or none is
// known to: only jobs that log their starts show it.
func batchRun(p *sli.Plan, h sli.History, due sli.Minute) *sli.BatchRun {
	r := p.Rule(sli.Freshness)
	if r == nil {
		return nil
	}
	f, ok := r.Derive.(freshnessByUpdates)
	if !ok || !f.stage.Facts.Gives(sli.RunStart) {
		return nil
	}
	var run *sli.BatchRun
	var took []time.Duration
	for m := due - sli.UpdateReach(f.every); m <= due; m++ {
		c := sli.CellAt(h, f.stage, m)
		if c.Signals[sli.RunStart] > 0 {
			run = &sli.BatchRun{Began: m}
		}
		if c.Signals[sli.RunDone] > 0 && run != nil {
			took, run = append(took, m.Start().Sub(run.Began.Start())), nil
		}
	}
	if run != nil && len(took) > 0 {
		slices.Sort(took)
		run.Usual = took[len(took)/2]
	}
	return run
}
