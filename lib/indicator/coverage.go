package indicator

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Coverage is the options of the SLI.
type Coverage struct {
	Target   section.Target     `yaml:"target" required:"true" doc:"percent of good events"`
	Deadline section.Duration   `yaml:"deadline" doc:"done later than this is bad" otherwise:"the critical age, else 5 × the freshness threshold, else 15m"`
	From     string             `yaml:"from" enum:"ids|counts|runs" doc:"the method" otherwise:"ids where both ends log them, else counts"`
	Accepted section.StringList `yaml:"accepted" doc:"the stages that count what was accepted" otherwise:"the first that does"`
	Done     section.StringList `yaml:"done" doc:"the stages that count what came out" otherwise:"the last that does"`
	Window   section.Duration   `yaml:"window" min:"1m" max:"1h" whole:"minutes" doc:"instead of the pipeline's" otherwise:"1h by counts, else the pipeline's"`
}

// Resolve chooses how records are matched: by id where both ends log ids, else by counts.
// Beside another method only counts can stand: ids need every record followed, and runs
// are no records.
func (o *Coverage) Resolve(d *Draft, method string) (*sli.Rule, error) {
	if method != "" && method != "counts" {
		return nil, unfit("from: "+method+" stands beside no other method", "")
	}
	d.Rule(sli.Freshness) // by which the deadline may go
	deadline := cmp.Or(time.Duration(o.Deadline), d.Deadline())
	rule, err := o.choose(d.Plan, cmp.Or(method, o.From), deadline)
	if err != nil {
		return nil, err
	}
	rule.Target, rule.Window = float64(o.Target), cmp.Or(time.Duration(o.Window), rule.Window)
	rule.Terms = sli.Terms{Deadline: deadline}
	rule.Accepted, rule.Done = o.Accepted, o.Done
	return rule, nil
}

func (o *Coverage) choose(p *sli.Plan, method string, deadline time.Duration) (*sli.Rule, error) {
	for _, name := range slices.Concat(o.Accepted, o.Done) {
		if p.Stage(name) == nil {
			return nil, unfit("no stage of that name (got \""+name+"\")", "")
		}
	}
	path := evidence{p.PathOf(o.Accepted, o.Done)}
	switch {
	case method == "runs":
		return runsRule(p)
	case path.Accepted == nil:
		return nil, unfit("no stage counts what was accepted", "name a stage with an access_log, an app_log that says is: accepted, or a stream")
	case path.Done == nil:
		return nil, unfit("no stage counts what came out",
			"name event_source_mapping: on the lambda stage, add an app_log, or say writes: one_per_record on the store if it is so")
	}
	ids := path.Accepted.Facts.IDs && path.Done.Facts.IDs
	switch {
	case method == "ids" && !ids:
		return nil, unfit("from: ids needs ids at both ends", "map fields.id in the app_log of both stages")
	case ids && method != "counts":
		return idsRule(path, deadline), nil
	}
	return countsRule(path, deadline)
}

func idsRule(path evidence, deadline time.Duration) *sli.Rule {
	ends := path.Ends()
	return &sli.Rule{
		Method:     "ids",
		Stages:     ends,
		Population: "records",
		Quality:    sli.Exact,
		Formula:    "records done within " + sli.FormatDuration(deadline) + " of being accepted / distinct records accepted, without those filtered on purpose",
		Extra:      deadline,
		ByID:       true,
		Derive:     coverageByID{stages: ends, deadline: deadline},
	}
}

// coverageByID follows every record by its id. The minute of acceptance settles at
// its end + deadline. It is exact: of what was accepted then, the share that came out
// in time; a record filtered on purpose is left out.
type coverageByID struct {
	stages   []string
	deadline time.Duration
}

func (c coverageByID) Derive(h sli.History, w sli.Window, now time.Time) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	ids := sli.FollowedIDs(h)
	if ids == nil {
		return cells
	}
	answered := answeredBy(h, c.stages, w)
	for m := w.From; m < w.To; m++ {
		last := sli.MinuteAt(m.End().Add(c.deadline))
		if !wholly(answered, sli.Window{From: m, To: last}) {
			continue
		}
		if cohort, known := ids.Cohort(m); known {
			cells[m] = sli.Counts{Valid: cohort.Accepted - cohort.Filtered, Good: cohort.InTime}
		}
	}
	return cells
}

