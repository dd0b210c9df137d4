package measure

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// report makes the pipeline's part of the report from the committed cells.
func (j reporting) report(tx Tx) *sli.Pipeline {
	p := &sli.Pipeline{Plan: j.plan, Point: j.rec.Pending, Measured: 1}
	if p.Point != nil {
		p.Skipped = p.Point.Skipped
	}
	for _, l := range j.ledgers[:len(j.plan.Rules)] {
		l.join(tx, j.job)
		result := j.result(l)
		for _, o := range j.ledgers[len(j.ledgers)-len(j.plan.Alternatives):] {
			if o.rule.AlternativeTo == l.rule.Kind {
				other := j.result(o)
				if l.rule.ByID {
					refute(other, result)
				}
				result.Alternatives = append(result.Alternatives, other)
			}
		}
		p.Results = append(p.Results, result)
		p.Measured = min(p.Measured, result.Measured)
	}
	a := indicator.Assess(j.plan, j.evidence.present(), sli.Due(j.run.Now, j.plan.Sources()), j.plan.Window)
	j.stalled(&j.rec, &a, sli.Due(j.run.Now, j.plan.Sources()))
	p.Age, p.Ages, p.Throttled, p.State, p.Flow, p.Means, p.Run = a.Age, a.Ages, a.Throttled, a.State, a.Flow, a.Delay, a.Run
	p.Warnings = append(p.Warnings, a.Notes...)
	p.Delay = j.delays()
	answered := sli.Intervals{{From: 0, To: maxMinute}}
	for _, s := range j.stages {
		p.Stages = append(p.Stages, j.stageReport(s, a.Delay))
		if !s.stage.Facts.Proves() { // whose answers take a deadline
			answered = answered.Intersect(j.reached(s))
		}
	}
	reported(p.Stages)
	if n := len(answered); n > 0 && len(j.stages) > 0 {
		p.Newest, p.HasNewest = answered[n-1].To-1, true
	} else {
		p.Newest = min(j.rec.Born, sli.Ending(sli.Due(j.run.Now, j.plan.Settle()), j.plan.Window).From) - 1
	}
	if j.setAside.warning != "" {
		p.Warnings = append(p.Warnings, j.setAside.warning)
	}
	return p
}

// refute takes back what counts say of a window where ids, which tell exactly, contradict it:
// counts take for a backlog all that may be one, and have it stand in front of what follows. It
// is the whole window's, not single minutes': those left would add up to yet another share.
func refute(counts, ids *sli.Result) {
	estimate, told := counts.Counts.Percent()
	exact, known := ids.Counts.Percent()
	if counts.Status != sli.Value || ids.Status != sli.Value || !told || !known {
		return
	}
	if target := ids.Rule.Target; math.Abs(estimate-exact) > mostAmiss || (estimate < target) != (exact < target) {
		counts.Status, counts.Counts = sli.NotMeasured, sli.Counts{}
		counts.Reason = "ids show otherwise: counts assume that records leave first in, first out, and that none is lost that may be on its way"
	}
}

// mostAmiss is by how many percentage points an estimate may be off that gives the same verdict.
const mostAmiss = 1

// reached is the minutes that a stage had answered for by the run's instant.
func (j reporting) reached(s *committedStage) sli.Intervals {
	if !j.past {
		return j.upToNow(s, s.record.measured())
	}
	return s.record.measured().Within(sli.Window{To: s.settled(j.run.Now)})
}

// reported shows what a function's log says of its invocations at the function's stage, too.
func reported(stages []*sli.StageReport) {
	for _, log := range stages {
		for _, s := range stages {
			if log.Stage.Of != "" && s.Stage.Name == log.Stage.Of && log.Cell.Reports != nil {
				cell := *s.Cell
				cell.Reports, s.Cell = log.Cell.Reports, &cell
			}
		}
	}
}

// lost is the report of a pipeline of which nothing can be said but why.
func (j *asked) lost() *sli.Pipeline {
	p := &sli.Pipeline{Plan: j.plan}
	for _, rule := range j.plan.Rules {
		due := sli.Due(j.run.Now, rule.Settle)
		reason := j.broken.Error()
		for _, stage := range j.plan.Stages {
			if err := stage.Facts.Unknown; err != nil && rule.Feeds(stage.Name) {
				reason = fmt.Sprintf("stage %s: %v", stage.Name, err)
				break
			}
		}
		p.Results = append(p.Results, &sli.Result{Rule: rule, Status: sli.NotMeasured, Due: due, Window: sli.Ending(due, rule.Window), Reason: reason})
	}
	due := sli.Due(j.run.Now, j.plan.Settle())
	for _, stage := range j.plan.Stages {
		w := sli.Ending(due, j.plan.Window)
		p.Stages = append(p.Stages, &sli.StageReport{Stage: stage, Err: cmp.Or(stage.Facts.Unknown, j.broken), Cell: new(sli.StageCell), From: w.Start(), To: w.End()})
	}
	p.Newest = sli.Ending(due, j.plan.Window).From - 1
	return p
}

