package cases

import (
	"fmt"
	"testing"
	"time"
)

// TestAnAcceptanceInARepeatedHourIsBeforeItsLine: of the two readings of a stamp without
// a zone, the one after its record came out can't be.
func TestAnAcceptanceInARepeatedHourIsBeforeItsLine(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	change := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC) // 03:00 becomes 02:00
	for _, delay := range []time.Duration{time.Second, 30 * time.Second, 10 * time.Minute, 50 * time.Minute} {
		h := newHost(t)
		h.config(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json, start: beginning } }
      - name: worker
        app_log: { path: DIR/worker.json, format: json, start: beginning, time_zone: Europe/Berlin, fields: { time: ts, accepted_at: acc }, events: [ { is: done } ] }
    slis: { freshness: { threshold: 1h, target: 99 } }
`)
		at := func(n float64) time.Time { return change.Add(time.Duration(n) * time.Second) }
		local := func(t time.Time) string { return t.In(berlin).Format("2006-01-02 15:04:05") }
		offset := change.Sub(noon).Seconds()
		each(-5400, 5400, 60, func(n float64, _ int) {
			h.lines("front.json", request(offset+n, 200, ""))
			h.lines("worker.json", fmt.Sprintf(`{"ts":"%s","acc":"%s"}`, local(at(n).Add(delay)), local(at(n))))
		})
		for _, n := range []float64{-612, 132, 1812, 3012, 3912, 5112} {
			e := h.explain(offset + n)
			if f := e.sli("freshness"); f.counts() != "5/5" || e.Verdict.Status != "OK" {
				t.Errorf("%s of delay, %g s after the change: %s %s, %s", delay, n, f.Status, f.counts(), e.Verdict.Message)
			}
			if age := e.age(); age < 0 || age > delay.Seconds()+61 {
				t.Errorf("%s of delay, %g s after the change: age %g", delay, n, age)
			}
		}
	}
}
