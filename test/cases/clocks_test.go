package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// ahead is worked with an accepted_at so many seconds off the true one.
func ahead(n float64, acc, off float64) string { return worked(n, "done", "", acc+off) }

// TestAFutureStampSpoilsItselfAlone: skewed records take no part in age or state, and are
// UNKNOWN only where they are over a tenth of the newest minute that has any.
func TestAFutureStampSpoilsItselfAlone(t *testing.T) {
	const hours = 9 * 3600
	for _, c := range []struct {
		name   string
		off    func(n float64) float64 // of the record accepted at n
		stop   float64                 // records from here on don't come out
		status string
		rule   string
		state  string
		age    [2]float64 // between
	}{
		{"one record before a standstill", func(n float64) float64 { return on(n == 1130, hours) }, 1185, "CRITICAL", "state", "FROZEN", [2]float64{555, 557}},
		{"every second record before a standstill", func(n float64) float64 { return on(int(n)%2 == 0, hours) }, 1185, "CRITICAL", "state", "FROZEN", [2]float64{554, 558}},
		{"every record before a standstill", func(float64) float64 { return hours }, 1185, "CRITICAL", "state", "FROZEN", [2]float64{480, 620}},
		{"the last record before a standstill", func(n float64) float64 { return on(n == 1184, 61) }, 1185, "CRITICAL", "state", "FROZEN", [2]float64{555, 558}},
		{"one record of many", func(n float64) float64 { return on(n == 1690, hours) }, 1e9, "OK", "", "CURRENT", [2]float64{0, 16}},
		{"one in twelve", func(n float64) float64 { return on(int(n)%12 == 0, hours) }, 1e9, "OK", "", "CURRENT", [2]float64{0, 16}},
		{"half of the records a little over a minute", func(n float64) float64 { return on(int(n)%2 == 0, 61) }, 1e9, "UNKNOWN", "skew", "", [2]float64{-1, 16}},
		{"half of the records but not in the newest minute", func(n float64) float64 { return on(int(n)%2 == 0 && n < 1600, 61) }, 1e9, "OK", "", "CURRENT", [2]float64{0, 16}},
		{"every record", func(float64) float64 { return 40000 }, 1e9, "UNKNOWN", "skew", "", [2]float64{-1, 16}},
		{"every record since five minutes", func(n float64) float64 { return on(n >= 1400, 40000) }, 1e9, "UNKNOWN", "skew", "", [2]float64{-1, 16}},
		{"all of them exactly as far as clocks differ", func(float64) float64 { return 15 + 5 }, 1e9, "OK", "", "CURRENT", [2]float64{0, 16}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
			var front, worker []string
			each(0, 1800, 1, func(n float64, _ int) {
				front = append(front, request(n, 200, ""))
				if n < c.stop {
					worker = append(worker, ahead(n+15, n, c.off(n)))
				}
			})
			h.lines("front.json", front...)
			h.lines("worker.json", worker...)
			e := h.explain(1770)
			rule := ""
			if e.Verdict.Rule != nil {
				rule = *e.Verdict.Rule
			}
			if e.Verdict.Status != c.status || rule != c.rule {
				t.Errorf("want %s by %q, got %+v %q", c.status, c.rule, e.Verdict, rule)
			}
			if c.state != "" && e.stateName() != c.state {
				t.Errorf("state: want %s, got %s", c.state, e.stateName())
			}
			if age := e.age(); age < c.age[0] || age > c.age[1] {
				t.Errorf("age: want %v, got %v", c.age, age)
			}
			if got := h.check(1770); !strings.HasPrefix(got, c.status+": ") {
				t.Errorf("check: got %q", got)
			}
		})
	}
}

// written says when a log was last written to.
func (h *host) written(name string, n float64) {
	h.t.Helper()
	at := noon.Add(time.Duration(n) * time.Second)
	if err := os.Chtimes(h.path(name), at, at); err != nil {
		h.t.Fatal(err)
	}
}

func on(holds bool, off float64) float64 {
	if holds {
		return off
	}
	return 0
}

// TestALoneSkewedRecordOfAQuietMinuteIsUnknownUntilTheNextOne: it is all of its minute.
func TestALoneSkewedRecordOfAQuietMinuteIsUnknownUntilTheNextOne(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
	write := func(n float64, _ int) {
		h.lines("front.json", request(n+10, 200, ""))
		h.lines("worker.json", ahead(n+12, n+10, on(n == 900, 7200)))
	}
	each(0, 960, 60, write)
	if got := h.check(972); !strings.HasPrefix(got, "UNKNOWN: v: clock skew: 1 of 1 records of stage worker at 12:15 UTC lie in the future, by up to 1h59m58s") {
		t.Errorf("got %q", got)
	}
	each(960, 1020, 60, write)
	if got := h.check(1032); got != "OK: v: fresh" {
		t.Errorf("got %q", got)
	}
}