// Late is those that came out since, and those that nothing has overtaken.
func (c coverageByID) Late(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]float64 {
	late := map[sli.Minute]float64{}
	ids := sli.FollowedIDs(h)
	if ids == nil {
		return late
	}
	for m := w.From; m < w.To; m++ {
		if cohort, known := ids.Cohort(m); known {
			late[m] = cohort.Late + ids.Waiting(m)
		}
	}
	return late
}

// Bound knows no bounds, and says where ids are a sample.
func (c coverageByID) Bound(h sli.History, _ sli.Window, _ time.Time) (sli.Bounds, []string) {
	if ids := sli.FollowedIDs(h); ids != nil && ids.Sampled() > 1 {
		return sli.Bounds{}, []string{fmt.Sprintf("sampled 1/%.0f: there are more ids than are followed", ids.Sampled())}
	}
	return sli.Bounds{}, nil
}

// answeredBy is the minutes that all the stages have answered for, from the window's
// first on.
func answeredBy(h sli.History, stages []string, w sli.Window) sli.Intervals {
	answered := sli.Intervals{{From: w.From, To: 1<<32 - 1}}
	for _, name := range stages {
		answered = answered.Intersect(h.Answered(name))
	}
	return answered
}

func wholly(s sli.Intervals, w sli.Window) bool {
	return s.Within(w).Minutes() == w.Minutes()
}

func countsRule(path evidence, deadline time.Duration) (*sli.Rule, error) {
	if err := divisible(path.Plan, path.Accepted, path.Done); err != nil {
		return nil, err
	}
	return &sli.Rule{
		Window:     time.Hour,
		Method:     "counts",
		Stages:     path.StageNames(),
		Population: "records",
		Quality:    sli.Estimate,
		Formula:    "records done within " + sli.FormatDuration(deadline) + " / records accepted, first in, first out; a loss that backlog can explain isn't counted",
		Nothing:    "no records accepted",
		Extra:      deadline,
		Derive:     coverageByCounts{path: path, deadline: deadline},
	}, nil
}

// divisible refuses counts of two stages that don't see the same records: one on this host
// alone, the other everywhere.
func divisible(p *sli.Plan, a, b *sli.Stage) error {
	if a.Facts.Scope == b.Facts.Scope || p.SingleHost {
		return nil
	}
	return unfit("counts of stage "+a.Name+" ("+string(a.Facts.Scope)+") can't be divided by those of stage "+
		b.Name+" ("+string(b.Facts.Scope)+")", "assume: single_host allows it where this host sees everything")
}

// coverageByCounts matches arrivals and departures first in, first out; see
// StagePath.Coverage.
type coverageByCounts struct {
	path     evidence
	deadline time.Duration
}

// lookBack is how much history a derivation wants before its window: for rates and
// for the age of a backlog.
const lookBack = 60

func (c coverageByCounts) Derive(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	c.minutes(h, w, func(m sli.Minute, became estimate.CoverageMinute) {
		cells[m] = sli.Counts{Valid: became.Valid, Good: became.Good}
	})
	return cells
}

// Missing says why nothing is derived though all stages have answered.
func (c coverageByCounts) Missing(h sli.History) string { return c.path.uncounted(h) }

// Late is those that were owed at the deadline as the ages show, and those that came out
// after it by their own delays.
func (c coverageByCounts) Late(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]float64 {
	late := map[sli.Minute]float64{}
	c.minutes(h, w, func(m sli.Minute, became estimate.CoverageMinute) { late[m] = became.Late })
	return late
}

