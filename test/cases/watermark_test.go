package cases

import (
	"fmt"
	"strings"
	"testing"
)

// Without ids the first record accepted after the largest accepted_at that has come out is
// the oldest one owed, not all that time since.
func TestTheAgeIsOfTheFirstRecordAcceptedAfterTheWatermark(t *testing.T) {
	plain := func(n float64, took float64) string {
		return fmt.Sprintf(`{"time":"%s","method":"POST","uri":"/videos","status":200,"request_time":%g}`, stamp(n), took)
	}
	untimed := func(n float64, _ float64) string {
		return fmt.Sprintf(`{"time":"%s","method":"POST","uri":"/videos","status":200}`, stamp(n))
	}
	type record struct{ end, took, accepted, out float64 }
	for name, c := range map[string]struct {
		records []record
		line    func(n, took float64) string
		at, age float64
		status  string
	}{
		"a quiet hour before the one that waits": {[]record{{300, .05, 299.98, 301}, {3990, .05, 3989.98, 0}}, plain, 4032, 30, "OK"},
		"by its request's start":                 {[]record{{300, .05, 299.98, 301}, {3990, 10, 3985.5, 0}}, plain, 4032, 40, "OK"},
		"nothing after it":                       {[]record{{300, .05, 299.98, 301}}, plain, 4032, 0, "OK"},
		"whole seconds need a second's slack":    {[]record{{300.9, .05, 300, 301}}, plain, 672, 0, "OK"},
		"fractions do not":                       {[]record{{300.1, .05, 300.08, 301}, {300.8, .05, 300.78, 0}}, plain, 672, 359.25, "CRITICAL"},
		"requests of unknown duration do":        {[]record{{300.9, .5, 300.45, 301}}, untimed, 672, 0, "OK"},
		"several wait":                           {[]record{{300, .05, 299.98, 301}, {700, .05, 699.98, 0}, {705, .05, 704.98, 0}, {840, .05, 839.98, 0}}, plain, 912, 201, "CRITICAL"},
		"the newest came out":                    {[]record{{300, .05, 299.98, 301}, {700, .05, 699.98, 0}, {840, .05, 839.98, 842}}, plain, 912, 0, "OK"},
		"clocks that are nearly in step":         {[]record{{300.12, .05, 300.03, 301}}, plain, 672, 0, "OK"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(counted())
			h.lines("front.json", c.line(0, .05), c.line(60, .05))
			h.lines("worker.json", worked(1, "done", "", 0), worked(61, "done", "", 60))
			for _, r := range c.records {
				h.lines("front.json", c.line(r.end, r.took))
				if r.out > 0 {
					h.lines("worker.json", worked(r.out, "done", "", r.accepted))
				}
			}
			h.lines("front.json", `{"time":"`+stamp(c.at-1)+`","method":"GET","uri":"/x","status":404,"request_time":0.01}`)
			e := h.explain(c.at)
			if got := e.age(); got < c.age-1 || got > c.age+1 || e.Verdict.Status != c.status {
				t.Errorf("want an age of %g and %s, got %g, %s %s", c.age, c.status, got, e.Verdict.Status, e.Verdict.Message)
			}
		})
	}
}

// Of groups the one furthest behind decides: one new record hides many that wait.
func TestTheGroupFurthestBehindDecides(t *testing.T) {
	for _, grouped := range []bool{true, false} {
		h := newHost(t)
		fields := ""
		if grouped {
			fields = ", group: shard"
		}
		h.config(fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json, start: beginning } }
      - { name: worker, app_log: { path: DIR/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc%s } } }
    slis: { freshness: { threshold: 60s, target: 99 } }
`, fields))
		each(0, 1200, 1, func(n float64, i int) {
			h.lines("front.json", request(n+.02, 200, ""))
			if shard := i % 3; shard != 1 || n < 600 {
				h.lines("worker.json", fmt.Sprintf(`{"ts":"%s","acc":"%s","shard":"s%d"}`, stamp(n+1), stamp(n+.01), shard))
			}
		})
		e := h.explain(1212)
		if grouped && (e.Verdict.Status != "CRITICAL" || e.age() < 600 || e.age() > 603) {
			t.Errorf("want the stuck shard's age of about 601 s, got %g, %s", e.age(), e.Verdict.Message)
		}
		if !grouped && e.age() > 2 {
			t.Errorf("without groups nothing tells: want no age, got %g", e.age())
		}
	}
}

// A first run in the middle of a standstill doesn't look further back than its window: it
// says so.
func TestAStandstillOlderThanTheHistoryIsSaidToBe(t *testing.T) {
	for _, ids := range []bool{false, true} {
		for _, since := range []float64{1212, 0} {
			h := newHost(t)
			h.config(frontAndWorker(ids, "", "slis: { freshness: { threshold: 60s, target: 99 } }"))
			var front, worker []string
			each(0, 2412, .5, func(n float64, i int) {
				front = append(front, request(n, 200, fmt.Sprint("r", i)))
				if n < since {
					worker = append(worker, worked(n+1, "done", fmt.Sprint("r", i), n))
				}
			})
			h.lines("front.json", front...)
			h.lines("worker.json", append(worker, `{"ts":"2026-03-02T12:00:01Z","msg":"started"}`)...)
			got := h.check(2412)
			if !strings.HasPrefix(got, "CRITICAL: v: FROZEN: at least 600 records accepted since before 12:35 UTC, none processed; oldest is at least 5m") {
				t.Errorf("ids %v: got %q", ids, got)
			}
			// A later run knows no more of when it began.
			each(2412, 2532, .5, func(n float64, i int) { h.lines("front.json", request(n, 200, fmt.Sprint("s", i))) })
			if got := h.check(2532); !strings.HasPrefix(got, "CRITICAL: v: FROZEN: at least 840 records accepted since before 12:35 UTC, none processed; oldest is at least 7m") {
				t.Errorf("ids %v: got %q", ids, got)
			}
			if got := h.run(2532, "explain").out; !strings.Contains(got, "age at least 7m") {
				t.Errorf("want explain to say at least, got %s", got)
			}
		}
	}
	// Where the history reaches back, it is known.
	h := newHost(t)
	h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
	h.healthy(0, 1212, .5)
	each(1212, 2412, .5, func(n float64, i int) { h.lines("front.json", request(n, 200, "")) })
	if got := h.check(2412); !strings.HasPrefix(got, "CRITICAL: v: FROZEN: 2,280 records accepted since 12:21 UTC, none processed; oldest is 19m") {
		t.Errorf("got %q", got)
	}
}
