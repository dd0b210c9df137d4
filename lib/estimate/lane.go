package estimate

import "math"

// underwayWait is how long, in seconds, a record is merely on its way in minute m at
// most: the mean age of what is handed over, a poll and the batching window.
func (p *flows) underwayWait(m int, limit float64) float64 {
	used, reason := p.invoked(m)
	if row := p.minutes[m]; row.Early && row.Invocations.Or(0) > 0 {
		used, reason = m, "" // a minute that may not be whole tells by itself
	}
	if reason == "" && used >= 0 && p.minutes[used].Age.Usable() {
		return math.Min(limit, math.Max(0, p.minutes[used].Age.Mean)+p.model.Poll+p.model.Batching)
	}
	return limit
}

// pile is the backlog at the end of a minute that the mean age of what is handed over
// doesn't explain.
type pile struct {
	known   bool
	x       float64 // xₑ: more than what is on its way and more than chance
	e       float64 // what is on its way
	swing   float64 // how far what windows hold wanders
	backlog float64
	began   float64 // the backlog when x was last 0: that much is explained, or was never counted
	arrived float64 // records since
}

// piles walks through the minutes once.
func (p *lanes) piles() []pile {
	piles := make([]pile, len(p.minutes))
	for m := range piles {
		perMinute, passes := p.settled(m)
		backlog, _, known := p.Backlog(m)
		if !passes || !known {
			continue
		}
		at := &piles[m]
		at.known, at.backlog, at.began = true, backlog, backlog
		at.e = perMinute / secondsPerMinute * p.underwayWait(m, math.Max(secondsPerMinute, p.model.Threshold))
		at.swing = p.swing(perMinute)
		if at.x = math.Max(0, backlog-plausible(at.e)); at.x == 0 && p.toldByAges(m) {
			continue
		}
		at.began, at.arrived = 0, perMinute
		if m > 0 && p.curves[m].first < m {
			at.began = piles[m-1].began
			at.arrived += piles[m-1].arrived
		}
	}
	return piles
}

// toldByAges tells whether ages say how long records of minute m were on their way, or
// none ever do.
func (p *lanes) toldByAges(m int) bool {
	row := p.minutes[m]
	return !row.Invocations.Known || row.Age.Usable()
}

// What keeps back a smaller part of the arrivals than these isn't waiting, but never
// counted: fewer where a lane brings less.
const (
	leastPart = 0.03
	fewest    = 0.02
	leastPile = 3 // records: fewer are chance
)

// leastPart is the part of the arrivals that is kept back at least where something waits.
func (model StageModel) leastPart() float64 {
	if model.Lanes < 1 {
		return leastPart
	}
	return clamp(1/(2*model.Lanes), fewest, leastPart)
}

// waits tells whether the pile at the end of a minute waits: it has grown by as large a
// part of what has arrived as a lane's would. A leak of the counts is less.
func (p *lanes) waits(at pile) bool {
	return at.x > 0 && p.keptBack(at)
}

// swing is how many records more open batching windows hold at one time than at another, by
// chance: of each lane any part of what arrives in one. A leak of the counts adds to it.
func (p *lanes) swing(perMinute float64) float64 {
	held := perMinute / secondsPerMinute * p.model.Batching
	lanes := math.Max(1, p.model.Lanes)
	if p.model.BatchSize >= 1 {
		held = math.Min(held, (p.model.BatchSize-1)*lanes)
	}
	return 3 * math.Sqrt2 * held / math.Sqrt(12*lanes)
}

// goneNext tells whether the next minute has no pile: what there was has been handed over.
func (p *lanes) goneNext(m int) bool {
	next := p.pileAt(m + 1)
	return next.known && next.x == 0
}

// keptBack tells whether so many of the arrivals are more than are lost to the counts, and
// than chance has on its way at one time and not at another.
func (p *lanes) keptBack(at pile) bool {
	lost := p.model.leastPart() * at.arrived
	return at.backlog-at.began >= lost+at.swing+math.Max(leastPile, 2*math.Sqrt(2*at.e+lost))
}

// pileAt is the pile at the end of minute m.
func (p *lanes) pileAt(m int) pile {
	if m < 0 || m >= len(p.pile) {
		return pile{}
	}
	return p.pile[m]
}

// settled is passing for a minute that may be early.
func (p *lanes) settled(m int) (float64, bool) {
	row, ok := p.ahead(m)
	if !ok || !row.In.Known || p.model.HasFilter && !row.Filtered.Known {
		return 0, false
	}
	return p.model.arrivals(row), true
}

