package sli

import "time"

// surplusRule counts deliveries beyond all arrivals: records that were delivered again,
// where neither ids nor a signal tell them. It is an estimate; nil where ages don't tell
// how many records can have been on their way when the history begins.
func (path Path) surplusRule() *Rule {
	if path.accepted == nil || path.done == nil || path.worker == nil || path.plan.divisible(path.accepted, path.done) != nil {
		return nil
	}
	r := &Rule{
		Spec:       Spec{Kind: Kind(Duplicate.String())},
		Method:     "surplus",
		Stages:     path.stages(),
		Population: "records",
		Quality:    Estimate,
		Scope:      path.done.Facts.Scope,
		Derive:     surplus{path},
	}
	r.Settle = path.plan.settleOf(r)
	return r
}

// surplus is by how much departures have outgrown arrivals, and the most that can have
// been on its way before them, minute by minute.
type surplus struct{ path Path }

func (s surplus) Derive(h History, w Window, _ time.Time) map[Minute]Counts {
	wide := Window{w.From - lookBack, w.To}
	path := NewStagePath(s.path.model(h, 0), s.path.rows(h, wide))
	cells := map[Minute]Counts{}
	begun := false
	var balance, most float64 // departures less arrivals, from the beginning on
	for i := range wide.Minutes() {
		row, answered := path.at(i)
		out, counted := row.departures()
		if !answered || !counted || !row.In.Known {
			begun = false
			continue
		}
		if !begun {
			young := path.young(i)
			if !young.Known {
				continue
			}
			begun, balance, most = true, 0, young.Value
		}
		balance += out - row.In.Value
		if m := wide.From + Minute(i); w.Contains(m) {
			cells[m] = Counts{Valid: Weight(max(0, balance-most))}
		}
		most = max(most, balance)
	}
	return cells
}
