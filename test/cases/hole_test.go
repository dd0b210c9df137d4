package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestARecordThatMayHaveEndedInALostLogOwesNothing: what the worker wrote to a log that is
// gone is unknown, so its records are neither stuck nor overdue; the others are judged as ever.
func TestARecordThatMayHaveEndedInALostLogOwesNothing(t *testing.T) {
	for name, lost := range map[string]float64{"some lines": 15, "two minutes": 120} {
		h := newHost(t)
		h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 3m } }"))
		dead := 1500.0
		for m := range 32 {
			from := float64(m) * 60
			each(from, from+60, 5, func(n float64, i int) {
				id := fmt.Sprintf("r%d-%d", m, i)
				if n == 375+lost {
					os.Remove(h.path("worker.json")) // with what was written to it since the last run
				}
				h.lines("front.json", request(n, 200, id))
				if n < dead {
					h.lines("worker.json", worked(n+1, "done", id, n))
				}
			})
			now := from + 72
			if m >= 6 && lost > 60 && m < 8 {
				continue // the agent is away while the log is
			}
			got := h.check(now)
			switch {
			case now < dead:
				if strings.HasPrefix(got, "CRITICAL") || strings.HasPrefix(got, "WARNING") {
					t.Errorf("%s, at %v: %s", name, now, got)
				}
				if e := h.explain(now); strings.Contains(e.raw, `"overdue": [\n`) {
					t.Errorf("%s, at %v: overdue %s", name, now, e.raw)
				}
			case now > dead+360:
				if !strings.HasPrefix(got, "CRITICAL: v: FROZEN") {
					t.Errorf("%s: the worker is dead since %v, at %v: %s", name, dead, now, got)
				}
			}
		}
	}
}
