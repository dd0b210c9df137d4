package measure

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Filling is minutes of an SLI that were measured elsewhere.
type Filling struct {
	Pipeline Pipeline
	Kind     sli.Kind
	From     string // where they were measured
	Cells    map[sli.Minute]sli.Counts

	bad map[sli.Minute]culprits // what was wrong in them, where that is known
}

// Filled is what became of a filling.
type Filled struct {
	Pipeline string
	Kind     sli.Kind
	From     string
	Put      int // minutes that are in the ledger now
	Had      int // minutes that the state has measured itself, which stay as they are
	Outside  int // minutes that no budget speaks of any more, or not yet
}

// Wanted are the minutes that an SLI's ledger could take: those of its periods that no run
// has an answer for, and that no events point will hold.
func (r Run) Wanted(ctx context.Context, p Pipeline, kind sli.Kind) (wanted sli.Intervals, err error) {
	err = r.Store.View(ctx, func(tx Tx) error {
		past, l, err := r.toFill(tx, p, kind)
		if err == nil {
			wanted = past.open(l)
		}
		return err
	})
	return wanted, err
}

func (r Run) toFill(tx Tx, p Pipeline, kind sli.Kind) (*recalled, *ledger, error) {
	past, err := r.recall(tx, p)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range past.ledgers[:len(past.plan.Rules)] {
		if l.rule.Kind == kind {
			return past, l, nil
		}
	}
	return nil, nil, fmt.Errorf("pipeline %s: no SLI of that name is configured (got %q)", p.Plan.Name, kind)
}

// open are the minutes that may be filled: no run has an answer for them. Where one of this
// state comes to have one, that goes first.
func (p *recalled) open(l *ledger) sli.Intervals {
	return sli.Intervals{sli.Ending(sli.Due(p.run.Now, l.rule.Settle), p.plan.Kept())}.Minus(l.answered)
}

// Fill puts minutes into the ledgers. Those that runs of this state have measured stay.
func (r Run) Fill(ctx context.Context, fillings []Filling) (out []Filled, err error) {
	err = r.Store.Update(ctx, func(tx Tx) error {
		out = nil
		for _, f := range fillings {
			filled, err := r.fill(tx, f)
			if err != nil {
				return err
			}
			out = append(out, filled)
		}
		return nil
	})
	return out, err
}

func (r Run) fill(tx Tx, f Filling) (Filled, error) {
	past, l, err := r.toFill(tx, f.Pipeline, f.Kind)
	if err != nil {
		return Filled{}, err
	}
	out := Filled{Pipeline: f.Pipeline.Plan.Name, Kind: f.Kind, From: f.From}
	open, had := past.open(l), l.answered
	e := openElsewhere(tx, past.plan, l.rule)
	if e.origins == nil {
		e.origins = origins{}
	}
	var put []sli.Minute
	for _, m := range slices.Sorted(maps.Keys(f.Cells)) {
		switch {
		case open.Contains(m):
			e.cells.set(m, f.Cells[m])
			put = append(put, m)
		case had.Contains(m):
			out.Had++
		default:
			out.Outside++
		}
	}
	if out.Put = len(put); out.Put == 0 {
		return out, nil
	}
	now := sli.IntervalsOf(put)
	for from, had := range e.origins {
		if from != f.From {
			e.origins[from] = minutes(sli.Intervals(had).Minus(now))
		}
	}
	e.origins[f.From] = minutes(sli.Intervals(e.origins[f.From]).Union(now))
	e.cells.flush(slices.Values(put))
	for stage, bad := range byStage(f.bad, now) {
		l.noteBlame(tx, past.job, stage, *bad, now)
	}
	fingerprint := short(past.plan.Fingerprint(l.rule))
	putRecord(tx, rulePrefix(filledFrom, past.plan.Name, f.Kind, fingerprint), e.origins)
	return out, nil
}

// FromPoints are the minutes that points of good and valid counts speak of: each holds those
// up to its time, as many as held says, but none that an earlier one holds; evenly, where
// they are more than one. Half a point is none.
func FromPoints(good, valid, held map[int64]float64) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	previous := sli.Minute(math.MinInt64 / 2)
	for _, at := range slices.Sorted(maps.Keys(valid)) {
		v, g := math.Floor(valid[at]), math.Floor(good[at])
		if _, whole := good[at]; !whole || g < 0 || g > v || !estimate.Countable(v) {
			continue
		}
		last := sli.MinuteOf(at*1_000_000) - 1 // a point carries the end of its newest minute
		n := max(1, min(sli.Minute(held[at]), sli.FoldBack+1, last-previous))
		previous = last
		bad := v - g
		for i := range n {
			part := math.Ceil(v / float64(n-i)) // of what is left
			c := sli.Counts{Valid: part, Good: part - min(part, math.Ceil(bad/float64(n-i)))}
			v, bad = v-c.Valid, bad-c.Bad()
			cells[last-i] = cells[last-i].Plus(c)
		}
	}
	return cells
}

// FromSources are the minutes that the sources can still tell of, of pipelines that have
// some that no run has an answer for: logs that are there, and metrics as far back as they
// are kept minute by minute.
func (r Run) FromSources(ctx context.Context, w sli.Window) ([]Filling, *sli.Report, error) {
	sub := r
	sub.Since, sub.History = w.Start(), false
	report, err := sub.beside(ctx, 1)
	if err != nil {
		return nil, nil, err
	}
	var out []Filling
	err = r.Scratch.View(ctx, func(tx Tx) error {
		out = nil
		for _, p := range r.Pipelines {
			beside, err := r.recall(tx, p)
			if err != nil {
				return err
			}
			for _, l := range beside.ledgers[:len(beside.plan.Rules)] {
				f := Filling{Pipeline: p, Kind: l.rule.Kind, From: kinds(beside.plan, l.rule), Cells: map[sli.Minute]sli.Counts{}}
				f.bad = accounting{beside}.blamedIn(tx, l, w)
				for _, span := range l.measured.Within(w) {
					for m := span.From; m < span.To; m++ {
						f.Cells[m] = l.get(m)
					}
				}
				out = append(out, f)
			}
		}
		return nil
	})
	return out, report, err
}

// kinds are the kinds of a rule's stages.
func kinds(plan *sli.Plan, rule *sli.Rule) string {
	var names []string
	for _, stage := range plan.Stages {
		if rule.Feeds(stage.Name) && !slices.Contains(names, stage.Kind) {
			names = append(names, stage.Kind)
		}
	}
	return strings.Join(names, " + ")
}
