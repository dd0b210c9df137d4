package indicator

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// stagesRule estimates freshness from the stages' own metrics: front latency + queue
// age + batch span + work duration, convolved; see StagePath.Freshness.
func stagesRule(path evidence, threshold time.Duration) *sli.Rule {
	method := "S"
	if path.Done != nil {
		method = "SF"
	}
	return &sli.Rule{
		Method:     "stages",
		Stages:     path.StageNames(),
		Population: "records",
		Quality:    sli.Estimate,
		Formula: "records accepted whose front latency + queue age + batch span + work fit into " + sli.FormatDuration(threshold) +
			" / records accepted, estimated by " + method,
		Nothing: "no records accepted",
		Extra:   threshold,
		Derive:  freshnessByStages{path: path, threshold: threshold},
	}
}

type freshnessByStages struct {
	path      evidence
	threshold time.Duration
}

// shares estimates the minutes of w and what is around them. A threshold under a minute
// is over before the next minute has settled: then what is there of that one must do.
func (f freshnessByStages) shares(h sli.History, w sli.Window) (*estimate.StagePath, sli.Window) {
	after := sli.Minute((f.threshold+time.Minute-1)/time.Minute) + 2
	wide := sli.Window{From: w.From - lookBack, To: w.To + after}
	rows := f.path.rows(h, wide)
	for i := int(w.To - wide.From); i < len(rows) && i > 0 && rows[i-1].Answered; i++ {
		if next, ok := f.path.early(h, wide.From+sli.Minute(i)); ok && !rows[i].Answered {
			rows[i] = next
			break
		}
	}
	return estimate.NewStagePath(f.path.model(h, f.threshold), rows), wide
}

func (f freshnessByStages) Derive(h sli.History, w sli.Window, now time.Time) map[sli.Minute]sli.Counts {
	w.To = min(w.To, sli.Due(now, f.threshold)+1)
	stages, wide := f.shares(h, w)
	cells := map[sli.Minute]sli.Counts{}
	for m := w.From; m < w.To; m++ {
		if s := stages.Freshness(int(m - wide.From)); s.Measured {
			cells[m] = sli.Counts{Valid: s.Valid, Good: s.Good}
		}
	}
	return cells
}

// Missing says why nothing is derived though all stages have answered.
func (f freshnessByStages) Missing(h sli.History) string { return f.path.uncounted(h) }

// shortThreshold is where half a run's time matters.
const shortThreshold = 5 * time.Second

// Bound says where the window's true ratio lies.
func (f freshnessByStages) Bound(h sli.History, w sli.Window, _ time.Time) (sli.Bounds, []string) {
	stages, wide := f.shares(h, w)
	var shares []estimate.StageShare
	var warnings []string
	seen := map[string]bool{}
	add := func(text string) {
		if !seen[text] {
			seen[text] = true
			warnings = append(warnings, text)
		}
	}
	checks := map[string]estimate.CheckOutcome{}
	for m := w.From; m < w.To; m++ {
		s := stages.Freshness(int(m - wide.From))
		shares = append(shares, s)
		for _, text := range s.Warnings {
			add(text)
		}
		for _, c := range s.Lower.Checks {
			if was, known := checks[c.Name]; !known || was == estimate.CheckHeld {
				checks[c.Name] = c.Outcome
			}
		}
	}
	for _, note := range stages.Notes() {
		add(note)
	}
	total := estimate.SumStages(shares)
	b := sli.Bounds{Kind: "none"}
	if total.Valid <= 0 {
		return b, warnings
	}
	from := int(w.From - wide.From)
	upper := min(total.AtMost(), stages.NotGivenUp(from, from+len(shares), func(m int) bool { return shares[m-from].Measured }))
	b.Upper, b.Kind = &upper, "proven"
	if lower, claimed := total.AtLeast(); claimed {
		b.Lower, b.Kind = &lower, "conditional"
	}
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		b.Checks = append(b.Checks, fmt.Sprintf("%s: %s", name, checks[name]))
	}
	if f.threshold < shortThreshold {
		add("no metric shows when within a run a record is written: one after the other is sooner than is estimated, all at its end is later")
	}
	if f.path.Done == nil {
		add("a shard that isn't polled is invisible without processed counts; name event_source_mapping:")
	}
	return b, warnings
}

