package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Whatever a run said, at whatever time, is said of that time an hour and a night later.
func TestEveryMetricOfAPastRunIsSaidAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		ids   bool
		delay func(n float64) float64 // from accepted to done; negative: never
	}{
		{"healthy", true, func(float64) float64 { return 1 }},
		{"a stall, ids", true, func(n float64) float64 {
			if n >= 900 && n < 1500 {
				return 1500 - n + 1
			}
			return 1
		}},
		{"a stall", false, func(n float64) float64 {
			if n >= 900 && n < 1500 {
				return 1500 - n + 1
			}
			return 1
		}},
		{"some are lost", true, func(n float64) float64 {
			if int(n)%70 == 0 {
				return -1
			}
			return 20
		}},
		{"falling behind", false, func(n float64) float64 { return 1 + n/10 }},
	} {
		h := newHost(t)
		h.config(frontAndWorker(c.ids, "start: beginning", "slis: { availability: { target: 99 }, latency: { threshold: 100ms, target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 3m, window: 10m } }\n    metrics: [full]"))
		type end struct {
			at, acc float64
			id      string
		}
		var ends []end
		told := map[float64]map[string]string{}
		write := func(m float64) { // up to the next run
			each(m, m+60, 10, func(n float64, _ int) {
				id := fmt.Sprintf("r%v", n)
				status := 200
				if int(n)%130 == 0 {
					status = 503
				}
				h.lines("front.json", request(n, status, id))
				if d := c.delay(n); d >= 0 && status == 200 {
					ends = append(ends, end{n + d, n, id})
				}
			})
			var left []end
			for _, e := range ends {
				if e.at < m+60 {
					h.lines("worker.json", worked(e.at, "done", e.id, e.acc))
				} else {
					left = append(left, e)
				}
			}
			ends = left
		}
		for m := 12.0; m < 2400; m += 60 {
			write(m)
			told[m+60] = h.metrics(m + 60)
		}
		for m := 2412.0; m < 2400+5*3600; m += 3600 {
			for _, at := range []float64{372, 972, 1212, 1572, 1632, 2292} {
				is := h.metrics(m+30, "--at", stamp(at))
				for metric, was := range told[at] {
					if is[metric] != was {
						t.Errorf("%s: %v asked at %v: %s was %s, is %q", c.name, at, m+30, metric, was, is[metric])
					}
				}
				for metric, v := range is {
					if _, ok := told[at][metric]; !ok {
						t.Errorf("%s: %v asked at %v: %s wasn't told, is %s", c.name, at, m+30, metric, v)
					}
				}
			}
			for n := m; n < m+3600 && m >= 3600; n += 600 {
				write(n)
			}
			h.run(m + 3600)
		}
	}
}

// Where neither the state nor the sources have it, it is said.
func TestAPastThatNobodyHoldsIsSaid(t *testing.T) {
	for _, gone := range []bool{true, false} {
		h := newHost(t)
		h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"))
		each(3600, 4200, 6, func(n float64, _ int) { h.lines("a.log", line("ltsv", n, 200)) })
		h.run(4212)
		h.file("a.log", "")
		want := "5 of 5 minutes are neither in the state nor in what the sources have now"
		if gone {
			os.Remove(h.path("a.log"))
			want = "no such file or directory; 5 of 5 minutes aren't in the state"
		}
		e := h.explain(4272, "--at", stamp(3000)).sli("availability")
		if e.Status != "not_measured" || !strings.Contains(e.Reason, want) {
			t.Errorf("got %s: %s", e.Status, e.Reason)
		}
		if e := h.explain(4272, "--at", stamp(4212)).sli("availability"); e.counts() != "50/50" {
			t.Errorf("got %s %s", e.counts(), e.Reason)
		}
	}
}
