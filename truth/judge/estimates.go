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
	EstimateThresholds = []time.Duration{5 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute}
	BoundThresholds    = []time.Duration{20 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}
)

// Error sums errors of shares over windows of five minutes, in percentage points.
type Error struct {
	Windows int
	Sum     float64 // of absolute values
	Bias    float64 // sum, too good is above zero
	Worst   float64

	Partial    int // windows whose true share lies between 1 and 99 %
	PartialSum float64
}

func (e *Error) take(measured, truth, valid float64) {
	d := (measured - truth) / valid * 100
	e.Windows++
	e.Sum += math.Abs(d)
	e.Bias += d
	e.Worst = math.Max(e.Worst, math.Abs(d))
	if share := truth / valid; share > 0.01 && share < 0.99 {
		e.Partial++
		e.PartialSum += math.Abs(d)
	}
}

// Add adds another sum of errors.
func (e *Error) Add(o Error) {
	e.Windows += o.Windows
	e.Sum += o.Sum
	e.Bias += o.Bias
	e.Worst = math.Max(e.Worst, o.Worst)
	e.Partial += o.Partial
	e.PartialSum += o.PartialSum
}

// Mean is the mean absolute error.
func (e Error) Mean() float64 { return over(e.Sum, e.Windows) }

func over(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
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

// Estimate is what the stage method did in one world, without counts (S) and
// with them (SF).
type Estimate struct {
	Family sim.Family
	Share  [2][]Error // by EstimateThresholds
	Upper  [2][]Held  // by BoundThresholds: proven
	Lower  [2][]Held  // by BoundThresholds: conditional
}

func newEstimate(family sim.Family) Estimate {
	e := Estimate{Family: family}
	for k := range counted {
		e.Share[k] = make([]Error, len(EstimateThresholds))
		e.Upper[k] = make([]Held, len(BoundThresholds))
		e.Lower[k] = make([]Held, len(BoundThresholds))
	}
	return e
}

// Add adds what was found in another world.
func (e *Estimate) Add(o Estimate) {
	for k := range counted {
		for i := range e.Share[k] {
			e.Share[k][i].Add(o.Share[k][i])
		}
		for i := range e.Upper[k] {
			e.Upper[k][i].Add(o.Upper[k][i])
			e.Lower[k][i].Add(o.Lower[k][i])
		}
	}
}

// Mean is the mean absolute error over all thresholds.
func (e Estimate) Mean(k int) float64 {
	sum := 0.0
	for _, s := range e.Share[k] {
		sum += s.Mean()
	}
	return sum / float64(len(e.Share[k]))
}

// counted are the two methods' names, in the order of the arrays above.
var counted = [2]string{"S", "SF"}

// Estimates judges the stage method in one world.
func Estimates(family sim.Family, w *sim.World) (Estimate, error) {
	e := Estimate{Family: family}
	p, err := newPath(w)
	if err != nil {
		return e, err
	}
	for k := range counted {
		known := map[time.Duration]shares{}
		for _, t := range slices.Concat(EstimateThresholds, BoundThresholds) {
			if _, done := known[t]; done {
				continue
			}
			if known[t], err = p.shares(t, k == 1); err != nil {
				return e, err
			}
		}
		for _, t := range EstimateThresholds {
			e.Share[k] = append(e.Share[k], known[t].errors())
		}
		for _, t := range BoundThresholds {
			upper, lower := known[t].bounds()
			e.Upper[k] = append(e.Upper[k], upper)
			e.Lower[k] = append(e.Lower[k], lower)
		}
	}
	return e, nil
}

// shares are the estimates of every minute in which users wrote, and the truth.
type shares struct {
	measured []estimate.StageShare
	truth    []sim.Cell
}

func (p *path) shares(threshold time.Duration, counted bool) (shares, error) {
	est, err := p.estimators(threshold, counted)
	if err != nil {
		return shares{}, err
	}
	w := p.world
	s := shares{truth: w.FreshnessByArrival(w.Start, sim.At(w.Scenario.Start.Add(w.Scenario.Length)), threshold)}
	for m := range s.truth {
		s.measured = append(s.measured, est.Freshness(m))
	}
	return s, nil
}

func (s shares) errors() Error {
	var e Error
	for from := 0; from+window <= len(s.truth); from += window {
		var measured, truth, valid float64
		for m := from; m < from+window; m++ {
			if s.measured[m].Measured {
				measured += s.measured[m].Good
				truth += float64(s.truth[m].Good)
				valid += float64(s.truth[m].Valid)
			}
		}
		if valid > 0 {
			e.take(measured, truth, valid)
		}
	}
	return e
}

func (s shares) bounds() (upper, lower Held) {
	for m, e := range s.measured {
		valid, good := float64(s.truth[m].Valid), float64(s.truth[m].Good)
		if !e.Measured || valid == 0 {
			continue
		}
		upper.take(valid, good, e.Upper < valid, good-e.Upper)
		lower.take(valid, good, e.Lower.Claimed, e.Lower.Good-good)
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
	if broken > 0 {
		h.Broken++
		h.By = math.Max(h.By, broken/valid*100)
	}
}
