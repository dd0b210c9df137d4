package measure

import (
	"context"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Minute is one SLI's counts of one due minute.
type Minute struct {
	Plan   *sli.Plan
	Kind   sli.Kind
	Minute sli.Minute
	Counts sli.Counts
}

// Export visits the due, measured minutes of w in order, rule by rule, from the
// cells as they are committed.
func Export(ctx context.Context, run Run, w sli.Window, visit func(Minute)) error {
	return run.Store.View(ctx, func(tx Tx) error {
		for _, p := range run.Pipelines {
			j, err := run.newJob(tx, p)
			if err != nil {
				return err
			}
			for _, s := range j.stages {
				s.record = s.loaded
			}
			for _, rule := range j.plan.Rules {
				j.export(tx, rule, w, visit)
			}
		}
		return nil
	})
}

func (j *job) export(tx Tx, rule *sli.Rule, w sli.Window, visit func(Minute)) {
	l := &ledger{rule: rule}
	if !getRecord(tx, ruleKey(j.plan.Name, rule.Kind), &l.record) || l.record.Fingerprint != short(j.plan.Fingerprint(rule)) {
		return
	}
	l.cells = openRuleCells(tx, ruleCellPrefix(j.plan.Name, rule.Kind, l.record.Fingerprint))
	measured := l.record.Derived
	if rule.Derive == nil {
		measured = j.measured(l, (*stageJob).measured)
	}
	due := sli.Window{From: w.From, To: min(w.To, sli.Due(j.run.Now, rule.Settle)+1)}
	for _, span := range measured.Within(due).Minus(sli.Spans(l.record.Doubtful)) {
		for m := span.From; m < span.To; m++ {
			visit(Minute{Plan: j.plan, Kind: rule.Kind, Minute: m, Counts: l.cells.get(m)})
		}
	}
}
