package sli

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// batchRule is freshness of a pipeline that is updated at intervals: the age of its
// data counts from the last update, also when nothing arrives.
func batchRule(stage *Stage, spec *Spec) *Rule {
	return &Rule{
		Method:     "age",
		Stages:     []string{stage.Name},
		Population: "seconds",
		Quality:    Exact,
		Formula:    "seconds in which the last update was no older than " + FormatDuration(spec.Threshold) + " / seconds",
		Derive:     freshnessByUpdates{stage: stage, threshold: spec.Threshold, every: spec.ExpectEvery},
	}
}

// freshnessByUpdates judges, second by second, the age of what the last update holds.
type freshnessByUpdates struct {
	stage            *Stage
	threshold, every time.Duration
}

func (f freshnessByUpdates) Derive(h History, w Window, _ time.Time) map[Minute]Counts {
	cells := map[Minute]Counts{}
	for _, span := range h.Answered(f.stage.Name).Within(w) {
		before := lastUpdate(h, f.stage, span.From-1, UpdateReach(f.every))
		for m := span.From; m < span.To; m++ {
			c := CellAt(h, f.stage, m)
			now := updateOf(c, m)
			if !before.doubtful && !now.doubtful && (before.known() || now.known()) {
				cells[m] = Counts{Valid: time.Minute.Seconds(), Good: estimate.Weight(f.fresh(m, before.watermark, c))}
			}
			if now.doubtful || now.watermark > before.watermark {
				before = now
			}
		}
	}
	return cells
}

// fresh is the seconds of a minute in which the data was young enough: as old as the
// update before the minute says, and from the minute's own update on as old as that.
func (f freshnessByUpdates) fresh(m Minute, before int64, c *StageCell) float64 {
	start, end := m.Start().UnixMicro(), m.End().UnixMicro()
	turn := end
	if c.Watermark > before && c.FirstOut != 0 {
		turn = min(max(c.FirstOut, start), end)
	}
	young := func(from, to, watermark int64) int64 {
		return max(0, min(to, watermark+f.threshold.Microseconds())-from)
	}
	total := young(turn, end, c.Watermark)
	if before != 0 {
		total += young(start, turn, before)
	}
	return float64(total) / 1e6
}

// update is what was last heard of a batch job's data.
type update struct {
	watermark int64 // microseconds since the epoch; 0 none
	minute    Minute
	doubtful  bool // there was an update, and so many of its stamps are skewed that its watermark isn't known
}

func (u update) known() bool { return u.watermark != 0 }

// updateOf is the update of a minute.
func updateOf(c *StageCell, m Minute) update {
	if c.SkewedRecords().Over() || c.SkewedLines().Over() {
		return update{minute: m, doubtful: true}
	}
	return update{watermark: c.Watermark, minute: m}
}

// lastUpdate is the newest update up to the end of a minute.
func lastUpdate(h History, s *Stage, m, reach Minute) update {
	for back := Minute(0); back <= reach; back++ {
		if u := updateOf(CellAt(h, s, m-back), m-back); u.known() || u.doubtful {
			return u
		}
	}
	return update{minute: m - reach}
}

// batchAge is how old the last update is at the end of a minute. Where its watermark
// isn't known, or none was found in what was read, the data are at least as old as that
// time is long; which says nothing before the next update is overdue.
func batchAge(p *Plan, h History, due Minute) *Age {
	r := p.Rule(Freshness)
	if r == nil {
		return nil
	}
	f, ok := r.Derive.(freshnessByUpdates)
	if !ok {
		return nil
	}
	answered := h.Answered(f.stage.Name)
	if !answered.Contains(due) {
		return nil
	}
	last := lastUpdate(h, f.stage, due, UpdateReach(f.every))
	age := &Age{Minute: due, Basis: "the last update of " + f.stage.Name, Exact: true}
	switch {
	case last.known():
		age.Watermark = time.UnixMicro(last.watermark)
	case last.doubtful:
		age.Watermark, age.AtLeast, age.Basis = last.minute.End(), true, "a run of "+f.stage.Name+" whose stamps lie in the future"
	default:
		read := answered.Within(Window{last.minute, due + 1})
		age.Watermark, age.AtLeast, age.Basis = read[len(read)-1].From.Start(), true, "no run of "+f.stage.Name+" since"
	}
	age.Seconds = max(0, due.End().Sub(age.Watermark).Seconds())
	if age.AtLeast && age.Seconds <= f.every.Seconds() {
		return nil
	}
	return age
}
