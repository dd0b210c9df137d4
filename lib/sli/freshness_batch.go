package sli

import "time"

// batchRule is freshness of a pipeline that is updated at intervals: the age of its
// data counts from the last update, also when nothing arrives.
func batchRule(stage *Stage, spec *Spec) *Rule {
	return &Rule{
		Method:     "age",
		Stages:     []string{stage.Name},
		Population: "seconds",
		Quality:    Exact,
		Formula:    "seconds in which the last update was no older than " + Span(spec.Threshold) + " / seconds",
		Derive:     freshnessByUpdates{stage: stage, threshold: spec.Threshold, every: spec.ExpectEvery},
	}
}

// freshnessByUpdates judges, second by second, the age of what the last update holds.
type freshnessByUpdates struct {
	stage            *Stage
	threshold, every time.Duration
}

// updateReach is how far back the last update is looked for.
func updateReach(every time.Duration) Minute { return Minute(3*every/time.Minute) + 1 }

func (f freshnessByUpdates) Derive(h History, w Window, _ time.Time) map[Minute]Counts {
	cells := map[Minute]Counts{}
	for _, span := range h.Answered(f.stage.Name).Within(w) {
		before, known := lastUpdate(h, f.stage, span.From-1, updateReach(f.every))
		for m := span.From; m < span.To; m++ {
			c := cell(h, f.stage, m)
			if known || c.Watermark != 0 {
				cells[m] = Counts{Valid: secondsPerMinute, Good: Weight(f.fresh(m, before, c))}
			}
			if c.Watermark > before {
				before, known = c.Watermark, true
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

// lastUpdate is the newest watermark up to the end of a minute.
func lastUpdate(h History, s *Stage, m, reach Minute) (microseconds int64, known bool) {
	for back := Minute(0); back <= reach; back++ {
		if w := cell(h, s, m-back).Watermark; w != 0 {
			return w, true
		}
	}
	return 0, false
}

// batchAge is how old the last update is at the end of a minute.
func (p *Plan) batchAge(h History, due Minute) *Age {
	r := p.Rule(Freshness)
	if r == nil {
		return nil
	}
	f, ok := r.Derive.(freshnessByUpdates)
	if !ok || !h.Answered(f.stage.Name).Contains(due) {
		return nil
	}
	watermark, known := lastUpdate(h, f.stage, due, updateReach(f.every))
	if !known {
		return nil
	}
	return &Age{
		Seconds:   float64(due.End().UnixMicro()-watermark) / 1e6,
		Watermark: time.UnixMicro(watermark),
		Minute:    due,
		Basis:     "the last update of " + f.stage.Name,
		Exact:     true,
	}
}
