package estimate

import "math"

// passage is what the invocations of one minute say of the records that they handed over.
type passage struct {
	known bool
	newer float64 // q: the share of invocations whose newest record was within the threshold
	all   float64 // p: the share of records that were, if no newest one was late; at most q
	late  float64 // v: late invocations that moved something
	moved float64 // N: invocations that moved something
	full  float64 // records that a full batch hands over; 0 unknown
	// stay is, of a record that was within the threshold, the expected part of each minute
	// before the one it was handed over in that it had been waiting for.
	stay    []float64
	counted bool // CloudWatch counted the invocations within the threshold
	apart   bool // the late ones are told apart from the others, not guessed from a law
}

// handedOver is the passage of minute j; unknown where nothing was handed over in it.
func (p *shares) handedOver(j int) passage {
	if j < 0 || j >= len(p.passages) {
		return passage{}
	}
	if p.passages[j] == nil {
		h := p.newPassage(j)
		p.passages[j] = &h
	}
	return *p.passages[j]
}

func (p *shares) newPassage(j int) passage {
	row, ok := p.ahead(j)
	if !ok || !(row.Invocations.Or(0) > 0) || !row.Age.Usable() {
		return passage{}
	}
	parts, reason := p.parts(j, j)
	if reason != "" {
		return passage{}
	}
	t, n, errors := p.model.Threshold, row.Invocations.Value, math.Max(0, row.Errors.Or(0))
	if parts.along = p.workMean(row); !p.model.CountedAtEnd {
		parts.along *= writtenAlong
	}
	kept := 1.0 // the share of invocations that parts.age is of
	if others, ok := p.withoutLate(j); ok {
		kept, parts.age = others.N/row.Age.N, others
	}
	newest, wait := parts.laws(t)
	rest := parts.rest(t)
	h := passage{known: true, full: p.model.BatchSize * p.passed(j), newer: kept * newest.within(&rest), stay: make([]float64, minutesUp(t))}
	h.all = kept * wait.within(&rest)
	retried := p.retried(j)
	behind, far := p.farBehind(j)
	if counted, ok := row.Age.at(t); ok {
		h.newer, h.counted, h.apart = clamp(counted/row.Age.N, 0, 1), true, true
	} else if far && row.Age.Max > t {
		h.newer, h.apart = 1-behind*p.pastThreshold(j), true
	}
	if row.Age.Min.Known && row.Age.Min.Value > t { // all were late
		h.newer, h.apart = 0, true
	}
	if far {
		if part := behind * p.laneLate(j, parts); part > 0 && part*n >= 2*retried {
			h.newer, h.apart = math.Min(h.newer, 1-part), true
		}
	}
	h.all = math.Min(h.all, h.newer)
	h.late = math.Max(0, n*(1-h.newer)-retried)
	if moved := n - retried; retried < errors && moved > 0 { // the others fail as often, late or not
		h.late *= (n - errors) / moved
	}
	h.moved = math.Max(0, n-errors)
	after := parts.along / 2 * (1 - 1/parts.perInvocation) // the wait's law is less than the wait by as much
	if p.model.CountedAtEnd {
		after = p.workMean(row)
	}
	wait.stay(&rest, t, after, h.stay)
	return h
}

// retried is how many invocations of minute j were attempts of late batches that failed, and so
// moved nothing: what fails beyond what usually does and beyond chance, and of a lane whose age
// rises by the clock whatever fails, since that is one batch again and again.
func (p *shares) retried(j int) float64 {
	row := p.minutes[j]
	errors := math.Max(0, row.Errors.Or(0))
	if p.model.Threshold < retrySpan { // late by the retry itself
		return errors
	}
	usual := p.failing(j) * row.Invocations.Value
	more := math.Max(0, errors-usual-math.Sqrt(usual))
	if before, ok := p.ahead(j - 1); ok && before.Age.Usable() && row.Age.Max-before.Age.Max >= retriedDrop {
		more = math.Max(more, math.Min(errors, p.oneLane(row)))
	}
	return more
}

// failing is the part of the invocations that fails in the minutes before j that were in time,
// or, where none was, in all of them: so many fail anywhere, and only what fails beyond that
// may be late ones that are tried again.
func (p *shares) failing(j int) float64 {
	var errors, invocations, all, allErrors float64
	for i := max(0, j-failingSpan); i < j; i++ {
		row, ok := p.at(i)
		if !ok || !row.Age.Usable() || !row.Errors.Known || !row.Invocations.Known {
			continue
		}
		failed, ran := math.Max(0, row.Errors.Value), math.Max(0, row.Invocations.Value)
		allErrors += failed
		all += ran
		if row.Age.Max <= p.keptUp(row) {
			errors += failed
			invocations += ran
		}
	}
	if invocations == 0 {
		errors, invocations = allErrors, all
	}
	if invocations == 0 {
		return 0
	}
	return math.Min(1, errors/invocations)
}

