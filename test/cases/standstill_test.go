package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestAStandstillLastsUntilSomethingComesOut, however long ago the last record arrived.
func TestAStandstillLastsUntilSomethingComesOut(t *testing.T) {
	for _, ids := range []bool{true, false} {
		h := newHost(t)
		h.config(frontAndWorker(ids, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }\n    check: { critical_age: 12h }"))
		id := func(i int) string { return map[bool]string{true: fmt.Sprintf("r%d", i), false: "-"}[ids] }
		each(0, 800, 10, func(n float64, i int) {
			h.lines("front.json", request(n, 200, id(i)))
			if n < 600 {
				h.lines("worker.json", worked(n+1, "done", id(i), n))
			}
		})
		for at := 912.0; at < 5*3600; at += 300 {
			h.run(at, "--take")
			if int(at-912)%3600 != 0 {
				continue
			}
			e := h.explain(at)
			if e.Verdict.Status != "CRITICAL" || e.stateName() != "FROZEN" || e.age() < at-12-660 || e.age() > at-600 {
				t.Errorf("ids %v, at %v: want FROZEN since +600, got %s %s, age %v", ids, at, e.Verdict.Message, e.stateName(), e.age())
			}
			if got := h.check(at); !strings.Contains(got, "20 records accepted since 12:10 UTC, none processed") {
				t.Errorf("ids %v, at %v: %s", ids, at, got)
			}
		}
		for i := range 20 {
			h.lines("worker.json", worked(5*3600+float64(i), "done", id(60+i), 600+float64(i)*10))
		}
		if got := h.check(5*3600 + 372); got != "OK: v: no traffic" && got != "OK: v: fresh" {
			t.Errorf("ids %v: all has come out, got %s", ids, got)
		}
	}
}
