package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestEveryNotMeasuredSaysWhy, once, on stderr and in explain, and the check says the same.
func TestEveryNotMeasuredSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name, format, section string
		log                   func(h *host)
		at                    float64
		because               []string
		code                  int
	}{
		{"a third is garbage", "ltsv", "start: beginning", func(h *host) {
			each(0, 600, 1, func(n float64, i int) {
				if i%3 == 1 {
					h.lines("a.log", "garbage")
				} else {
					h.lines("a.log", labelled(n, "status:200"))
				}
			})
		}, 612, []string{"100 of 300 lines of 5 minutes are malformed, 33.3%, limit 10%", "a.log: line 2"}, 0},
		{"a fourth is garbage", "json", "start: beginning, max_malformed: 20%", func(h *host) {
			each(0, 600, 1, func(n float64, i int) {
				if i%4 == 1 {
					h.lines("a.log", `{"time":`)
				} else {
					h.lines("a.log", request(n, 200, "-"))
				}
			})
		}, 612, []string{"75 of 300 lines of 5 minutes are malformed, 25%, limit 20%", "a.log: line 2"}, 0},
		{"an empty log", "ltsv", "", func(h *host) { h.file("a.log", "") }, 612, []string{"nothing was written to a.log since it was first looked at"}, 0},
		{"a glob without a line", "ltsv", "optional: true", func(h *host) {}, 612, []string{"nothing was written to a.log since it was first looked at"}, 0},
		{"lines from before the first look", "ltsv", "start: end", func(h *host) {
			each(0, 600, 10, func(n float64, _ int) { h.lines("a.log", labelled(n, "status:200")) })
		}, 612, []string{"nothing was written to a.log since it was first looked at"}, 0},
		{"no such log", "ltsv", "", func(h *host) {}, 612, []string{"log file a.log: no such file"}, 1},
		{"nothing that can be read", "ltsv", "start: beginning", func(h *host) {
			each(0, 600, 10, func(n float64, i int) { h.lines("a.log", "garbage") })
		}, 612, []string{"no line can be read; the first is a.log: line 1"}, 1},
		{"born half a minute ago", "ltsv", "", func(h *host) {
			each(554, 580, 1, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200")) })
		}, 584, []string{"no whole minute yet"}, 0},
		{"two minutes old", "ltsv", "", func(h *host) {
			each(470, 610, 1, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200")) })
		}, 612, []string{"2 of 5 minutes have an answer; it is counted for 2 minutes so far"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog(c.format, c.section, onlyAvailability+"\n    check: { sli: [availability], critical_ratio: 90 }"))
			c.log(h)
			e := h.explain(c.at)
			s := e.sli("availability")
			if s.Status != "not_measured" || s.Ratio != nil {
				t.Errorf("want not_measured, got %+v", s)
			}
			text, run, line := h.run(c.at, "explain").out, h.run(c.at), h.check(c.at)
			for _, word := range c.because {
				for where, said := range map[string]string{"reason": s.Reason, "explain": text, "stderr": run.complaints, "check": line} {
					if !strings.Contains(said, word) {
						t.Errorf("%s: want %q in %q", where, word, said)
					}
				}
				if strings.Count(run.complaints, word) != 1 {
					t.Errorf("stderr: want %q once, got %q", word, run.complaints)
				}
			}
			if !strings.Contains(run.complaints, "availability not measured") {
				t.Errorf("stderr: want the SLI named, got %q", run.complaints)
			}
			if run.code != c.code || !strings.HasPrefix(line, "UNKNOWN: v: ") {
				t.Errorf("want exit %d and UNKNOWN, got %d, %q", c.code, run.code, line)
			}
		})
	}
}

// TestMinutesLeftOutOfAValueAreTold: a refused minute beside measured ones.
func TestMinutesLeftOutOfAValueAreTold(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", onlyAvailability))
	each(0, 600, 2, func(n float64, i int) {
		if 420 <= n && n < 480 && i%2 == 1 {
			h.lines("a.log", "garbage")
		} else {
			h.lines("a.log", labelled(n, "status:200"))
		}
	})
	if s := h.explain(612).sli("availability"); s.Status != "value" || s.Measured != 0.8 {
		t.Errorf("want a value of 0.8, got %+v", s)
	}
	if a := h.run(612); !strings.Contains(a.complaints, "15 of 30 lines of a minute are malformed, 50%, limit 10%") || strings.Contains(a.complaints, "availability not measured") {
		t.Errorf("stderr: got %q", a.complaints)
	}
}

// TestNothingCountsSinceATimeToCome: before the first whole minute explain says from when.
func TestNothingCountsSinceATimeToCome(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", onlyAvailability))
	each(554, 580, 1, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200")) })
	text := h.run(584, "explain").out
	if strings.Contains(text, "counts since") || !strings.Contains(text, "will count from 2026-03-02 12:10 UTC") {
		t.Errorf("got %q", text)
	}
	each(580, 670, 1, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200")) })
	if text = h.run(674, "explain").out; !strings.Contains(text, "counts since 2026-03-02 12:10 UTC") {
		t.Errorf("got %q", text)
	}
}

// TestReasonsOfSeveralPipelinesAreApart.
func TestReasonsOfSeveralPipelinesAreApart(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", onlyAvailability+`
  - name: w
    stages: [ { name: front, access_log: { path: DIR/b.log, format: ltsv } } ]
    slis: { availability: { target: 99 }, latency: { threshold: 1s, target: 99 } }`))
	each(0, 600, 10, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200")) })
	a := h.run(612)
	want := "pipeline w: stage front: log file b.log: no such file or directory; availability not measured; latency not measured"
	if strings.Count(a.complaints, "\n") != 1 || !strings.Contains(a.complaints, want) || a.code != 0 {
		t.Errorf("want %q alone and exit 0, got %d, %q", want, a.code, a.complaints)
	}
	if got := fmt.Sprint(strings.Contains(a.out, "sli.v.availability\t100")); got != "true" {
		t.Errorf("want v's value, got %q", a.out)
	}
}
