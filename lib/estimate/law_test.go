package estimate

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func (l *law) mean(h float64) float64 {
	var m float64
	for i, w := range l {
		m += float64(i) * h * w
	}
	return m
}

// drawSummary draws a summary of samples up to most whose mean a power law can take.
func drawSummary(t *rapid.T, most float64) Summary {
	n := rapid.IntRange(1, 20).Draw(t, "n")
	top := rapid.Float64Range(0, most).Draw(t, "max")
	values := []float64{top}
	for range n - 1 {
		values = append(values, top*rapid.Float64Range(0.03, 0.97).Draw(t, "v"))
	}
	return summarize(values, nil)
}

func TestLawKeepsMassAndMeanInsideTheGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSummary(t, 0.99)
		l := summaryLaw(s, 0.01)
		near2(t, "mass", l.total(), 1, 1e-9)
		near2(t, "mean", l.mean(0.01), s.Mean, 1e-9)
	})
}

func near2(t *rapid.T, what string, got, want, tolerance float64) {
	if !(math.Abs(got-want) <= tolerance) {
		t.Fatalf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func TestConvolutionAddsMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawSummary(t, 0.45), drawSummary(t, 0.45)
		la, lb := summaryLaw(a, 0.01), summaryLaw(b, 0.01)
		ab, ba := la.convolve(&lb), lb.convolve(&la)
		near2(t, "mass", ab.total(), 1, 1e-9)
		near2(t, "mean", ab.mean(0.01), a.Mean+b.Mean, 1e-9)
		for i := range ab {
			near2(t, "order matters: mass", ab[i], ba[i], 1e-12)
		}
	})
}

func TestSummaryLawHonoursEdges(t *testing.T) {
	s := Summary{N: 100, Mean: 3, Max: 40, Edges: []Edge{{At: 5, Count: 90}, {At: 20, Count: 95}}}
	l := summaryLaw(s, 0.2) // grid to 20
	var below float64
	for _, w := range l[:26] { // up to 5
		below += w
	}
	near(t, "share up to 5 s", below, 0.90, 0.01)
	near(t, "share up to 20 s", l.total(), 0.95, 0.01)
}

func TestSummaryLawForgivesContradictions(t *testing.T) {
	for name, s := range map[string]Summary{
		"mean over max":           {N: 3, Mean: 9, Max: 1},
		"negative":                {N: 3, Mean: -2, Max: -1},
		"edges out of order":      {N: 9, Mean: 1, Max: 4, Edges: []Edge{{3, 5}, {2, 7}, {1, 1}}},
		"more below than samples": {N: 9, Mean: 1, Max: 4, Edges: []Edge{{2, 50}}},
		"all below an edge":       {N: 9, Mean: 1, Max: 4, Edges: []Edge{{4, 9}, {5, 9}}},
		"edge is no number":       {N: 9, Mean: 1, Max: 4, Edges: []Edge{{math.NaN(), 3}, {2, math.NaN()}}},
		"huge":                    {N: 1 << 53, Mean: 1, Max: 1 << 53},
		"less than one sample":    {N: 0.25, Mean: 1, Max: 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := summaryLaw(s, 0.1)
			var sum float64
			for i, w := range l {
				if !(w >= 0) {
					t.Fatalf("mass %d is %v", i, w)
				}
				sum += w
			}
			if !(sum <= 1+1e-9) {
				t.Errorf("mass %v is over 1", sum)
			}
		})
	}
}

func TestPointMassesGiveExactArithmetic(t *testing.T) {
	point := func(x float64) Summary { return Summary{N: 1, Mean: x, Max: x} }
	d := delayParts{front: []Bin{{0.5, 10}, {4, 30}}, age: point(2), work: point(1.25), perInvocation: 1}
	for _, c := range []struct{ t, want float64 }{{3, 0}, {3.6, 0}, {4, 0.25}, {6.9, 0.25}, {7.6, 1}, {100, 1}} {
		near(t, "share", d.within(c.t), c.want, 1e-12)
	}
	d.store = point(3)
	near(t, "share with a store of 3 s", d.within(7), 0.25, 1e-12)
}

func TestSpanMakesAllButTheNewestWait(t *testing.T) {
	d := delayParts{age: Summary{N: 5}, perInvocation: 4, span: 20}
	near(t, "share", d.within(10), 0.25+0.75*0.5, 0.005)
	d.perInvocation = 1
	near(t, "share of lone records", d.within(10), 1, 1e-12)
}

func TestShareIsAShareAndGrowsWithTheThreshold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := delayParts{
			front:         []Bin{{rapid.Float64Range(0, 3).Draw(t, "f1"), 3}, {rapid.Float64Range(0, 3).Draw(t, "f2"), 1}},
			age:           drawSummary(t, 30),
			work:          drawSummary(t, 10),
			perInvocation: rapid.Float64Range(1, 100).Draw(t, "r"),
			span:          rapid.Float64Range(0, 60).Draw(t, "g"),
		}
		threshold := rapid.Float64Range(0.1, 120).Draw(t, "T")
		low := d.within(threshold)
		high := d.within(threshold * 1.06) // beyond the rounding of five laws, one cell each
		if !(low >= 0 && high <= 1) || low > high+1e-9 {
			t.Fatalf("share %v within %v, %v within 6%% more", low, threshold, high)
		}
		d.front[0], d.front[1] = d.front[1], d.front[0]
		near2(t, "order of bins matters: share", d.within(threshold), low, 1e-12)
	})
}
