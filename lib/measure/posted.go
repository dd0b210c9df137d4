package measure

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Points are what was posted of a pipeline, by the time that a point carries, in seconds
// since the epoch.
type Points struct {
	Valid, Good map[sli.Kind]map[int64]float64 // events since the point before
	Held        map[int64]float64              // minutes that these are of
	Ages        map[int64]float64              // seconds
	Lags        map[int64]float64              // seconds, by the minute of the run
}

// Posted is what points tell, by the minute that they speak of.
type Posted struct {
	Cells  map[sli.Kind]map[sli.Minute]sli.Counts
	Ages   map[sli.Minute]float64    // at the minute's end, in seconds
	Newest map[sli.Minute]sli.Minute // that every source had answered for, by the minute of the run
}

// Empty tells whether nothing was posted at all.
func (p Posted) Empty() bool {
	for _, cells := range p.Cells {
		if len(cells) > 0 {
			return false
		}
	}
	return len(p.Ages) == 0 && len(p.Newest) == 0
}

// Stamping is whose time points carry.
type Stamping int

// Whose time it is: that of the minute which a point speaks of, or of the run that posted
// it, as an agent has it without use_plugin_timestamp.
const (
	StampUnknown Stamping = iota // nothing tells them apart
	StampOfMinute
	StampOfRun
)

// Stamping tells whose time the points carry. The lag is always posted with the minute of the
// run; where runs begin, end or pause, an SLI's points do so with them, or by its settle
// earlier. The lags must reach that much further than the points.
func (p Points) Stamping(plan *sli.Plan) Stamping {
	ofMinute, ofRun := 0, 0
	for _, rule := range plan.Rules {
		due := map[int64]bool{}
		for at := range p.Lags {
			due[p.minuteOf(at, rule.Settle).End().Unix()] = true
		}
		for at := range p.Valid[rule.Kind] {
			switch _, ran := p.Lags[at]; {
			case ran && !due[at]:
				ofRun++
			case due[at] && !ran:
				ofMinute++
			}
		}
	}
	switch {
	case ofRun > ofMinute:
		return StampOfRun
	case ofMinute > ofRun:
		return StampOfMinute
	}
	return StampUnknown
}

// minuteOf is the newest due minute of a run, by the minute that the run was of: how far
// into it the run was is the rest of its lag.
func (p Points) minuteOf(run int64, settle time.Duration) sli.Minute {
	into := sli.Seconds(math.Mod(p.Lags[run], 60))
	return sli.Due(time.Unix(run, 0).Add(into), settle)
}

// Posted is what the points tell of a plan's minutes.
func (p Points) Posted(plan *sli.Plan, stamps Stamping) Posted {
	out := Posted{Cells: map[sli.Kind]map[sli.Minute]sli.Counts{}, Ages: map[sli.Minute]float64{}, Newest: map[sli.Minute]sli.Minute{}}
	for _, rule := range plan.Rules {
		move := p.mover(rule.Settle, stamps)
		out.Cells[rule.Kind] = FromPoints(moved(p.Good[rule.Kind], move), moved(p.Valid[rule.Kind], move), p.held(plan, rule, stamps))
	}
	for at, age := range moved(p.Ages, p.mover(plan.Sources(), stamps)) {
		out.Ages[sli.MinuteOf(at*1_000_000)-1] = age
	}
	for at, lag := range p.Lags {
		run := sli.MinuteOf(at * 1_000_000)
		out.Newest[run] = run - sli.Minute(lag/60) - 1
	}
	return out
}

// mover says the end of the minute that a point speaks of, by its time and what the minute
// takes to settle. What takes longer than an agent lets times lie back is printed with the
// oldest that it takes.
func (p Points) mover(settle time.Duration, stamps Stamping) func(at int64) int64 {
	const back = sli.FoldBack * time.Minute
	switch {
	case stamps == StampOfRun:
		return func(at int64) int64 { return p.minuteOf(at, settle).End().Unix() }
	case settle > back:
		return func(at int64) int64 { return p.minuteOf(at+int64(back/time.Second), settle).End().Unix() }
	}
	return func(at int64) int64 { return at }
}

