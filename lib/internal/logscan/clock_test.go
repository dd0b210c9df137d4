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
		{"", " 2026-11-22T11:40:00+09:00\t", 0}, {"", "[ 22/Nov/2026:11:40:00 +0900 ]", 0}, {"epoch", " 1795315200 ", 0}, {"%F %T", " 2026-11-22 11:40:00 ", 0},
		{"", "2026-11-22 02:40:00.123 +0000 UTC", 123000}, {"", "2026-11-22 02:40:00 +0000 UTC", 0}, {"", "2026-11-22 11:40:00.1 +0900 JST m=+0.000123456", 100000},
		{"", "2026-11-22 08:25:00 +0545 +0545 m=-12.5", 0}, {"", "2026-11-22 02:40:00 +0000 UTC m=+1", -1}, {"", "2026-11-22 02:40:00 +0000 utc time", -1},
		{"", "2026-11-22 12:40:00 +1000 ChST", 0}, {"", "2026-11-22 02:40:00 +00 A0", -1}, {"", "2026-11-22 02:40:00 +0000 +A", -1}, {"", "2026-11-22 02:40:00 +0000 J_T", -1}, {"", "2026-11-22 02:40:00 +0000 été", -1},
		{"", "2026-11-22T11:40:00+09:00[Asia/Tokyo]", 0}, {"", "2026-11-22T11:40:00+09:00[Asia/Tokyo", -1}, {"", "2026/11/22 11:40:00.5", 500000}, {"", "2026-11/22 11:40:00", -1},
		{"", "Sun, 22 Nov 2026 02:40:00 GMT", 0}, {"", "Sun, 22 Nov 2026 11:40:00 +0900", 0}, {"", "Sunday, 22-Nov-26 02:40:00 GMT", 0}, {"", "22 Nov 2026 02:40:00 UTC", 0},
		{"", "Sun Nov 22 11:40:00 2026", 0}, {"", "Sun Nov 22 02:40:00 UTC 2026", 0}, {"", "Sun Nov 22 11:40:00 +0900 2026", 0}, {"", " Sun, 22 Nov 2026 02:40:00 GMT ", 0},
		{"", "Sun, 32 Nov 2026 02:40:00 GMT", -1}, {"", "Sun, 22 Nov 2026 02:40:00 XYZ", -1}, {"", "Sun, 22 Nov 02:40:00 GMT", -1}, {"", "the quick brown fox jumps", -1},
		{"", "2026-11-22T11:40:00.Z", -1}, {"", "2026-11-22T11:40:00+24:00", -1},
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
		{"two minutes back", "2026-11-01 01:28:00", "2026-11-01T05:30:00Z", "2026-11-01T05:28:00Z"},
		{"more than two minutes back", "2026-11-01 01:27:59", "2026-11-01T05:30:00Z", "2026-11-01T06:27:59Z"},
		{"a quiet hour and a half before", "2026-11-01 01:30:00", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"},
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
		{"0.1, 0.2", "s", 300e6}, {"0.1 : 0.2", "s", 300e6}, {"0.4, 0.4 : 0.4", "s", 1200e6}, {"0.1,0.2", "s", 300e6}, {"0.1:0.2", "s", 300e6}, {" 0.1 ,0.2, ", "s", 300e6},
		{"-, 0.2", "s", 200e6}, {"0.1, -", "s", 100e6}, {"0.1,", "s", 100e6}, {", 0.2 : ", "s", 200e6}, {"-, -", "s", -1}, {" : ", "s", -1}, {",", "s", -1},
		{"214, 2140000", "us", 2140214e3}, {"1 : 30", "ms", 31e6}, {"12ms, 1s", "", 1012e6}, {"0.1, x", "s", -1}, {"0.1, -0.2", "s", -1}, {"0.1 0.2", "s", -1},
		{"1,234", "s", -1}, {"1,234.5", "s", -1}, {"1:30", "s", -1}, {"1:30.5", "s", -1}, {"9e9, 9e9", "s", -1}, {" 0.25\t", "s", 250e6}, {" 2.5e2 ", "ms", 250e6}, {"12 ms", "", 12e6},
		{"1 m 2.5 s", "", 62500e6}, {"+0.5", "s", 500e6}, {" ", "s", -1}, {"1e400", "s", -1}, {"1e-999999", "s", 0}, {"9e18", "s", -1}, {"5m5", "", -1}, {"1", "min", -1},
		{"999999999999h", "", -1}, {"nan", "", -1}, {"0x10", "", -1},
	} {
		if got, ok := ParseDuration([]byte(c.text), c.unit); ok != (c.want >= 0) || ok && got != c.want {
			t.Errorf("%q %q: want %d, got %d %v", c.text, c.unit, c.want, got, ok)
		}
	}
}

func TestAStatusIsAWholeNumberHoweverItIsWritten(t *testing.T) {
	for text, want := range map[string]int{
		"500": 500, "500.0": 500, "5e2": 500, "5.00E+2": 500, " 500": 500, "500 ": 500, "\t500\t": 500, "0500": 500, "+500": 500, "5000e-1": 500, "000": 0, "-": 0, "": 0, " ": 0,
		"999": 999, "99": 99, "500.5": 0, "5.001e2": 0, "-500": 0, "500 OK": 0, "5 00": 0, "0x1f4": 0, "1e400": 0, "502, 200": 0, "1e9": 0, "999999999": 999999999, "0.5e3": 500,
	} {
		if got := ParseStatus([]byte(text)); got != want {
			t.Errorf("%q: want %d, got %d", text, want, got)
		}
	}
}

// TestWhatIsReadLaterWasWrittenLater is about a repeated hour in which nothing was written
// for a while: the lines of a later reading can't be older than the one before.
func TestWhatIsReadLaterWasWrittenLater(t *testing.T) {
	ny := zone(t, "America/New_York")
	first := time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		after, before time.Time
		want          time.Time
	}{
		{first.Add(-time.Hour), first.Add(time.Hour), first},
		{first, first.Add(time.Hour), first},
		{first.Add(time.Minute), first.Add(time.Hour), first.Add(time.Hour)},
		{first.Add(time.Minute), first.Add(10 * time.Minute), first}, // late, but not an hour ahead of the file's last writing
		{first.Add(2 * time.Hour), first.Add(3 * time.Hour), first.Add(time.Hour)},
	} {
		s, err := NewScanner(Config{Format: LTSV, Zone: ny}, Note{Format: LTSV, Last: first.Add(-10 * time.Minute).UnixMicro()})
		if err != nil {
			t.Fatal(err)
		}
		s.WrittenBetween(c.after.UnixMicro(), c.before.UnixMicro())
		var rec Record
		if err := s.Scan([]byte("time:2026-11-01 01:30:00\tstatus:200"), &rec); err != nil || rec.Time != c.want.UnixMicro() || !s.Zoneless() {
			t.Errorf("written after %v and before %v: want %v, got %v %v", c.after, c.before, c.want, time.UnixMicro(rec.Time).UTC(), err)
		}
	}
}