// delays is the cells of the window whose records' delays are known, nil where no
// stage knows them.
func (j reporting) delays() *sli.StageCell {
	for _, s := range j.evidence.stages {
		if s.stage.Facts.Delay {
			return j.counted(s)
		}
	}
	return nil
}

// window is what a stage's numbers speak of.
func (j *committed) window(s *committedStage) sli.Window {
	if j.run.All {
		return sli.Window{From: 0, To: maxMinute}
	}
	return sli.Ending(sli.Due(j.run.Now, s.stage.Facts.Settle), j.plan.Window)
}

// counted is what a stage counted in that window.
func (j *committed) counted(s *committedStage) *sli.StageCell {
	if !j.run.All {
		return s.cells.window(j.window(s))
	}
	if s.all == nil {
		s.all = s.everything()
	}
	return s.all
}

// everything is all that was read in this run.
func (s *committedStage) everything() *sli.StageCell {
	total := new(sli.StageCell)
	if s.failure() != nil {
		return total
	}
	for _, r := range s.readings {
		if r.cells == nil {
			continue
		}
		for _, m := range slices.Sorted(maps.Keys(r.cells.cells)) {
			total.Merge(r.cells.cells[m])
		}
		for _, t := range r.cells.tallies {
			total.Tally.Add(*t)
		}
		for _, l := range r.batch.Levels {
			total.Raise(l.Name, l.Value)
		}
	}
	return total
}

// stands is the minutes of a stage that stand, up to now.
func (j *committed) stands(s *committedStage) sli.Intervals { return j.upToNow(s, j.standing(s)) }

// upToNow is the minutes that a stage has answered for; where everything is read a log
// that ended has nothing to say up to now, which is an answer too.
func (j *committed) upToNow(s *committedStage, spans sli.Intervals) sli.Intervals {
	if n := len(spans); j.run.All && n > 0 && s.failure() == nil {
		spans = spans.Add(sli.Window{From: spans[n-1].To, To: s.settled(j.run.Now)})
	}
	return spans
}

// result is an SLI's outcome over the window of its newest due minute.
func (j reporting) result(l *ledger) *sli.Result {
	r := &sli.Result{
		Rule:     l.rule,
		Due:      sli.Due(j.run.Now, l.rule.Settle),
		Since:    l.record.Since,
		HasSince: l.record.HasSince,
	}
	r.Window = sli.Ending(r.Due, l.rule.Window)
	if j.run.All {
		r.Window = extent(l.answered, r.Window)
	}
	r.Measured = float64(l.measured.Within(r.Window).Minutes()) / float64(r.Window.Minutes())
	of := j.stretch(l, r.Window)
	r.Excluded = r.Window.Minutes() - of.asked.Minutes()
	r.Status, r.Counts, r.Doubtful = of.status, of.counts, of.doubtful
	j.because(l, r, of)
	r.Unposted = j.unposted(l)
	if j.run.History && l.rule.AlternativeTo == "" {
		j.spending(l, r)
	}
	if bounding, ok := l.rule.Derive.(sli.Bounding); ok && j.evidence != nil {
		r.Bounds, r.Warnings = bounding.Bound(j.evidence.history(), r.Window, j.run.Now)
	} else if l.rule.Bound != nil {
		r.Bounds, r.Warnings = l.rule.Bound(r.Counts)
	}
	return r
}

// unposted is what no events point holds of the minutes that points have left out.
func (j reporting) unposted(l *ledger) *sli.Unposted {
	if j.past || j.run.All || !j.plan.Graphs[sli.GraphEvents] {
		return nil
	}
	left := l.measured.Intersect(l.record.LeftOut)
	if counts := l.cells.sum(left); counts.Valid > 0 {
		return &sli.Unposted{Window: extent(left, sli.Window{}), Minutes: left.Minutes(), Counts: counts}
	}
	return nil
}

// stretch is what is known of an SLI in some minutes, the excluded ones left out.
type stretch struct {
	asked    sli.Intervals
	answered sli.Intervals // of them, by every source
	measured sli.Intervals // of those, without the doubtful ones
	status   sli.Status
	counts   sli.Counts // of the measured minutes; of all of them where not measured
	all      sli.Counts // of the answered minutes
	doubtful bool       // not measured only since too many events couldn't be judged
}

func (j *committed) stretch(l *ledger, w sli.Window) stretch {
	s := stretch{asked: sli.Intervals{w}.Minus(j.plan.Exclude.Of(l.rule.SLI(), w)), status: sli.Excluded}
	s.answered = l.answered.Intersect(s.asked)
	s.measured = l.measured.Intersect(s.asked)
	s.counts = l.sum(s.measured)
	s.all = s.counts
	asked, answered, measured := s.asked.Minutes(), s.answered.Minutes(), s.measured.Minutes()
	if measured < answered {
		s.all = l.sum(s.answered)
	}
	if asked > 0 {
		s.status = sli.Outcome(s.counts, s.all, float64(measured)/float64(asked))
	}
	if s.status == sli.NotMeasured {
		s.doubtful = 2*answered >= asked
		s.counts = l.sum(s.asked)
	}
	return s
}

