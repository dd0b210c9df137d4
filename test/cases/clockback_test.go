package cases

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestAClockThatWasBackOnceMakesNoZeros: what one run with a wrong clock set aside can't be
// read again, so nothing is said of it; and nothing is told twice.
func TestAClockThatWasBackOnceMakesNoZeros(t *testing.T) {
	for name, wrong := range map[string]struct {
		by    float64
		check bool
	}{"a run ten minutes back": {600, false}, "a check ten minutes back": {600, true}, "a run a day back": {86400, false},
		"a run two minutes back": {120, false}, "a check a minute and a half back": {90, true}} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, "start: beginning", "metrics: [minimal, events]\n    slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
			written, told := 0, map[string]float64{}
			for m := range 16 {
				each(float64(m)*60, float64(m)*60+60, 5, func(n float64, i int) {
					id := fmt.Sprintf("r%d-%d", m, i)
					h.lines("front.json", request(n, 200, id))
					h.lines("worker.json", worked(n+1, "done", id, n))
					written++
				})
				now := float64(m)*60 + 72
				if m == 8 {
					if wrong.check {
						h.check(now - wrong.by)
					} else {
						h.run(now-wrong.by, "--take")
					}
					continue
				}
				for metric, value := range h.metrics(now, "--take") {
					if sli, ok := strings.CutPrefix(metric, "events.v."); ok {
						var v float64
						if _, err := fmt.Sscan(value, &v); err != nil {
							t.Fatal(err)
						}
						told[sli] += v
					}
				}
				for _, s := range h.explain(now).SLIs {
					if minutes := s.Measured * 5; s.Name == "availability" && s.Status == "value" && s.Valid < 12*minutes-12 {
						t.Errorf("minute %d: %s of 12 a minute in %v minutes", m, s.counts(), minutes)
					}
				}
			}
			for _, sli := range []string{"availability", "freshness", "coverage"} {
				if valid := told[sli+"_valid"]; valid > float64(written) {
					t.Errorf("%s: %v events were told of %d", sli, valid, written)
				}
			}
			// The lines of the minute of the wrong run were ahead of that run's clock, too.
			for line := range strings.Lines(h.run(1032, "export", "--from", stamp(0), "--to", stamp(960)).out) {
				if strings.Contains(line, "availability_valid\t") && !strings.Contains(line, "\t12\t") {
					t.Errorf("a minute of 12 requests is exported as %s", line)
				}
			}
		})
	}
}

// TestWhatAFirstRunsWrongClockSetAsideIsNotMeasured: nothing of before tells that the clock
// is wrong, but all that was written last lies ahead of it. One stamp of many spoils itself.
func TestWhatAFirstRunsWrongClockSetAsideIsNotMeasured(t *testing.T) {
	for name, c := range map[string]struct {
		back, odd float64 // the first run's clock; a line that claims to be of then
	}{
		"the clock is right":           {0, 0},
		"three minutes back":           {180, 0},
		"a day back":                   {86400, 0},
		"a line of five minutes later": {0, 650},
		"a line of a minute before":    {0, 250},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
			write := func(from, to float64) {
				each(from, to, 10, func(n float64, _ int) {
					if c.odd > 0 && n == 300 {
						h.lines("a.log", ltsv(c.odd, 200))
					}
					h.lines("a.log", ltsv(n, 200))
				})
			}
			write(0, 330)
			h.run(332 - c.back)
			for n := 330.0; n < 900; n += 60 {
				write(n, n+60)
				h.run(n + 62)
			}
			for m := 4.0; m < 13; m++ {
				told := ""
				for line := range strings.Lines(h.run(900, "export", "--from", stamp(60*m), "--to", stamp(60*m+60)).out) {
					if _, value, ok := strings.Cut(line, "availability_valid\t"); ok {
						told = strings.Fields(value)[0]
					}
				}
				want := "6"
				if c.odd > 0 && 60*m <= c.odd && c.odd < 60*m+60 && c.odd < 332 {
					want = "7" // it is one of its minute
				}
				if told != want { // the log as it is now shows them all
					t.Errorf("minute %v: %q, want %q", m, told, want)
				}
			}
			for now := 392.0; now < 900; now += 60 {
				a := h.explain(now, "--at", stamp(now)).sli("availability")
				if want := 30 * a.Measured; c.odd == 0 && math.Abs(a.Valid-want) > 1e-6 {
					t.Errorf("at %v: %v requests in %v of the window's minutes", now, a.Valid, a.Measured)
				}
			}
		})
	}
}

// TestAClockAheadInAStandstillChangesNoMinute: what it found silent before its time had come
// is taken back, and what it judged anew is judged when the clock is right.
func TestAClockAheadInAStandstillChangesNoMinute(t *testing.T) {
	const dead = 605
	play := func(ids bool, back, ahead float64, args ...string) map[string]string {
		h := newHost(t)
		h.config(frontAndWorker(ids, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		id := func(n float64) string {
			if !ids {
				return ""
			}
			return fmt.Sprint("r", n)
		}
		for m := range 21 {
			each(60*float64(m), 60*float64(m)+60, 5, func(n float64, i int) {
				h.lines("front.json", request(n, 200, id(n)))
				if n == back {
					each(dead, n, 5, func(late float64, _ int) { h.lines("worker.json", worked(n+0.5, "done", id(late), late)) })
				}
				if n < dead || n >= back {
					h.lines("worker.json", worked(n+1, "done", id(n), n))
				}
			})
			if m < 9 {
				continue
			}
			if m == 17 && ahead > 0 {
				if len(args) > 0 {
					h.run(60*float64(m)+72+ahead, args...)
				} else {
					h.check(60*float64(m) + 72 + ahead)
				}
			}
			h.run(60*float64(m)+72, "--take")
		}
		told := map[string]string{}
		for line := range strings.Lines(h.run(1332, "export", "--from", stamp(0), "--to", stamp(1320)).out) {
			if name, value, _ := strings.Cut(line, "\t"); strings.Contains(name, "freshness") {
				value, at, _ := strings.Cut(value, "\t")
				told[name+" "+at] = value
			}
		}
		return told
	}
	for _, ids := range []bool{true, false} {
		for _, back := range []float64{1100, 1e9} {
			want := play(ids, back, 0)
			for name, c := range map[string]struct {
				ahead float64
				args  []string
			}{"a check of 5 minutes later": {300, nil}, "a check of 25 minutes later": {1500, nil}, "a run of 25 minutes later": {1500, []string{"--take"}}} {
				t.Run(fmt.Sprintf("ids %v, out again at %v/%s", ids, back, name), func(t *testing.T) {
					got := play(ids, back, c.ahead, c.args...)
					for minute, n := range want {
						if got[minute] != n {
							t.Errorf("%s: %s, without that clock %s", strings.TrimSpace(minute), got[minute], n)
						}
					}
				})
			}
		}
	}
}
