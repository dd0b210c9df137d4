package measure

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// report makes the pipeline's part of the report from the committed cells.
func (j *job) report(tx Tx, ledgers []*ledger, rec *pipelineRecord) *sli.Pipeline {
	p := &sli.Pipeline{Plan: j.plan, Point: rec.Pending, Measured: 1}
	if rec.Pending != nil {
		p.Skipped = rec.Pending.Skipped
	}
	for _, l := range ledgers[:len(j.plan.Rules)] {
		result := j.result(l)
		for _, o := range ledgers[len(ledgers)-len(j.plan.Others):] {
			if o.rule.Beside == l.rule.Kind {
				result.Others = append(result.Others, j.result(o))
			}
		}
		p.Results = append(p.Results, result)
		p.Measured = min(p.Measured, result.Measured)
	}
	a := j.plan.Assess(j.history(), sli.Due(j.run.Now, j.plan.Sources()), j.plan.Window)
	j.stand(rec, &a, sli.Due(j.run.Now, j.plan.Sources()))
	p.Age, p.Ages, p.State, p.Flow, p.Means, p.Run = a.Age, a.Ages, a.State, a.Flow, a.Delay, a.Run
	p.Warnings = append(p.Warnings, a.Notes...)
	p.Delay = j.delays()
	answered := sli.Spans{{From: 0, To: maxMinute}}
	for _, s := range j.stages {
		p.Stages = append(p.Stages, j.stageReport(s, a.Delay))
		if !s.stage.Facts.Proves() { // whose answers take a deadline
			answered = answered.Intersect(s.record.measured())
		}
	}
	if n := len(answered); n > 0 && len(j.stages) > 0 {
		p.Newest, p.HasNewest = answered[n-1].To-1, true
	} else {
		p.Newest = min(rec.Born, sli.Ending(sli.Due(j.run.Now, j.plan.Settle()), j.plan.Window).From) - 1
	}
	return p
}

// lost is the report of a pipeline of which nothing can be said but why.
func (j *job) lost() *sli.Pipeline {
	p := &sli.Pipeline{Plan: j.plan}
	for _, rule := range j.plan.Rules {
		due := sli.Due(j.run.Now, rule.Settle)
		p.Results = append(p.Results, &sli.Result{Rule: rule, Status: sli.NotMeasured, Due: due, Window: sli.Ending(due, rule.Window)})
	}
	due := sli.Due(j.run.Now, j.plan.Settle())
	for _, stage := range j.plan.Stages {
		w := sli.Ending(due, j.plan.Window)
		p.Stages = append(p.Stages, &sli.StageReport{Stage: stage, Err: j.broken, Cell: new(sli.StageCell), From: w.Start(), To: w.End()})
	}
	p.Newest = sli.Ending(due, j.plan.Window).From - 1
	return p
}

// delays is the cells of the window whose records' delays are known, nil where no
// stage knows them.
func (j *job) delays() *sli.StageCell {
	for _, s := range j.stages {
		if s.stage.Facts.Delay {
			return s.cells.window(j.window(s))
		}
	}
	return nil
}

// window is what a stage's numbers speak of.
func (j *job) window(s *stageJob) sli.Window {
	if j.run.All {
		return sli.Window{From: 0, To: 1} // where everything is one cell
	}
	return sli.Ending(sli.Due(j.run.Now, s.stage.Facts.Settle), j.plan.Window)
}

