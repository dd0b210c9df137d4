package sli

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// coverageRule chooses how records are matched: by id where both ends log ids, else
// by counts.
func coverageRule(p *Plan, spec *Spec) (*Rule, error) {
	for _, names := range [][]string{spec.Accepted, spec.Done} {
		for _, name := range names {
			if p.Stage(name) == nil {
				return nil, unfit("no stage of that name (got \""+name+"\")", "")
			}
		}
	}
	path := evidence{p.PathOf(spec.Accepted, spec.Done)}
	switch {
	case spec.From == "runs":
		return runsRule(p, spec)
	case path.Accepted == nil:
		return nil, unfit("no stage counts what was accepted", "name a stage with an access_log, an app_log that says is: accepted, or a stream")
	case path.Done == nil:
		return nil, unfit("no stage counts what came out",
			"name event_source_mapping: on the lambda stage, add an app_log, or say writes: one_per_record on the store if it is so")
	}
	ids := path.Accepted.Facts.IDs && path.Done.Facts.IDs
	switch {
	case spec.From == "ids" && !ids:
		return nil, unfit("from: ids needs ids at both ends", "map fields.id in the app_log of both stages")
	case ids && spec.From != "counts":
		return idsRule(path, spec), nil
	}
	return countsRule(path, spec)
}

func idsRule(path evidence, spec *Spec) *Rule {
	ends := path.Ends()
	return &Rule{
		Method:     "ids",
		Stages:     ends,
		Population: "records",
		Quality:    Exact,
		Formula:    "records done within " + FormatDuration(spec.Deadline) + " of being accepted / distinct records accepted, without those filtered on purpose",
		Extra:      spec.Deadline,
		ByID:       true,
		Derive:     coverageByID{stages: ends, deadline: spec.Deadline},
	}
}

// coverageByID follows every record by its id. The minute of acceptance settles at
// its end + deadline. It is exact: of what was accepted then, the share that came out
// in time; a record filtered on purpose is left out.
type coverageByID struct {
	stages   []string
	deadline time.Duration
}

func (c coverageByID) Derive(h History, w Window, now time.Time) map[Minute]Counts {
	cells := map[Minute]Counts{}
	ids := FollowedIDs(h)
	if ids == nil {
		return cells
	}
	answered := answeredBy(h, c.stages, w)
	for m := w.From; m < w.To; m++ {
		last := MinuteAt(m.End().Add(c.deadline))
		if !wholly(answered, Window{m, last}) {
			continue
		}
		if cohort, known := ids.Cohort(m); known {
			cells[m] = Counts{Valid: cohort.Accepted - cohort.Filtered, Good: cohort.InTime}
		}
	}
	return cells
}

// Bound knows no bounds, and says where ids are a sample.
func (c coverageByID) Bound(h History, _ Window, _ time.Time) (Bounds, []string) {
	if ids := FollowedIDs(h); ids != nil && ids.Sampled() > 1 {
		return Bounds{}, []string{fmt.Sprintf("sampled 1/%.0f: there are more ids than are followed", ids.Sampled())}
	}
	return Bounds{}, nil
}

// answeredBy is the minutes that all the stages have answered for, from the window's
// first on.
func answeredBy(h History, stages []string, w Window) Intervals {
	answered := Intervals{{From: w.From, To: 1<<32 - 1}}
	for _, name := range stages {
		answered = answered.Intersect(h.Answered(name))
	}
	return answered
}

func wholly(s Intervals, w Window) bool {
	return s.Within(w).Minutes() == w.Minutes()
}

func countsRule(path evidence, spec *Spec) (*Rule, error) {
	if err := divisible(path.Plan, path.Accepted, path.Done); err != nil {
		return nil, err
	}
	if spec.Window == 0 {
		spec.Window = time.Hour
	}
	return &Rule{
		Method:     "counts",
		Stages:     path.StageNames(),
		Population: "records",
		Quality:    Estimate,
		Formula:    "records done within " + FormatDuration(spec.Deadline) + " / records accepted, first in, first out; a loss that backlog can explain isn't counted",
		Extra:      spec.Deadline,
		Derive:     coverageByCounts{path: path, deadline: spec.Deadline},
	}, nil
}

