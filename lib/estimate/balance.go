package estimate

import "math"

// left is how many records left in minute j, filtered ones aside, and how many of them were
// late. Where nothing was handed over in it, what left is told by the minute before. False
// where it isn't known.
func (p *shares) left(j int) (out, late float64, h passage, ok bool) {
	if j < 0 || j >= len(p.curves) || !p.curves[j].known {
		return 0, 0, h, false
	}
	step := p.curves[j].to.minus(p.curves[j].from)
	out = step.done + step.dropped + step.deadLettered
	for i := j; i >= max(0, j-lawBack); i-- {
		if h = p.handedOver(i); h.known {
			return out, p.tardy(h, out), h, true
		}
	}
	return out, 0, h, out == 0
}

// lawBack is how many minutes a passage may stand in for a later one.
const lawBack = 5

// owedAt are bounds of chance for the records that are in the system at the end of minute m
// and will be late: x at least, t at most. Y of them are expected to be in time, by what
// leaves within the threshold.
func (p *shares) owedAt(m int) (x, t float64, ok bool) {
	backlog, anchored, known := p.Backlog(m)
	if !known {
		return 0, 0, false
	}
	var begun float64 // what windows held already when the curves began; it may have left by now
	if !anchored {
		begun = p.inWindows(m)
	}
	backlog *= p.passed(m) // of those that are in, some will be filtered out
	minutes := minutesUp(p.model.Threshold)
	var expected, next float64
	hasNext := false
	for i := range minutes {
		out, late, h, ok := p.left(m + 1 + i)
		if !ok || p.curves[m+1+i].first != p.curves[m].first {
			if out, late, h, ok = p.left(m); !ok { // as the last one known
				return 0, 0, false
			}
		} else if i == 0 {
			next, hasNext = late, true
		}
		if i < len(h.stay) {
			expected += (out - late) * h.stay[i]
		}
	}
	x = math.Max(0, backlog-expected-5*math.Sqrt(expected+1))
	t = math.Max(0, backlog+begun-expected) + math.Sqrt(expected+1)
	if !hasNext {
		return x, t, true
	}
	if p.model.Threshold >= secondsPerMinute {
		x, t = math.Max(x, math.Min(next, backlog)), math.Max(t, next)
	}
	if after, _, known := p.Backlog(m + 1); known { // whoever is in leaves in the next minute, or is in still
		after *= p.passed(m + 1)
		x, t = math.Min(x, next+after), math.Min(t, next+after+begun)
	}
	return x, t, true
}

// inWindows is the mean number of records that open batching windows hold at the rate of minute m.
func (p *shares) inWindows(m int) float64 {
	if p.model.Batching <= 0 {
		return 0
	}
	held := p.rate(m) * p.model.Batching
	if p.model.BatchSize >= 1 {
		held = math.Min(held, (p.model.BatchSize-1)*math.Max(1, p.model.Lanes))
	}
	return held / 2
}

// balance is how many of the records that arrived in minute m are late: those that left late
// in it, and what was added to those that are in and will be. Each is counted once, when it
// is known: x and its growth go into s.
func (p *shares) balance(m int, valid float64, s *StageShare) (bad float64, ok bool) {
	_, late, _, ok := p.left(m)
	x, most, known := p.owedAt(m)
	if !ok || !known {
		return 0, false
	}
	var before float64
	if m > p.curves[m].first {
		before, _, _ = p.owedAt(m - 1)
	}
	s.Unexplained, s.Growth = x, math.Max(0, x-before)
	bad = late + x - before
	if p.model.Threshold >= secondsPerMinute { // who came and left in one minute took less
		bad = math.Min(bad, most)
	}
	return clamp(bad, 0, valid), true
}

// hurried tells whether old ways are better: below five seconds the balance of minutes says
// little, unless CloudWatch counts who was in time.
func (p *shares) hurried(used int) bool {
	return p.model.Threshold < 5 && !p.handedOver(used).counted
}

// byAges is the share of the records that arrived in minute m that were in time, without
// counts. Lateness is decided at arrival + T, so it is told by what is handed over then.
func (p *shares) byAges(m, used int) (share float64, ok bool) {
	whole := int(p.model.Threshold / secondsPerMinute)
	part := p.model.Threshold/secondsPerMinute - float64(whole)
	first, ok := p.shareAt(m, m+whole, used)
	if !ok || part == 0 {
		return first, ok
	}
	second, known := p.shareAt(m, m+whole+1, used)
	if !known {
		return first, true
	}
	return (1-part)*first + part*second, true
}

// shareAt is the share in time of what minute j hands over, or the last one from m on that
// hands over something.
func (p *shares) shareAt(m, j, used int) (float64, bool) {
	i := j
	for i > m && !p.handedOver(i).known {
		i--
	}
	h := p.handedOver(i)
	if !h.known {
		i = used
		if h = p.handedOver(i); !h.known {
			return 0, false
		}
	}
	row := p.minutes[i]
	share := h.all
	if in := p.model.arrivals(row); in > 0 {
		share = 1 - p.tardy(h, in)/in
	}
	if i < j && i == m {
		if next, ok := p.ahead(j); ok && p.model.arrivals(next) > 0 && row.Invocations.Value >= 5 {
			share *= p.activePart(m)
		}
	}
	return share * p.withoutStuckLane(m), true
}

// withoutStuckLane leaves out one lane where a failing one ages by the clock past the threshold.
func (p *lanes) withoutStuckLane(m int) float64 {
	j := p.touched(m)
	row, ok := p.ahead(j)
	before, known := p.ahead(j - 1)
	if !ok || !known || !row.Age.Usable() || !before.Age.Usable() || !(row.Errors.Or(0) > 0) || !(p.model.Lanes > 1) || row.Age.Max <= p.model.Threshold {
		return 1
	}
	if step := row.Age.Max - before.Age.Max; step < stuckStepLow || step > stuckStepHigh {
		return 1
	}
	return 1 - 1/p.model.Lanes
}
