package cases

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestASilenceIsAsLongAsNothingCameOut: up to the end of the minute that is judged, and
// with the records that arrived in that time.
func TestASilenceIsAsLongAsNothingCameOut(t *testing.T) {
	for _, c := range []struct{ since, least, most float64 }{{341, 300, 341}, {500, 480, 500}, {245, 240, 245}} {
		h := newHost(t)
		h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		each(0, 900, 1, func(n float64, _ int) {
			h.lines("front.json", request(n, 200, ""))
			if n+0.5 < 900-c.since {
				h.lines("worker.json", worked(n+0.5, "done", "", n))
			}
		})
		text := h.run(912, "explain").out
		var silence, arrived float64
		said := regexp.MustCompile(`nothing came out for .*`).FindString(text)
		if _, err := fmt.Sscanf(said, "nothing came out for %gs (limit 120s) while %g records arrived", &silence, &arrived); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if silence < c.least || silence > c.most || arrived > silence || arrived < silence-1 {
			t.Errorf("the last came out %v s ago: %s", c.since, said)
		}
	}
}

// TestTheFormulaNamesWhatIsCounted: records of silent minutes are among the valid.
func TestTheFormulaNamesWhatIsCounted(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
	each(0, 900, 1, func(n float64, _ int) {
		h.lines("front.json", request(n, 200, ""))
		if n < 500 {
			h.lines("worker.json", worked(n+1, "done", "", n))
		}
	})
	text := h.run(912, "explain").out
	if !strings.Contains(text, "/ records that came out, and those of minutes after which nothing came out in time\n") {
		t.Error(text)
	}
}

// TestAHistoryThatBeginsInAStandstillSaysAtLeast: the first reading did not look further
// back.
func TestAHistoryThatBeginsInAStandstillSaysAtLeast(t *testing.T) {
	for _, every := range []float64{0.5, 7} {
		h := newHost(t)
		h.config(frontAndWorker(false, "start: window", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		each(0, 2412, every, func(n float64, _ int) {
			h.lines("front.json", request(n, 200, ""))
			if n < 1212 {
				h.lines("worker.json", worked(n+1, "done", "", n))
			}
		})
		got := h.check(2412)
		if !regexp.MustCompile(`^CRITICAL: v: FROZEN: at least [0-9]+ records accepted since before 12:35 UTC, none processed; oldest is at least [0-9ms]+, limit 5m$`).MatchString(got) {
			t.Errorf("got %q", got)
		}
		text := h.run(2412, "explain").out
		for _, want := range []string{"nothing came out for at least 300s", "  age at least "} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
	}
	h := newHost(t)
	h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
	each(0, 2412, 1, func(n float64, _ int) {
		h.lines("front.json", request(n, 200, ""))
		if n < 1212 {
			h.lines("worker.json", worked(n+1, "done", "", n))
		}
	})
	if got := h.check(2412); strings.Contains(got, "at least") || strings.Contains(got, "before") {
		t.Errorf("its beginning is known: got %q", got)
	}
}

// TestABatchWhoseLastRunIsOlderThanTheFirstReadingIsNotUnmeasured: the log was read, and
// the time it was read for is how old the data are at least.
func TestABatchWhoseLastRunIsOlderThanTheFirstReadingIsNotUnmeasured(t *testing.T) {
	for _, c := range []struct {
		ago  float64
		want string
	}{{1200, "OK: v: fresh"}, {3 * 3600, "CRITICAL: v: "}, {2.4 * 3600, "WARNING: v: "}, {5 * 3600, "CRITICAL: v: "}, {30 * 3600, "CRITICAL: v: "}} {
		h := newHost(t)
		h.config(`
pipelines:
  - name: v
    stages: [ { name: load, app_log: { path: DIR/b.log, fields: { time: ts }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 1h } } } ]
    slis: { freshness: { threshold: 1h, target: 99, expect_every: 1h } }
`)
		each(-c.ago-5*3600, -c.ago+1, 3600, func(n float64, _ int) {
			h.lines("b.log", fmt.Sprintf(`{"ts":"%s","msg":"run"}`, stamp(12+n)))
		})
		if got := h.check(12); !strings.HasPrefix(got, c.want) {
			t.Errorf("last run %v s ago: want %s, got %q", c.ago, c.want, got)
		}
		if a, b := h.check(12, "--missing", "OK"), h.explain(12).Verdict.Status; !strings.HasPrefix(a, b) {
			t.Errorf("check %q, explain %s", a, b)
		}
	}
}
