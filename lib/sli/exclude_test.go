package sli

import (
	"testing"
	"time"
)

func TestARecurringExclusionFollowsTheClockOnTheWall(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	berlin, lordHowe := zone("Europe/Berlin"), zone("Australia/Lord_Howe")
	sun, weekdays := []time.Weekday{time.Sunday}, []time.Weekday{1, 2, 3, 4, 5}
	for _, c := range []struct {
		name     string
		r        Recurring
		from, to string // UTC
		minutes  int
		first    string // excluded minute, UTC
	}{
		{"a repeated hour is inside twice", Recurring{Weekdays: sun, From: 2 * time.Hour, To: 4 * time.Hour, Zone: berlin}, "2026-10-24 00:00", "2026-10-26 00:00", 180, "2026-10-25 00:00"},
		{"a skipped hour is inside never", Recurring{Weekdays: sun, From: 2 * time.Hour, To: 4 * time.Hour, Zone: berlin}, "2026-03-28 00:00", "2026-03-30 00:00", 60, "2026-03-29 01:00"},
		{"half an hour may be repeated", Recurring{Weekdays: sun, From: 90 * time.Minute, To: 2 * time.Hour, Zone: lordHowe}, "2026-04-04 00:00", "2026-04-05 12:00", 60, "2026-04-04 14:30"},
		{"it begins in the repeated hour", Recurring{Weekdays: sun, From: 150 * time.Minute, To: 160 * time.Minute, Zone: berlin}, "2026-10-24 00:00", "2026-10-26 00:00", 20, "2026-10-25 00:30"},
		{"a night that passes the change", Recurring{Weekdays: []time.Weekday{time.Saturday}, From: 20 * time.Hour, To: 31 * time.Hour, Zone: berlin}, "2026-10-24 00:00", "2026-10-26 00:00", 12 * 60, "2026-10-24 18:00"},
		{"on each of the days, and on until the next", Recurring{Weekdays: weekdays, From: 20 * time.Hour, To: 31 * time.Hour, Zone: time.UTC}, "2026-03-01 00:00", "2026-03-08 00:00", 5 * 11 * 60, "2026-03-02 20:00"},
		{"the window begins within", Recurring{Weekdays: weekdays, From: 20 * time.Hour, To: 31 * time.Hour, Zone: time.UTC}, "2026-03-07 03:00", "2026-03-07 12:00", 240, "2026-03-07 03:00"},
		{"a day of each month", Recurring{Monthdays: []int{1}, From: 2 * time.Hour, To: 4 * time.Hour, Zone: time.UTC}, "2026-01-15 00:00", "2026-04-15 00:00", 360, "2026-02-01 02:00"},
		{"the last day of each month", Recurring{Monthdays: []int{0}, From: 22 * time.Hour, To: 26 * time.Hour, Zone: time.UTC}, "2026-02-02 00:00", "2026-04-15 00:00", 480, "2026-02-28 22:00"},
		{"a day that some months lack", Recurring{Monthdays: []int{31}, From: 0, To: time.Hour, Zone: time.UTC}, "2026-02-01 00:00", "2026-05-01 00:00", 60, "2026-03-31 00:00"},
		{"a whole day", Recurring{Weekdays: sun, From: 0, To: 24 * time.Hour, Zone: berlin}, "2026-10-24 00:00", "2026-10-27 00:00", 25 * 60, "2026-10-24 22:00"},
	} {
		at := func(text string) Minute {
			v, err := time.Parse("2006-01-02 15:04", text)
			if err != nil {
				t.Fatal(err)
			}
			return MinuteAt(v)
		}
		got := Exclusions{{Again: &c.r}}.Of(Availability, Window{at(c.from), at(c.to)})
		if got.Minutes() != c.minutes || len(got) == 0 || got[0].From != at(c.first) {
			t.Errorf("%s: want %d minutes from %s, got %d, %v", c.name, c.minutes, c.first, got.Minutes(), got)
		}
		// Minute by minute, what the clock on the wall shows decides.
		for m := at(c.from); m < at(c.to); m++ {
			wall := m.Start().In(c.r.Zone)
			_, seconds := wall.Zone()
			day := midnight(m.Start().Add(time.Duration(seconds) * time.Second))
			since := time.Duration(wall.Hour())*time.Hour + time.Duration(wall.Minute())*time.Minute
			inside := c.r.on(day) && c.r.From <= since && since < c.r.To || c.r.on(day.Add(-wholeDay)) && since+wholeDay < c.r.To
			if got.Contains(m) != inside {
				t.Fatalf("%s: at %s: want %v, got %v", c.name, wall, inside, got.Contains(m))
			}
		}
	}
}
