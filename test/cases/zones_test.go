package cases

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// place is a zone by its name.
func place(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// moved is a history of an hour under one zone, and what is left of it when the log is gone
// and the host's zone is another: since when it counts, and how many requests. line writes
// a time.
func moved(t *testing.T, section string, line func(at time.Time) string, zones ...*time.Location) (since []string, valid []float64) {
	t.Helper()
	h := newHost(t)
	h.config(oneLog("ltsv", section, "window: 1h\n    slis: { availability: { target: 99 } }"))
	write := func(from, to float64) {
		each(from, to, 6, func(n float64, _ int) {
			h.lines("a.log", line(noon.Add(time.Duration(n)*time.Second))+"\tstatus:200")
		})
	}
	write(0, 3600)
	for i, zone := range zones {
		h.zone = zone
		at := 3612 + float64(i)*60
		if i == 1 {
			if err := os.Rename(h.path("a.log"), h.path("gone")); err != nil {
				t.Fatal(err)
			}
		}
		if i > 0 {
			write(at-12-60, at-12)
		}
		h.run(at)
		j := h.explain(at).sli("availability")
		if j.Since == nil {
			t.Fatalf("run %d: no history", i)
		}
		begun, err := time.Parse(time.RFC3339, *j.Since)
		if err != nil {
			t.Fatal(err)
		}
		since, valid = append(since, begun.UTC().Format("15:04")), append(valid, j.Valid)
	}
	return since, valid
}

// TestAHistoryKnowsNothingOfTheNameOfTheHostsZone where times say their own, nor where it has
// the same offsets by another name.
func TestAHistoryKnowsNothingOfTheNameOfTheHostsZone(t *testing.T) {
	utc := func(at time.Time) string { return "time:" + at.UTC().Format(time.RFC3339) }
	epoch := func(at time.Time) string { return fmt.Sprintf("time:%d", at.Unix()) }
	tokyo := place(t, "Asia/Tokyo")
	local := func(at time.Time) string { return "time:" + at.In(tokyo).Format("2006-01-02 15:04:05") }
	for name, c := range map[string]struct {
		line  func(time.Time) string
		zones []*time.Location
	}{
		"UTC, Tokyo, UTC":       {utc, []*time.Location{time.UTC, tokyo, time.UTC}},
		"Tokyo, local, Berlin":  {utc, []*time.Location{tokyo, time.Local, place(t, "Europe/Berlin")}},
		"epochs":                {epoch, []*time.Location{tokyo, time.UTC}},
		"the same by two names": {local, []*time.Location{tokyo, place(t, "Japan"), time.FixedZone("", 9*3600)}},
	} {
		since, valid := moved(t, "", c.line, c.zones...)
		for i := range since {
			if since[i] != since[0] || valid[i] < valid[0] {
				t.Errorf("%s: since %v, %v requests", name, since, valid)
			}
		}
	}
}

// TestAHistoryBeginsAnewWhereItsTimesMeanOthers: where the host's offsets are another, and
// where another zone is configured.
func TestAHistoryBeginsAnewWhereItsTimesMeanOthers(t *testing.T) {
	h := newHost(t)
	config := func(section string) {
		h.config(oneLog("ltsv", section, "window: 1h\n    slis: { availability: { target: 99 } }"))
	}
	since := func(at float64) string {
		s := h.explain(at).sli("availability").Since
		if s == nil {
			return ""
		}
		begun, err := time.Parse(time.RFC3339, *s)
		if err != nil {
			t.Fatal(err)
		}
		return begun.UTC().Format(time.RFC3339)
	}
	config("")
	each(0, 3600, 6, func(n float64, _ int) {
		h.lines("a.log", "time:"+noon.Add(time.Duration(n)*time.Second).Format("2006-01-02 15:04:05")+"\tstatus:200")
	})
	h.run(3612)
	h.zone = place(t, "Europe/Berlin")
	h.run(3672)
	if got := h.explain(3672).sli("availability").counts(); got != "0/0" {
		t.Errorf("in Berlin, where the times are an hour ago, it still counts %s", got)
	}
	h = newHost(t)
	config("time_zone: UTC")
	each(0, 3600, 6, func(n float64, _ int) {
		h.lines("a.log", "time:"+noon.Add(time.Duration(n)*time.Second).Format("2006-01-02 15:04:05")+"\tstatus:200")
	})
	h.run(3612)
	first := since(3612)
	h.zone = place(t, "Europe/Berlin")
	h.run(3672)
	if again := since(3672); again != first {
		t.Errorf("with its own zone configured it counts since %s, and since %s where the host moves", first, again)
	}
	config("time_zone: Asia/Tokyo")
	h.run(3732)
	if again := since(3732); again == first {
		t.Errorf("with another zone configured it still counts since %s", again)
	}
}

// TestTheFirstTimeWithoutAZoneKeepsTheHistory that was read before it, of every stage and SLI.
func TestTheFirstTimeWithoutAZoneKeepsTheHistory(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", "window: 10m\n    slis: { availability: { target: 99 }, latency: { threshold: 1s, target: 99 } }"))
	for minute := range 10 {
		layout := time.RFC3339
		if minute >= 5 {
			layout = "2006-01-02T15:04:05"
		}
		each(float64(minute*60), float64(minute*60+60), 6, func(n float64, _ int) {
			h.lines("a.log", "time:"+noon.Add(time.Duration(n)*time.Second).Format(layout)+"\tstatus:200\treqtime:0.1")
		})
		h.run(float64(minute*60 + 72))
	}
	if err := os.Rename(h.path("a.log"), h.path("gone")); err != nil {
		t.Fatal(err)
	}
	h.lines("a.log", "time:"+stamp(601)+"\tstatus:200\treqtime:0.1")
	h.run(613)
	for _, name := range []string{"availability", "latency"} {
		if got := h.explain(614).sli(name).counts(); got != "100/100" && got != "90/90" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
