package cases

import (
	"fmt"
	"strings"
	"testing"
)

// fated writes a record each step seconds, done a second later but for those that fate
// gives another end: a message, or none with an empty one.
func (h *host) fated(from, to, step float64, fate func(n float64, i int) (msg string, end bool)) {
	h.t.Helper()
	var front, worker []string
	each(from, to, step, func(n float64, i int) {
		id := fmt.Sprintf("r%g", n)
		front = append(front, request(n, 200, id))
		msg, other := fate(n, i)
		switch {
		case !other:
			worker = append(worker, worked(n+1, "done", id, n))
		case msg != "":
			worker = append(worker, worked(n+2, msg, id, n))
		}
	})
	h.lines("front.json", front...)
	h.lines("worker.json", worker...)
}

// A record that was given up, or left out on purpose, is owed no more.
func TestAFateEndsARecord(t *testing.T) {
	for _, msg := range []string{"dropped", "dlq", "filtered"} {
		for _, c := range []struct {
			step, until float64
			at          []float64
			coverage    string
		}{{10, 900, []float64{450, 630, 690}, ""}, {1, 800, []float64{630, 690}, ""}, {0.2, 700, []float64{630, 690}, ""}, {10, 1000, []float64{630, 810}, ", deadline: 10m"}, {60, 1500, []float64{450, 930, 1400}, ""}} {
			t.Run(fmt.Sprintf("%s each %g", msg, c.step), func(t *testing.T) {
				h := newHost(t)
				h.config(followed(c.coverage))
				h.fated(0, c.until, c.step, func(n float64, _ int) (string, bool) { return msg, n == 300 })
				for _, at := range c.at {
					e := h.explain(at)
					if e.Verdict.Message != "v: fresh" || e.stateName() != "CURRENT" || e.age() > 1 || len(e.Overdue) > 0 {
						t.Errorf("at +%g: want fresh, got %s %s, age %g, overdue %v", at, e.Verdict.Status, e.Verdict.Message, e.age(), e.Overdue)
					}
				}
			})
		}
	}
}

// A lone record that others have overtaken is lost: shown with its time, and no state of
// the pipeline.
func TestALoneLostRecordIsOverdue(t *testing.T) {
	for _, c := range []struct{ step, until float64 }{{1, 1900}, {10, 1900}, {0.25, 700}} {
		t.Run(fmt.Sprintf("each %g", c.step), func(t *testing.T) {
			h := newHost(t)
			h.config(followed(""))
			h.fated(0, c.until, c.step, func(n float64, _ int) (string, bool) { return "", n == 300 })
			for _, at := range []float64{450, 570, 600, 700, 1260, 1890} {
				if at > c.until {
					continue
				}
				e := h.explain(at)
				if e.Verdict.Message != "v: fresh" || e.stateName() != "CURRENT" || e.age() > 1 {
					t.Errorf("at +%g: want fresh, got %s, state %s, age %g", at, e.Verdict.Message, e.stateName(), e.age())
				}
				if len(e.Overdue) != 1 || e.Overdue[0] != (spell{stamp(300), stamp(360), 1}) {
					t.Errorf("at +%g: want one record of 12:05 overdue, got %v", at, e.Overdue)
				}
			}
			if got := h.run(600, "explain").out; !strings.Contains(got, "1 record of 12:05 UTC is overdue") {
				t.Errorf("want it named, got %s", got)
			}
		})
	}
}

// Part of the records that never comes out is told with its true age however long it
// lasts: a warning until that is critical, and never FROZEN.
func TestPartOfTheRecordsStuck(t *testing.T) {
	for _, c := range []struct {
		step     float64
		every    int
		coverage string
		warns    float64
		critical []float64
	}{
		{10, 4, ", deadline: 2m", 510, []float64{1230, 2400, 4800}},
		{0.2, 4, "", 450, []float64{1110}},
		{2, 3, ", deadline: 3m", 450, []float64{1350, 3000}},
		{1, 4, "", 450, []float64{1470}},
		{60, 2, "", 780, []float64{2400, 6000}},
		{1, 50, "", 450, []float64{1470}},
	} {
		t.Run(fmt.Sprintf("1 in %d of each %g", c.every, c.step), func(t *testing.T) {
			h := newHost(t)
			h.config(followed(c.coverage))
			last := c.critical[len(c.critical)-1]
			h.fated(0, last, c.step, func(n float64, i int) (string, bool) { return "", n >= 300 && i%c.every == 0 })
			if e := h.explain(c.warns); e.Verdict.Status != "WARNING" || e.stateName() == "FROZEN" {
				t.Errorf("at +%g: want a warning, got %s %s", c.warns, e.Verdict.Status, e.Verdict.Message)
			}
			for _, at := range c.critical {
				e := h.explain(at)
				if e.Verdict.Status != "CRITICAL" || *e.Verdict.Rule != "age" || e.stateName() == "FROZEN" {
					t.Errorf("at +%g: want CRITICAL by age, got %s %s", at, e.Verdict.Status, e.Verdict.Message)
				}
				truth := at - 10 - 300
				if got := e.age(); got < truth-60-float64(c.every)*c.step*2 || got > truth {
					t.Errorf("at +%g: want an age of about %g, got %g", at, truth, got)
				}
			}
		})
	}
}

