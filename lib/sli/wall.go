package sli

import (
	"strings"
	"time"
)

// Wall is an instant as the wall clock of its zone shows it, to the minute. In an hour that
// the clock goes through twice the zone's abbreviation tells which of the two it is.
func Wall(t time.Time) string {
	if twice(t) {
		return t.Format("2006-01-02 15:04 MST")
	}
	return t.Format("2006-01-02 15:04")
}

// WallFrom is the beginning of a stretch whose end is told with its zone: with its own where
// the clock is set in between.
func WallFrom(from, to time.Time) string {
	_, offset := from.Zone()
	if _, later := to.Zone(); later != offset {
		return from.Format("2006-01-02 15:04 MST")
	}
	return Wall(from)
}

// Wall is a window as people read it, in the zone of an instant; the date is told where it
// isn't that instant's.
func (w Window) Wall(at time.Time) string {
	from, to := w.Start().In(at.Location()), w.End().In(at.Location())
	begin := WallFrom(from, to)
	if day := from.Format("2006-01-02 "); day == at.Format("2006-01-02 ") && to.Sub(from) < 24*time.Hour {
		return strings.TrimPrefix(begin, day) + "–" + to.Format("15:04 MST")
	}
	return begin + " – " + to.Format("2006-01-02 15:04 MST")
}

// twice tells whether the wall clock shows the same at another instant, too.
func twice(t time.Time) bool {
	_, offset := t.Zone()
	since, until := t.ZoneBounds()
	if !since.IsZero() {
		_, before := since.Add(-time.Second).Zone()
		if t.Sub(since) < time.Duration(before-offset)*time.Second {
			return true
		}
	}
	if until.IsZero() {
		return false
	}
	_, after := until.Zone()
	return until.Sub(t) <= time.Duration(offset-after)*time.Second
}
