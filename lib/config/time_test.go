package config_test

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
)

// A time is pasted from a graph, a log or a chat: each has its own way to write one.
func TestATimeIsTakenAsPeopleWriteIt(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*60*60)
	want := time.Date(2026, 11, 28, 18, 30, 0, 0, tokyo)
	for _, text := range []string{
		"2026-11-28 18:30", "2026-11-28T18:30", "2026-11-28 18:30:00", "2026-11-28T18:30:00",
		"2026-11-28T18:30+09:00", "2026-11-28 18:30:00+09:00", "2026-11-28T09:30Z", "2026-11-28T09:30:00.000Z",
	} {
		if got, err := config.ParseTime(text, tokyo); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "18:30", "2026-11-28", "2026-11-28T", "2026-11-28T24:30", "28/11/2026 18:30", "2026-11-28 18:30 JST", "2026-11-28  18:30"} {
		if got, err := config.ParseTime(text, tokyo); err == nil {
			t.Errorf("%q: must be refused, got %v", text, got)
		}
	}
}