// result is an SLI's outcome over the window of its newest due minute.
func (j *job) result(l *ledger) *sli.Result {
	r := &sli.Result{
		Rule:     l.rule,
		Due:      sli.Due(j.run.Now, l.rule.Settle),
		Since:    l.record.Since,
		HasSince: l.record.HasSince,
	}
	r.Window = sli.Ending(r.Due, l.rule.Window)
	if j.run.All {
		r.Window = extent(l.measured, r.Window)
	}
	excluded := j.plan.Exclude.Of(l.rule.SLI(), r.Window)
	r.Excluded = excluded.Minutes()
	measured := difference(l.measured.Within(r.Window), excluded)
	if asked := r.Window.Minutes() - r.Excluded; asked > 0 {
		r.Measured = float64(measured.Minutes()) / float64(asked)
	}
	r.Counts = l.cells.sum(measured)
	if r.Status = sli.Outcome(r.Counts, r.Measured); r.Status == sli.NotMeasured {
		r.Counts = l.cells.sum(difference(sli.Spans{r.Window}, excluded))
	}
	if j.run.History && l.rule.Beside == "" {
		j.spending(l, r)
	}
	if bounding, ok := l.rule.Derive.(sli.Bounding); ok {
		r.Bounds, r.Warnings = bounding.Bound(j.history(), r.Window, j.run.Now)
	} else if l.rule.Bound != nil {
		r.Bounds, r.Warnings = l.rule.Bound(r.Counts)
	}
	return r
}

// extent is the window from the first to the last measured minute.
func extent(measured sli.Spans, otherwise sli.Window) sli.Window {
	if len(measured) == 0 {
		return otherwise
	}
	return sli.Window{From: measured[0].From, To: measured[len(measured)-1].To}
}

// burnLengths are the windows that burn rates are told for: those of the burn graph and
// of the rules, each once.
func burnLengths(o sli.Objective) []time.Duration {
	lengths := o.BurnGraph()
	for _, rule := range o.BurnRules() {
		lengths = append(lengths, rule.Long, rule.Short)
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// spending adds the budget over the period and the burn rates.
func (j *job) spending(l *ledger, r *sli.Result) {
	over := func(length time.Duration) (sli.Counts, int, int) {
		w := sli.Ending(r.Due, length)
		excluded := j.plan.Exclude.Of(l.rule.Kind, w)
		measured := difference(l.measured.Within(w), excluded)
		return l.cells.sum(measured), measured.Minutes(), w.Minutes() - excluded.Minutes()
	}
	counts, minutes, _ := over(j.plan.Period)
	r.History = minutes
	if minutes > 0 {
		budget := l.rule.Objective.Budget(counts, minutes)
		r.Budget = &budget
	}
	for _, length := range burnLengths(l.rule.Objective) {
		counts, minutes, asked := over(length)
		r.Burns = append(r.Burns, sli.Burn{
			Length:   length,
			Rate:     l.rule.Objective.Burn(counts),
			Counts:   counts,
			Measured: 2*minutes >= asked && minutes > 0,
		})
	}
}

// stageReport is what a source did in this run, and what its stage counted in the
// window.
func (j *job) stageReport(s *stageJob, means *sli.StageDelay) *sli.StageReport {
	r := &sli.StageReport{Stage: s.stage, Err: s.failure(), Layout: s.record.Layout, FirstBad: s.record.FirstBad}
	window := j.window(s)
	r.Cell = s.cells.window(window)
	r.Due = s.cells.get(window.To - 1)
	r.Inputs = s.record.Inputs
	r.Refused = len(s.record.Refused.Within(window)) > 0
	if mean, ok := j.plan.Mean(s.stage.Name, means, r.Cell); ok {
		r.Mean = &mean
	}
	for _, reading := range s.readings {
		b := reading.batch
		if r.Err == nil && b.Unanswered != nil {
			r.Err = b.Unanswered
		}
		r.Calls += b.Calls
		r.Bytes += b.Bytes
		r.Skipped += b.Skipped
		r.Warnings = append(r.Warnings, b.Warnings...)
		if b.FirstBad != "" {
			r.FirstBad = b.FirstBad
		}
	}
	r.From, r.To = window.Start(), window.End()
	if j.run.All {
		all := extent(s.record.Answered, sli.Window{})
		r.From, r.To = all.Start(), all.End()
	}
	return r
}
