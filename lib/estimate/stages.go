package estimate

import "math"

// StageShare is the estimate of one arrival minute with what it rests on.
type StageShare struct {
	Cohort
	Proven  bool    // good is proven (no traffic, or silence), not estimated
	Sifted  bool    // valid is an estimate too: the mapping filters, and which of a minute's records isn't known before they are polled
	Arrived float64 // no more are valid

	Share         float64 // P(front + age + span + work ≤ T)
	Used          int     // the minute whose invocations were used
	PerInvocation float64 // r
	Span          float64 // G, seconds
	Unexplained   float64 // x: backlog that nothing explains; 0 where departures aren't counted
	Growth        float64 // g: its growth in this minute

	Upper    float64    // proven: good is at most this
	Lower    LowerBound // conditional
	Warnings []string
}

// Freshness estimates how many of the records accepted in minute m were visible
// within the threshold: S, and SF where departures are counted, with their bounds.
//
//	S:  good = In · P(F + A + G·v + D ≤ T)      F front, A age, D work
//	    G = min(r·L/λ, mean A + mean D + poll + W), the batch's span; v is 0 for the
//	    newest of r records, else uniform; where batches aren't full no record waits
//	    longer than its lane's cycle. A record that is written in its turn of the run comes
//	    out D·v before the run's end; see writtenAlong. It is taken from the minute in which
//	    lateness is decided, at arrival + T; see byAges.
//	SF: good = In − late, late the records that left too late in the minute and the
//	    growth of those that are in and will; see balance. Below five seconds, where
//	    CloudWatch counts no ages within T: (In − g)·P, g the growth of
//	    max(0, B − e − 3·√(e+1)), e = λ·min(T, mean A + poll + W), B the backlog.
//
// No invocation in any minute that [start, end + T] touches: none is good, proven.
func (p *StagePath) Freshness(m int) StageShare {
	s := p.stages(m)
	if s.Measured {
		s.Sifted, s.Arrived = p.model.HasFilter, math.Max(0, p.minutes[m].In.Value)
		p.bound(m, &s)
	}
	return s
}

func (p *StagePath) stages(m int) StageShare {
	row, ok := p.at(m)
	switch {
	case !(p.model.Threshold > 0):
		return StageShare{Cohort: notMeasured("the threshold must be over 0")}
	case !ok:
		return StageShare{Cohort: notMeasured("a source has not answered for this minute")}
	case !row.In.Known:
		return StageShare{Cohort: notMeasured("arrivals are not known")}
	case row.In.Value <= 0:
		return StageShare{Cohort: measured(0, 0), Proven: true, Used: m}
	}
	valid, ok := p.passing(m)
	if !ok {
		return StageShare{Cohort: notMeasured("the mapping filters and filtered records are not known")}
	}
	used, reason := p.invoked(m)
	switch {
	case reason != "":
		return StageShare{Cohort: notMeasured(reason)}
	case used < 0:
		return StageShare{Cohort: measured(math.Min(valid, p.silentValid(m, row.In.Value)), 0), Proven: true, Used: -1}
	case valid == 0:
		return StageShare{Cohort: measured(0, 0), Used: used}
	}
	parts, reason := p.parts(m, used)
	if reason != "" {
		return StageShare{Cohort: notMeasured(reason)}
	}
	s := StageShare{Used: used, PerInvocation: parts.perInvocation, Span: parts.span, Share: parts.within(p.model.Threshold)}
	base := valid - row.Dropped.Or(0) - row.DeadLettered.Or(0) // departed, not visible
	if !p.model.Counted {
		if share, ok := p.byAges(m, used); ok {
			s.Share = share
		}
		if row.Throttles.Or(0) > 0 {
			s.Warnings = append(s.Warnings, "it was throttled: which lanes wait meanwhile isn't seen without processed counts")
		}
		s.Cohort = measured(valid, math.Max(0, base)*s.Share)
		return s
	}
	bad, ok := p.balance(m, valid, &s)
	switch {
	case ok && !p.hurried(used):
		s.Share = 1 - bad/valid
		s.Cohort = measured(valid, math.Max(0, base-bad))
	default:
		if s.Unexplained, s.Growth, ok = p.growth(m, valid); !ok {
			return StageShare{Cohort: notMeasured("departures are not known")}
		}
		s.Cohort = measured(valid, math.Max(0, base-s.Growth)*s.Share)
	}
	return s
}

