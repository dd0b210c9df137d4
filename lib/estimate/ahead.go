package estimate

import "math"

// What the next minute says. When a minute is judged, points of the one after it are
// there already, but more may come. So they only lower an estimate or veto an alarm.

// ahead is minute i, settled or not.
func (p *track) ahead(i int) (StageMinute, bool) {
	if i < 0 || i >= len(p.minutes) {
		return StageMinute{}, false
	}
	return p.minutes[i], p.minutes[i].Answered || p.minutes[i].Early
}

const (
	fullBatches = 0.8  // of the batch size: records that are left behind by full batches wait longer
	retriedAge  = 60.0 // an age of so many seconds, with errors, may be a batch that is being tried again
	retriedDrop = 30.0
)

// handedNext is how old, in seconds, the oldest record of the end of minute m can be, by
// what is handed over in the next minute: whatever waited is handed over then or later,
// and was younger. False where that says nothing: nothing was handed over, something was
// turned away for capacity, or a lane that failed may be waiting for its next attempt.
func (p *flows) handedNext(m int) (float64, bool) {
	row, _ := p.at(m)
	next, ok := p.ahead(m + 1)
	if !ok || !(next.Invocations.Or(0) > 0) || !next.Age.Usable() || next.Throttles.Or(0) > 0 || row.Throttles.Or(0) > 0 && !p.emptied(m+1) {
		return 0, false
	}
	before, after := row.Age.Max, math.Max(0, next.Age.Max)
	if p.mayBeRetried(m) && next.Errors.Or(0) == 0 && before > after+retriedDrop {
		return 0, false
	}
	work := p.workMean(next)
	if r := p.batch(m + 1); r > fullBatches*p.model.BatchSize && p.model.BatchSize >= 1 {
		return after + underWayToo*p.span(m+1, r) + work, true
	}
	if after > p.keptUp(next) { // a lane that is behind has full batches, and goes on without a pause
		return after + underWayToo*p.fullSpan(m+1) + work, true
	}
	return math.Max(after, p.model.Poll+p.model.Batching) + work, true
}

// underWayToo is how many batches a lane that is behind has before the newest record of the
// next one: that one, and at the minute's end half of the one before still under way.
const underWayToo = 1.5

// keptUp is the age up to which a lane has kept up.
func (p *track) keptUp(row StageMinute) float64 {
	return 5 * (p.model.Poll + p.model.Batching + meanOf(row.Work))
}

// fullSpan is how long, in seconds, the records of a full batch came in for in minute i.
func (p *track) fullSpan(i int) float64 {
	r := p.model.BatchSize
	if in := p.cameIn(i); r >= 1 && p.model.Lanes > 0 && in > 0 {
		return r * p.model.Lanes * secondsPerMinute / in
	}
	return p.span(i, math.Max(1, r))
}

// emptied tells whether counts show no more at the end of minute m than is on its way by
// itself: what waited before has been handed over.
func (p *flows) emptied(m int) bool {
	backlog, _, known := p.Backlog(m)
	row, ok := p.ahead(m)
	if !known || !ok || !row.In.Known {
		return false
	}
	wait := p.model.Poll + p.model.Batching + p.workMean(row)
	return backlog <= plausible(p.model.arrivals(row)/secondsPerMinute*wait)
}

// mayBeRetried tells whether the largest age of minute m may be that of a batch that is being
// tried again: something failed, and the age has risen by the clock. In a drain it falls.
func (p *track) mayBeRetried(m int) bool {
	row, _ := p.at(m)
	if !row.Age.Usable() || !(row.Errors.Or(0) > 0) || row.Age.Max < retriedAge {
		return false
	}
	before, ok := p.at(m - 1)
	if ok && !before.Age.Usable() && before.Invocations.Known { // silence: what is old has waited as the others
		return false
	}
	return !ok || !before.Age.Usable() || row.Age.Max-before.Age.Max >= stuckStepLow
}

// batch is the mean number of records an invocation of minute i took: those that left
// where departures are counted, else those that arrived in it.
func (p *track) batch(i int) float64 {
	row := p.minutes[i]
	if out := row.Done.Or(0) + row.Dropped.Or(0) + row.DeadLettered.Or(0); p.model.Counted && out > 0 {
		return p.perBatch(out / row.Invocations.Value)
	}
	records, invocations := p.model.arrivals(row), row.Invocations.Value
	if p.model.Batching > 0 { // few invocations a minute, and their records came before it
		for k := i - 1; k >= i-int(math.Ceil(3*p.model.Batching/secondsPerMinute)); k-- {
			before, ok := p.at(k)
			if !ok || !before.Invocations.Known {
				break
			}
			records += p.model.arrivals(before)
			invocations += before.Invocations.Value
		}
	}
	return p.perBatch(records / invocations)
}

// perBatch keeps a mean number of records within what a batch can hold.
func (p *track) perBatch(r float64) float64 {
	r = math.Max(1, r)
	if p.model.BatchSize >= 1 {
		r = math.Min(r, p.model.BatchSize)
	}
	return r
}

// span is G: how long, in seconds, the records of a batch of r came in for in minute i.
func (p *track) span(i int, r float64) float64 {
	row := p.minutes[i]
	span := math.Max(0, row.Age.Mean) + p.workMean(row) + p.model.Poll + p.model.Batching
	if in := p.cameIn(i); p.model.Lanes > 0 && in > 0 {
		span = math.Min(span, r*p.model.Lanes*secondsPerMinute/in)
	}
	return span
}

// cameIn is how many records a minute arrived when those did that minute i hands over: as
// long before as they are old. After a burst they came closer together than what arrives now.
func (p *track) cameIn(i int) float64 {
	row := p.minutes[i]
	in := p.model.arrivals(row)
	back := math.Max(0, row.Age.Mean) / secondsPerMinute
	for part := math.Min(1, back); part > 0 && i > 0; part = math.Min(1, back) {
		before, ok := p.ahead(i - 1)
		if !ok || !before.In.Known {
			break
		}
		in = (1-part)*in + part*p.model.arrivals(before)
		i, back = i-1, back-1
	}
	return in
}

// over tells whether the next minute shows that what grew until m is over: it ends within
// the floor, or what is handed over in it is younger, and most of it young again, or less
// than half as much waits, or arrives as in the busiest minute of the trend.
func (p *lanes) over(m int, floor float64) bool {
	row, _ := p.at(m)
	next, ok := p.ahead(m + 1)
	if !ok || !(next.Invocations.Or(0) > 0) || !next.Age.Usable() || next.Throttles.Or(0) > 0 {
		return false
	}
	if p.workerAge(m+1) <= floor {
		return true
	}
	if !row.Age.Usable() || next.Age.Mean >= row.Age.Mean {
		return false
	}
	busiest := 0.0
	for i := max(0, m-ageTrend+1); i <= m; i++ {
		busiest = math.Max(busiest, p.model.arrivals(p.minutes[i]))
	}
	if next.In.Known && plausible(p.model.arrivals(next)) < busiest/2 {
		return true
	}
	if was, is := p.pileAt(m), p.pileAt(m+1); was.x > 0 && is.known && is.x < was.x/2 {
		return true
	}
	return next.Age.Mean < row.Age.Mean/2 && next.Age.Mean < floor/2
}
