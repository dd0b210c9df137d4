package cases

import (
	"fmt"
	"testing"
)

// TestAHealthyPipelineIsFresh is what every other situation departs from.
func TestAHealthyPipelineIsFresh(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99 } }"))
	each(0, 600, 10, func(n float64, i int) {
		id := fmt.Sprintf("r%d", i)
		h.lines("front.json", request(n, 200, id))
		h.lines("worker.json", worked(n+1, "done", id, n))
	})
	e := h.explain(612)
	if e.Verdict.Status != "OK" || e.stateName() != "CURRENT" || e.age() != 0 {
		t.Errorf("want OK, CURRENT, age 0, got %s", e.raw)
	}
	if got := e.sli("freshness").counts(); got != "30/30" {
		t.Errorf("freshness: want 30/30, got %s", got)
	}
	if got := h.check(612); got != "OK: v: fresh" {
		t.Errorf("check: got %q", got)
	}
	if got := h.metrics(612)["sli.v.freshness"]; got != "100" {
		t.Errorf("metric: want 100, got %q", got)
	}
}