// held is of how many minutes a rule's points are, by the end of the newest of them. It is
// posted with the time of the rule that settles first, by the same run.
func (p Points) held(plan *sli.Plan, rule *sli.Rule, stamps Stamping) map[int64]float64 {
	out := maps.Clone(p.Held)
	first := rule.Settle
	for _, r := range plan.Rules {
		first = min(first, r.Settle)
	}
	for run := range p.Lags {
		at := run
		if stamps != StampOfRun {
			at = p.minuteOf(run, first).End().Unix()
		}
		if n, ok := p.Held[at]; ok {
			out[p.minuteOf(run, rule.Settle).End().Unix()] = n
		}
	}
	return out
}

func moved(points map[int64]float64, move func(int64) int64) map[int64]float64 {
	out := make(map[int64]float64, len(points))
	for at, v := range points {
		out[move(at)] = v
	}
	return out
}

// Reports gives the reports of past instants, in order, of the run's one pipeline, as far as
// points tell: SLIs by their counts, the age, and how far the measurement had come. Stages,
// flow and states were never posted. The run's store holds nothing.
func (p Posted) Reports(ctx context.Context, run Run, instants iter.Seq[time.Time], visit func(*sli.Pipeline, time.Time)) error {
	return run.Store.View(ctx, func(tx Tx) error {
		past, err := run.recall(tx, run.Pipelines[0])
		if err != nil {
			return err
		}
		past.past, past.evidence = true, nil
		for _, l := range past.ledgers {
			l.hold(p.Cells[l.rule.Kind])
		}
		for now := range instants {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			past.run.Now, past.run.Until = now, now
			visit(p.report(past, now), now)
		}
		return nil
	})
}

// hold has a ledger consist of some minutes.
func (l *ledger) hold(cells map[sli.Minute]sli.Counts) {
	held := make([]sli.Minute, 0, len(cells))
	for m, c := range cells {
		l.cells.set(m, c)
		held = append(held, m)
	}
	slices.Sort(held)
	l.answered = sli.IntervalsOf(held)
	l.measured = l.answered
	if len(held) > 0 {
		l.record.Since, l.record.HasSince = held[0], true
	}
}

func (p Posted) report(past *recalled, now time.Time) *sli.Pipeline {
	plan := past.plan
	out := &sli.Pipeline{Plan: plan, Measured: 1}
	for _, l := range past.ledgers[:len(plan.Rules)] {
		r := reporting{past.committed}.result(l)
		if r.Status == sli.NotMeasured {
			missing := sli.Intervals{r.Window}.Minus(l.answered).Minutes()
			r.Reason, r.Young = fmt.Sprintf("no counts were posted of %d of %s", missing, minutesText(r.Window.Minutes())), false
		}
		out.Results = append(out.Results, r)
		out.Measured = min(out.Measured, r.Measured)
	}
	due := sli.Due(now, plan.Sources())
	if plan.HasAge() {
		p.age(out, due)
	}
	out.Newest, out.HasNewest = p.newest(sli.MinuteAt(now), due), true
	return out
}

// age tells the age of a minute, and those before it. Whether a pipeline that nothing is owed
// of stands idle shows by what came out of it; any other state is unknown.
func (p Posted) age(out *sli.Pipeline, due sli.Minute) {
	for m := due - indicator.AgesBack; m <= due; m++ {
		age, ok := p.Ages[m]
		if !ok {
			age = math.NaN()
		}
		out.Ages = append(out.Ages, age)
	}
	out.State = &sli.State{Name: string(estimate.ProgressUnknown), Reason: "no age was posted of this minute"}
	out.State.Progress.ByAgesOnly = out.Plan.Path().HasState()
	seconds, ok := p.Ages[due]
	if !ok {
		return
	}
	// How it was told wasn't posted: it is taken as it stands.
	out.Age = &sli.Age{Seconds: seconds, Minute: due, Exact: true, Watermark: sli.Ago(due.End(), seconds)}
	for _, r := range out.Results {
		if r.Rule.Kind == sli.Freshness && r.Status == sli.NoTraffic && seconds == 0 {
			out.State.Name = string(estimate.ProgressIdle)
		}
	}
}

// newest is the newest minute that every source had answered for, as the run of a minute
// posted it; where none did, the newest due one that anything is known of.
func (p Posted) newest(run, due sli.Minute) sli.Minute {
	if m, ok := p.Newest[run]; ok {
		return m
	}
	for m := due; m > due-longestUnposted; m-- {
		if _, ok := p.Ages[m]; ok {
			return m
		}
		for _, cells := range p.Cells {
			if _, ok := cells[m]; ok {
				return m
			}
		}
	}
	return due - longestUnposted
}

// longestUnposted bounds how far back a minute is looked for that something is known of.
const longestUnposted = 24 * minutesPerHour
