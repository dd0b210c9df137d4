package cases

import (
	"fmt"
	"testing"
)

// TestEverythingHasTheSameVerdict: where all there is is read, the SLIs that are made of
// what stages counted have a value too, and the check says what it says of the window.
func TestEverythingHasTheSameVerdict(t *testing.T) {
	runs := func(format string, last float64) func(*host, float64) {
		return func(h *host, at float64) {
			h.config(batch(format, "600s", "15m", ""))
			each(2, min(at, last), 600, func(n float64, _ int) { h.lines("b.log", ran(format, n, min(n-120, 3000))) })
		}
	}
	records := func(ids bool, fate func(n float64) bool) func(*host, float64) {
		return func(h *host, at float64) {
			h.config(frontAndWorker(ids, "start: window", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
			each(0, at, 1, func(n float64, i int) {
				id := fmt.Sprintf("r%d", i)
				h.lines("front.json", request(n, 200, id))
				if fate(n) {
					h.lines("worker.json", worked(n+1, "done", id, n))
				}
			})
		}
	}
	healthy := func(float64) bool { return true }
	stopped := func(n float64) bool { return n < 3000 }
	for _, c := range []struct {
		name  string
		write func(*host, float64)
		at    float64
		sli   string
		want  string
	}{
		{"a batch that stands still", runs("json", 1e9), 6690, "freshness", "3898/6660"},
		{"the same LTSV some minutes after its last line", runs("ltsv", 1e9), 6990, "freshness", "3898/6660"},
		{"a batch that is fresh", runs("json", 1e9), 2490, "freshness", "2458/2460"},
		{"records healthy by ids", records(true, healthy), 4812, "coverage", "4740/4740"},
		{"records healthy by counts", records(false, healthy), 4812, "coverage", "4740/4740"},
		{"records stopped by ids", records(true, stopped), 3612, "coverage", "3000/3540"},
		{"records stopped by counts", records(false, stopped), 3612, "freshness", "3000/3480"},
		{"records stopped by ids freshness", records(true, stopped), 3612, "freshness", "3000/3480"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			c.write(h, c.at)
			plain, all := h.explain(c.at), h.explain(c.at, "--all")
			if all.Verdict.Status != plain.Verdict.Status || all.stateName() != plain.stateName() {
				t.Errorf("want %+v age %v %s, got %+v age %v %s", plain.Verdict, plain.age(), plain.stateName(), all.Verdict, all.age(), all.stateName())
			}
			if got := all.sli(c.sli); got.Status != "value" || got.counts() != c.want {
				t.Errorf("%s: want %s, got %s %s", c.sli, c.want, got.Status, got.counts())
			}
		})
	}
}