// invoked is the first minute from m on, as far as T reaches, with invocations;
// −1 where it is proven that there is none.
func (p *track) invoked(m int) (used int, reason string) {
	for i := m; i <= p.touched(m); i++ {
		row, ok := p.at(i)
		switch {
		case !ok:
			return 0, "the minutes up to the threshold are not settled"
		case !row.Invocations.Known:
			return 0, "invocations are not known"
		case row.Invocations.Value > 0:
			return i, ""
		}
	}
	return -1, ""
}

// silentValid is how many records of a silent minute were owed. Behind a filter
// any record filtered until the threshold may have been one of them.
func (p *shares) silentValid(m int, in float64) float64 {
	if p.model.HasFilter {
		for i := m; i <= p.touched(m); i++ {
			in -= p.minutes[i].Filtered.Or(in)
		}
	}
	return math.Max(0, in)
}

// parts are the stages' distributions for the arrivals of minute m, with the
// invocations of minute used.
func (p *shares) parts(m, used int) (delayParts, string) {
	row := p.minutes[used]
	if !row.Age.Usable() {
		return delayParts{}, "the age of the queue is not known"
	}
	d := delayParts{age: row.Age, store: row.Store}
	if !p.model.AgeIncludesWork {
		if !row.Work.Usable() {
			return delayParts{}, "the duration of the work is not known"
		}
		d.work = row.Work
	}
	if p.model.HasFront {
		if d.front = p.front(m); d.front == nil {
			return delayParts{}, "the latency of the front is not known"
		}
	}
	d.perInvocation = p.perInvocation(m, used)
	d.span = p.span(used, d.perInvocation)
	if d.cycle = p.cycle(used, d.perInvocation); d.cycle > 0 && p.model.Batching > 0 {
		d.span = d.cycle // a window makes the batch, however many it holds
	}
	return d, ""
}

// cycle is C: how long a record waits at most where batches aren't full, a poll, the
// window and the work of the batch before; or, with known lanes and no window, from one
// invocation of a lane to the next, if that is shorter. 0 where batches are full.
func (p *track) cycle(used int, r float64) float64 {
	row := p.minutes[used]
	if p.model.BatchSize >= 1 && r > fullBatches*p.model.BatchSize*p.passed(used) { // what is filtered out fills them too
		return 0
	}
	c := p.model.Poll + p.model.Batching + p.workMean(row)
	switch {
	case p.model.Batching > 0:
		c -= p.model.Poll / 2 // the mean pause until a window opens
	case p.model.Lanes > 0:
		c = math.Min(c, math.Max(math.Max(0, row.Age.Max), secondsPerMinute*p.model.Lanes/row.Invocations.Value))
	}
	return c
}

// front is the front's latency in minute m, or in the nearest within five
// minutes: few requests may be written a minute before or after their records.
func (p *track) front(m int) []Bin {
	for d := range 6 {
		for _, i := range [...]int{m - d, m + d} {
			if row, ok := p.at(i); ok && binTotal(row.Front) > 0 {
				return row.Front
			}
		}
	}
	return nil
}

// perInvocation is r: the mean batch of the minute whose invocations are used, or, where
// departures aren't counted and these came later, what arrived since minute m.
func (p *track) perInvocation(m, used int) float64 {
	if m < used && !p.model.Counted {
		return p.perBatch(p.arrived(m, used) / p.minutes[used].Invocations.Value)
	}
	return p.batch(used)
}

// underway is e: the backlog that is merely on its way at the given arrivals a
// minute.
func (p *flows) underway(m int, perMinute float64) float64 {
	return perMinute / secondsPerMinute * p.underwayWait(m, p.model.Threshold)
}

// unexplained is x: the backlog at the end of minute m that neither youth nor
// chance explains.
func (p *flows) unexplained(m int) (float64, bool) {
	perMinute, ok := p.passing(m)
	if !ok {
		return 0, false
	}
	backlog, _, ok := p.Backlog(m)
	return math.Max(0, backlog*p.passed(m)-plausible(p.underway(m, perMinute))), ok
}

// plausible is as much backlog as e records under way can look like by chance.
func plausible(e float64) float64 { return e + 3*math.Sqrt(e+1) }

// growth is x and what was added to it in minute m: arrivals that neither came
// out nor are young. Only growth counts, so a wrong start does little harm.
func (p *flows) growth(m int, valid float64) (x, growth float64, ok bool) {
	if x, ok = p.unexplained(m); !ok {
		return 0, 0, false
	}
	var before float64
	if m > p.curves[m].first {
		before, _ = p.unexplained(m - 1)
	}
	return x, clamp(x-before, 0, valid), true
}
