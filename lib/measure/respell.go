package measure

import (
	"context"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// outdated is what has to be carried over of histories that an earlier release spelled otherwise.
func (r Run) outdated(tx Tx) (todo []respelling) {
	for _, p := range r.Pipelines {
		var rec pipelineRecord
		if getRecord(tx, pipelineKey(p.Plan.Name), &rec); r.foreign(p.Plan, rec) != nil {
			continue
		}
		now := p.Plan.Zoned(zoneless(tx, p.Plan.Name))
		if spells(tx, now) {
			continue
		}
		for _, then := range now.Former() {
			todo = append(todo, respelling{then, now})
		}
	}
	return todo
}

// respell carries histories over.
func (r Run) respell(ctx context.Context, todo []respelling) error {
	return r.Store.Update(ctx, func(tx Tx) error {
		for _, t := range todo {
			t.do(tx)
		}
		return nil
	})
}

// spells tells whether a plan spells all histories that have begun as they are.
func spells(tx Tx, plan *sli.Plan) bool {
	for _, stage := range plan.Stages {
		var s stageRecord
		if getRecord(tx, stageKey(plan.Name, stage.Name, stage.Facts.Reads), &s) && s.Fingerprint != short(stage.Fingerprint()) {
			return false
		}
	}
	for _, rule := range plan.All() {
		var r ruleRecord
		if getRecord(tx, ruleKey(plan.Name, rule.Kind), &r) && r.Fingerprint != short(plan.Fingerprint(rule)) {
			return false
		}
	}
	return true
}

// zoneless tells of which stages stamps without zone were read.
func zoneless(tx Tx, pipeline string) func(sli.Stage) bool {
	return func(stage sli.Stage) bool {
		var s stageRecord
		return getRecord(tx, stageKey(pipeline, stage.Name, stage.Facts.Reads), &s) && s.Zone != ""
	}
}

// respelling is two ways of spelling a plan that mean the same.
type respelling struct{ from, to *sli.Plan }

// do gives the histories that are spelled one way to the other.
func (r respelling) do(tx Tx) {
	name := r.to.Name
	for i, stage := range r.to.Stages {
		a, b := short(r.from.Stages[i].Fingerprint()), short(stage.Fingerprint())
		at := stageKey(name, stage.Name, stage.Facts.Reads)
		var rec stageRecord
		if a == b || !getRecord(tx, at, &rec) || rec.Fingerprint != a {
			continue
		}
		move{stageCellPrefix(name, stage.Name, a), stageCellPrefix(name, stage.Name, b)}.do(tx)
		rec.Fingerprint = b
		putRecord(tx, at, rec)
	}
	for _, rule := range r.to.All() {
		a, b := short(r.from.Fingerprint(rule)), short(r.to.Fingerprint(rule))
		at := ruleKey(name, rule.Kind)
		var rec ruleRecord
		if a == b || !getRecord(tx, at, &rec) || rec.Fingerprint != a {
			continue
		}
		move{ruleCellPrefix(name, rule.Kind, a), ruleCellPrefix(name, rule.Kind, b)}.do(tx)
		move{key("i", name, a, ""), key("i", name, b, "")}.do(tx)
		for _, family := range besideCells {
			move{rulePrefix(family, name, rule.Kind, a), rulePrefix(family, name, rule.Kind, b)}.do(tx)
		}
		rec.Fingerprint = b
		putRecord(tx, at, rec)
	}
}

// zoned is the job with its plan as it is spelled now: another run may have read the first
// stamps without zone meanwhile.
func (j *job) zoned(tx Tx) *job {
	z := *j
	z.plan = j.unzoned.Zoned(zoneless(tx, j.unzoned.Name))
	return &z
}

// respell carries the histories over when a stage has read its first stamps without zone:
// from now on the host's zone is part of their rules.
func (j committing) respell(tx Tx) {
	respelling{j.plan, j.unzoned.Zoned(func(stage sli.Stage) bool {
		return slices.ContainsFunc(j.stages, func(s *committedStage) bool { return s.stage.Name == stage.Name && s.record.Zone != "" })
	})}.do(tx)
}
