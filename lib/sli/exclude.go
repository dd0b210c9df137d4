package sli

import (
	"slices"
	"time"
)

// Exclusion is a stretch that leaves windows, budgets and burn, good and valid
// alike; never events, ages or states.
type Exclusion struct {
	From, To time.Time // once
	Weekly   *Weekly   // or every week
	Reason   string
	SLIs     []Kind // empty: all
}

// Weekly is a stretch of every week, by the wall clock of a zone.
type Weekly struct {
	Day      time.Weekday
	From, To time.Duration // since midnight; To may pass the next midnight
	Zone     *time.Location
}

// Exclusions are a pipeline's.
type Exclusions []Exclusion

// Of is the excluded minutes of w for an SLI. A minute that an exclusion touches is
// excluded whole.
func (x Exclusions) Of(kind Kind, w Window) Spans {
	var out Spans
	for _, e := range x {
		if !e.concerns(kind) {
			continue
		}
		for _, s := range e.stretches(w) {
			out = out.Add(s)
		}
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
	for _, k := range e.SLIs {
		if k == kind {
			return true
		}
	}
	return len(e.SLIs) == 0
}

func (e Exclusion) stretches(w Window) []Window {
	if e.Weekly == nil {
		return []Window{touched(e.From, e.To)}
	}
	var out []Window
	// One day earlier, since a stretch may reach over midnight.
	first := w.Start().In(e.Weekly.Zone).AddDate(0, 0, -1)
	for day := first; !day.After(w.End()); day = day.AddDate(0, 0, 1) {
		if day.Weekday() == e.Weekly.Day {
			out = append(out, touched(e.Weekly.at(day, e.Weekly.From), e.Weekly.at(day, e.Weekly.To)))
		}
	}
	return out
}

// at is the wall-clock time d after midnight of the day, whatever summer time does.
func (w Weekly) at(day time.Time, d time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0, w.Zone)
}

func touched(from, to time.Time) Window {
	return Window{From: MinuteAt(from), To: MinuteAt(to.Add(time.Minute - time.Microsecond))}
}