// TestAnAcceptanceStampedAheadOfItsOwnLineIsTakenFromTheLine: nothing would ever come out
// after it.
func TestAnAcceptanceStampedAheadOfItsOwnLineIsTakenFromTheLine(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages:
      - name: front
        app_log: { path: DIR/front.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc }, events: [ { is: accepted } ] }
      - name: worker
        app_log: { path: DIR/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc }, events: [ { is: done } ] }
    slis: { freshness: { threshold: 60s, target: 99 } }
`)
	each(0, 900, 2, func(n float64, i int) {
		h.lines("front.json", worked(n, "in", "", n+on(i == 100, 9*3600)))
		h.lines("worker.json", worked(n+1, "done", "", n))
	})
	e := h.explain(912)
	if e.Verdict.Status != "OK" || e.age() > 5 {
		t.Errorf("want OK and a small age, got %+v, age %v", e.Verdict, e.age())
	}
}

// TestAFrontWhoseLinesLieAheadIsUnknown: its host's clock is off, or this one's.
func TestAFrontWhoseLinesLieAheadIsUnknown(t *testing.T) {
	for off, want := range map[float64]string{
		90:       "UNKNOWN: v: not measured: no whole minute has an answer", // the oldest lines aren't a minute ahead
		9 * 3600: "UNKNOWN: v: clock skew: 62 of 62 lines of stage front at 12:09 UTC lie in the future",
	} {
		h := newHost(t)
		h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		each(0, 600, 1, func(n float64, _ int) {
			h.lines("worker.json", worked(n+1, "done", "", n))
		})
		each(540, 602, 1, func(n float64, _ int) {
			h.lines("front.json", request(n+off, 200, ""))
		})
		h.written("front.json", 602)
		if got := h.check(612); !strings.HasPrefix(got, want) {
			t.Errorf("%v s ahead: got %q", off, got)
		}
	}
}

// TestAnAcceptanceBeforeTheEpochIsNone: unset stamps are written as 0, or as the year 1.
func TestAnAcceptanceBeforeTheEpochIsNone(t *testing.T) {
	for _, unset := range []string{`"1969-12-31T23:59:59Z"`, `"0001-01-01T00:00:00Z"`, `0`} {
		h := newHost(t)
		h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		each(0, 600, 10, func(n float64, i int) {
			h.lines("front.json", request(n, 200, ""))
			if i%2 == 0 {
				h.lines("worker.json", worked(n+1, "done", "", n))
			} else {
				h.lines("worker.json", fmt.Sprintf(`{"ts":"%s","msg":"done","acc":%s}`, stamp(n+1), unset))
			}
		})
		if got := h.explain(612).sli("freshness").counts(); got != "15/15 uncertain 15" {
			t.Errorf("%s: got %s", unset, got)
		}
	}
}

// batch is a stage whose runs write how far their data are complete.
func batch(format, every, threshold, section string) string {
	return fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - name: load
        app_log:
          { path: DIR/b.log, format: %[1]s, %[4]s fields: { time: ts, watermark: upto }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: %[2]s } }
    slis: { freshness: { threshold: %[3]s, target: 99, expect_every: %[2]s } }
`, format, every, threshold, section)
}

func ran(format string, n, upto float64) string {
	if format == "ltsv" {
		return fmt.Sprintf("ts:%s\tmsg:run\tupto:%s", stamp(n), stamp(upto))
	}
	return fmt.Sprintf(`{"ts":"%s","msg":"run","upto":"%s"}`, stamp(n), stamp(upto))
}

