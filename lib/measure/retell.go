package measure

import (
	"context"
	"iter"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Holds tells whether the state has the whole of a stretch, of all SLIs of the run's
// pipelines by their present rules: it begins before, runs went on to its end, and what lies up
// to lead before it, on which its first verdicts rest, wasn't forgotten meanwhile. Minutes
// within it that no run could measure are held as such.
func Holds(ctx context.Context, run Run, w sli.Window, lead time.Duration) (holds bool, err error) {
	rests := w.From - sli.Minute(lead/time.Minute)
	return holds, run.Store.View(ctx, func(tx Tx) error {
		holds = true
		for _, p := range run.Pipelines {
			past, err := run.recall(tx, p)
			if err != nil {
				return err
			}
			holds = holds && !past.rec.Ran.Before(w.End())
			for _, l := range past.ledgers[:len(past.plan.Rules)] {
				holds = holds && l.record.HasSince && l.record.Since <= w.From && (past.rec.History <= rests || past.rec.History <= l.record.Since)
			}
		}
		return nil
	})
}

// Retell gives the reports of past instants, in order, from what the state holds alone: what
// was opened for one is used for all.
func Retell(ctx context.Context, run Run, instants iter.Seq[time.Time], visit func(*sli.Pipeline, time.Time)) error {
	return run.Store.View(ctx, func(tx Tx) error {
		for _, p := range run.Pipelines {
			var past *recalled
			var came, judged []*hindsight // of each ledger
			for now := range instants {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				run.Now, run.Until = now, now
				if past == nil {
					var err error
					if past, err = run.recall(tx, p); err != nil {
						return err
					}
					past.past = true
					for _, l := range past.ledgers {
						came = append(came, newHindsight(past.changesAfter(tx, arrivals, l.rule, now)))
						judged = append(judged, newHindsight(past.changesAfter(tx, revisions, l.rule, now)))
					}
				}
				past.run = run
				for i, l := range past.ledgers {
					l.later = came[i].at(now)
					l.undo(judged[i].at(now))
				}
				visit(past.tell(tx, nil), now)
			}
		}
		return nil
	})
}
