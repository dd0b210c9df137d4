package estimate

import "math"

// gridCells is how finely a threshold is divided for convolutions.
const gridCells = 100

// law is a distribution laid on the grid 0, h, 2h … 100h: every mass is split
// between its two neighbours so that the mean is kept. What lies beyond the
// grid is left out: sums only grow.
type law [gridCells + 1]float64

// point adds mass w at x.
func (l *law) point(x, w, h float64) {
	at := math.Max(0, x) / h
	if !(at < gridCells+1) {
		return
	}
	i := int(at)
	part := at - float64(i)
	l[i] += w * (1 - part)
	if i < gridCells {
		l[i+1] += w * part
	}
}

// power adds mass w spread as lo + (hi−lo)·v^k, v uniform in 0…1, with
// u = 1/(k+1) the mean's position between lo and hi. The mass at a grid point
// is the second difference of E[(x−X)⁺], which splits it exactly.
func (l *law) power(lo, hi, u, w, h float64) {
	width := hi - lo
	if width < 1e-6*h {
		l.point(lo+width*u, w, h)
		return
	}
	below := func(i int) float64 {
		x := float64(i) * h
		switch {
		case x <= lo:
			return 0
		case x >= hi:
			return x - lo - width*u
		}
		return width * (1 - u) * math.Pow((x-lo)/width, 1/(1-u))
	}
	first := math.Floor(lo / h)
	if first > gridCells {
		return
	}
	last := int(math.Min(gridCells, math.Ceil(hi/h)))
	i := int(first)
	before, here := 0.0, 0.0 // E is 0 up to lo
	for ; i <= last; i++ {
		after := below(i + 1)
		l[i] += w * math.Max(0, after-2*here+before) / h
		before, here = here, after
	}
}

// convolve is the law of the sum of two independent times, as far as the grid goes.
func (l *law) convolve(o *law) law {
	var sum law
	end := gridCells // of o's mass
	for end > 0 && o[end] == 0 {
		end--
	}
	for i, w := range l {
		if w == 0 {
			continue
		}
		part := o[:min(end, gridCells-i)+1]
		to := sum[i : i+len(part)]
		for j, v := range part {
			to[j] += w * v
		}
	}
	return sum
}

// total is the probability of lying on the grid.
func (l *law) total() float64 {
	var t float64
	for _, w := range l {
		t += w
	}
	return clamp(t, 0, 1)
}

// binLaw lays an exact distribution on the grid; without any weight it is 0.
func binLaw(bins []Bin, h float64) law {
	var l law
	total := binTotal(bins)
	if total == 0 {
		l[0] = 1
		return l
	}
	for _, b := range bins {
		if b.sound() {
			l.point(b.Seconds, b.Count/total, h)
		}
	}
	return l
}

func (b Bin) sound() bool { return b.Count > 0 && Countable(b.Count) && Countable(b.Seconds) }

// binTotal, binMean and binMax are the weight, the mean and the largest value of bins.
func binTotal(bins []Bin) float64 {
	var n float64
	for _, b := range bins {
		if b.sound() {
			n += b.Count
		}
	}
	return n
}

func binMean(bins []Bin) float64 {
	n := binTotal(bins)
	if n == 0 {
		return 0
	}
	var sum float64
	for _, b := range bins {
		if b.sound() {
			sum += math.Max(0, b.Seconds) * (b.Count / n)
		}
	}
	return sum
}

func binMax(bins []Bin) float64 {
	var most float64
	for _, b := range bins {
		if b.sound() {
			most = math.Max(most, b.Seconds)
		}
	}
	return most
}

// summaryLaw lays a summary on the grid: bins between its edges, the top one
// ending at the maximum, where one sample sits; inside a bin a power law with
// one position u for all, chosen so that the mean comes out right.
func summaryLaw(s Summary, h float64) law {
	var l law
	steps := s.steps()
	most := math.Max(0, s.Max)
	n, lows, widths := 1.0, most, 0.0
	for _, b := range steps {
		n += b.count
		lows += b.count * b.lo
		widths += b.count * (b.hi - b.lo)
	}
	u := 0.5
	if widths > 0 {
		u = clamp((n*clamp(s.Mean, 0, most)-lows)/widths, 0.02, 0.98)
	}
	for _, b := range steps {
		l.power(b.lo, b.hi, u, b.count/n, h)
	}
	l.point(most, 1/n, h)
	return l
}

// Bins is a summary as samples: one at the maximum, the others at one position in all
// bins, such that the mean comes out right; none where the summary can't be used.
func (s Summary) Bins() []Bin {
	if !s.Usable() {
		return nil
	}
	steps := s.steps()
	rest, width := s.N*s.Mean-s.Max, 0.0
	for _, b := range steps {
		rest -= b.count * b.lo
		width += b.count * (b.hi - b.lo)
	}
	var bins []Bin
	for _, b := range steps {
		bins = append(bins, Bin{b.lo + (b.hi-b.lo)*clamp(rest/width, 0.02, 0.98), b.count})
	}
	return append(bins, Bin{s.Max, 1})
}

type step struct{ lo, hi, count float64 }

// steps cuts a summary at its edges, without the one sample at the maximum.
// Edges that contradict the rest are left out. The lowest bin begins at 0 even
// where the minimum is known: with slow workers that came out nearer the truth.
func (s Summary) steps() []step {
	most, lo := math.Max(0, s.Max), 0.0
	rest := math.Max(0, s.N-1)
	steps := make([]step, 0, len(s.Edges)+1)
	var taken float64
	for _, e := range s.Edges {
		if !(e.At > lo && e.At < most && e.Count >= taken && e.Count <= rest) {
			continue
		}
		if e.Count > taken {
			steps = append(steps, step{lo, e.At, e.Count - taken})
		}
		lo, taken = e.At, e.Count
	}
	if rest > taken {
		steps = append(steps, step{lo, most, rest - taken})
	}
	return steps
}

// delayParts are the independent times whose sum is a record's delay.
type delayParts struct {
	front            []Bin
	age, work, store Summary // without samples: not part of the sum
	perInvocation    float64 // r ≥ 1, records of a batch
	span             float64 // G, from a batch's oldest to its newest record
	along            float64 // how much earlier in the run than its newest record its oldest comes out
	cycle            float64 // C, the longest wait where batches aren't full; 0 where they are
}

// within is P(delay ≤ t), on a grid of t/100.
func (d delayParts) within(t float64) float64 {
	if !(t > 0) {
		return 0
	}
	_, wait := d.laws(t)
	rest := d.rest(t)
	return wait.within(&rest)
}

// most is an upper end of the sum.
func (d delayParts) most() float64 {
	sum := binMax(d.front) + d.span
	for _, s := range []Summary{d.age, d.work, d.store} {
		if s.Usable() {
			sum += math.Max(0, s.Max)
		}
	}
	return sum
}
