package indicator

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// batchRule is freshness of a pipeline that is updated at intervals: the age of its
// data counts from the last update, also when nothing arrives.
func batchRule(stage *sli.Stage, threshold, every time.Duration) *sli.Rule {
	return &sli.Rule{
		Method:     "age",
		Stages:     []string{stage.Name},
		Population: "seconds",
		Quality:    sli.Exact,
		Formula:    "seconds in which the last update was no older than " + sli.FormatDuration(threshold) + " / seconds",
		Derive:     freshnessByUpdates{stage: stage, threshold: threshold, every: every},
	}
}

// freshnessByUpdates judges, second by second, the age of what the last update holds.
type freshnessByUpdates struct {
	stage            *sli.Stage
	threshold, every time.Duration
}

func (f freshnessByUpdates) Derive(h sli.History, w sli.Window, _ time.Time) map[sli.Minute]sli.Counts {
	cells := map[sli.Minute]sli.Counts{}
	for _, span := range h.Answered(f.stage.Name).Within(w) {
		before := lastUpdate(h, f.stage, span.From-1, sli.UpdateReach(f.every))
		for m := span.From; m < span.To; m++ {
			c := sli.CellAt(h, f.stage, m)
			now := updateOf(c, m)
			if !before.doubtful && !now.doubtful && (before.known() || now.known()) {
				cells[m] = sli.Counts{Valid: time.Minute.Seconds(), Good: estimate.Weight(f.fresh(m, before.watermark, c))}
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
func (f freshnessByUpdates) fresh(m sli.Minute, before int64, c *sli.StageCell) float64 {
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
	minute    sli.Minute
	doubtful  bool // there was an update, and so many of its stamps are skewed that its watermark isn't known
}

func (u update) known() bool { return u.watermark != 0 }

// updateOf is the update of a minute.
func updateOf(c *sli.StageCell, m sli.Minute) update {
	if c.SkewedRecords().Over() || c.SkewedLines().Over() {
		return update{minute: m, doubtful: true}
	}
	return update{watermark: c.Watermark, minute: m}
}

// lastUpdate is the newest update up to the end of a minute.
func lastUpdate(h sli.History, s *sli.Stage, m, reach sli.Minute) update {
	for back := sli.Minute(0); back <= reach; back++ {
		if u := updateOf(sli.CellAt(h, s, m-back), m-back); u.known() || u.doubtful {
			return u
		}
	}
	return update{minute: m - reach}
}

// batchAge is how old the last update is at the end of a minute. Where its watermark
// isn't known, or none was found in what was read, the data are at least as old as that
// time is long; which says nothing before the next update is overdue.
func batchAge(p *sli.Plan, h sli.History, due sli.Minute) *sli.Age {
	r := p.Rule(sli.Freshness)
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
	last := lastUpdate(h, f.stage, due, sli.UpdateReach(f.every))
	age := &sli.Age{Minute: due, Basis: "the last update of " + f.stage.Name, Exact: true}
	switch {
	case last.known():
		age.Watermark = time.UnixMicro(last.watermark)
	case last.doubtful:
		age.Watermark, age.AtLeast, age.Basis = last.minute.End(), true, "a run of "+f.stage.Name+" whose stamps lie in the future"
	default:
		read := answered.Within(sli.Window{From: last.minute, To: due + 1})
		age.Watermark, age.AtLeast, age.Basis = read[len(read)-1].From.Start(), true, "no run of "+f.stage.Name+" since"
	}
	age.Seconds = max(0, due.End().Sub(age.Watermark).Seconds())
	if age.AtLeast && age.Seconds <= f.every.Seconds() {
		return nil
	}
	return age
}
