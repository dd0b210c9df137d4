package sli

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestTimesOfARepeatedHourAreToldApart(t *testing.T) {
	for _, c := range []struct{ zone, at, want string }{
		{"America/New_York", "2026-11-01T04:59:00Z", "2026-11-01 00:59"},
		{"America/New_York", "2026-11-01T05:00:00Z", "2026-11-01 01:00 EDT"},
		{"America/New_York", "2026-11-01T05:59:00Z", "2026-11-01 01:59 EDT"},
		{"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01 01:00 EST"},
		{"America/New_York", "2026-11-01T06:59:00Z", "2026-11-01 01:59 EST"},
		{"America/New_York", "2026-11-01T07:00:00Z", "2026-11-01 02:00"},
		{"America/New_York", "2026-03-08T07:00:00Z", "2026-03-08 03:00"},
		{"Australia/Lord_Howe", "2026-04-04T14:29:00Z", "2026-04-05 01:29"},
		{"Australia/Lord_Howe", "2026-04-04T14:30:00Z", "2026-04-05 01:30 +11"},
		{"Australia/Lord_Howe", "2026-04-04T15:29:00Z", "2026-04-05 01:59 +1030"},
		{"Australia/Lord_Howe", "2026-04-04T15:30:00Z", "2026-04-05 02:00"},
		{"Asia/Tokyo", "2026-11-01T05:30:00Z", "2026-11-01 14:30"},
		{"UTC", "2026-11-01T05:30:00Z", "2026-11-01 05:30"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Wall(at.In(zone)); got != c.want {
			t.Errorf("%s in %s is %q, want %q", c.at, c.zone, got, c.want)
		}
	}
}