// beyond is x′: the backlog at the end of minute m that not even the largest age explains,
// as if every lane were as far behind as the worst that was served; 0 in silence, in which
// ages say nothing.
func (p *flows) beyond(m int) (float64, bool) {
	row, ok := p.ahead(m)
	backlog, _, known := p.Backlog(m)
	switch {
	case !ok || !known:
		return 0, false
	case !row.Age.Usable():
		return 0, true
	}
	young := p.arrivedWithin(m, math.Max(0, row.Age.Max)+p.workMean(row)+p.model.Poll+p.model.Batching)
	if !young.Known {
		return 0, false
	}
	return math.Max(0, backlog-plausible(young.Value)), true
}

// stuckLane is how long, in seconds, one of the lanes has stood still unseen by ages while
// the others go on: its share of the arrivals piles up in the counts. False where they show
// none, or don't grow as a lane's do. It is as old as its pile was when it was first seen, and
// the time since: so the chance by which a lane's arrivals wander doesn't add up.
func (p *lanes) stuckLane(m int) (float64, bool) {
	lanes := p.model.Lanes
	if !p.model.Counted || !(lanes > 1) {
		return 0, false
	}
	x, ok := p.beyond(m)
	before, known := p.beyond(m - 1)
	if !ok || !known || x == 0 || before == 0 {
		return 0, false
	}
	last := p.stuckPile(m, x)
	if earlier, known := p.beyond(m - 2); !known || earlier == 0 {
		if was, _, _ := p.Backlog(m - 1); p.curves[m].to.backlog()-was < p.model.leastPart()*p.model.arrivals(p.minutes[m]) {
			return 0, false // it doesn't grow: chance
		}
		if next, known := p.beyond(m + 1); known {
			x = math.Min(x, next)
			last = math.Min(last, p.stuckPile(m+1, next))
		}
	}
	since, arrived, began := m, 0.0, 0.0 // x′ is 0 at the end of minute since
	for ; since >= p.curves[m].first; since-- {
		if x, known := p.beyond(since); !known || x == 0 && p.toldByAges(since) {
			began, _, _ = p.Backlog(since)
			break
		}
		arrived += p.model.arrivals(p.minutes[since])
	}
	at := p.pileAt(m)
	at.began, at.arrived = began, arrived
	if x == 0 || !p.keptBack(at) {
		return 0, false
	}
	seen := since + 1
	x, _ = p.beyond(seen)
	pile := p.stuckPile(seen, x)
	// What it brings is measured by the pile's growth, and until that is sure by its being one of many.
	grown, passed := last-pile, arrived-p.model.arrivals(p.minutes[seen])
	share := math.Max((fewLane+grown)/(fewLane*lanes+passed), p.model.leastPart())
	age := float64(m-seen) * secondsPerMinute
	for i := seen; i >= p.curves[m].first; i-- {
		brought := p.model.arrivals(p.minutes[i]) * share
		if pile <= brought {
			age += secondsPerMinute * pile / brought
			break
		}
		pile -= brought
		age += secondsPerMinute
	}
	return math.Min(age, float64(m-since+1)*secondsPerMinute), true
}

// fewLane is how many records of a pile's growth weigh as much as what is known of a lane.
const fewLane = 10

// stuckPile is what of the backlog at the end of minute m waits in a lane that stands still:
// x at least, and all but what is on its way in the others.
func (p *lanes) stuckPile(m int, x float64) float64 {
	if at := p.pileAt(m); at.known {
		return math.Max(x, at.backlog-at.e*(1-1/p.model.Lanes))
	}
	return x
}

// pilingSteps is how many minutes in a row a lane's share must pile up: three more than
// a batching window of minutes lets pile up by itself.
func (model StageModel) pilingSteps() int {
	return 3 + int(math.Ceil(math.Max(0, model.Batching)/secondsPerMinute-0.5))
}

// piling tells whether the backlog that ages don't explain has grown by at least half a
// lane's share of the arrivals in each of the last minutes.
func (p *lanes) piling(m int) bool {
	if !p.model.Counted || !(p.model.Lanes > 0) {
		return false
	}
	last := p.pileAt(m)
	if !p.waits(last) {
		return false
	}
	after := last
	for i := m; i > m-p.model.pilingSteps(); i-- {
		before := p.pileAt(i - 1)
		if !before.known || p.curves[i].first > i-1 || after.x-before.x < math.Max(3, p.model.arrivals(p.minutes[i])/(2*p.model.Lanes)) {
			return false
		}
		after = before
	}
	if last.x-after.x < 4*math.Sqrt(last.e+1) {
		return false
	}
	next := p.pileAt(m + 1)
	return !next.known || next.x >= last.x
}
