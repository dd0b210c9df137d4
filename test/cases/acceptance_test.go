package cases

import (
	"fmt"
	"testing"
)

const freshAndCovered = "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99%s } }"

// followed is configuration F with ids, whose coverage has what is told besides.
func followed(coverage string) string {
	return frontAndWorker(true, "start: beginning", fmt.Sprintf(freshAndCovered, coverage))
}

// counted is configuration F without ids: only freshness.
func counted() string {
	return frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }")
}

// healthy writes a record each step seconds, done a second later.
func (h *host) healthy(from, to, step float64) {
	h.t.Helper()
	var front, worker []string
	each(from, to, step, func(n float64, i int) {
		id := fmt.Sprintf("r%g", n)
		front = append(front, request(n, 200, id))
		worker = append(worker, worked(n+1, "done", id, n))
	})
	h.lines("front.json", front...)
	h.lines("worker.json", worker...)
}

func TestARefusedRequestOwesNothing(t *testing.T) {
	for _, c := range []struct {
		status int
		id     string
	}{{409, "x1"}, {400, "-"}, {404, "x1"}, {499, "x1"}, {429, ""}, {503, "x1"}} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.id), func(t *testing.T) {
			h := newHost(t)
			h.config(followed(", deadline: 2m"))
			h.healthy(0, 1200, 60)
			h.lines("front.json", request(605, c.status, c.id))
			for _, at := range []float64{750, 815, 912} {
				if e := h.explain(at); e.Verdict.Status != "OK" || e.age() != 0 {
					t.Errorf("at +%g: want OK and age 0, got %s, age %g", at, e.Verdict.Message, e.age())
				}
			}
			if got := h.explain(912).sli("coverage").counts(); got != "5/5" {
				t.Errorf("coverage: want 5/5, got %s", got)
			}
		})
	}
}

func TestRefusedRequestsAreNoBacklog(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		until    float64
	}{{"every sixth", []int{201, 201, 201, 201, 201, 400}, 3050}, {"every third", []int{201, 201, 404}, 2450}, {"every second", []int{204, 422}, 2450}} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(counted())
			var front, worker []string
			each(0, c.until, 10, func(n float64, i int) {
				status := c.statuses[i%len(c.statuses)]
				front = append(front, request(n, status, ""))
				if status < 400 {
					worker = append(worker, worked(n+1, "done", "", n))
				}
			})
			h.lines("front.json", front...)
			h.lines("worker.json", worker...)
			e := h.explain(c.until)
			if e.Verdict.Status != "OK" || e.Flow["backlog"] != 0.0 {
				t.Errorf("want OK without a backlog, got %s, backlog %v", e.Verdict.Message, e.Flow["backlog"])
			}
		})
	}
}

// What a refusal is to the record, it isn't to the request: availability goes its own way.
func TestARefusalStaysGoodForAvailability(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", "slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99 } }"))
	h.healthy(0, 1200, 10)
	each(5, 1200, 20, func(n float64, _ int) { h.lines("front.json", request(n, 404, fmt.Sprint("x", n))) })
	e := h.explain(1212)
	if got := e.sli("availability").counts(); got != "45/45" {
		t.Errorf("availability: want 45/45, got %s", got)
	}
	if e.Flow["accepted"] != 30.0 || e.Verdict.Status != "OK" {
		t.Errorf("want 30 accepted and OK, got %v, %s", e.Flow["accepted"], e.Verdict.Message)
	}
}

// The stage may say which answers accept: some services answer 200 to what they refuse, and
// a good status may be one that accepts nothing.
func TestAStageSaysWhichAnswersAccept(t *testing.T) {
	for name, c := range map[string]struct {
		accepted string
		lines    func(n float64) []string
	}{
		"by status": {"accepted: { status: 202 }", func(n float64) []string {
			return []string{request(n, 202, fmt.Sprint("r", n)), request(n, 200, fmt.Sprint("q", n))}
		}},
		"by another field": {`accepted: { uri: "!^/health" }`, func(n float64) []string { return []string{request(n, 200, fmt.Sprint("r", n)), health(n)} }},
		"a conflict accepts": {`accepted: { status: ["<300", 409] }`, func(n float64) []string {
			return []string{request(n, 409, fmt.Sprint("r", n)), request(n, 302, fmt.Sprint("q", n))}
		}},
	} {
		for own, good := range map[string]string{"": "", " with a good of its own": `, good: { status: "<600" }`} {
			t.Run(name+own, func(t *testing.T) {
				h := newHost(t)
				h.config(fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json, start: beginning, fields: { id: id }, %s } }
      - { name: worker, app_log: { path: DIR/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc, id: id } } }
    slis:
      availability: { target: 99%s }
      freshness: { threshold: 60s, target: 99 }
      coverage: { target: 99, deadline: 2m }
`, c.accepted, good))
				each(0, 900, 10, func(n float64, _ int) {
					h.lines("front.json", c.lines(n)...)
					h.lines("worker.json", worked(n+1, "done", fmt.Sprint("r", n), n))
				})
				e := h.explain(912)
				if got := e.sli("coverage").counts(); got != "30/30" || e.Verdict.Status != "OK" {
					t.Errorf("want 30/30 and OK, got %s and %s", got, e.Verdict.Message)
				}
				if got := e.sli("availability").counts(); got != "60/60" {
					t.Errorf("availability: want 60/60, got %s", got)
				}
			})
		}
	}
}

func health(n float64) string {
	return fmt.Sprintf(`{"time":"%s","method":"GET","uri":"/health","status":200,"request_time":0.05,"id":"h%g"}`, stamp(n), n)
}
