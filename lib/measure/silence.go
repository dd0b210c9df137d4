package measure

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// silentMinute is a minute that freshness has booked for its silence, where nothing but
// the instants they carry tells which records those were.
type silentMinute struct {
	Minute sli.Minute `json:"minute"`
	Left   float64    `json:"left"` // of those booked, how many have not come out
	// Beyond is how many of them may say themselves that they were accepted in the next
	// minute: their requests ended there.
	Beyond float64 `json:"beyond,omitempty"`
}

// silentMinutes are in order. What was booked in minutes in a row is taken from all of
// them: the two ends of the pipeline need not agree on which minute a record belongs to.
type silentMinutes []silentMinute

// find is the index of a minute, and whether it is there.
func (s silentMinutes) find(m sli.Minute) (int, bool) {
	return slices.BinarySearchFunc(s, m, func(x silentMinute, m sli.Minute) int { return int(x.Minute - m) })
}

// take takes up to n records that came out and were accepted in a minute from those that
// are booked, and gives how many it took.
func (s silentMinutes) take(accepted sli.Minute, n float64) float64 {
	i, here := s.find(accepted)
	beyond := -1
	if !here {
		if i == 0 || s[i-1].Minute != accepted-1 || s[i-1].Beyond <= 0 {
			return 0
		}
		i--
		beyond = i
		n = min(n, s[i].Beyond)
	}
	first, last := i, i
	for first > 0 && s[first-1].Minute == s[first].Minute-1 {
		first--
	}
	for last+1 < len(s) && s[last+1].Minute == s[last].Minute+1 {
		last++
	}
	taken := s[i].take(n)
	for at := first; at <= last && taken < n; at++ {
		taken += s[at].take(n - taken)
	}
	if beyond >= 0 {
		s[beyond].Beyond -= taken
	}
	return taken
}

func (m *silentMinute) take(n float64) float64 {
	n = min(n, m.Left)
	m.Left -= n
	return n
}

// put adds a minute, or more to one that is there.
func (s silentMinutes) put(m silentMinute) silentMinutes {
	i, there := s.find(m.Minute)
	if !there {
		return slices.Insert(s, i, m)
	}
	s[i].Left += m.Left
	s[i].Beyond += m.Beyond
	return s
}

// before drops the minutes from one on.
func (s silentMinutes) before(m sli.Minute) silentMinutes {
	i, _ := s.find(m)
	return s[:i]
}

// since drops the minutes before one.
func (s silentMinutes) since(m sli.Minute) silentMinutes {
	i, _ := s.find(m)
	return s[i:]
}

// passing takes from what comes out the records that are booked for their silence.
type passing struct {
	older  sli.Intervals // minutes booked before it was noted how many they were: all of theirs pass
	booked silentMinutes // as they were when the run began
	left   silentMinutes
}

func newPassing(rec ruleRecord) *passing {
	if len(rec.Silent) == 0 {
		return nil
	}
	p := &passing{older: rec.Silent, booked: rec.Booked, left: slices.Clone(rec.Booked)}
	for _, m := range rec.Booked {
		p.older = p.older.Remove(sli.Window{From: m.Minute, To: m.Minute + 1})
	}
	return p
}

// take is how much of an event's weight is booked already.
func (p *passing) take(e *sli.Event) float64 {
	if p == nil || e.AcceptedAt == 0 {
		return 0
	}
	m := sli.MinuteOf(e.AcceptedAt)
	if p.older.Contains(m) {
		return e.Weight
	}
	return p.left.take(m, e.Weight)
}

// settle takes from the record what the run has taken.
func (p *passing) settle(booked silentMinutes) {
	for i, was := range p.booked {
		if at, there := booked.find(was.Minute); there {
			booked[at].Left -= was.Left - p.left[i].Left
			booked[at].Beyond -= was.Beyond - p.left[i].Beyond
		}
	}
}

// bookSilence books minutes with acceptances after whose start nothing at all has come
// out by their end + threshold: valid is what was accepted, good is 0. Records that
// are booked so aren't counted where they come out: by their ids, or as many as were
// booked of those minutes.
func (l *ledger) bookSilence(j *committed) {
	back := j.evidenceFrom(max(keepCells, j.run.sinceBack()))
	if j.run.All {
		back = j.cellsFrom()
	}
	w := sli.Window{From: back, To: j.silentDue(l.rule) + 1}
	w.From = max(w.From, l.record.Since)
	if !l.record.HasSince {
		return
	}
	read := func(stage string) time.Time {
		s := j.stage(stage)
		return s.record.ReadTo.Add(-s.stage.Facts.Settle)
	}
	var found silentMinutes
	for _, m := range indicator.Silences(j.plan, j.history(), l.rule, w, read) {
		if l.record.Silent.Contains(m.Minute) {
			continue
		}
		l.record.Silent = l.record.Silent.Add(sli.Window{From: m.Minute, To: m.Minute + 1})
		byID := l.bookByID(j, m.Minute)
		one := silentMinute{Minute: m.Minute, Left: m.Accepted, Beyond: m.Beyond}
		if j.named(l.rule) {
			one.Left, one.Beyond = 0, 0
			if share := 1 - 1/j.ids.Sampled(); share > 0 {
				one.Left, one.Beyond = max(0, m.Accepted-byID), m.Beyond*share
			}
		}
		found = found.put(one)
		l.set(m.Minute, l.cells.get(m.Minute).Plus(sli.Counts{Valid: byID + one.Left}))
	}
	if j.run.All {
		j.forget()
	}
	l.takeBack(j, found)
	for _, m := range found {
		l.record.Booked = l.record.Booked.put(m)
	}
	if j.ids != nil {
		for m, n := range j.ids.astray {
			l.record.Booked = l.record.Booked.put(silentMinute{Minute: m, Left: n})
		}
	}
	day := j.evidenceFrom(max(24*time.Hour, j.run.sinceBack()))
	l.record.Silent = l.record.Silent.Within(sli.Window{From: day, To: maxMinute})
	l.record.Booked = l.record.Booked.since(day)
}

// named tells whether a rule's records are known by their ids from acceptance on.
func (j *committed) named(rule *sli.Rule) bool {
	return j.ids != nil && j.ids.HasIDs() && j.ids.rule.Feeds(rule.Stages[0])
}

// bookByID books the records of a silent minute that are followed, and takes those that
// have come out since from where they were counted.
func (l *ledger) bookByID(j *committed, silent sli.Minute) float64 {
	if !j.named(l.rule) {
		return 0
	}
	booked, counted := j.ids.bookSilence(silent)
	for m, c := range counted {
		l.set(m, l.cells.get(m).Minus(c))
	}
	return booked
}

// takeBack uncounts the records accepted in minutes that are found silent now, and that
// had come out, too late, by then.
func (l *ledger) takeBack(j *committed, found silentMinutes) {
	if len(found) == 0 {
		return
	}
	h := j.history()
	for m := found[0].Minute + 1; m <= sli.MinuteAt(j.run.Now.Add(sli.Skew)); m++ {
		for _, stage := range l.rule.Stages {
			cell := h.Cell(stage, m)
			if cell == nil {
				continue
			}
			for accepted, n := range cell.DoneByAcceptance(m) {
				counts := l.cells.get(m)
				if out := found.take(accepted, min(n, counts.Valid-counts.Good-counts.Uncertain)); out > 0 {
					l.set(m, counts.Minus(sli.Counts{Valid: out}))
				}
			}
		}
	}
}
