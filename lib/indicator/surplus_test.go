package indicator

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// answeredCells is a history that was answered from minute 1000 on.
type answeredCells map[string]map[sli.Minute]*sli.StageCell

func (h answeredCells) Cell(stage string, m sli.Minute) *sli.StageCell { return h[stage][m] }
func (h answeredCells) Answered(string) sli.Intervals                  { return sli.Intervals{{From: 1000, To: 2000}} }
func (h answeredCells) Inputs(string) sli.Inputs                       { return nil }

// Deliveries beyond arrivals are duplicates; what was on its way when the history began,
// a burst that is worked off, and a standstill are none.
func TestSurplusOfDeliveries(t *testing.T) {
	for _, c := range []struct {
		name    string
		in, out func(m sli.Minute) float64
		age     float64
		least   float64 // in the last hour
		most    float64
	}{
		{"as many", func(sli.Minute) float64 { return 600 }, func(sli.Minute) float64 { return 600 }, 1, 0, 0},
		{"one in twenty again", func(sli.Minute) float64 { return 600 }, func(sli.Minute) float64 { return 630 }, 1, 1800, 1800},
		{"a backlog from before the history", func(sli.Minute) float64 { return 600 }, func(m sli.Minute) float64 { return 600 + where(m < 1010, 100) }, 120, 0, 0},
		{"a burst worked off", func(m sli.Minute) float64 { return 600 + where(m == 1080, 5000) }, func(m sli.Minute) float64 { return 600 + where(m > 1080 && m <= 1090, 500) }, 60, 0, 0},
		{"a standstill", func(sli.Minute) float64 { return 600 }, func(m sli.Minute) float64 { return where(m < 1080, 600) }, 60, 0, 0},
	} {
		plan := &sli.Plan{Stages: []sli.Stage{
			{Name: "stream", Facts: sli.Facts{Signals: []sli.Signal{sli.Accepted}, Role: sli.Queue, Scope: sli.Shared}},
			{Name: "worker", Facts: sli.Facts{Signals: []sli.Signal{sli.Invocation, sli.Handed, sli.HandFailed}, Role: sli.Worker, Scope: sli.Shared}},
		}}
		h := answeredCells{"stream": {}, "worker": {}}
		for m := sli.Minute(1000); m < 1120; m++ {
			in, out := new(sli.StageCell), new(sli.StageCell)
			in.Signals[sli.Accepted], out.Signals[sli.Handed], out.Signals[sli.Invocation] = c.in(m), c.out(m), 10
			out.Summaries = map[string]estimate.Summary{"age": {N: 10, Mean: c.age, Max: c.age}, "work": {N: 10, Mean: 0.1, Max: 0.2}}
			h["stream"][m], h["worker"][m] = in, out
		}
		rule := evidence{plan.PathOf(nil, nil)}.surplusRule()
		if rule == nil {
			t.Fatal("no rule")
		}
		got := 0.0
		for _, counts := range rule.Derive.Derive(h, sli.Window{From: 1060, To: 1120}, time.Time{}) {
			got += counts.Valid
		}
		if got < c.least || got > c.most {
			t.Errorf("%s: want %g to %g, got %g", c.name, c.least, c.most, got)
		}
	}
}

func where(holds bool, n float64) float64 {
	if holds {
		return n
	}
	return 0
}
