package estimate

import (
	"fmt"
	"math"
	"testing"
)

var worlds = []struct {
	name   string
	world  world
	s, sf  float64 // most mean |error| of the 5-min share over T, in points
	covers bool    // conditional bound without counts holds: no lane is hidden
}{
	{"steady", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, lane: -1}, 0.2, 0.2, true},
	{"slow worker", world{lanes: 4, perSecond: 20, batch: 100, work: 3, lane: -1}, 2.4, 2.4, true}, // nothing tells these two apart
	{"slow worker that writes as it goes", world{lanes: 4, perSecond: 20, batch: 100, work: 3, along: true, lane: -1}, 4.3, 4.3, true},
	{"low traffic", world{lanes: 2, perSecond: 0.05, batch: 100, work: 0.3, lane: -1}, 1, 1, true},
	{"batching window", world{lanes: 4, perSecond: 20, batch: 1000, batching: 20, work: 0.3, lane: -1}, 1.5, 2, true},
	{"consumer stopped", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, stop: 1200, resume: 1700, lane: -1}, 2, 2.5, true},
	{"one lane silent", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, stop: 1200, resume: 2600, lane: 1}, 13, 1, false},
}

// TestEstimatesAgainstTruth holds errors and bounds against records of which
// the estimators saw nothing but minutes. S errs where a lane is hidden; SF sees it.
func TestEstimatesAgainstTruth(t *testing.T) {
	for _, c := range worlds {
		t.Run(c.name, func(t *testing.T) {
			c.world.minutes, c.world.seed = 60, 11
			rows, records := c.world.run(5, 20, 60, 120)
			var errors [2]float64
			thresholds := []float64{5, 20, 60, 120}
			for _, threshold := range thresholds {
				good := truth(records, c.world.minutes, threshold)
				for k, counted := range []bool{false, true} {
					m := c.world.model(threshold)
					m.Counted = counted
					p := NewStagePath(m, rows)
					errors[k] += p.errorOfWindows(good) / float64(len(thresholds))
					if counted || c.covers {
						p.holdBounds(t, fmt.Sprintf("T=%g counted=%v", threshold, counted), good)
					}
				}
			}
			if errors[0] > c.s || errors[1] > c.sf {
				t.Errorf("mean error of S %.2f (limit %g), of SF %.2f (limit %g) points", errors[0], c.s, errors[1], c.sf)
			}
		})
	}
}

// errorOfWindows is the mean |error| of 5-minute shares in points.
func (p *StagePath) errorOfWindows(good []float64) float64 {
	var sum, windows float64
	for from := 5; from+5 <= len(p.minutes)-5; from += 5 {
		var est, all, valid float64
		for m := from; m < from+5; m++ {
			if s := p.Freshness(m); s.Measured {
				est, all, valid = est+s.Good, all+good[m], valid+s.Valid
			}
		}
		if valid > 0 {
			sum += math.Abs(est-all) / valid * 100
			windows++
		}
	}
	return sum / windows
}

func (p *StagePath) holdBounds(t *testing.T, what string, good []float64) {
	t.Helper()
	claimed := 0
	for m := range p.minutes {
		s := p.Freshness(m)
		if !s.Measured {
			continue
		}
		if good[m] > s.Upper {
			t.Errorf("%s: minute %d: %v good, over the proven bound %v", what, m, good[m], s.Upper)
		}
		if s.Lower.Claimed && good[m] < s.Lower.Good {
			t.Errorf("%s: minute %d: %v good, under the conditional bound %v", what, m, good[m], s.Lower.Good)
		}
		if s.Lower.Claimed {
			claimed++
		}
	}
	if claimed == 0 && p.model.Threshold >= 60 {
		t.Errorf("%s: the conditional bound was never claimed", what)
	}
}

func TestASilentLaneIsSeenOnlyWithCounts(t *testing.T) {
	w := world{seed: 3, minutes: 40, lanes: 4, perSecond: 20, batch: 100, work: 0.3, stop: 1200, resume: 1e9, lane: 1}
	rows, records := w.run()
	good := truth(records, w.minutes, 60)
	m := w.model(60)
	blind := NewStagePath(m, rows)
	m.Counted = true
	seeing := NewStagePath(m, rows)
	const minute = 30
	near(t, "blind estimate", blind.Freshness(minute).Good/good[minute], 4.0/3, 0.1)
	near(t, "estimate with counts", seeing.Freshness(minute).Good/good[minute], 1, 0.05)
	if !blind.Freshness(minute).Lower.Claimed || seeing.Freshness(minute).Lower.Claimed {
		t.Error("the backlog check must withdraw the conditional bound, and only it can")
	}
	if s := blind.Progress(39, 5, false).State; s != ProgressCurrent {
		t.Errorf("blind state %s, want CURRENT as far as ages show", s)
	}
	if s := seeing.Progress(39, 5, false); s.State != ProgressLosing || s.Rule != RuleBacklogGrows {
		t.Errorf("state with counts %s by %q, want LOSING by the backlog", s.State, s.Rule)
	}
}

