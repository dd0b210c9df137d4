package logscan

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStampsOfEveryForm(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	for _, c := range []struct {
		format, text string
		want         int64 // from 2026-11-22 11:40:00 in Tokyo, µs; -1: refused
	}{
		{"", "2026-11-22T11:40:00", 0}, {"", "2026-11-22 11:40:00,5", 500000}, {"", "2026-11-22T02:40:00.1234569z", 123456},
		{"", "2026-11-22T11:40:00+0900", 0}, {"", "2026-11-22 11:40:00 +09", 0}, {"", "2026-11-22 02:40:00 UTC", 0},
		{"", "[22/Nov/2026:11:40:00.25 +0900]", 250000}, {"", "22/Nov/2026:11:40:00", 0}, {"", "1795315200", 0},
		{"", "1795315200.000001", 1}, {"", "1795315200000", 0}, {"", "1795315200000001", 1}, {"", "1795315200000001999", 1},
		{"", "1.7953152e9", 0}, {"", "", -1}, {"", "2026-11-22T24:00:00Z", -1}, {"", "2026-02-29T00:00:00Z", -1},
		{"", "2026-11-22T11:40:00+09:00 ", -1}, {"", "2026-11-22T11:40:00.Z", -1}, {"", "2026-11-22T11:40:00+24:00", -1},
		{"", "99999999999999999999", -1}, {"", "31/Feb/2026:11:40:00 +0900", -1}, {"", "22/Nox/2026:11:40:00 +0900", -1},
		{"clf", "2026-11-22T11:40:00Z", -1}, {"rfc3339", "22/Nov/2026:11:40:00 +0900", -1}, {"epoch", "2026-11-22T11:40:00Z", -1},
		{"%Y/%m/%d %H:%M:%S", "2026/11/22 11:40:00", 0}, {"%Y/%m/%d %H:%M:%S", "2026/11/22 11:40", -1}, {"%Y/%m/%d %H:%M:%S", "2026/11/22 11:40:00Z", -1},
		{"%F %T.%L", "2026-11-22 11:40:00.250", 250000}, {"%F %T.%6N%z", "2026-11-22 02:40:00.000001+0000", 1}, {"%FT%T%:z", "2026-11-22T11:40:00+09:00", 0},
		{"%a, %d %b %Y %H:%M:%S %Z", "Sun, 22 Nov 2026 02:40:00 GMT", 0}, {"%a %b %e %H:%M:%S %Z %Y", "Sun Nov 22 11:40:00 JST 2026", 0},
		{"%a %b %e %H:%M:%S %Z %Y", "Sun Nov 22 11:40:00 PST 2026", -1}, {"%B %d %Y %I:%M %p", "November 22 2026 11:40 AM", 0},
		{"%D %I:%M:%S%p", "11/22/26 12:00:00am", -700 * 60 * 1e6}, {"%D %I:%M:%S%p", "11/22/26 13:00:00am", -1},
		{"%Y%j %T", "2026326 11:40:00", 0}, {"%Y%j %T", "2026366 11:40:00", -1}, {"%s.%f", "1795315200.5", 500000}, {"%%%Y-%m-%d %T", "%2026-11-22 11:40:00", 0},
	} {
		k, err := newClock(c.format, tokyo)
		if err != nil {
			t.Errorf("%q: %v", c.format, err)
			continue
		}
		got, ok := k.parse([]byte(c.text))
		if want := atMicros + c.want; ok != (c.want != -1) || ok && got != want {
			t.Errorf("%q %q: want %d, got %d %v", c.format, c.text, c.want, got-atMicros, ok)
		}
	}
}

func TestLocalTimesAtAChangeOfClocks(t *testing.T) {
	ny := zone(t, "America/New_York")
	utc := func(text string) int64 {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return at.UnixMicro()
	}
	for _, c := range []struct {
		name, text, previous, want string
	}{
		{"skipped hour", "2026-03-08 02:30:00", "", ""},
		{"before it", "2026-03-08 01:59:59", "", "2026-03-08T06:59:59Z"},
		{"behind it", "2026-03-08 03:00:00", "", "2026-03-08T07:00:00Z"},
		{"repeated hour alone", "2026-11-01 01:30:00", "", "2026-11-01T05:30:00Z"},
		{"first pass", "2026-11-01 01:30:00", "2026-11-01T05:29:59Z", "2026-11-01T05:30:00Z"},
		{"turn", "2026-11-01 01:00:00", "2026-11-01T05:59:59Z", "2026-11-01T06:00:00Z"},
		{"second pass", "2026-11-01 01:59:59", "2026-11-01T06:30:00Z", "2026-11-01T06:59:59Z"},
	} {
		k, err := newClock("", ny)
		if err != nil {
			t.Fatal(err)
		}
		if c.previous != "" {
			k.last = utc(c.previous)
		}
		_, _ = k.parse([]byte("2026-07-01 00:00:00")) // a calm day before must not matter
		got, ok := k.parse([]byte(c.text))
		if ok != (c.want != "") || ok && got != utc(c.want) {
			t.Errorf("%s: want %q, got %v %v", c.name, c.want, time.UnixMicro(got).UTC(), ok)
		}
	}
}

func TestLocalTimesAreReadBackInEveryZone(t *testing.T) {
	zones := []*time.Location{time.UTC}
	for _, name := range []string{"Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu"} {
		zones = append(zones, zone(t, name))
	}
	rapid.Check(t, func(r *rapid.T) {
		k, err := newClock("", rapid.SampledFrom(zones).Draw(r, "zone"))
		if err != nil {
			r.Fatal(err)
		}
		for range 5 {
			want := time.Unix(rapid.Int64Range(0, 4e9).Draw(r, "time"), 0).In(k.zone)
			k.last = want.UnixMicro() + rapid.Int64Range(-60e6, 60e6).Draw(r, "since")
			got, ok := k.parse([]byte(want.Format("2006-01-02 15:04:05")))
			if !ok || got != want.UnixMicro() {
				r.Fatalf("%v: got %v %v", want, time.UnixMicro(got).In(k.zone), ok)
			}
		}
	})
}

func TestDurationsAreExactToTheNanosecond(t *testing.T) {
	for _, c := range []struct {
		text, unit string
		want       time.Duration // -1: refused
	}{
		{"0.123", "", 123e6}, {"0", "", 0}, {"-0", "s", 0}, {"0.000275783", "s", 275783}, {"0.5000001", "s", 500000100}, {"1.2e-05", "s", 12000},
		{"0.30000000000000004", "s", 300e6}, {"1.5", "ms", 1500e3}, {"1.0001", "us", 1000}, {"1.001", "us", 1001}, {"1500", "ns", 1500}, {"12ms", "s", 12e6},
		{"1m2.5s", "", 62500e6}, {"1h0m0.5s", "", 3600500e6}, {"850µs", "", 850e3}, {"-1", "", -1}, {"-1.5s", "", -1}, {"", "", -1}, {"-", "", -1},
		{"0.1, 0.2", "s", -1}, {"0.1 : 0.2", "s", -1}, {"1e400", "s", -1}, {"1e-999999", "s", 0}, {"9e18", "s", -1}, {"5m5", "", -1}, {"1", "min", -1},
		{"999999999999h", "", -1}, {"nan", "", -1}, {"0x10", "", -1},
	} {
		if got, ok := ParseDuration([]byte(c.text), c.unit); ok != (c.want >= 0) || ok && got != c.want {
			t.Errorf("%q %q: want %d, got %d %v", c.text, c.unit, c.want, got, ok)
		}
	}
}
