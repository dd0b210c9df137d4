package cases

import (
	"encoding/json"
	"regexp"
	"testing"
)

// TestCountsAreNotToldBesideIDsThatRefuteThem: what counts can't tell from a backlog is none
// where ids show that it never came out, nor does it keep others waiting.
func TestCountsAreNotToldBesideIDsThatRefuteThem(t *testing.T) {
	const refuted = "not measured: ids show otherwise: counts assume that records leave first in, first out, and that none is lost that may be on its way; "
	for name, c := range map[string]struct {
		lost        func(i int) bool
		slis        string
		exact, said string
	}{
		"every tenth as a backlog would be": {func(i int) bool { return i%10 == 0 }, "target: 99, deadline: 5m", "90.000% (target 99%)", refuted},
		"every tenth before others":         {func(i int) bool { return i%10 == 0 }, "target: 99, deadline: 1m", "90.000% (target 99%)", refuted},
		"every second of a lax target":      {func(i int) bool { return i%2 == 0 }, "target: 30, deadline: 5m", "50.000% (target 30%)", "50.334% = 25.167 / 50 records"},
		"all":                               {func(i int) bool { return i > 200 }, "target: 99, deadline: 5m", "0.000% (target 99%)", "0.000% = 0 / 50 records"},
		"none":                              {func(int) bool { return false }, "target: 99, deadline: 5m", "100.000% (target 99%)", "100.000% = 50 / 50 records"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, "", "slis: { coverage: { "+c.slis+" } }"))
			var front, worker []string
			each(-1800, 60, 6, func(n float64, i int) {
				front = append(front, request(n, 200, stamp(n)))
				if !c.lost(i) {
					worker = append(worker, worked(n+5, "done", stamp(n), n))
				}
			})
			h.lines("front.json", front...)
			h.lines("worker.json", worker...)
			a := h.run(71, "explain")
			want := regexp.MustCompile(`(?s)  coverage +` + regexp.QuoteMeta(c.exact) + `.* by ids: exact.*another method, counts: ` + regexp.QuoteMeta(c.said))
			if !want.MatchString(a.out) {
				t.Errorf("no %q beside %q in:\n%s%s", c.said, c.exact, a.out, a.complaints)
			}
			var told struct {
				Pipelines []struct {
					SLIs []struct {
						Others []struct {
							Status      string
							Valid, Good float64
							Ratio       *float64
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(h.explain(71).raw), &told); err != nil {
				t.Fatal(err)
			}
			other := told.Pipelines[0].SLIs[0].Others[0]
			if bare := other.Status == "not_measured" && other.Valid == 0 && other.Good == 0 && other.Ratio == nil; bare != (c.said == refuted) {
				t.Errorf("--json: %+v", other)
			}
		})
	}
}
