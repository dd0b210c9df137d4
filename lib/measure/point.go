package measure

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// fixPoint makes the next events point out of the due minutes that no point holds,
// and of what changed in those that one does. Nil when no minute is newly due.
func (j committing) fixPoint(ledgers []*ledger) *sli.Point {
	point := new(sli.Point)
	for _, l := range ledgers {
		part, minutes, skipped := l.take(sli.Due(j.run.Now, l.rule.Settle), j.reference, j.run.Now)
		point.Skipped = max(point.Skipped, skipped)
		if part != nil {
			point.SLIs = append(point.SLIs, *part)
			point.Minutes = max(point.Minutes, minutes)
		}
	}
	if len(point.SLIs) == 0 {
		return nil
	}
	return point
}

// take moves the due minutes of an SLI into a point. The first point of all holds
// the newest due minute only.
func (l *ledger) take(due, reference sli.Minute, now time.Time) (part *sli.PointPart, minutes, skipped int) {
	if !l.record.Started {
		l.record.TakenTo, l.record.EventsFrom = due-1, due
	}
	if due <= l.record.TakenTo {
		return nil, 0, 0
	}
	if !l.measured.Contains(due) {
		return nil, 0, 0 // not measured: nothing is said of it, and nothing older in its place
	}
	fresh := sli.Window{From: l.record.TakenTo + 1, To: due + 1}
	if old := (sli.Window{From: fresh.From, To: due - sli.FoldBack}); old.Minutes() > 0 {
		l.record.LeftOut = l.record.LeftOut.Add(old)
		skipped = old.Minutes()
		fresh.From = old.To
	}
	measured := l.measured.Within(fresh)
	total := l.record.Carry.Plus(l.cells.sum(measured))
	minutes = measured.Minutes()
	part = &sli.PointPart{Kind: l.rule.Kind, Minute: due, Time: sli.Stamp(due, now).Unix(), Valid: whole(total.Valid), Good: whole(total.Good)}
	part.Good = min(part.Good, part.Valid)
	l.record.Carry = sli.Counts{Valid: total.Valid - float64(part.Valid), Good: total.Good - float64(part.Good)}
	l.record.TakenTo, l.record.Started = due, true
	l.record.LeftOut = l.record.LeftOut.Within(sli.Window{From: min(due, reference) - 24*60, To: maxMinute})
	return part, minutes, skipped
}

// whole is what of a count can be printed as whole events now; the rest is carried.
func whole(v float64) int64 { return int64(max(0, math.Floor(v))) }