// retrySpan is how many seconds a record that is tried again is late by that at least.
const retrySpan = 5.0

// failingSpan is for how many minutes before it what usually fails is counted.
const failingSpan = 60

// writtenAlong is the part of a run over which its records are taken to come out, where that
// isn't counted as it happens: halfway between one after the other and all at the end.
const writtenAlong = 0.5

// at is how many of the samples were at or below so many seconds, where that was counted.
func (s Summary) at(seconds float64) (float64, bool) {
	for _, e := range s.Edges {
		if e.At == seconds && e.Count >= 0 && e.Count <= s.N {
			return e.Count, true
		}
	}
	return 0, false
}

// tardy is how many of n records that left with a passage were late. A batch whose newest
// record is late left others behind, so it is full.
func (p *shares) tardy(h passage, n float64) float64 {
	if n <= 0 {
		return 0
	}
	r := 0.0
	if h.moved > 0 {
		r = n * h.late / h.moved
	}
	if h.apart && h.full > 0 { // the others moved at least one each
		r = math.Max(r, math.Min(h.late*h.full, n-(h.moved-h.late)))
	}
	r = clamp(r, 0, n)
	good := 0.0
	if h.newer > 0 {
		good = math.Min(1, h.all/h.newer)
	}
	return r + (n-r)*(1-good)
}

// laws are those of the newest record's age and of a record's wait. A record that isn't
// the newest of its batch waited longer, but where batches aren't full no longer than the
// cycle of its lane: whatever is older was in the batch before. What it comes out earlier
// in the run is taken off its wait.
func (d delayParts) laws(t float64) (newest, wait law) {
	h := t / gridCells
	newest = summaryLaw(d.age, h)
	first := 1 / math.Max(1, d.perInvocation)
	for i, w := range newest {
		if w == 0 {
			continue
		}
		a, span := float64(i)*h, d.span
		if d.cycle > 0 && a <= d.cycle {
			span = math.Min(span, d.cycle-a)
		}
		wait[i] += w * first
		end := math.Max(0, a+span-d.along)
		wait.uniform(math.Min(a, end), math.Max(a, end), w*(1-first), h)
	}
	return newest, wait
}

// rest is the law of everything but the wait.
func (d delayParts) rest(t float64) law {
	h := t / gridCells
	sum := binLaw(d.front, h)
	for _, s := range []Summary{d.work, d.store} {
		if s.Usable() {
			next := summaryLaw(s, h)
			sum = sum.convolve(&next)
		}
	}
	return sum
}

// uniform adds mass w spread evenly over lo…hi.
func (l *law) uniform(lo, hi, w, h float64) {
	if hi-lo < 1e-6*h {
		l.point(lo, w, h)
		return
	}
	width := hi - lo
	below := func(x float64) float64 { // E[(x − X)⁺]
		switch {
		case x <= lo:
			return 0
		case x >= hi:
			return x - lo - width/2
		}
		return (x - lo) * (x - lo) / (2 * width)
	}
	i := int(lo / h)
	last := int(math.Min(gridCells, math.Ceil(hi/h)))
	before, here := below(float64(i-1)*h), below(float64(i)*h)
	for ; i <= last; i++ {
		after := below(float64(i+1) * h)
		l[i] += w * math.Max(0, after-2*here+before) / h
		before, here = here, after
	}
}

// within is the probability that the sum of two independent times lies on the grid.
func (l *law) within(o *law) float64 {
	var cumulated, p float64
	for i := range o {
		cumulated += o[i]
		p += cumulated * l[gridCells-i]
	}
	return clamp(p, 0, 1)
}

// stay gives into[i] the expected part of the minute i minutes before the end of the wait,
// and so much more, that was waited for, if the sum with the rest is within the threshold.
func (l *law) stay(rest *law, t, after float64, into []float64) {
	var cumulated [gridCells + 1]float64
	sum := 0.0
	for i, w := range rest {
		sum += w
		cumulated[i] = sum
	}
	good := 0.0
	for i, w := range l {
		w *= cumulated[gridCells-i]
		if w == 0 {
			continue
		}
		good += w
		waited := (float64(i)*t/gridCells + after) / secondsPerMinute
		for k := range into {
			into[k] += w * clamp(waited-float64(k), 0, 1)
		}
	}
	for k := range into {
		if good > 0 {
			into[k] /= good
		}
	}
}
