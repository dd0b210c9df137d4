package measure

import (
	"context"
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Exported is what an export visits: the due minutes of a stretch, each with its own
// time.
type Exported struct {
	Events func(plan *sli.Plan, kind sli.Kind, m sli.Minute, c sli.Counts)
	Age    func(plan *sli.Plan, m sli.Minute, seconds float64)
	// Missing are minutes of an SLI that neither the state nor the sources have measured,
	// of as many as are due.
	Missing func(plan *sli.Plan, kind sli.Kind, missing sli.Intervals, due int)
}

// Export visits the due minutes of w in order, rule by rule: from the state as it is
// committed, and those that it doesn't have from the sources, which are then asked from
// the beginning of w on. The report is of asking them, nil where nothing was lacking.
func Export(ctx context.Context, run Run, w sli.Window, visit Exported) (*sli.Report, error) {
	var asked *sli.Report
	look := context.WithoutCancel(ctx) // what is known is printed whatever hangs
	lacking, err := run.lacking(look, w)
	if err != nil {
		return nil, err
	}
	if len(lacking) > 0 && run.Scratch != nil {
		sub := run
		sub.Pipelines, sub.Since, sub.History = lacking, w.Start().Add(-time.Minute), false
		if asked, err = sub.beside(ctx, 1); err != nil {
			return nil, err
		}
	}
	return asked, run.Store.View(look, func(tx Tx) error {
		if asked == nil {
			return run.export(tx, tx, w, visit)
		}
		return run.Scratch.View(look, func(scratch Tx) error { return run.export(tx, scratch, w, visit) })
	})
}

// export visits what the state holds, and what the other store does beside it.
func (r Run) export(tx, scratch Tx, w sli.Window, visit Exported) error {
	for _, p := range r.Pipelines {
		past, err := r.recall(tx, p)
		if err != nil {
			return err
		}
		beside, err := r.recall(scratch, p)
		if err != nil {
			return err
		}
		past.past, beside.past = true, true
		for i, l := range past.ledgers[:len(past.plan.Rules)] {
			l.fill(beside.ledgers[i], past.holes(l.rule), w)
			past.export(l, w, visit)
		}
		if visit.Age != nil && past.plan.HasAge() {
			exportAges(tx, w, past, beside, visit)
		}
	}
	return nil
}

// lacking are the pipelines of whose due minutes in w the state has not all.
func (r Run) lacking(ctx context.Context, w sli.Window) (lacking []Pipeline, err error) {
	err = r.Store.View(ctx, func(tx Tx) error {
		lacking = nil
		for _, p := range r.Pipelines {
			past, err := r.recall(tx, p)
			if err != nil {
				return err
			}
			for _, l := range past.ledgers[:len(past.plan.Rules)] {
				if len((sli.Intervals{past.due(l.rule, w)}).Minus(l.answered).Minus(past.refused(l.rule)).Minus(past.holes(l.rule))) > 0 {
					lacking = append(lacking, p)
					break
				}
			}
		}
		return nil
	})
	return lacking, err
}

// due is the part of w that is due for a rule.
func (j *recalled) due(rule *sli.Rule, w sli.Window) sli.Window {
	return sli.Window{From: w.From, To: max(w.From, min(w.To, sli.Due(j.run.Now, rule.Settle)+1))}
}

func (p *recalled) export(l *ledger, w sli.Window, visit Exported) {
	due := p.due(l.rule, w)
	measured := l.measured.Within(due)
	for _, span := range measured {
		for m := span.From; m < span.To; m++ {
			visit.Events(p.plan, l.rule.Kind, m, l.get(m))
		}
	}
	if missing := (sli.Intervals{due}).Minus(measured); visit.Missing != nil && len(missing) > 0 && due.Minutes() > 0 {
		visit.Missing(p.plan, l.rule.Kind, missing, due.Minutes())
	}
}

// exportAges visits the ages of w: those that were told, else those that the evidence
// gives that is there.
func exportAges(tx Tx, w sli.Window, past, beside *recalled, visit Exported) {
	told := openAges(tx, past.plan.Name)
	due := sli.Due(past.run.Now, past.plan.Sources())
	for m := w.From; m < min(w.To, due+1); {
		if seconds, ok := told.get(m); ok {
			visit.Age(past.plan, m, seconds)
			m++
			continue
		}
		last := min(m+indicator.AgesBack, w.To-1, due)
		var ages []float64
		if m-sli.Minute(past.back()/time.Minute) >= past.kept { // what is left of the evidence would tell another age
			ages = past.assessed(last)
		}
		if ages == nil && beside != past {
			ages = beside.assessed(last)
		}
		for ; m <= last; m++ {
			if seconds, ok := told.get(m); ok {
				visit.Age(past.plan, m, seconds)
			} else if i := len(ages) - 1 - int(last-m); i >= 0 && !math.IsNaN(ages[i]) {
				visit.Age(past.plan, m, ages[i])
			}
		}
	}
}

// assessed are the ages of the last minutes up to one, nil where nothing is known.
func (p *recalled) assessed(last sli.Minute) []float64 {
	if p.rec.Ran.IsZero() {
		return nil
	}
	p.speak(last)
	return indicator.Assess(p.plan, p.history(), last, p.plan.Window).Ages
}