// TestAWatermarkInTheFutureIsSkewedNotFresh: until the next run's the data are as old as
// they may be, never fresh, and no age is negative.
func TestAWatermarkInTheFutureIsSkewedNotFresh(t *testing.T) {
	odd := func(format string, off, at float64) *host {
		h := newHost(t)
		h.config(batch(format, "600s", "15m", "start: beginning,"))
		each(2, at, 600, func(n float64, _ int) {
			switch {
			case n == 3602:
				h.lines("b.log", ran(format, n, n+off))
			case n > 3602:
				h.lines("b.log", ran(format, n, 3600))
			default:
				h.lines("b.log", ran(format, n, n-120))
			}
		})
		return h
	}
	for _, c := range []struct {
		format string
		off    float64
	}{{"json", 82800}, {"ltsv", 7200}, {"ltsv", 3 * 3600}, {"json", 61}} {
		for _, at := range []float64{3730, 3930, 4180} {
			h := odd(c.format, c.off, at)
			e := h.explain(at)
			if e.Verdict.Status != "UNKNOWN" || e.Verdict.Rule == nil || *e.Verdict.Rule != "skew" || e.Age.Seconds != nil && *e.Age.Seconds < 0 {
				t.Errorf("%v at %v: want UNKNOWN by skew, got %+v, age %v", c, at, e.Verdict, e.age())
			}
			if f := e.sli("freshness"); at == 3930 && f.Status != "not_measured" {
				t.Errorf("%v: freshness is %s %s", c, f.Status, f.counts())
			}
		}
		h := odd(c.format, c.off, 4710)
		e := h.explain(4710)
		if got := e.sli("freshness").counts(); got != "120/300" || e.age() != 1080 {
			t.Errorf("%v: want 120/300 and age 1080 as without that line, got %s and %v", c, got, e.age())
		}
	}
	t.Run("within the tolerance", func(t *testing.T) {
		h := odd("json", 30, 3672)
		e := h.explain(3672)
		if e.Verdict.Status != "OK" || e.age() < 0 || e.age() > 60 {
			t.Errorf("got %+v, age %v", e.Verdict, e.age())
		}
	})
	t.Run("and no run after it", func(t *testing.T) {
		h := newHost(t)
		h.config(batch("json", "600s", "15m", "start: beginning,"))
		each(2, 3603, 600, func(n float64, _ int) { h.lines("b.log", ran("json", n, n-120+on(n == 3602, 86400))) })
		e := h.explain(5412)
		if e.Verdict.Status != "CRITICAL" || *e.Verdict.Rule != "age" {
			t.Errorf("a standstill needs no stamp: want CRITICAL, got %+v, age %v", e.Verdict, e.age())
		}
	})
}

// TestRunsWhoseLinesLieAheadDontMakeABatchFresh: a line of the future is booked nowhere.
func TestRunsWhoseLinesLieAheadDontMakeABatchFresh(t *testing.T) {
	h := newHost(t)
	h.config(batch("json", "600s", "15m", "start: beginning,"))
	each(2, 3003, 600, func(n float64, _ int) { h.lines("b.log", ran("json", n, n-120)) })
	h.lines("b.log", ran("json", 3602+7200, 3602+7080))
	h.written("b.log", 3602)
	if got := h.check(3672); got != "UNKNOWN: v: clock skew: 1 of 1 lines of stage load at 13:00 UTC lie in the future" {
		t.Errorf("got %q", got)
	}
	if got := h.check(7272); !strings.HasPrefix(got, "CRITICAL: v: ") {
		t.Errorf("got %q", got)
	}
}

// TestAWorkerWhoseClockJumpsAheadIsNoStandstill: what it writes from then on is booked
// nowhere, which proves nothing of what came out.
func TestAWorkerWhoseClockJumpsAheadIsNoStandstill(t *testing.T) {
	for _, ids := range []bool{false, true} {
		for _, off := range []float64{600, 9 * 3600} {
			h := newHost(t)
			h.config(frontAndWorker(ids, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } , coverage: { target: 99, deadline: 10m } }"))
			write := func(n float64, _ int) {
				id := fmt.Sprintf("r%v", n)
				h.lines("front.json", request(n, 200, id))
				h.lines("worker.json", worked(n+1+on(n >= 600, off), "done", id, n))
			}
			for at := 312.0; at < 1300; at += 60 {
				each(max(at-60, 0), at, 2, write)
				if at == 312 {
					each(0, 252, 2, write)
				}
				h.written("worker.json", at)
				h.metrics(at, "--take")
				status, _, _ := strings.Cut(h.check(at), ":")
				if want := map[bool]string{true: "OK", false: "UNKNOWN"}[at < 600]; status != want && at > 400 {
					t.Errorf("ids %v, %v s ahead, at %v: want %s, got %q", ids, off, at, want, h.check(at))
				}
			}
			if got := h.check(1272); !strings.Contains(got, "lines of stage worker at 12:20 UTC lie in the future") && off > 3600 {
				t.Errorf("got %q", got)
			}
		}
	}
}

// A machine whose clock was never set is at the beginning of 1970: windows and periods
// reach back beyond it.
func TestAClockThatWasNeverSetBreaksNothing(t *testing.T) {
	for _, after := range []float64{0, 61, 3601, 90_000} {
		h := newHost(t)
		h.config(frontAndWorker(true, "", "slis: { availability: { target: 99.9 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
		at := after - float64(noon.Unix())
		h.lines("front.json", request(at-30, 200, "a"))
		h.lines("worker.json", worked(at-29, "done", "a", at-30))
		for _, args := range [][]string{{"--take"}, {"explain"}, {"budget"}, {"report", "--out", h.path("page.html")}, {"export", "--from", "-10m", "--to", "-0m"}} {
			if a := h.run(at, args...); strings.Contains(a.complaints, "internal error") {
				t.Errorf("%v s after the beginning: %v: %s", after, args, a.complaints)
			}
		}
		if line := h.check(at); strings.Contains(line, "internal error") {
			t.Errorf("%v s after the beginning: %s", after, line)
		}
	}
}
