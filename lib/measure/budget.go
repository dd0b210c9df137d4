package measure

import (
	"context"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// accounting tells budgets of what is recalled.
type accounting struct{ *recalled }

// Accounts are the error budgets of a run's pipelines, as the state holds them; periods
// gives those that are wanted of a plan at a due minute.
func Accounts(ctx context.Context, run Run, periods func(plan *sli.Plan, due sli.Minute) []slo.Period) (out []slo.Accounts, err error) {
	err = run.told(ctx, func(tx Tx, past *recalled) {
		accounts := slo.Accounts{Plan: past.plan}
		for _, l := range past.ledgers[:len(past.plan.Rules)] {
			accounts.SLIs = append(accounts.SLIs, accounting{past}.account(tx, l, periods))
		}
		out = append(out, accounts)
	})
	return out, err
}

// told visits what is known of each pipeline: what the state holds, what was put in from
// elsewhere, and what the sources said beside it, where the run has asked them already.
func (r Run) told(ctx context.Context, visit func(tx Tx, past *recalled)) error {
	beside := r.Scratch
	if beside == nil {
		beside = r.Store
	}
	return r.Store.View(ctx, func(tx Tx) error {
		return beside.View(ctx, func(scratch Tx) error {
			for _, p := range r.Pipelines {
				past, err := r.recall(tx, p)
				if err != nil {
					return err
				}
				said, err := r.recall(scratch, p)
				if err != nil {
					return err
				}
				past.past = true
				for i, l := range past.ledgers[:len(past.plan.Rules)] {
					l.join(tx, past.job)
					l.fill(said.ledgers[i], past.holes(l.rule), sli.Window{})
				}
				visit(tx, past)
			}
			return nil
		})
	})
}

func (p accounting) account(tx Tx, l *ledger, periods func(*sli.Plan, sli.Minute) []slo.Period) slo.Account {
	due := sli.Due(p.run.Now, l.rule.Settle)
	a := slo.Account{Rule: l.rule, Objective: slo.Of(p.plan, l.rule), Due: due, Burns: reporting{p.committed}.burns(l, due)}
	a.Pace, a.HasPace = slo.PaceOf(a.Objective, slo.Paces(a.Burns))
	ledger := p.ledgerOf(tx, l, due)
	for _, period := range periods(p.plan, due) {
		a.Statements = append(a.Statements, ledger.State(period, a.Pace))
	}
	return a
}

// ledgerOf is an SLI's ledger as budgets are told from it.
func (p accounting) ledgerOf(tx Tx, l *ledger, due sli.Minute) slo.Ledger {
	ledger := p.sums(l, due)
	ledger.Each = l.each
	ledger.Causes = func(m sli.Minute, bad float64) []slo.Cause { return p.causes(tx, l, m, bad) }
	ledger.Why = func(s sli.Intervals) map[string]int { return p.why(tx, l, s) }
	ledger.Exempt = func(s sli.Intervals) map[string]int { return p.plan.Exclude.Reasons(l.rule.Kind, s) }
	ledger.Filled = l.filledIn
	return ledger
}

// sums is a ledger without what is known of single minutes.
func (j *committed) sums(l *ledger, due sli.Minute) slo.Ledger {
	return slo.Ledger{
		Objective: slo.Of(j.plan, l.rule),
		Due:       due,
		Measured:  l.measured,
		Excluded:  func(w sli.Window) sli.Intervals { return j.plan.Exclude.Of(l.rule.Kind, w) },
		Sum:       l.sum,
	}
}

// each visits the minutes, of some, that something was counted in. It keeps no hour in
// memory that wasn't there: a year has many.
func (l *ledger) each(minutes sli.Intervals, visit func(sli.Minute, sli.Counts)) {
	for _, w := range minutes {
		for m := w.From; m < w.To; {
			h, _ := hourOf(m)
			_, held := l.cells.hours[h]
			for end := min(w.To, (h+1)*minutesPerHour); m < end; m++ {
				if c := l.get(m); !c.IsZero() {
					visit(m, c)
				}
			}
			if !held {
				delete(l.cells.hours, h)
			}
		}
	}
}

// filledIn is how many of some minutes came from elsewhere, by where.
func (l *ledger) filledIn(minutes sli.Intervals) map[string]int {
	minutes = minutes.Intersect(l.elsewhere.minutes)
	out := map[string]int{}
	for from, spans := range l.elsewhere.origins {
		if n := minutes.Intersect(sli.Intervals(spans)).Minutes(); n > 0 {
			out[from] = n
		}
	}
	return out
}

// usual is where bad events of a rule come from and what is wrong with them, as far as the
// rule alone tells. A record that isn't known to be late is lost.
func usual(rule *sli.Rule) (stage, class string) {
	first, last := rule.Stages[0], rule.Stages[len(rule.Stages)-1]
	switch rule.Kind {
	case sli.Latency:
		return first, "slow"
	case sli.Freshness:
		return last, "late"
	case sli.Correctness:
		return last, "wrong"
	case sli.Coverage:
		return last, "lost"
	}
	if rule.Derive != nil { // what was answered well, and didn't come out
		return last, "lost"
	}
	return first, ""
}
