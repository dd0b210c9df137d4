package cases

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// unposted is what explain says of an SLI's events that no point holds.
type unposted struct {
	Valid, Good float64
	Minutes     int
	Window      struct{ Start, End string }
}

func (h *host) unposted(at float64, name string) *unposted {
	h.t.Helper()
	var document struct {
		Pipelines []struct {
			SLIs []struct {
				Name     string
				Unposted *unposted
			}
		}
	}
	if a := h.run(at, "explain", "--json"); json.Unmarshal([]byte(a.out), &document) != nil {
		h.t.Fatalf("explain: %s%s", a.out, a.complaints)
	}
	for _, s := range document.Pipelines[0].SLIs {
		if s.Name == name {
			return s.Unposted
		}
	}
	return nil
}

// TestWhatNoPointHoldsIsTold: sums of events are exact together with what explain says of
// minutes that could be posted only when an agent takes them no more, and export prints it.
func TestWhatNoPointHoldsIsTold(t *testing.T) {
	always := func(float64) bool { return true }
	between := func(from, to float64) func(float64) bool {
		return func(n float64) bool { return from <= n && n < to }
	}
	both := `metrics: [minimal, events]
    slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 } }`
	for _, c := range []struct {
		name          string
		metrics, kind string
		runs          func(n float64) bool // whether the agent runs then
		gone          func(n float64) bool // whether the worker's log is
		minutes       int
		valid         float64
	}{
		{"the agent stopped", both, "availability", func(n float64) bool { return n < 300 || n >= 1260 }, between(0, 0), 2, 12},
		{"the agent stopped twice", both, "availability", func(n float64) bool { return n < 60 || n >= 1020 && n < 1080 || n >= 1980 }, between(0, 0), 3, 18},
		{"a log of two was gone", both, "freshness", always, between(300, 1260), 2, 12},
		{"what needs that log alone", both, "availability", always, between(300, 1260), 0, 0},
		{"not gone long enough", both, "freshness", always, between(300, 1080), 0, 0},
		{"nothing is posted", strings.Replace(both, "[minimal, events]", "minimal", 1), "availability", func(n float64) bool { return n < 300 || n >= 1260 }, between(0, 0), 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(false, "", c.metrics))
			h.lines("front.json", request(-600, 200, "-"))
			h.lines("worker.json", worked(-600, "done", "-", -600))
			h.run(-120, "--take")
			posted, lacking, said := 0.0, 0.0, 0
			from := -1.0
			for at := -60.0; at <= 1980; at += 60 {
				name := "worker.json"
				if c.gone(at - 60) {
					name = "worker.away"
				}
				each(at-60, at, 10, func(n float64, i int) {
					if n >= 0 {
						h.lines("front.json", request(n, 200, "-"))
						h.lines(name, worked(n+1, "done", "-", n))
					}
				})
				if was, is := h.path("worker.json"), h.path("worker.away"); c.gone(at) && name == "worker.json" {
					if err := os.Rename(was, is); err != nil {
						t.Fatal(err)
					}
				} else if !c.gone(at) && name == "worker.away" {
					if err := os.Rename(is, was); err != nil {
						t.Fatal(err)
					}
				}
				if !c.runs(at) {
					continue
				}
				a := h.run(at+14, "--take")
				for line := range strings.Lines(a.out) {
					if f := strings.Fields(line); f[0] == "pipeline-sli.events.v."+c.kind+"_valid" {
						n, _ := strconv.ParseFloat(f[1], 64)
						posted += n
						from = at
					}
				}
				if strings.Contains(a.complaints, c.kind+": the metric events lacks ") {
					said++
				}
			}
			u := h.unposted(1996, c.kind)
			text, doctor := h.run(1996, "explain").out, h.run(1996, "doctor").out
			if u == nil {
				if c.minutes > 0 || said > 0 || strings.Contains(doctor, c.kind+": the metric events lacks") {
					t.Fatalf("want %v in %d minutes told, got nothing; said %d times", c.valid, c.minutes, said)
				}
			} else {
				lacking = u.Valid
				if u.Minutes != c.minutes || u.Valid != c.valid || u.Good != c.valid || said == 0 {
					t.Errorf("want %v in %d minutes, got %+v; said %d times", c.valid, c.minutes, *u, said)
				}
				want := fmt.Sprintf("the metric events lacks %v %s of %d minutes: when they could be posted they were more than 14 minutes old; export --from ",
					c.valid, map[string]string{"availability": "requests", "freshness": "records"}[c.kind], c.minutes)
				if !strings.Contains(text, want) || !strings.Contains(doctor, want) {
					t.Errorf("want %s in %s and %s", want, text, doctor)
				}
				_, command, _ := strings.Cut(text, want)
				command, _, _ = strings.Cut(command, " prints")
				times := strings.Fields(command)
				exported := 0.0
				for line := range strings.Lines(h.run(1996, "export", "--from", times[0], "--to", times[2]).out) {
					if f := strings.Fields(line); len(f) == 3 && f[0] == "pipeline-sli.events.v."+c.kind+"_valid" {
						n, _ := strconv.ParseFloat(f[1], 64)
						exported += n
					}
				}
				if exported < c.valid {
					t.Errorf("want at least %v from export --from %s, got %v", c.valid, command, exported)
				}
			}
			if whole := from / 10; strings.Contains(c.metrics, "events") && posted+lacking != whole {
				t.Errorf("%v posted and %v told as lacking aren't the %v there were up to %v", posted, lacking, whole, from)
			}
		})
	}
}
