package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// recordsLog is an application log whose lines are records accepted a second before.
func recordsLog(format string) string {
	return fmt.Sprintf(`
pipelines:
  - name: v
    stages: [ { name: work, app_log: { path: DIR/b.log, format: %s, start: beginning, fields: { time: t, accepted_at: acc } } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
`, format)
}

// TestStampsOfApplicationsAreReadByThemselves, whatever library wrote them.
func TestStampsOfApplicationsAreReadByThemselves(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for name, write := range map[string]func(at time.Time) string{
		"Go": func(at time.Time) string { return at.Format("2006-01-02 15:04:05.999999999 -0700 MST") },
		"Go, monotonic": func(at time.Time) string {
			return at.In(tokyo).Format("2006-01-02 15:04:05.999999999 -0700 MST") + " m=+0.123456789"
		},
		"Go, package log":      func(at time.Time) string { return at.Format("2006/01/02 15:04:05") },
		"RFC 1123":             func(at time.Time) string { return at.Format("Mon, 02 Jan 2006 15:04:05 GMT") },
		"RFC 1123, numeric":    func(at time.Time) string { return at.In(tokyo).Format(time.RFC1123Z) },
		"RFC 850":              func(at time.Time) string { return at.Format("Monday, 02-Jan-06 15:04:05 GMT") },
		"asctime":              func(at time.Time) string { return at.Format(time.ANSIC) },
		"date":                 func(at time.Time) string { return at.Format(time.UnixDate) },
		"small letters":        func(at time.Time) string { return strings.ToLower(at.Format(time.RFC3339Nano)) },
		"blanks":               func(at time.Time) string { return " " + at.Format(time.RFC3339) + " " },
		"Java, with its zone":  func(at time.Time) string { return at.In(tokyo).Format(time.RFC3339Nano) + "[Asia/Tokyo]" },
		"seconds in a string":  func(at time.Time) string { return fmt.Sprintf(" %d.0", at.Unix()) },
		"milliseconds, spaced": func(at time.Time) string { return fmt.Sprintf("%d ", at.UnixMilli()) },
	} {
		for _, format := range []string{"json", "ltsv"} {
			h := newHost(t)
			h.config(recordsLog(format))
			each(1, 600, 10, func(n float64, _ int) {
				at := noon.Add(time.Duration(n * float64(time.Second)))
				line := fmt.Sprintf(`{"t":"%s","acc":"%s"}`, write(at), write(at.Add(-time.Second)))
				if format == "ltsv" {
					line = "t:" + write(at) + "\tacc:" + write(at.Add(-time.Second))
				}
				h.lines("b.log", line)
			})
			if e := h.explain(612); e.sli("freshness").counts() != "30/30" || e.Stages[0].Source["malformed"] != 0.0 {
				t.Errorf("%s in %s: %s; %v", name, format, e.sli("freshness").counts(), e.Stages[0].Source)
			}
		}
	}
}

// TestAStampThatCannotBeReadIsShown by the name of its field, and as it is written.
func TestAStampThatCannotBeReadIsShown(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"level":"a long word in front of it","t":"2026-11-29 15:00 in the afternoon","acc":1}`, `time is not readable (got t: \"2026-11-29 15:00 in the afternoon\")`},
		{`{"level":"a long word in front of it","t":"` + stamp(300) + `","acc":"yesterday"}`, `accepted_at is not a time (got acc: \"yesterday\")`},
	} {
		h := newHost(t)
		h.config(recordsLog("json"))
		each(1, 600, 2, func(n float64, _ int) { h.lines("b.log", c.line) })
		if e := h.explain(612); !strings.Contains(e.raw, c.want) {
			t.Errorf("want %s in %s", c.want, e.raw)
		}
	}
}

// TestWhatNginxWritesForJSONIsToldHow: its default escapes are none of JSON.
func TestWhatNginxWritesForJSONIsToldHow(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }"))
	each(0, 600, 2, func(n float64, i int) {
		h.lines("a.log", `{"time":"`+stamp(n)+`","status":200,"ua":"`+[]string{"x", `\x22x\x22`}[i%2]+`"}`)
	})
	if e := h.explain(612); !strings.Contains(e.raw, "escape=json") || e.Stages[0].Source["malformed"] != 75.0 {
		t.Errorf("got %s", e.raw)
	}
}

// TestARepeatedHourIsReadInItsOrder: the lines of each run were written after the run before,
// and those of one run one after the other.
func TestARepeatedHourIsReadInItsOrder(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	h.zone = berlin
	h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"))
	first := time.Date(2026, 10, 25, 0, 10, 0, 0, time.UTC) // 02:10 in summer
	at := func(d time.Duration) float64 { return first.Add(d).Sub(noon).Seconds() }
	write := func(d time.Duration, n int) {
		for i := range n {
			h.lines("a.log", "time:"+first.Add(d+time.Duration(i)*time.Second).In(berlin).Format("2006-01-02 15:04:05")+"\tstatus:200")
		}
	}
	requests := func(d time.Duration) string { return h.explain(at(d)).sli("availability").counts() }
	write(-10*time.Minute, 1)
	h.run(at(-9 * time.Minute))
	for d := -9 * time.Minute; d < 0; d += time.Minute {
		write(d, 10)
		h.run(at(d + 59*time.Second))
	}
	if got := requests(12 * time.Second); got != "50/50" {
		t.Errorf("in the first hour: %s", got)
	}
	for d := time.Duration(0); d < time.Hour; d += 10 * time.Minute { // quiet
		h.run(at(d))
	}
	for d := time.Hour - 5*time.Minute; d < time.Hour; d += time.Minute { // 02:05 again
		write(d, 10)
		h.run(at(d + 59*time.Second))
	}
	if got := requests(time.Hour + 12*time.Second); got != "50/50" {
		t.Errorf("in the second hour: %s", got)
	}
}
