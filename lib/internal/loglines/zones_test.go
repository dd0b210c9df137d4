package loglines

import (
	"testing"
	"time"
)

func TestWhatZonesMayDifferByIsToldFromWhatAWriterHoldsBack(t *testing.T) {
	for apart, want := range map[time.Duration]time.Duration{
		9*time.Hour + 20*time.Second:                  9 * time.Hour,
		-4*time.Hour - 30*time.Second:                 -4 * time.Hour,
		5*time.Hour + 45*time.Minute + 5*time.Second:  5*time.Hour + 45*time.Minute,
		40 * time.Second:                              0, // a buffer
		15 * time.Minute:                              0, // a slow one
		7*time.Hour + 8*time.Minute:                   0, // a log that was quiet, or copied
		14 * 24 * time.Hour:                           0,
		30*time.Minute + 2*time.Minute:                0,
		-(30*time.Minute + 59*time.Second):            -30 * time.Minute,
		26*time.Hour + 30*time.Minute + 1*time.Minute: 0,
	} {
		if got := ofZones(apart); got != want {
			t.Errorf("%v apart: %v, want %v", apart, got, want)
		}
	}
}

func TestAFileReadByAnotherZoneIsDoubted(t *testing.T) {
	written := time.Date(2026, 4, 15, 10, 20, 5, 0, time.UTC)
	at := func(d time.Duration) int64 { return written.Add(d).UnixMicro() }
	minute := func(d time.Duration) int64 { return minuteOf(at(d)) }
	for name, c := range map[string]struct {
		file fileReading
		want string
	}{
		"nine hours ago":        {fileReading{latest: at(-9*time.Hour - 3*time.Second)}, "worker.log: its newest line is stamped 9h before it was written; say time_zone: if its stamps are of another zone"},
		"five hours ahead":      {fileReading{ahead: []int64{minute(5*time.Hour - 2*time.Minute), minute(5*time.Hour - 5*time.Second)}}, "worker.log: its newest line is stamped 5h after it was written; say time_zone: if its stamps are of another zone"},
		"as it was written":     {fileReading{latest: at(-3 * time.Second)}, ""},
		"quiet, then touched":   {fileReading{latest: at(-9*time.Hour - 7*time.Minute)}, ""},
		"no line could be read": {fileReading{}, ""},
	} {
		c.file.path = "worker.log"
		got := ""
		for _, text := range misread(&c.file, written) {
			got += text
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
