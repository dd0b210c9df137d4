package estimate

import "math"

// passage is what the invocations of one minute say of the records that they handed over.
type passage struct {
	known bool
	newer float64 // q: the share of invocations whose newest record was within the threshold
	all   float64 // p: the share of records that were, if no newest one was late; at most q
	late  float64 // v: late invocations that moved something
	moved float64 // N: invocations that moved something
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
	if others, ok := p.withoutLane(j); ok {
		kept, parts.age = others.N/row.Age.N, others
	}
	newest, wait := parts.laws(t)
	rest := parts.rest(t)
	h := passage{known: true, newer: kept * newest.within(&rest), stay: make([]float64, minutesUp(t))}
	h.all = kept * wait.within(&rest)
	retried := math.Max(0, errors-p.failing(j)*n) // of late ones
	if before, ok := p.ahead(j - 1); t < retrySpan || ok && before.Age.Usable() && row.Age.Max-before.Age.Max >= retriedDrop {
		retried = errors // late by the retry itself; or one batch again and again: its age rises by the clock
	}
	behind, far := p.farBehind(j)
	if counted, ok := row.Age.at(t); ok {
		h.newer, h.counted, h.apart = clamp(counted/row.Age.N, 0, 1), true, true
	} else if far && row.Age.Max > t {
		h.newer, h.apart = 1-behind*p.pastThreshold(j), true
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

// failing is the part of the invocations that fails in the minutes before j that were in time:
// so many fail anywhere, and only what fails beyond that may be late ones that are tried again.
func (p *shares) failing(j int) float64 {
	var errors, invocations float64
	for i := max(0, j-failingSpan); i < j; i++ {
		row, ok := p.at(i)
		if ok && row.Age.Usable() && row.Errors.Known && row.Invocations.Known && row.Age.Max <= p.keptUp(row) {
			errors += math.Max(0, row.Errors.Value)
			invocations += math.Max(0, row.Invocations.Value)
		}
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

// withoutLane is the ages of minute j without those beyond the threshold, where these can be
// of a single lane: they lie about its middle, so that the mean tells what is left for the
// others. They are no older for standing beside it.
func (p *shares) withoutLane(j int) (Summary, bool) {
	row, t := p.minutes[j], p.model.Threshold
	all := row.Age
	if all.Max <= t {
		return Summary{}, false
	}
	others, least := all, math.Max(0, all.Min.Or(0))
	if within, ok := all.at(t); ok {
		late := all.N - within
		if !(within > 0) || !(late > 0) || late > p.oneLane(row) {
			return Summary{}, false
		}
		first, last := p.served(j, t)
		others.N = within
		others.Mean = clamp((all.N*all.Mean-all.Max-(late-1)*(first+last)/2)/within, least, t)
	} else {
		part, far := p.farBehind(j)
		before, _ := p.ahead(j - 1)
		if !far || row.Throttles.Or(0) > 0 || before.Throttles.Or(0) > 0 { // lanes that are turned away are all older
			return Summary{}, false
		}
		others.N = (1 - part*p.pastThreshold(j)) * all.N
		others.Mean = math.Min(p.usualAge(j), t)
	}
	others.Max = math.Min(t, 2*others.Mean-least)
	return others, true
}

// oneLane is how many invocations of a minute a single lane may have: half as many again as
// its share, or, where lanes aren't known, a quarter.
func (p *shares) oneLane(row StageMinute) float64 {
	if p.model.Lanes > 0 {
		return math.Max(1, 1.5*row.Age.N/p.model.Lanes)
	}
	return row.Age.N / 4
}

// served are the ages between which a lane far behind was served in minute j: from the largest
// of the minute before, or after, to its own; over so many seconds.
func (p *shares) served(j int, over float64) (least, most float64) {
	most = p.minutes[j].Age.Max
	for _, i := range [...]int{j - 1, j + 1} {
		if near, ok := p.ahead(i); ok && near.Age.Usable() && near.Age.Max <= most {
			over = math.Max(over, near.Age.Max)
		}
	}
	return over, most
}

// pastThreshold is the part of what a lane far behind was served in minute j that was late.
func (p *shares) pastThreshold(j int) float64 {
	least, most := p.served(j, p.keptUp(p.minutes[j]))
	if most > least {
		return clamp((most-p.model.Threshold)/(most-least), 0, 1)
	}
	return 1
}

// usualAge is the mean age of minute j without a lane far behind: as in the minutes before in
// which all kept up, or the least, where none did.
func (p *shares) usualAge(j int) float64 {
	var sum, n float64
	for i := max(0, j-failingSpan); i < j; i++ {
		if row, ok := p.at(i); ok && row.Age.Usable() && row.Age.Max <= p.keptUp(row) {
			sum += row.Age.N * row.Age.Mean
			n += row.Age.N
		}
	}
	a := p.minutes[j].Age
	if n == 0 {
		return a.Min.Or(a.Mean)
	}
	return clamp(sum/n, a.Min.Or(0), a.Mean)
}

// farBehind is the share of invocations that were of a lane far behind among others that
// keep up: the maximum is far over the usual, and the mean is near it.
func (p *shares) farBehind(j int) (float64, bool) {
	row := p.minutes[j]
	a, usual := row.Age, p.usualAge(j)
	kept := p.keptUp(row)
	if !a.Min.Known || !(a.Max > kept) || !(a.Max > usual) {
		return 0, false
	}
	least, most := p.served(j, math.Max(kept, usual))
	part := (a.Mean - usual) / ((least+most)/2 - usual)
	return part, part < 1.0/3 && part*a.N <= p.oneLane(row)
}

// keptUp is the age up to which a lane has kept up.
func (p *shares) keptUp(row StageMinute) float64 {
	return 5 * (p.model.Poll + p.model.Batching + p.workMean(row))
}

// laneLate is the share of the invocations of a lane far behind whose records were late. Its
// batches are full, so that they take longer than the others' by their size, and its age
// goes from that of the minute before to the largest of this one. 0 where it hasn't been
// behind for long, moves by leaps, or was turned away.
func (p *shares) laneLate(j int, parts delayParts) float64 {
	row := p.minutes[j]
	before, ok := p.ahead(j - 1)
	if !ok || !before.Age.Usable() || row.Throttles.Or(0) > 0 || before.Throttles.Or(0) > 0 {
		return 0
	}
	most, kept := row.Age.Max, p.keptUp(row)
	least := most
	if before.Age.Max < most {
		least = before.Age.Max
	} else if next, ok := p.ahead(j + 1); ok && next.Age.Usable() {
		least = math.Min(most, next.Age.Max)
	}
	least = math.Max(least, kept)
	if before.Age.Max < kept || most-least > secondsPerMinute {
		return 0
	}
	full := p.workMean(row)
	if p.model.BatchSize >= 1 {
		full = math.Max(full, math.Min(row.Work.Max, full*p.model.BatchSize/parts.perInvocation))
	}
	over := most + full + binMean(parts.front) - p.model.Threshold
	if most > least {
		return clamp(over/(most-least), 0, 1)
	}
	if over > 0 {
		return 1
	}
	return 0
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
	if h.apart && p.model.BatchSize >= 1 { // the others moved at least one each
		r = math.Max(r, math.Min(h.late*p.model.BatchSize, n-(h.moved-h.late)))
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
