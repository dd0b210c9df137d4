package judge

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// filtered is a scenario whose mapping filters a part of the records out.
func filtered(t *testing.T, family sim.Family, seed uint64, part float64) sim.Scenario {
	t.Helper()
	s, err := sim.Random(family, seed)
	if err != nil {
		t.Fatal(err)
	}
	s.Worker.MappingDrops = part
	return s
}

// TestAShareBehindAFilterIsNearTheTruth: what waits will be filtered out as what was polled is,
// and what is filtered out fills batches too.
func TestAShareBehindAFilterIsNearTheTruth(t *testing.T) {
	var sum Errors
	for _, family := range []sim.Family{sim.SilentShard, sim.Poison, sim.Throttled, sim.Stopped} {
		p, err := runPath(filtered(t, family, 9705, 0.5))
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.shares(time.Minute, Sights[1])
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(s.errors())
	}
	if mean, bias := sum.Mixed.Mean(), lean(sum.Mixed); sum.Mixed.N < 10 || mean > 4 {
		t.Errorf("%d windows, %.2f points off, bias %s", sum.Mixed.N, mean, bias)
	}
}

// TestNoProvenBoundIsBrokenBehindAFilter: what waits may all be filtered out, so that what was
// handed over proves nothing of what is valid, and only silence does.
func TestNoProvenBoundIsBrokenBehindAFilter(t *testing.T) {
	silent := false
	for _, c := range []struct {
		family sim.Family
		seed   uint64
		part   float64
	}{{sim.SlowWorker, 9701, 0.3}, {sim.Stopped, 9701, 0.3}, {sim.Throttled, 9702, 0.6}, {sim.LowTraffic, 9703, 0.5}} {
		p, err := runPath(filtered(t, c.family, c.seed, c.part))
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.shares(time.Minute, Sights[1])
		if err != nil {
			t.Fatal(err)
		}
		upper, lower := s.bounds()
		if upper.Broken > 0 || lower.Broken > 0 || lower.Claimed == 0 {
			t.Errorf("%s %d: upper bound %+v, lower %+v", c.family, c.seed, upper, lower)
		}
		silent = silent || upper.Claimed > 0
		for from := range len(s.measured) - window {
			w := estimate.SumStages(s.measured[from : from+window])
			var valid, good float64
			for m := from; m < from+window; m++ {
				if s.measured[m].Measured {
					valid, good = valid+float64(s.truth[m].Valid), good+float64(s.truth[m].Good)
				}
			}
			if least, _ := w.AtLeast(); valid > 0 && (good/valid > w.AtMost()+slack || good/valid < least-slack) {
				t.Errorf("%s %d, minutes from %d: %.4f, said to be %.4f…%.4f", c.family, c.seed, from, good/valid, least, w.AtMost())
			}
		}
	}
	if !silent {
		t.Error("silence proves nothing any more")
	}
}

// TestExplainBreaksNoBoundBehindAFilter: the same through the programs, of the windows that
// people see.
func TestExplainBreaksNoBoundBehindAFilter(t *testing.T) {
	s := Hour(5)
	s.Length, s.Tail, s.Worker.MappingDrops = 30*time.Minute, 5*time.Minute, 0.6
	var err error
	if s.Faults, err = sim.ParseFaults("+10m-+17m consumer stopped", s.Start); err != nil {
		t.Fatal(err)
	}
	w, err := sim.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	found, err := Cloud(w).Judge()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range found {
		if x.Upper.Broken > 0 || x.Lower.Broken > 0 {
			t.Errorf("%s by %s: upper bound %+v, lower %+v", x.SLI, x.Method, x.Upper, x.Lower)
		}
		if x.SLI == "freshness" && x.Upper.Minutes == 0 {
			t.Error("no window of freshness was explained")
		}
	}
}
