package estimate

import "math"

// StageDelay is how long the records accepted in a window took, in seconds.
// Only the means add up: Mean = Front + Queue + Work + Store.
type StageDelay struct {
	Records float64 // accepted records it speaks of
	Silent  float64 // further accepted records that were not handed over in time; no mean knows them

	Front, Queue, Work, Store float64
	Median                    Quantity // estimate; unknown where half or more of the records are silent

	Little bool // some queue time was taken from the backlog by Little's law
}

// Mean is the mean delay from request to visible, an estimate: in simulations of
// single records about 16 % high when all is well.
func (d StageDelay) Mean() float64 { return d.Front + d.Queue + d.Work + d.Store }

// cohortParts are one minute's distributions with its weight.
type cohortParts struct {
	delayParts
	records float64
}

// Delay is the delay of the records accepted in the minutes from…to, to not
// included; false where no record of a measured minute was handed over.
func (p *StagePath) Delay(from, to int) (StageDelay, bool) {
	var d StageDelay
	var cohorts []cohortParts
	for m := max(0, from); m < min(to, len(p.minutes)); m++ {
		valid, ok := p.passing(m)
		used, reason := p.invoked(m)
		if !ok || valid == 0 || reason != "" {
			continue
		}
		if used < 0 {
			d.Silent += valid
			continue
		}
		parts, reason := p.parts(m, used)
		if reason != "" {
			continue
		}
		cohorts = append(cohorts, cohortParts{parts, valid})
		queue, little := p.queueTime(m, parts, valid)
		d.Records += valid
		d.Front += valid * binMean(parts.front)
		d.Queue += valid * queue
		d.Work += valid * meanOf(parts.work)
		d.Store += valid * meanOf(parts.store)
		d.Little = d.Little || little
	}
	if d.Records == 0 {
		return d, false
	}
	d.Front /= d.Records
	d.Queue /= d.Records
	d.Work /= d.Records
	d.Store /= d.Records
	d.Median = median(cohorts, d.Records+d.Silent)
	return d, true
}

func meanOf(s Summary) float64 {
	if !s.Usable() {
		return 0
	}
	return math.Max(0, s.Mean)
}

// queueTime is the mean age plus half a batch's span for all but its newest
// record; where the backlog is more than what is under way, Little's law.
func (p *shares) queueTime(m int, d delayParts, valid float64) (seconds float64, little bool) {
	if x, ok := p.unexplained(m); ok && x > 0 {
		backlog, _, _ := p.Backlog(m)
		return backlog * secondsPerMinute / valid, true
	}
	return meanOf(d.age) + d.span/2*(1-1/d.perInvocation), false
}

// median is where half of all records are within, to 1 %.
func median(cohorts []cohortParts, all float64) Quantity {
	within := func(t float64) float64 {
		var n float64
		for _, c := range cohorts {
			n += c.records * c.within(t)
		}
		return n / all
	}
	var hi float64
	for _, c := range cohorts {
		hi = math.Max(hi, c.most())
	}
	hi = hi*1.05 + 1e-3 // past the grid's rounding, and over 0
	if within(hi) < 0.5 {
		return Quantity{}
	}
	for hi > 1e-3 && within(hi/2) >= 0.5 {
		hi /= 2
	}
	lo := hi / 2
	for range 6 {
		if mid := (lo + hi) / 2; within(mid) >= 0.5 {
			hi = mid
		} else {
			lo = mid
		}
	}
	return Some(hi)
}
