package judge

import (
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// window is what an estimate's error is measured over.
const window = 5

// Thresholds that estimates and bounds are judged at.
var (
	EstimateThresholds = []time.Duration{2 * time.Second, 5 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute}
	BoundThresholds    = []time.Duration{20 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}
)

// Error sums errors: of shares in percentage points, of ages in seconds.
type Error struct {
	N     int
	Sum   float64 // of absolute values
	Bias  float64 // sum; above zero is too good of shares, too old of ages
	Worst float64
}

func (e *Error) note(d float64) {
	e.N++
	e.Sum += math.Abs(d)
	e.Bias += d
	e.Worst = math.Max(e.Worst, math.Abs(d))
}

// take notes the error of good ones among valid ones, in percentage points.
func (e *Error) take(measured, truth, valid float64) { e.note((measured - truth) / valid * 100) }

// Add adds another sum of errors.
func (e *Error) Add(o Error) {
	e.N += o.N
	e.Sum += o.Sum
	e.Bias += o.Bias
	e.Worst = math.Max(e.Worst, o.Worst)
}

// Mean is the mean absolute error, Lean the mean one.
func (e Error) Mean() float64 { return over(e.Sum, e.N) }

// Lean is the mean error.
func (e Error) Lean() float64 { return over(e.Bias, e.N) }

func over(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Errors are those of shares over windows of five minutes.
type Errors struct {
	All   Error
	Mixed Error // windows whose true share lies between 1 and 99 %
	After Error // the five minutes after a fault's end
}

// Add adds what was found elsewhere.
func (e *Errors) Add(o Errors) {
	e.All.Add(o.All)
	e.Mixed.Add(o.Mixed)
	e.After.Add(o.After)
}

// Held counts minutes in which a bound was claimed, and those where it was broken.
type Held struct {
	Minutes  int // with traffic
	Claimed  int
	Broken   int
	By       float64 // at most, in percentage points
	AllGood  int     // minutes whose records were all good
	Provable int     // of these, claimed
}

// Add adds another count.
func (h *Held) Add(o Held) {
	h.Minutes += o.Minutes
	h.Claimed += o.Claimed
	h.Broken += o.Broken
	h.By = math.Max(h.By, o.By)
	h.AllGood += o.AllGood
	h.Provable += o.Provable
}

// Estimate is what the stage method did in one world, by Sights.
type Estimate struct {
	Family sim.Family
	Share  [][]Errors // by EstimateThresholds
	Upper  [][]Held   // by BoundThresholds: proven
	Lower  [][]Held   // by BoundThresholds: conditional
}

func newEstimate(family sim.Family) Estimate {
	e := Estimate{Family: family}
	for range Sights {
		e.Share = append(e.Share, make([]Errors, len(EstimateThresholds)))
		e.Upper = append(e.Upper, make([]Held, len(BoundThresholds)))
		e.Lower = append(e.Lower, make([]Held, len(BoundThresholds)))
	}
	return e
}

// Add adds what was found in another world.
func (e *Estimate) Add(o Estimate) {
	for k := range o.Share {
		for i := range e.Share[k] {
			e.Share[k][i].Add(o.Share[k][i])
		}
		for i := range e.Upper[k] {
			e.Upper[k][i].Add(o.Upper[k][i])
			e.Lower[k][i].Add(o.Lower[k][i])
		}
	}
}

// Estimates judges the stage method in one world.
func Estimates(family sim.Family, p *path) (Estimate, error) {
	e := newEstimate(family)
	for k, sight := range Sights {
		known := map[time.Duration]shares{}
		for _, t := range slices.Concat(EstimateThresholds, BoundThresholds) {
			if _, done := known[t]; done {
				continue
			}
			var err error
			if known[t], err = p.shares(t, sight); err != nil {
				return e, err
			}
		}
		for i, t := range EstimateThresholds {
			e.Share[k][i] = known[t].errors()
		}
		for i, t := range BoundThresholds {
			e.Upper[k][i], e.Lower[k][i] = known[t].bounds()
		}
	}
	return e, nil
}

// shares are the estimates of every minute in which users wrote, and the truth.
type shares struct {
	measured []estimate.StageShare
	truth    []sim.Cell
	ends     []int // minutes in which faults had ended
}

// shareBack is how much history the suite gives the estimators of a minute's share.
const shareBack = 60

func (p *path) shares(threshold time.Duration, sight Sight) (shares, error) {
	v, err := p.view(threshold, sight)
	if err != nil {
		return shares{}, err
	}
	w := p.world
	s := shares{truth: w.FreshnessByArrival(w.Start, sim.At(w.Scenario.Start.Add(w.Scenario.Length)), threshold)}
	v.each(shareBack, int((threshold+time.Minute-1)/time.Minute)+2, func(est *estimate.StagePath, at, m int) {
		if m < len(s.truth) {
			s.measured = append(s.measured, est.Freshness(at))
		}
	})
	for _, f := range w.Scenario.Faults {
		if f.To < w.End {
			s.ends = append(s.ends, p.index(f.To+minute-1))
		}
	}
	return s, nil
}

func (s shares) errors() Errors {
	var e Errors
	for from := 0; from+window <= len(s.truth); from += window {
		s.window(from, func(measured, truth, valid float64) {
			e.All.take(measured, truth, valid)
			if share := truth / valid; share > 0.01 && share < 0.99 {
				e.Mixed.take(measured, truth, valid)
			}
		})
	}
	for _, from := range s.ends {
		s.window(from, e.After.take)
	}
	return e
}

// window gives the sums of five minutes, if there was something to judge. Shares are
// compared: which records a mapping filters out is known only once they have been polled.
func (s shares) window(from int, take func(measured, truth, valid float64)) {
	var measured, counted, truth, valid float64
	for m := from; m < min(from+window, len(s.truth)); m++ {
		if s.measured[m].Measured {
			measured += s.measured[m].Good
			counted += s.measured[m].Valid
			truth += float64(s.truth[m].Good)
			valid += float64(s.truth[m].Valid)
		}
	}
	if valid > 0 && counted > 0 {
		take(measured/counted*valid, truth, valid)
	}
}

func (s shares) bounds() (upper, lower Held) {
	for m, e := range s.measured {
		valid, good := float64(s.truth[m].Valid), float64(s.truth[m].Good)
		if !e.Measured || valid == 0 || e.Valid == 0 {
			continue
		}
		share := valid / e.Valid
		upper.take(valid, good, e.Upper < e.Valid, good-e.Upper*share)
		lower.take(valid, good, e.Lower.Claimed, e.Lower.Good*share-good)
	}
	return upper, lower
}

func (h *Held) take(valid, good float64, claimed bool, broken float64) {
	h.Minutes++
	if good == valid {
		h.AllGood++
	}
	if !claimed {
		return
	}
	h.Claimed++
	if good == valid {
		h.Provable++
	}
	if broken > 1e-6*valid { // shares that differ by more than their rounding
		h.Broken++
		h.By = math.Max(h.By, broken/valid*100)
	}
}
