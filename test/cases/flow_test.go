package cases

import (
	"strings"
	"testing"
)

// TestFirstInFirstOutIsNotToldBesideRecordsThatRefuteIt: records that were lost once are no
// backlog that all others wait behind.
func TestFirstInFirstOutIsNotToldBesideRecordsThatRefuteIt(t *testing.T) {
	const nothing = "another method, flow: not measured: "
	for name, c := range map[string]struct {
		lost func(i int) bool
		slow float64
		want string
	}{
		"a part of ten minutes":       {func(i int) bool { return i < 100 && i%4 == 0 }, 5, nothing + "records were overtaken by later ones, or never came out"},
		"every third up to now":       {func(i int) bool { return i > 200 && i%3 == 0 }, 5, nothing + "records were overtaken by later ones, or never came out"},
		"none":                        {func(int) bool { return false }, 5, "another method, flow: 100.000% = 50 / 50"},
		"none late from the start on": {func(int) bool { return false }, 100, nothing + "records were on their way before anything was counted"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(false, "", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 5m } }"))
			var front, worker []string
			each(-1800, 60, 6, func(n float64, i int) {
				front = append(front, request(n, 200, ""))
				if at := n + c.slow; !c.lost(i) && at < 60 {
					worker = append(worker, worked(at, "done", "", n))
				}
			})
			h.lines("front.json", front...)
			h.lines("worker.json", worker...)
			if a := h.run(71, "explain"); !strings.Contains(a.out, c.want) {
				t.Errorf("no %q in:\n%s%s", c.want, a.out, a.complaints)
			}
		})
	}
}
