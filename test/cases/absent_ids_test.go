package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestADashIsNoID: a record whose id is a dash or nothing, as writers spell an empty
// variable, is followed by nobody and owed by nobody.
func TestADashIsNoID(t *testing.T) {
	for _, id := range []string{"-", "", " ", " - "} {
		for _, status := range []int{200, 400} {
			t.Run(fmt.Sprintf("%q %d", id, status), func(t *testing.T) {
				h := newHost(t)
				h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
				each(0, 960, 10, func(n float64, i int) {
					h.lines("front.json", request(n, 200, fmt.Sprintf("r%d", i)))
					h.lines("worker.json", worked(n+1, "done", fmt.Sprintf("r%d", i), n))
				})
				h.lines("front.json", request(605, status, id))
				for _, at := range []float64{750, 815, 910} {
					if got := h.explain(at).Verdict; got.Status != "OK" {
						t.Errorf("at %v: %v", at, got)
					}
				}
				if got := h.explain(912).sli("coverage").counts(); got != "30/30" {
					t.Errorf("coverage: want 30/30, got %s", got)
				}
			})
		}
	}
}

// TestAnIDOfSeveralFieldsNeedsAllOfThem, wherever in the line they stand.
func TestAnIDOfSeveralFieldsNeedsAllOfThem(t *testing.T) {
	h := newHost(t)
	h.config(strings.ReplaceAll(`
pipelines:
  - name: v
    stages:
      - { name: front, app_log: { path: DIR/front.json, format: json, start: beginning, fields: { time: time, id: [rec.shop, "rec.n.0"] }, events: [ { is: accepted } ] } }
      - { name: worker, app_log: { path: DIR/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc, id: [shop, n] }, events: [ { is: done } ] } }
    slis: { coverage: { target: 99, deadline: 2m } }
`, "DIR", h.dir))
	accepted := func(n float64, shop, number string) {
		h.lines("front.json", fmt.Sprintf(`{"time":"%s","rec":{"shop":"%s","n":["%s"]}}`, stamp(n), shop, number))
	}
	each(0, 600, 10, func(n float64, i int) {
		accepted(n, "s", fmt.Sprint(i))
		h.lines("worker.json", fmt.Sprintf(`{"ts":"%s","acc":"%s","shop":" s","n":%d}`, stamp(n+1), stamp(n), i))
	})
	accepted(305, "s", "-")
	accepted(306, "-", "7")
	accepted(307, "", "-")
	if got := h.explain(552).sli("coverage").counts(); got != "30/30" {
		t.Errorf("coverage: want 30/30, got %s", got)
	}
}

// TestDoneLinesThatNoLongerSayWhenTheyWereAcceptedAreNoStandstill: nobody can say how old what
// comes out is, and nothing is frozen; real silence still is.
func TestDoneLinesThatNoLongerSayWhenTheyWereAcceptedAreNoStandstill(t *testing.T) {
	for name, c := range map[string]struct {
		stop, at float64 // records from then on don't come out
		want     string
	}{
		"they go on":            {1e9, 1212, "UNKNOWN: v: age not measured"},
		"they have just begun":  {1e9, 672, "UNKNOWN: v: age not measured"},
		"they stop":             {900, 1212, "CRITICAL: v: FROZEN"},
		"they stopped long ago": {620, 1212, "CRITICAL: v: FROZEN"},
	} {
		h := newHost(t)
		h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		each(0, c.at, 5, func(n float64, _ int) {
			h.lines("front.json", request(n, 200, ""))
			switch {
			case n >= c.stop:
			case n < 600:
				h.lines("worker.json", worked(n+1, "done", "", n))
			default:
				h.lines("worker.json", `{"ts":"`+stamp(n+1)+`","msg":"done"}`)
			}
		})
		if got := h.check(c.at); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
