package cases

import (
	"fmt"
	"strconv"
	"testing"
)

// A record that comes out again was visible before: freshness and coverage count it once,
// and flow says how often it came again.
func TestARecordThatComesOutAgainCountsOnce(t *testing.T) {
	t.Run("one of them thirty times", func(t *testing.T) {
		h := newHost(t)
		h.config(followed(""))
		h.healthy(0, 900, 10)
		each(605, 900, 9.9, func(n float64, _ int) { h.lines("worker.json", worked(n, "done", "r300", 300)) })
		e := h.explain(915)
		if got := e.sli("freshness").counts(); got != "30/30" || e.Flow["duplicates"] != 30.0 || e.Flow["unexplained"] != 0.0 {
			t.Errorf("want 30/30 and 30 duplicates, got %s, %v", got, e.Flow)
		}
	})
	t.Run("one a second sixty times", func(t *testing.T) {
		h := newHost(t)
		h.config(followed(""))
		h.healthy(0, 930, 1)
		each(600.5, 900, 5, func(n float64, _ int) { h.lines("worker.json", worked(n, "done", "r300", 300)) })
		e := h.explain(915)
		if got := e.sli("freshness").counts(); got != "300/300" || e.Flow["duplicates"] != 60.0 {
			t.Errorf("want 300/300 and 60 duplicates, got %s, %v", got, e.Flow)
		}
	})
	t.Run("three twice", func(t *testing.T) {
		h := newHost(t)
		h.config(followed(", deadline: 2m"))
		h.healthy(0, 612, 2)
		for _, n := range []float64{400, 410, 420} {
			h.lines("worker.json", worked(n+1.5, "done", fmt.Sprintf("r%g", n), n))
		}
		e := h.explain(612)
		if e.Flow["duplicates"] != 3.0 || e.sli("freshness").counts() != "150/150" {
			t.Errorf("want 3 duplicates, got %v, %s", e.Flow, e.sli("freshness").counts())
		}
	})
	// Where only the worker logs ids, they show as much.
	t.Run("ids at the end alone", func(t *testing.T) {
		h := newHost(t)
		h.config(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json, start: beginning } }
      - { name: worker, app_log: { path: DIR/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc, id: id } } }
    slis: { freshness: { threshold: 60s, target: 99 } }
`)
		h.healthy(0, 900, 10)
		each(605, 900, 9.9, func(n float64, _ int) { h.lines("worker.json", worked(n, "done", "r300", 300)) })
		e := h.explain(915)
		if got := e.sli("freshness").counts(); got != "30/30" || e.Flow["duplicates"] != 30.0 || e.Verdict.Status != "OK" {
			t.Errorf("want 30/30 and 30 duplicates, got %s, %v, %s", got, e.Flow, e.Verdict.Message)
		}
	})
	// Read run by run, what was seen in earlier runs is known.
	t.Run("in another run", func(t *testing.T) {
		h := newHost(t)
		h.config(followed("") + "    metrics: [minimal, events, flow]\n")
		valid, twice := 0.0, 0.0
		h.play(0, 1800, 10, 300, func(n float64) []string {
			out := []string{worked(n+1, "done", fmt.Sprintf("r%g", n), n)}
			if n >= 600 && n < 900 {
				out = append(out, worked(n+2, "done", "r300", 300))
			}
			return out
		}, func(m map[string]string) {
			valid += number(m["events.v.freshness_valid"])
			twice += number(m["flow.v.duplicates"])
		})
		if valid != 6+5*30 || twice != 30 { // the first point holds the newest minute
			t.Errorf("want 156 records and 30 duplicates, got %g and %g", valid, twice)
		}
	})
}

// play writes a record each step seconds, with what the worker says of it, and runs as an
// agent does after every so many seconds.
func (h *host) play(from, to, step, every float64, worker func(n float64) []string, metrics func(map[string]string)) {
	h.t.Helper()
	h.file("front.json", "")
	h.file("worker.json", "")
	for at := from; at < to; at += every {
		var front, back []string
		each(at, at+every, step, func(n float64, _ int) {
			front = append(front, request(n, 200, fmt.Sprintf("r%g", n)))
			back = append(back, worker(n)...)
		})
		h.lines("front.json", front...)
		h.lines("worker.json", back...)
		metrics(h.metrics(at+every+12, "--take"))
	}
}

func number(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}

// What comes out long after all its like are forgotten is a replay: shown, and no news of
// how fresh anything is.
func TestAReplayIsNoFreshness(t *testing.T) {
	h := newHost(t)
	h.config(followed(", deadline: 2m"))
	h.play(0, 4800, 10, 600, func(n float64) []string {
		out := []string{worked(n+1, "done", fmt.Sprintf("r%g", n), n)}
		if n >= 3600 {
			out = append(out, worked(n+2, "done", fmt.Sprintf("r%g", n-3000), n-3000))
		}
		return out
	}, func(m map[string]string) {
		if m["sli.v.freshness"] != "100" || m["age.v.age"] != "0" {
			t.Fatalf("want fresh, got %v", m)
		}
	})
	e := h.explain(4812)
	if got := e.sli("freshness").counts(); got != "30/30" || e.Flow["unmatched"] != 30.0 || e.Verdict.Status != "OK" {
		t.Errorf("want 30/30 and 30 unmatched, got %s, %v, %s", got, e.Flow, e.Verdict.Message)
	}
}

// Records that come out though nothing shows them accepted balance the account by
// themselves.
func TestUnmatchedRecordsAreShown(t *testing.T) {
	for _, c := range []struct {
		every  int
		status int
	}{{10, 500}, {5, 404}, {3, 500}} {
		h := newHost(t)
		h.config(followed(""))
		each(0, 930, 10, func(n float64, i int) {
			status := 200
			if i%c.every == 0 {
				status = c.status
			}
			id := fmt.Sprintf("r%d", i)
			h.lines("front.json", request(n, status, id))
			h.lines("worker.json", worked(n+1, "done", id, n))
		})
		e := h.explain(912)
		if want := float64(30 / c.every); e.Flow["unmatched"] != want || e.Flow["unexplained"] != 0.0 || e.Flow["backlog"] != 0.0 || e.Verdict.Status != "OK" {
			t.Errorf("1 in %d: want %g unmatched and nothing unexplained, got %v, %s", c.every, want, e.Flow, e.Verdict.Message)
		}
	}
}
