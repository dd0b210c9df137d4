package sli

import (
	"slices"
	"time"
)

// Repeating is a stretch that comes again and again from a first one on, as Mackerel's
// downtimes do: every so many hours, days, weeks, months or years by the clock of a zone.
type Repeating struct {
	First    time.Time // in the zone
	Length   time.Duration
	Every    string // hourly, daily, weekly, monthly or yearly
	Interval int    // of that, at least 1
	Weekdays []time.Weekday
	Until    time.Time // none begins later; zero: there is no end
}

// Repetitions are what Every may be.
var Repetitions = []string{"hourly", "daily", "weekly", "monthly", "yearly"}

// stretches are those that touch w.
func (r Repeating) stretches(w Window) []Window {
	var out []Window
	first := 0
	if r.Every == "hourly" { // which may have begun long ago
		if ahead := w.Start().Sub(r.First) - r.Length; ahead > 0 {
			first = int(ahead / (time.Duration(r.Interval) * time.Hour))
		}
	}
	for n := first; ; n++ {
		begins := r.nth(n)
		if len(begins) > 0 && begins[0].After(w.End()) || r.over(n) {
			return out
		}
		for _, at := range begins {
			if !r.Until.IsZero() && at.After(r.Until) || at.Before(r.First) {
				continue
			}
			if s := touched(at, at.Add(r.Length)); s.To > w.From && s.From < w.To {
				out = append(out, s)
			}
		}
	}
}

// over tells whether no repetition of a number, or later, can still begin.
func (r Repeating) over(n int) bool {
	const most = 1 << 20
	if n > most {
		return true
	}
	begins := r.nth(n)
	return len(begins) > 0 && !r.Until.IsZero() && begins[0].After(r.Until)
}

// nth is when the repetition of a number begins, on each of its weekdays; nothing where
// its month has no such day.
func (r Repeating) nth(n int) []time.Time {
	steps := n * r.Interval
	y, m, d := r.First.Date()
	hour, minute, second := r.First.Clock()
	on := func(y int, m time.Month, d int) time.Time {
		return time.Date(y, m, d, hour, minute, second, 0, r.First.Location())
	}
	switch r.Every {
	case "hourly":
		return []time.Time{r.First.Add(time.Duration(steps) * time.Hour)}
	case "daily":
		return []time.Time{on(y, m, d+steps)}
	case "weekly":
		days := r.Weekdays
		if len(days) == 0 {
			days = []time.Weekday{r.First.Weekday()}
		}
		var out []time.Time
		for _, day := range slices.Sorted(slices.Values(days)) {
			out = append(out, on(y, m, d-int(r.First.Weekday())+int(day)+7*steps))
		}
		return out
	case "monthly":
		if at := on(y, m+time.Month(steps), d); at.Day() == d {
			return []time.Time{at}
		}
	case "yearly":
		if at := on(y+steps, m, d); at.Day() == d {
			return []time.Time{at}
		}
	}
	return nil
}
