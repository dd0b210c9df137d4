package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestAClockThatWasBackOnceMakesNoZeros: what one run with a wrong clock set aside can't be
// read again, so nothing is said of it; and nothing is told twice.
func TestAClockThatWasBackOnceMakesNoZeros(t *testing.T) {
	for name, wrong := range map[string]struct {
		by    float64
		check bool
	}{"a run ten minutes back": {600, false}, "a check ten minutes back": {600, true}, "a run a day back": {86400, false}} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, "start: beginning", "metrics: [minimal, events]\n    slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
			written, told := 0, map[string]float64{}
			for m := range 16 {
				each(float64(m)*60, float64(m)*60+60, 5, func(n float64, i int) {
					id := fmt.Sprintf("r%d-%d", m, i)
					h.lines("front.json", request(n, 200, id))
					h.lines("worker.json", worked(n+1, "done", id, n))
					written++
				})
				now := float64(m)*60 + 72
				if m == 8 {
					if wrong.check {
						h.check(now - wrong.by)
					} else {
						h.run(now-wrong.by, "--take")
					}
					continue
				}
				for metric, value := range h.metrics(now, "--take") {
					if sli, ok := strings.CutPrefix(metric, "events.v."); ok {
						var v float64
						if _, err := fmt.Sscan(value, &v); err != nil {
							t.Fatal(err)
						}
						told[sli] += v
					}
				}
				for _, s := range h.explain(now).SLIs {
					if minutes := s.Measured * 5; s.Name == "availability" && s.Status == "value" && s.Valid < 12*minutes-12 {
						t.Errorf("minute %d: %s of 12 a minute in %v minutes", m, s.counts(), minutes)
					}
				}
			}
			for _, sli := range []string{"availability", "freshness", "coverage"} {
				if valid := told[sli+"_valid"]; valid > float64(written) {
					t.Errorf("%s: %v events were told of %d", sli, valid, written)
				}
			}
			// But for the minute of the wrong run: its lines were ahead of that run's clock.
			own := fmt.Sprintf("\t%d\n", noonPlus(9*60).Unix())
			for line := range strings.Lines(h.run(1032, "export", "--from", stamp(0), "--to", stamp(960)).out) {
				if strings.Contains(line, "availability_valid\t0\t") && !strings.HasSuffix(line, own) {
					t.Errorf("a minute of 12 requests is exported as %s", line)
				}
			}
		})
	}
}