// divisible refuses counts of two stages that don't see the same records: one on this host
// alone, the other everywhere.
func divisible(p *Plan, a, b *Stage) error {
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

func (c coverageByCounts) Derive(h History, w Window, _ time.Time) map[Minute]Counts {
	wide := Window{w.From - lookBack, w.To + Minute(c.deadline/time.Minute) + 2}
	rows := c.path.rows(h, wide)
	for i := range rows {
		rows[i].Late = c.late(h, wide.From+Minute(i), rows[i])
	}
	path := estimate.NewStagePath(c.path.model(h, 0), rows)
	cells := map[Minute]Counts{}
	for i, m := range path.Coverage(c.deadline.Seconds()) {
		if minute := wide.From + Minute(i); m.Measured && w.Contains(minute) {
			cells[minute] = Counts{Valid: m.Valid, Good: m.Good}
		}
	}
	return cells
}

// late is how many of the records that a minute counts as done are known to have taken
// longer than the deadline: by their own delays, or since the youngest handed over was
// older.
func (c coverageByCounts) late(h History, m Minute, row estimate.StageMinute) estimate.Quantity {
	if c.path.Done.Facts.Delay {
		return estimate.Some(CellAt(h, c.path.Done, m).Delay.Over(c.deadline))
	}
	if least := row.Age.Min; row.Age.Usable() && least.Known && least.Value > c.deadline.Seconds() {
		return row.Done
	}
	return estimate.Quantity{}
}

// Bound is what the counts of records given up prove: these never came out.
func (c coverageByCounts) Bound(h History, w Window, now time.Time) (Bounds, []string) {
	var valid float64
	for _, cell := range c.Derive(h, w, now) {
		valid += cell.Valid
	}
	wide := Window{w.From - lookBack, w.To}
	path := estimate.NewStagePath(c.path.model(h, 0), c.path.rows(h, wide))
	given := path.GivenUp(int(w.From-wide.From), int(w.To-wide.From))
	if valid <= 0 || given <= 0 {
		return Bounds{Kind: "none"}, nil
	}
	upper := max(0, valid-given) / valid
	return Bounds{Upper: &upper, Kind: "proven"}, nil
}

// runsRule is coverage of a batch: of the runs that were due, those that did enough.
func runsRule(p *Plan, spec *Spec) (*Rule, error) {
	stage := p.Find(func(f Facts) bool { return f.Runs != nil })
	if stage == nil {
		return nil, unfit("from: runs needs a stage that says when runs are due", "give its app_log runs: { every: 1h }")
	}
	return &Rule{
		Method:     "runs",
		Stages:     []string{stage.Name},
		Population: "runs",
		Quality:    Exact,
		Formula:    "runs that did what was due within " + FormatDuration(stage.Facts.Runs.Within) + " / runs that were due",
		Extra:      stage.Facts.Runs.Within,
		Derive:     coverageByRuns{stage: stage.Name, runs: *stage.Facts.Runs},
	}, nil
}

// coverageByRuns judges a batch job by its schedule: a run that never started is
// booked to its due minute as bad.
type coverageByRuns struct {
	stage string
	runs  Runs
}

func (c coverageByRuns) Derive(h History, w Window, _ time.Time) map[Minute]Counts {
	cells := map[Minute]Counts{}
	answered := answeredBy(h, []string{c.stage}, w)
	for m := w.From; m < w.To; m++ {
		settled := MinuteAt(m.Start().Add(c.runs.Within))
		if !wholly(answered, Window{m, settled + 1}) {
			continue
		}
		if !c.runs.Due(m) {
			cells[m] = Counts{}
			continue
		}
		counts := Counts{Valid: 1}
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

// Due tells whether a run is due to begin in the minute.
func (r Runs) Due(m Minute) bool {
	local := m.Start().In(r.Zone)
	midnight := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	return r.Every > 0 && (midnight-r.At)%r.Every == 0 && midnight >= r.At%r.Every
}
