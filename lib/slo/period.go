package slo

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Period is a stretch of time that an error budget is for.
type Period struct {
	Name   string // 28d, 2026-11; empty for one that was asked for by its ends
	Window sli.Window
	// Rolling: as minutes come, as many leave at the other end. A month's begin together
	// and end together.
	Rolling bool
}

// Last is the period of a length that ends with the newest due minute.
func Last(length time.Duration, due sli.Minute) Period {
	return Period{Name: sli.FormatDuration(length), Window: sli.Ending(due, length), Rolling: true}
}

// Month is the calendar month of an instant, by the clock of its zone.
func Month(at time.Time) Period {
	first := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, at.Location())
	return Period{Name: first.Format("2006-01"), Window: sli.Window{From: sli.MinuteAt(first), To: sli.MinuteAt(first.AddDate(0, 1, 0))}}
}

// Between is the period of the minutes that begin in [from, to).
func Between(w sli.Window) Period { return Period{Window: w} }
