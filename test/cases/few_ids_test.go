package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestFewUnknownIDsAreNoOtherLog: where few records come out, one or two that nobody accepted
// here (replays of old ones, a request that failed at the front) leave what is owed to be told;
// that two logs don't hold the same records takes more, over a longer time.
func TestFewUnknownIDsAreNoOtherLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step    float64          // between two records
		lost    func(i int) bool // accepted, and never out
		unknown func(i int) bool // refused by the front, and out
		apart   bool
	}{
		"one unknown id of five":                {120, func(i int) bool { return i%3 == 1 }, func(i int) bool { return i == 27 }, false},
		"two of ten":                            {60, func(i int) bool { return i%3 == 1 }, func(i int) bool { return i == 53 || i == 56 }, false},
		"a third of few":                        {120, func(i int) bool { return i%3 == 1 }, func(i int) bool { return i%3 == 2 }, true},
		"a third of very few":                   {180, func(i int) bool { return i%3 == 1 }, func(i int) bool { return i%3 == 2 }, true},
		"a third of many":                       {10, func(i int) bool { return i%3 == 1 }, func(i int) bool { return i%3 == 2 }, true},
		"half of few, and all that is here met": {120, func(int) bool { return false }, func(i int) bool { return i%2 == 1 }, false},
	} {
		h := newHost(t)
		h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 90, deadline: 10m } }"))
		const until = 3600.0
		each(0, until, c.step, func(n float64, i int) {
			id, status := fmt.Sprint("r", i), 200
			if c.unknown(i) {
				status = 500
			}
			h.lines("front.json", request(n, status, id))
			if !c.lost(i) {
				h.lines("worker.json", worked(n+1, "done", id, n))
			}
			if c.step >= 180 { // what came out long ago is forgotten
				h.run(n + 20)
			}
		})
		e := h.explain(until + 12)
		apart := strings.Contains(e.Verdict.Message, "share a queue")
		if apart != c.apart || apart != (e.sli("coverage").Status == "not_measured") {
			t.Errorf("%s: want other logs told %v, got %s %s; coverage %s", name, c.apart, e.Verdict.Status, e.Verdict.Message, e.sli("coverage").Status)
		}
	}
}
