package sli

import (
	"slices"
	"time"
)

// Exclusion is a stretch that leaves windows, budgets and burn, good and valid
// alike; never events, ages or states.
type Exclusion struct {
	From, To time.Time  // once
	Again    *Recurring // or by the calendar
	Repeats  *Repeating // or from a first one on
	Reason   string
	SLIs     []Kind // empty: all
}

// Recurring is a stretch that begins on some days, by the wall clock of a zone: it lasts
// as long as the clock on the wall shows its hours, also over an hour that is repeated
// or skipped.
type Recurring struct {
	Weekdays  []time.Weekday // on each of these,
	Monthdays []int          // or on each of these days of a month; 0 is its last
	From, To  time.Duration  // since midnight, whole minutes; To may pass the next midnight
	Zone      *time.Location
}

// Exclusions are a pipeline's.
type Exclusions []Exclusion

// Of is the excluded minutes of w for an SLI. A minute that an exclusion touches is
// excluded whole.
func (x Exclusions) Of(kind Kind, w Window) Intervals {
	var out Intervals
	for _, e := range x {
		if !e.concerns(kind) {
			continue
		}
		out = out.Union(e.spans(w))
	}
	return out.Within(w)
}

// Reason is why a minute is excluded for an SLI, "" where it isn't.
func (x Exclusions) Reason(kind Kind, m Minute) string {
	w := Window{From: m, To: m + 1}
	for _, e := range x {
		for _, s := range e.stretches(w) {
			if e.concerns(kind) && s.Contains(m) {
				return e.Reason
			}
		}
	}
	return ""
}

// Whole is why a minute is excluded for all SLIs, "" where it isn't.
func (x Exclusions) Whole(m Minute) string {
	return slices.DeleteFunc(slices.Clone(x), func(e Exclusion) bool { return len(e.SLIs) > 0 }).Reason("", m)
}

func (e Exclusion) concerns(kind Kind) bool {
	return len(e.SLIs) == 0 || slices.Contains(e.SLIs, kind)
}

func (e Exclusion) stretches(w Window) []Window {
	switch {
	case e.Again != nil:
		return e.Again.stretches(w)
	case e.Repeats != nil:
		return e.Repeats.stretches(w)
	}
	return []Window{touched(e.From, e.To)}
}

// stretches are those that touch w. Between two changes of a zone's offset the wall
// clock runs evenly, so that each such part is gone through by its own calendar.
func (r Recurring) stretches(w Window) []Window {
	var out []Window
	for at := w.Start(); at.Before(w.End()); {
		local := at.In(r.Zone)
		_, seconds := local.Zone()
		offset := time.Duration(seconds) * time.Second
		_, until := local.ZoneBounds()
		if until.IsZero() || until.After(w.End()) {
			until = w.End()
		}
		part := touched(at, until)
		// Two days earlier, since a stretch may reach over a midnight.
		for day := midnight(at.Add(offset)).Add(-2 * wholeDay); !day.Add(-offset).After(until); day = day.Add(wholeDay) {
			if !r.on(day) {
				continue
			}
			s := touched(day.Add(r.From-offset), day.Add(r.To-offset))
			if s = (Window{max(s.From, part.From), min(s.To, part.To)}); s.Minutes() > 0 {
				out = append(out, s)
			}
		}
		at = until
	}
	return out
}

const wholeDay = 24 * time.Hour

// midnight is the one before a time, which stands for what a clock on the wall shows.
func midnight(wall time.Time) time.Time {
	wall = wall.UTC()
	return time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
}

// on tells whether a stretch begins on the day of a midnight.
func (r Recurring) on(midnight time.Time) bool {
	if slices.Contains(r.Weekdays, midnight.Weekday()) || slices.Contains(r.Monthdays, midnight.Day()) {
		return true
	}
	return midnight.Add(wholeDay).Day() == 1 && slices.Contains(r.Monthdays, 0)
}

func touched(from, to time.Time) Window {
	return Window{From: MinuteAt(from), To: MinuteAt(to.Add(time.Minute - time.Microsecond))}
}

// Reasons are why minutes are excluded for an SLI, each with how many of them are, by the
// first exclusion that holds them.
func (x Exclusions) Reasons(kind Kind, minutes Intervals) map[string]int {
	out := map[string]int{}
	for _, e := range x {
		if len(minutes) == 0 {
			break
		}
		if !e.concerns(kind) {
			continue
		}
		w := Window{From: minutes[0].From, To: minutes[len(minutes)-1].To}
		held := e.spans(w).Intersect(minutes)
		if n := held.Minutes(); n > 0 {
			out[e.Reason] += n
			minutes = minutes.Minus(held)
		}
	}
	return out
}

// spans are the minutes that an exclusion touches around a window. Its stretches may be
// many, and come in order.
func (e Exclusion) spans(w Window) Intervals {
	var out Intervals
	for _, s := range e.stretches(w) {
		if n := len(out); n > 0 && out[n-1].From <= s.From && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
		} else if n == 0 || out[n-1].To < s.From {
			out = append(out, s)
		} else {
			out = out.Add(s)
		}
	}
	return out
}
