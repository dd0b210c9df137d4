package cases

import (
	"fmt"
	"testing"
)

// TestCoverageByCountsKnowsWhatDelaysShow: a backlog that stands when the history begins
// is no reason to take late records for timely ones, and replays of old records none to
// take timely ones for late.
func TestCoverageByCountsKnowsWhatDelaysShow(t *testing.T) {
	for _, c := range []struct {
		name     string
		deadline string
		delay    func(i int) float64
		least    float64 // share
		most     float64
	}{
		{"all far too late", "2m", func(int) float64 { return 600 }, 0, 0},
		{"all a little too late", "1m", func(int) float64 { return 90 }, 0, 0},
		{"exactly in time", "2m", func(int) float64 { return 120 }, 1, 1},
		{"every second far too late", "2m", func(i int) float64 { return []float64{10, 600}[i%2] }, 0.49, 0.51},
		{"one in ten too late", "2m", func(i int) float64 { return on(i%10 == 0, 300) + 1 }, 0.89, 0.91},
		{"all in time", "2m", func(int) float64 { return 1 }, 1, 1},
		{"late until ten minutes ago", "2m", func(i int) float64 { return 1 + on(i < 6000, 500) }, 0.28, 0.29},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.config(frontAndWorker(false, "start: window", "slis: { coverage: { target: 99, deadline: "+c.deadline+" } }"))
			var front, worker []string
			each(0, 7150, 1, func(n float64, i int) {
				front = append(front, request(n, 200, ""))
				if done := n + c.delay(i); done < 7150 {
					worker = append(worker, worked(done, "done", "", n))
				}
			})
			h.lines("front.json", front...)
			h.lines("worker.json", worker...)
			got := h.explain(7152).sli("coverage")
			if got.Ratio == nil || *got.Ratio < c.least || *got.Ratio > c.most {
				t.Errorf("want %g to %g, got %s %s", c.least, c.most, got.Status, got.counts())
			}
		})
	}
	t.Run("replays", func(t *testing.T) {
		h := newHost(t)
		h.config(frontAndWorker(false, "start: beginning", "slis: { coverage: { target: 99, deadline: 2m } }"))
		each(0, 7150, 10, func(n float64, i int) {
			h.lines("front.json", request(n, 200, fmt.Sprint(i)))
			h.lines("worker.json", worked(n+1, "done", "", n))
			if n > 4900 && n < 5200 {
				h.lines("worker.json", worked(n+2, "done", "", 3900))
			}
		})
		if got := h.explain(7152).sli("coverage"); got.Ratio == nil || *got.Ratio != 1 {
			t.Errorf("got %s %s", got.Status, got.counts())
		}
	})
}