// Once none of the last ten minutes is so and the deadline has passed, those that never
// came out are overdue.
func TestAStuckPartEndsAsOverdue(t *testing.T) {
	h := newHost(t)
	h.config(followed(""))
	h.fated(0, 3000, 1, func(n float64, i int) (string, bool) { return "", n >= 300 && n < 420 && i%4 == 0 })
	for at, status := range map[float64]string{450: "WARNING", 690: "CRITICAL", 960: "CRITICAL", 1090: "OK", 2990: "OK"} {
		e := h.explain(at)
		if e.Verdict.Status != status {
			t.Errorf("at +%g: want %s, got %s %s", at, status, e.Verdict.Status, e.Verdict.Message)
		}
		if status == "OK" && (e.age() > 1 || len(e.Overdue) != 1 || e.Overdue[0] != (spell{stamp(300), stamp(420), 30})) {
			t.Errorf("at +%g: want 30 of 12:05 and 12:06 overdue, got age %g, %v", at, e.age(), e.Overdue)
		}
	}
}

// The state is kept from run to run: what may be owed is not forgotten however long it
// takes.
func TestAStuckPartIsRememberedByRuns(t *testing.T) {
	h := newHost(t)
	h.config(followed(", deadline: 2m"))
	age := ""
	h.play(0, 7200, 2, 600, func(n float64) []string {
		if n >= 300 && int(n)%8 == 4 {
			return nil
		}
		return []string{worked(n+1, "done", fmt.Sprintf("r%g", n), n)}
	}, func(m map[string]string) { age = m["age.v.age"] })
	if age != "6900" {
		t.Errorf("want 6900 s, got %s", age)
	}
}

// TestAFateEndsARecordWithoutIDsToo: what was filtered, given up or put aside is owed no
// more, whatever came out before it.
func TestAFateEndsARecordWithoutIDsToo(t *testing.T) {
	for _, fate := range []string{"filtered", "dropped", "dlq"} {
		for name, c := range map[string]struct {
			step, until, at float64
			ends            func(i int) string
		}{
			"the last of two":           {60, 120, 372, func(i int) string { return []string{"done", fate}[i] }},
			"the last of many":          {10, 600, 1000, func(i int) string { return map[bool]string{true: fate, false: "done"}[i == 59] }},
			"nine of ten once a minute": {60, 1500, 1500, func(i int) string { return map[bool]string{true: "done", false: fate}[i%10 == 0] }},
		} {
			t.Run(fate+" "+name, func(t *testing.T) {
				h := newHost(t)
				h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
				each(0, c.until, c.step, func(n float64, i int) {
					h.lines("front.json", request(n, 200, "-"))
					h.lines("worker.json", worked(n+1, c.ends(i), "-", n))
				})
				if e := h.explain(c.at); e.Verdict.Status != "OK" || e.age() != 0 {
					t.Errorf("want OK and nothing owed, got %s, age %v: %s", e.Verdict.Status, e.age(), e.Verdict.Message)
				}
			})
		}
	}
}

// TestWhatCameOutIsTraffic, where nothing is accepted any more.
func TestWhatCameOutIsTraffic(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 600s, target: 99 } }"))
	each(0, 300, 10, func(n float64, i int) {
		id := fmt.Sprintf("r%d", i)
		h.lines("front.json", request(n, 200, id))
		h.lines("worker.json", worked(n+300, "done", id, n))
	})
	if got := h.check(612); got != "OK: v: fresh" {
		t.Errorf("30 records came out, got %q", got)
	}
}
