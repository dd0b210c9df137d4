package indicator

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// surplusRule counts deliveries beyond all arrivals: records that were delivered again,
// where neither ids nor a signal tell them. It is an estimate; nil where ages don't tell
// how many records can have been on their way when the history begins.
func (path evidence) surplusRule() *sli.Rule {
	if path.Accepted == nil || path.Done == nil || path.Worker == nil || divisible(path.Plan, path.Accepted, path.Done) != nil {
		return nil
	}
	r := &sli.Rule{
		Kind:       sli.Kind(sli.Duplicate.String()),
		Method:     "surplus",
		Stages:     path.StageNames(),
		Population: "records",
		Quality:    sli.Estimate,
		Scope:      path.Done.Facts.Scope,
		Derive:     surplus{path},
	}
	r.Settle = path.Plan.SettleOf(r)
	return r
}

// surplus is by how much departures outgrow arrivals, minute by minute.
type surplus struct{ path evidence }

func (s surplus) Derive(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]sli.Counts {
	wide := sli.Window{From: w.From - lookBack, To: w.To}
	cells := map[sli.Minute]sli.Counts{}
	for i, more := range estimate.NewStagePath(s.path.model(h, 0), s.path.rows(h, wide)).Surplus() {
		if m := wide.From + sli.Minute(i); more.Known && w.Contains(m) {
			cells[m] = sli.Counts{Valid: more.Value}
		}
	}
	return cells
}
