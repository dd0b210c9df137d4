package measure

import (
	"encoding/binary"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// A host's clock can be wrong for some runs, either way. Nothing is forgotten by one that
// runs ahead, and what it put into the future is set aside once the clock is right again,
// or has gone back: it would stand in the way of all that comes.

// slack is what is kept beyond a period, so that a clock that is ahead for a while
// costs nothing that counts.
const slack = 2 * 24 * time.Hour

// settledClock is the minute that forgetting goes by: the newest one that had an answer
// before this run, and no further from the last run's than time has passed since.
func (r Run) settledClock(tx Tx, plan *sli.Plan, rec pipelineRecord) sli.Minute {
	now := sli.MinuteAt(r.Now)
	newest, known := sli.Minute(0), false
	for _, stage := range plan.Stages {
		var s stageRecord
		if getRecord(tx, stageKey(plan.Name, stage.Name, stage.Facts.Reads), &s) && len(s.Answered) > 0 {
			newest, known = max(newest, s.Answered[len(s.Answered)-1].To), true
		}
	}
	if known {
		now = min(now, newest)
	}
	if rec.Reference > 0 {
		now = min(now, rec.Reference+sli.Minute(max(0, r.Now.Sub(rec.Ran))/time.Minute)+1)
	}
	return now
}

// keepFrom is the first minute that is kept of what is kept for a time.
func (j *job) keepFrom(d time.Duration) sli.Minute {
	return j.reference - sli.Minute(d/time.Minute)
}

// historyFrom is the first minute that SLIs' histories are kept from.
func (j *job) historyFrom() sli.Minute {
	return j.keepFrom(max(j.plan.Kept()+slack, j.run.sinceBack()))
}

// noteForgotten notes what this run has forgotten, or never made cells of.
func (j *job) noteForgotten(rec *pipelineRecord) {
	now := sli.MinuteAt(j.run.Now)
	if rec.History > now || rec.Cells > now {
		rec.History, rec.Cells = 0, 0
	}
	rec.Reference = j.reference
	rec.History = max(rec.History, j.historyFrom())
	for _, stage := range j.plan.Stages {
		rec.Cells = max(rec.Cells, j.countedFrom(stage))
	}
}

// horizon is the last minute that isn't more than a minute ahead of the run's clock.
func (r Run) horizon() sli.Minute { return sli.MinuteAt(r.Now) + 1 }

// isAhead tells whether the state was left by a run whose clock was ahead of this one's by
// more than a minute. A run that speaks of the past finds it so by design.
func (r Run) isAhead(tx Tx, plan *sli.Plan, rec pipelineRecord) bool {
	if !r.Until.IsZero() || r.All {
		return false
	}
	latest := rec.Ran
	for _, stage := range plan.Stages {
		var s stageRecord
		if getRecord(tx, stageKey(plan.Name, stage.Name, stage.Facts.Reads), &s) && s.ReadTo.After(latest) {
			latest = s.ReadTo
		}
	}
	return latest.After(r.Now.Add(time.Minute))
}

// setAside is a stage's record without what lies ahead of the clock. Its position stays:
// what was read isn't read again.
func (s stageRecord) setAside(now time.Time, settled sli.Minute) stageRecord {
	if s.ReadTo.After(now.Add(time.Minute)) {
		s.ReadTo = now
	}
	past := sli.Window{To: settled}
	s.Answered, s.Refused = s.Answered.Within(past), s.Refused.Within(past)
	return s
}

// setAside removes what lies ahead of the clock from a stage. Minutes of which lines were
// counted are lost with their counts: a position goes on behind these lines.
func (s *committedStage) setAside(tx Tx, j *job) {
	horizon := j.run.horizon()
	if !s.stage.Facts.Replaces {
		lost := s.cells.held(horizon)
		for _, rule := range j.plan.All() {
			if rule.Feeds(s.stage.Name) {
				lost = lost.Union(openRuleCells(tx, ruleCellPrefix(j.plan.Name, rule.Kind, short(j.plan.Fingerprint(rule)))).held(horizon))
			}
		}
		s.record.Lost = s.record.Lost.Union(lost)
	}
	s.record = s.record.setAside(j.run.Now, s.settled(j.run.Now))
	dropKeys(tx, s.cells.prefix, horizon+1)
}

// takeAway removes what lies ahead of the clock from an SLI's history. Minutes that points
// already hold, though their time comes only now, are taken off the next one.
func (l *ledger) takeAway(tx Tx, j *committed, posted sli.Intervals) {
	r, horizon, due := &l.record, j.run.horizon(), sli.Due(j.run.Now, l.rule.Settle)
	if point := j.setAside.point; point != nil {
		for _, part := range point.SLIs {
			if part.Kind == l.rule.Kind {
				r.Carry = r.Carry.Plus(sli.Counts{Valid: float64(part.Valid), Good: float64(part.Good)})
			}
		}
	}
	if r.Started && r.TakenTo > due {
		to := due - 1
		for _, w := range r.LeftOut {
			if w.To-1 > horizon { // a point with this minute in it would have come from a wrong clock
				to = min(to, w.From-1)
			}
		}
		for m := to + 1; m <= min(r.TakenTo, horizon); m++ {
			if posted.Contains(m) && !r.LeftOut.Contains(m) {
				r.Carry = r.Carry.Minus(l.cells.get(m))
			}
		}
		r.TakenTo, r.EventsFrom = to, min(r.EventsFrom, to+1)
		r.LeftOut = r.LeftOut.Within(sli.Window{To: to + 1})
	}
	past := sli.Window{To: horizon + 1}
	r.Derived, r.Doubtful = r.Derived.Within(past), minutes(sli.Intervals(r.Doubtful).Within(past))
	l.unbook(j, horizon)
	r.Explained, r.Balance = min(r.Explained, due), nil
	if r.HasSince && r.Since > horizon {
		r.Since, r.HasSince = 0, false
		horizon = -1 // it begins anew, and counts its window once more
	}
	l.cells.dropAfter(horizon)
	for _, family := range lateFamilies {
		l.restamp(tx, j.job, family)
	}
}

// unbook takes back the minutes that were found silent before their time had come: what was
// accepted in them may still come out in time.
func (l *ledger) unbook(j *committed, horizon sli.Minute) {
	r := &l.record
	if l.rule.Silence == 0 {
		return
	}
	settled := sli.Window{To: j.silentDue(l.rule) + 1}
	for _, w := range r.Silent.Minus(r.Silent.Within(settled)) {
		for m := w.From; m < min(w.To, horizon+1); m++ {
			booked := j.setAside.unbooked[m]
			if at, there := r.Booked.find(m); there {
				booked += r.Booked[at].Left
			}
			c := sli.Counts{Valid: booked}
			l.cells.set(m, l.cells.get(m).Minus(c))
			if (sli.Window{From: r.EventsFrom, To: r.TakenTo + 1}).Contains(m) && !r.LeftOut.Contains(m) {
				r.Carry = r.Carry.Minus(c)
			}
		}
	}
	r.Silent, r.Booked = r.Silent.Within(settled), r.Booked.before(settled.To)
}

// silentDue is the newest minute that can be known to have been silent.
func (j *job) silentDue(rule *sli.Rule) sli.Minute {
	return sli.Due(j.absence.front, rule.Silence+rule.Settle)
}

// dropAfter forgets the cells of the minutes after one.
func (c *ruleCells) dropAfter(last sli.Minute) {
	at, index := hourOf(last + 1)
	if index > 0 {
		h := c.hour(at)
		for _, cell := range h.cells {
			if cell.index >= index {
				h.set(cell.index, sli.Counts{})
			}
		}
		c.tx.Put(c.key(at), h.encode())
		at++
	}
	for h := range c.hours {
		if h >= at {
			delete(c.hours, h)
		}
	}
	dropKeys(c.tx, c.prefix, at)
}

// dropKeys forgets what stands under a prefix from a number on.
func dropKeys(tx Tx, prefix []byte, from sli.Minute) {
	var gone [][]byte
	tx.Scan(binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), uint32(from)), after(prefix), func(key, _ []byte) bool {
		gone = append(gone, append([]byte(nil), key...))
		return true
	})
	for _, key := range gone {
		tx.Delete(key)
	}
}

// setAside is what a run took away because it lies ahead of its clock.
type setAside struct {
	point    *sli.Point             // an events point, nil if it stands
	unbooked map[sli.Minute]float64 // of minutes found silent too early, records that are followed
	warning  string                 // what is said of it; empty: nothing was
}

// setAsideAll says that something is set aside, and removes what no stage or SLI holds.
func (j *job) setAsideAll(tx Tx, rec *pipelineRecord, latest time.Time) (away setAside) {
	if p := rec.Pending; p != nil {
		for _, part := range p.SLIs {
			if part.Time > j.run.Now.Add(time.Minute).Unix() {
				away.point, rec.Pending = p, nil
				break
			}
		}
	}
	if s := rec.Stall; s != nil && (s.Since > j.run.horizon() || s.Through > j.run.horizon()) {
		rec.Stall = nil
	}
	openAges(tx, j.plan.Name).dropAfter(j.run.horizon())
	away.warning = fmt.Sprintf("the state was left by a run whose clock said %s, which is ahead of this one's: what lies in the future is set aside", latest.UTC().Format(time.RFC3339))
	return away
}
