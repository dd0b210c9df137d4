package indicator

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// rowSlack is how much later than the newest row a request must have begun for that row
// not to be its own: it was written while the request lasted, by another clock.
const rowSlack = 2 * time.Second

// owing is the stage that tells whether anything was accepted after the newest row of a
// store; nil where the age of that row counts whatever was accepted: it is expected at
// intervals, it isn't a row's, or nothing counts acceptances.
func owing(p *sli.Plan, store *sli.Stage) *sli.Stage {
	if r := p.Rule(sli.Freshness); !store.Facts.AgeOfNewest || r != nil && r.Terms.ExpectEvery > 0 {
		return nil
	}
	return accepting(p)
}

// idle tells whether a stage has no age to tell in a minute because nothing came.
func idle(h sli.History, s *sli.Stage, m sli.Minute) bool {
	_, ok := sli.CellAt(h, s, m).Levels[sli.LevelIdle]
	return ok
}

// reportedAge is the age, in seconds, that a stage reports at the end of a minute. Of
// rows it is that of the first request after the newest row: 0 where there was none. It
// isn't known where that isn't.
func reportedAge(p *sli.Plan, h sli.History, s *sli.Stage, m sli.Minute) (float64, bool) {
	seconds, ok := sli.CellAt(h, s, m).Levels["age"]
	front := owing(p, s)
	if !ok || front == nil {
		return seconds, ok
	}
	read := h.Answered(front.Name).Within(sli.Window{From: m - sli.WatermarkReach, To: m + 1})
	if !read.Contains(m) {
		return 0, false
	}
	newest := m.End().UnixMicro() - int64(seconds*1e6)
	since := max(sli.MinuteOf(newest), read[len(read)-1].From)
	var accepted sli.Marks
	var latest int64
	for at := since; at <= m; at++ {
		c := sli.CellAt(h, front, at)
		accepted.Merge(c.AcceptedIn)
		latest = max(latest, c.NewestAccepted)
	}
	after := newest + rowSlack.Microseconds()
	switch first := accepted.First(after, m); {
	case latest <= after:
		return 0, true
	case since > sli.MinuteOf(newest) || accepted == nil:
		return seconds, true // what was accepted first after the row isn't known
	case first == 0:
		first = latest // in the same second
		fallthrough
	default:
		return min(seconds, float64(m.End().UnixMicro()-first)/1e6), true
	}
}
