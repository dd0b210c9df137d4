package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestARecordThatMayHaveEndedInALostLogOwesNothing: what the worker wrote to a log that is
// gone is unknown, so its records are neither stuck nor overdue; the others are judged as ever.
func TestARecordThatMayHaveEndedInALostLogOwesNothing(t *testing.T) {
	for name, lost := range map[string]float64{"some lines": 15, "two minutes": 120} {
		h := newHost(t)
		h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 3m } }"))
		dead := 1500.0
		for m := range 32 {
			from := float64(m) * 60
			each(from, from+60, 5, func(n float64, i int) {
				id := fmt.Sprintf("r%d-%d", m, i)
				if n == 375+lost {
					os.Remove(h.path("worker.json")) // with what was written to it since the last run
				}
				h.lines("front.json", request(n, 200, id))
				if n < dead {
					h.lines("worker.json", worked(n+1, "done", id, n))
				}
			})
			now := from + 72
			if m >= 6 && lost > 60 && m < 8 {
				continue // the agent is away while the log is
			}
			got := h.check(now)
			switch {
			case now < dead:
				if strings.HasPrefix(got, "CRITICAL") || strings.HasPrefix(got, "WARNING") {
					t.Errorf("%s, at %v: %s", name, now, got)
				}
				if e := h.explain(now); strings.Contains(e.raw, `"overdue": [\n`) {
					t.Errorf("%s, at %v: overdue %s", name, now, e.raw)
				}
			case now > dead+360:
				if !strings.HasPrefix(got, "CRITICAL: v: FROZEN") {
					t.Errorf("%s: the worker is dead since %v, at %v: %s", name, dead, now, got)
				}
			}
		}
	}
}

// TestMinutesOfALogThatWasGoneAreToldByNothingThatIsThereNow: export and --at leave them not
// measured, whatever the files of now seem to show; minutes from before the history are told.
func TestMinutesOfALogThatWasGoneAreToldByNothingThatIsThereNow(t *testing.T) {
	older := func(h *host) { // lines of before the first run
		each(-600, 0, 10, func(n float64, _ int) { h.lines("w/old.log", ltsv(n, 200)) })
	}
	for name, c := range map[string]struct {
		path   string
		before func(h *host)
		back   float64 // when lines come again
		seen   float64 // from when on all is in sight: under a glob, of the logs that are left
	}{
		"beside another":         {"w/*.log", older, 450, 360},
		"beside an empty one":    {"w/*.log", func(*host) {}, 450, 480},
		"by its name":            {"w/a.log", func(*host) {}, 450, 480},
		"and isn't back":         {"w/*.log", older, 0, 600},
		"by its name, not back":  {"w/a.log", func(*host) {}, 0, 600},
		"back within the minute": {"w/a*", func(*host) {}, 310, 360},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(strings.ReplaceAll(oneLog("ltsv", "start: window", "slis: { availability: { target: 99 } }"), "a.log", c.path))
			h.file("w/b.log", "")
			c.before(h)
			end := 600.0
			for n := 0.0; n < end; n += 10 {
				switch {
				case n < 300:
					h.lines("w/a.log", ltsv(n, 200))
				case n == 300:
					h.lines("w/a.log", ltsv(n, 200)) // nobody has read it
					os.Remove(h.path("w/a.log"))
					if c.back == 0 {
						h.file("w/a.log", "")
					}
				case c.back > 0 && n >= c.back:
					h.lines("w/a.log", ltsv(n, 200))
				}
				if int(n)%60 == 10 && n > 60 {
					h.run(n + 2)
				}
			}
			told := map[string]bool{}
			for l := range strings.Lines(h.run(end+12, "export", "--from", stamp(-1200), "--to", stamp(end)).out) {
				if f := strings.Fields(l); strings.HasSuffix(f[0], "availability_valid") {
					told[f[2]] = true
				}
			}
			for m := 1.0; m < 10; m++ {
				begin, over := 60*m, 60*m+60
				gone := begin >= 240 && begin < c.seen // the last look was at 252
				if got := told[fmt.Sprint(noonPlus(over).Unix())]; got == gone {
					t.Errorf("minute %v: exported %v", m, got)
				}
			}
			if name == "beside another" && !told[fmt.Sprint(noonPlus(-240).Unix())] {
				t.Error("what is older than the history isn't told")
			}
			if r := h.explain(end+12, "--at", stamp(432)).sli("availability"); r.Measured > 0.65 {
				t.Errorf("at 432: %v of the window are measured", r.Measured)
			}
		})
	}
}