// extent is the window from the first to the last measured minute.
func extent(measured sli.Intervals, otherwise sli.Window) sli.Window {
	if len(measured) == 0 {
		return otherwise
	}
	return sli.Window{From: measured[0].From, To: measured[len(measured)-1].To}
}

// burnLengths are the windows that burn rates are told for: those of the burn graph and
// of the rules, each once.
func burnLengths(o slo.Objective) []time.Duration {
	lengths := o.BurnGraph()
	for _, rule := range o.BurnRules() {
		lengths = append(lengths, rule.Long, rule.Short)
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}

// spending adds the budget over the period and the burn rates.
func (j reporting) spending(l *ledger, r *sli.Result) {
	ledger := j.sums(l, r.Due)
	summed := ledger
	summed.Sum = func(measured sli.Intervals) sli.Counts { return j.periodSum(l, measured) }
	budget := summed.Balance(slo.Last(j.plan.Period, r.Due))
	if r.History = budget.Minutes.Measured(); r.History > 0 {
		left := budget.Left()
		r.Budget = &left
	}
	r.Burns = j.burns(l, r.Due)
	if j.plan.Graphs[sli.GraphOutlook] && r.History > 0 {
		r.Outlook = &sli.Outlook{Measured: budget.MeasuredShare()}
		pace, _ := slo.PaceOf(ledger.Objective, slo.Paces(r.Burns))
		if spent := ledger.SpentAt(budget, pace); spent.Known {
			r.Outlook.Falling, r.Outlook.Days = true, math.Round(1e4*float64(spent.At-r.Due)/minutesPerDay)/1e4 // finer than any forecast
		}
	}
}

// burns are the burn rates of an SLI at a due minute.
func (j reporting) burns(l *ledger, due sli.Minute) (burns []sli.Burn) {
	objective := slo.Of(j.plan, l.rule)
	for _, length := range burnLengths(objective) {
		s := j.stretch(l, sli.Ending(due, length))
		burn := sli.Burn{
			Length:   length,
			Counts:   s.counts,
			Measured: s.status == sli.Value || s.status == sli.NoTraffic,
			Minutes:  s.measured.Minutes(),
			Least:    s.doubtful,
		}
		if burn.Least {
			burn.Counts = burn.Counts.AtBest()
		}
		burn.Rate = objective.Burn(burn.Counts)
		burns = append(burns, burn)
	}
	return burns
}

// stageReport is what a source did in this run, and what its stage counted in the
// window.
func (j reporting) stageReport(s *committedStage, means *estimate.StageDelay) *sli.StageReport {
	r := &sli.StageReport{Stage: s.stage, Err: s.failure(), Layout: s.record.Layout}
	window := j.window(s)
	known := j.evidence.stage(s.stage.Name)
	r.Cell = j.evidence.counted(known)
	r.Due = known.cells.get(sli.Due(j.run.Now, s.stage.Facts.Settle))
	r.Skew = j.plan.SkewAt(j.evidence.history(), &s.stage, sli.Due(j.run.Now, s.stage.Facts.Settle))
	r.Inputs = s.record.Inputs
	if r.Unmatched, r.Barren = s.unmatched(); r.Unmatched != "" {
		r.Sifted = s.record.Sifted.Read
	}
	if refused := s.record.Refused.Within(window); len(refused) > 0 {
		r.Refusal = s.malformed(j.committed, refused)
	}
	if r.Cell.Tally.Malformed > 0 {
		r.FirstBad = cmp.Or(s.record.Unread, s.record.FirstBad)
	}
	if mean, ok := j.plan.Path().Mean(s.stage.Name, means, r.Cell); ok {
		r.Mean = &mean
	}
	batches := make([]sli.Batch, 0, 2)
	if w := j.run.walked[string(s.key)]; w != nil {
		batches = append(batches, w.told)
	}
	for _, reading := range s.readings {
		batches = append(batches, reading.batch)
	}
	for _, b := range batches {
		if r.Err == nil && b.Unanswered != nil {
			r.Err = b.Unanswered
		}
		if !b.Looked.IsZero() {
			r.Looked = b.Looked
		}
		r.Calls += b.Calls
		r.Bytes += b.Bytes
		r.Skipped += b.Skipped
		r.Warnings = append(r.Warnings, b.Warnings...)
		if b.Paused {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s: not read to its end in time; the rest follows in the next runs", s.stage.Facts.Reads))
		}
	}
	r.From, r.To = window.Start(), window.End()
	r.Silent = window.Minutes() - j.reached(s).Within(window).Minutes()
	if n := len(s.readings); n > 0 {
		last := s.readings[n-1].batch
		r.Unfinished = s.settled(last.To) < window.To || len(last.Missing.Within(window)) > 0
	}
	if j.run.All {
		r.Silent, r.Unfinished = 0, false
		r.From, r.To = s.whole.Start(), s.whole.End()
	}
	return r
}