// flowRule takes freshness from the horizontal distance of arrivals and departures:
// right for one first-in-first-out queue only.
func flowRule(path evidence, threshold time.Duration) (*sli.Rule, error) {
	if threshold < time.Minute {
		return nil, unfit("from: flow needs a threshold of 60s or more: it counts by minutes", "threshold: 60s")
	}
	return &sli.Rule{
		Method:     "flow",
		Stages:     path.StageNames(),
		Population: "records",
		Quality:    sli.Estimate,
		Formula:    "records that left within " + sli.FormatDuration(threshold) + " / records accepted, first in, first out",
		Nothing:    "no records accepted",
		Extra:      threshold,
		Derive:     freshnessByFlow{freshnessByStages{path: path, threshold: threshold}},
	}, nil
}

type freshnessByFlow struct{ of freshnessByStages }

// Missing says why nothing is derived though all stages have answered.
func (f freshnessByFlow) Missing(h sli.History) string {
	if text := f.of.Missing(h); text != "" {
		return text
	}
	var to sli.Minute // the end of what all stages have answered
	for i, name := range f.of.path.StageNames() {
		answered := h.Answered(name)
		if len(answered) == 0 {
			return ""
		}
		if end := answered[len(answered)-1].To; i == 0 || end < to {
			to = end
		}
	}
	m := to - 1 - sli.Minute((f.of.threshold+time.Minute-1)/time.Minute)
	stages, wide := f.of.shares(h, sli.Window{From: m, To: m + 1})
	if c := stages.Flow(int(m - wide.From)); c.Reason == estimate.Overtaken || c.Reason == estimate.Uncounted {
		return c.Reason
	}
	return ""
}

func (f freshnessByFlow) Derive(h sli.History, w sli.Window, now time.Time) map[sli.Minute]sli.Counts {
	w.To = min(w.To, sli.Due(now, f.of.threshold)+1)
	stages, wide := f.of.shares(h, w)
	cells := map[sli.Minute]sli.Counts{}
	for m := w.From; m < w.To; m++ {
		if c := stages.Flow(int(m - wide.From)); c.Measured {
			cells[m] = sli.Counts{Valid: c.Valid, Good: c.Good}
		}
	}
	return cells
}

// ageRule judges a level: the seconds of each minute in which the data was young
// enough.
func ageRule(p *sli.Plan, stage *sli.Stage, threshold time.Duration) *sli.Rule {
	r := &sli.Rule{
		Method:     "age",
		Stages:     []string{stage.Name},
		Population: "seconds",
		Quality:    sli.Exact,
		Formula:    "seconds in which the data was no older than " + sli.FormatDuration(threshold) + " / seconds",
		Nothing:    "nothing came whose age could be told",
		Derive:     freshnessByAge{plan: p, stage: stage, threshold: threshold},
	}
	if front := owing(p, stage); front != nil {
		r.Extra = max(0, front.Facts.Settle-stage.Facts.Settle)
		r.Formula += "; while nothing was accepted after the newest row, nothing is owed"
	}
	if doubt := stage.Facts.AgeDoubt; doubt != "" {
		r.Quality, r.Formula = sli.Estimate, r.Formula+"; "+doubt
	}
	return r
}

type freshnessByAge struct {
	plan      *sli.Plan
	stage     *sli.Stage
	threshold time.Duration
}

func (f freshnessByAge) Derive(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	for _, span := range h.Answered(f.stage.Name).Within(w) {
		for m := span.From; m < span.To; m++ {
			if seconds, ok := reportedAge(f.plan, h, f.stage, m); ok {
				good := 0.0
				if seconds <= f.threshold.Seconds() {
					good = time.Minute.Seconds()
				}
				cells[m] = sli.Counts{Valid: time.Minute.Seconds(), Good: good}
			} else if idle(h, f.stage, m) {
				cells[m] = sli.Counts{}
			}
		}
	}
	return cells
}

// Missing says why the newest minute that is answered tells nothing.
func (f freshnessByAge) Missing(h sli.History) string {
	answered := h.Answered(f.stage.Name)
	if len(answered) == 0 {
		return ""
	}
	m := answered[len(answered)-1].To - 1
	if c := sli.CellAt(h, f.stage, m); len(c.Levels) > 0 && f.stage.Facts.AgeOfNewest {
		return "" // skewed, or what was accepted isn't known
	}
	if _, told := sli.CellAt(h, f.stage, m).Levels["age"]; told || idle(h, f.stage, m) {
		return ""
	}
	text := "stage " + f.stage.Name + " has answered, but tells no age"
	if why := f.stage.Facts.NoAge; why != "" {
		text += ": " + why
	}
	return text
}