func TestDelayAgainstTruth(t *testing.T) {
	for _, c := range []struct {
		name     string
		world    world
		low, top float64 // of estimate / truth
	}{
		{"steady", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, lane: -1}, 0.9, 1.3},
		{"batching window", world{lanes: 4, perSecond: 20, batch: 1000, batching: 20, work: 0.3, lane: -1}, 0.9, 1.2},
		{"low traffic", world{lanes: 2, perSecond: 0.2, batch: 100, work: 0.3, lane: -1}, 0.9, 1.4},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.world.minutes, c.world.seed = 30, 5
			rows, records := c.world.run()
			d, ok := NewStagePath(c.world.model(60), rows).Delay(5, 20)
			var mean, n, within float64
			for _, r := range records {
				if r.arrived >= 300 && r.arrived < 1200 {
					mean += r.visible - r.started
					n++
					if r.visible-r.started <= d.Median.Value {
						within++
					}
				}
			}
			mean /= n
			if ratio := d.Mean() / mean; !ok || ratio < c.low || ratio > c.top {
				t.Errorf("mean %.2f s, truth %.2f s: ratio %.2f", d.Mean(), mean, ratio)
			}
			if share := within / n; share < 0.4 || share > 0.65 {
				t.Errorf("median %.2f s has %.0f %% of the records within it", d.Median.Value, 100*share)
			}
		})
	}
}

func TestStatesFollowTheConsumer(t *testing.T) {
	w := world{seed: 9, minutes: 70, lanes: 4, perSecond: 20, batch: 6, work: 0.8, stop: 1830, resume: 2730, lane: -1}
	rows, _ := w.run()
	m := w.model(60)
	m.Counted = true
	p := NewStagePath(m, rows)
	for _, c := range []struct {
		from, to int
		want     map[ProgressState]bool
	}{
		{0, 30, map[ProgressState]bool{ProgressCurrent: true}},
		{35, 45, map[ProgressState]bool{ProgressFrozen: true}}, // 4.5 minutes after the stop
		{54, 60, map[ProgressState]bool{ProgressDraining: true}},
	} {
		for i := c.from; i < c.to; i++ {
			if g := p.Progress(i, 5, false); !c.want[g.State] {
				t.Errorf("minute %d: %s, %s", i, g.State, g.Why)
			}
		}
	}
}

func TestCoverageAgainstTruth(t *testing.T) {
	for _, c := range []struct {
		name  string
		world world
	}{
		{"nothing lost", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, lane: -1}},
		{"one in fifty lost", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, lane: -1, lose: 0.02}},
		{"stopped for less than the deadline", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, stop: 1200, resume: 1500, lane: -1}},
		{"stopped for more", world{lanes: 4, perSecond: 20, batch: 100, work: 0.3, stop: 1200, resume: 3000, lane: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const deadline = 600
			c.world.minutes, c.world.seed = 90, 2
			rows, records := c.world.run()
			m := c.world.model(60)
			m.Counted = true
			p := NewStagePath(m, rows)
			var valid, good, truly float64
			cover := p.Coverage(deadline)
			for i := 10; i < 75; i++ {
				if !cover[i].Measured {
					t.Fatalf("minute %d: %s", i, cover[i].Reason)
				}
				valid, good = valid+cover[i].Valid, good+cover[i].Good
			}
			for _, r := range records {
				if i := math.Floor(r.arrived / 60); i >= 10 && i < 75 && r.visible <= (i+1)*60+deadline {
					truly++
				}
			}
			a := p.Account(10, 75)
			if !a.Known {
				t.Fatal(a.Reason)
			}
			if diff := (good - truly) / valid; diff < -0.001 || diff > a.Resolution()+0.001 {
				t.Errorf("coverage %.4f, truth %.4f: a loss inside the interval may hide (resolution %.4f), but none may be invented", good/valid, truly/valid, a.Resolution())
			}
			lost := c.world.lose * valid
			if !(a.AtLeast <= lost*1.1 && a.AtMost >= lost*0.9) {
				t.Errorf("unexplained in %.0f…%.0f, truth about %.0f", a.AtLeast, a.AtMost, lost)
			}
		})
	}
}

func BenchmarkStagesMinute(b *testing.B) {
	w := world{seed: 1, minutes: 60, lanes: 4, perSecond: 20, batch: 1000, batching: 20, work: 0.8, lane: -1}
	rows, _ := w.run(15, 30, 60)
	m := w.model(60)
	m.Counted = true
	p := NewStagePath(m, rows)
	i := 0
	for b.Loop() {
		p.Freshness(i % 50)
		i++
	}
}

func BenchmarkPathOfTwoHours(b *testing.B) {
	w := world{seed: 1, minutes: 120, lanes: 4, perSecond: 20, batch: 1000, work: 0.8, lane: -1}
	rows, _ := w.run(15, 30, 60)
	m := w.model(60)
	m.Counted = true
	for b.Loop() {
		p := NewStagePath(m, rows)
		for i := range rows {
			p.Freshness(i)
		}
		p.Coverage(600)
		p.Delay(110, 115)
		p.Progress(119, 5, false)
	}
}