// minutes visits what became of the records of the measured minutes of a window.
func (c coverageByCounts) minutes(h sli.History, w sli.Window, visit func(sli.Minute, estimate.CoverageMinute)) {
	wide := sli.Window{From: w.From - lookBack, To: w.To + sli.Minute(c.deadline/time.Minute) + 2}
	rows := c.path.rows(h, wide)
	for i := range rows {
		rows[i].Late = c.late(h, wide.From+sli.Minute(i), rows[i])
	}
	path := estimate.NewStagePath(c.path.model(h, 0), rows)
	for i, became := range path.Coverage(c.deadline.Seconds()) {
		if minute := wide.From + sli.Minute(i); became.Measured && w.Contains(minute) {
			visit(minute, became)
		}
	}
}

// late is how many of the records that a minute counts as done are known to have taken
// longer than the deadline: by their own delays, or since the youngest handed over was
// older.
func (c coverageByCounts) late(h sli.History, m sli.Minute, row estimate.StageMinute) estimate.Quantity {
	if c.path.Done.Facts.Delay {
		return estimate.Some(sli.CellAt(h, c.path.Done, m).Delay.Over(c.deadline))
	}
	if least := row.Age.Min; row.Age.Usable() && least.Known && least.Value > c.deadline.Seconds() {
		return row.Done
	}
	return estimate.Quantity{}
}

// Bound is what the counts of records given up prove: these never came out.
func (c coverageByCounts) Bound(h sli.History, w sli.Window, now time.Time) (sli.Bounds, []string) {
	cells := c.Derive(h, w, now)
	wide := sli.Window{From: w.From - lookBack, To: w.To}
	path := estimate.NewStagePath(c.path.model(h, 0), c.path.rows(h, wide))
	upper := path.NotGivenUp(int(w.From-wide.From), int(w.To-wide.From), func(m int) bool {
		_, measured := cells[wide.From+sli.Minute(m)]
		return measured
	})
	if upper == 1 {
		return sli.Bounds{Kind: "none"}, nil
	}
	return sli.Bounds{Upper: &upper, Kind: "proven"}, nil
}

// runsRule is coverage of a batch: of the runs that were due, those that did enough.
func runsRule(p *sli.Plan) (*sli.Rule, error) {
	stage := p.Find(func(f sli.Facts) bool { return f.Runs != nil })
	if stage == nil {
		return nil, unfit("from: runs needs a stage that says when runs are due", "give its app_log runs: { every: 1h }")
	}
	return &sli.Rule{
		Method:     "runs",
		Stages:     []string{stage.Name},
		Population: "runs",
		Quality:    sli.Exact,
		Formula:    "runs that did what was due within " + sli.FormatDuration(stage.Facts.Runs.Within) + " / runs that were due",
		Extra:      stage.Facts.Runs.Within,
		Derive:     coverageByRuns{stage: stage.Name, runs: *stage.Facts.Runs},
	}, nil
}

// coverageByRuns judges a batch job by its schedule: a run that never started is
// booked to its due minute as bad.
type coverageByRuns struct {
	stage string
	runs  sli.Runs
}

func (c coverageByRuns) Derive(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	answered := answeredBy(h, []string{c.stage}, w)
	for m := w.From; m < w.To; m++ {
		settled := sli.MinuteAt(m.Start().Add(c.runs.Within))
		if !wholly(answered, sli.Window{From: m, To: settled + 1}) {
			continue
		}
		if !c.runs.Due(m) {
			cells[m] = sli.Counts{}
			continue
		}
		counts := sli.Counts{Valid: 1}
		for at := m; at <= settled; at++ {
			if cell := h.Cell(c.stage, at); cell != nil && cell.GoodRuns > 0 {
				counts.Good = 1
				break
			}
		}
		cells[m] = counts
	}
	return cells
}

// Late is runs that did what was due after all, before the next ones were.
func (c coverageByRuns) Late(h sli.History, w sli.Window, now time.Time) map[sli.Minute]float64 {
	late := map[sli.Minute]float64{}
	for m := w.From; m < w.To; m++ {
		if !c.runs.Due(m) {
			continue
		}
		for at := sli.MinuteAt(m.Start().Add(c.runs.Within)) + 1; at <= sli.MinuteAt(now) && !c.runs.Due(at); at++ {
			if cell := h.Cell(c.stage, at); cell != nil && cell.GoodRuns > 0 {
				late[m] = 1
				break
			}
		}
	}
	return late
}
