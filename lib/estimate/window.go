package estimate

import "math"

// Batching windows: every lane opens one with the first record after it was served, so that
// the oldest record is that of the lane that was served the longest ago. When that was is told
// by the invocations of the minutes before: lanes are served by turns.

// inTurns is an age in seconds at the end of minute m that goes by which lanes were served
// when, where it is one of batching windows. Trends and states keep to the plain formula of
// openWindow, which jumps less from minute to minute.
func (p *ages) inTurns(m int, age float64, by AgeBasis) float64 {
	since, ok := p.longestOpen(m)
	switch {
	case !ok:
	case by == AgeByWorker:
		row := p.minutes[m]
		return p.noOlderThanHanded(m, max(max(0, row.Age.Max)+p.workMean(row), since), by)
	case by == AgeBySilence:
		return p.noOlderThanHanded(m, max(p.silentAge(m), since), by)
	}
	return age
}

// longestOpen is the expected age of the oldest of the batching windows that are open at the
// end of minute m, in seconds; false where it isn't told by turns.
func (p *windows) longestOpen(m int) (float64, bool) {
	turn, ok := p.turn(m)
	if !ok || turn.gap > turn.window/2 { // lanes that weren't invoked may be empty
		return 0, false
	}
	since, ok := p.longestUnserved(m)
	return clamp(since, 0, turn.length) - min(turn.gap, since), ok
}

// turn is how long it takes from one batch of a lane to the next, in seconds.
type turn struct {
	window float64 // that the batching window is open
	gap    float64 // from one record of the lane to the next
	length float64 // of the turn
	spread float64 // its standard deviation
}

// turn is that of minute m; false without a window or arrivals.
func (p *windows) turn(m int) (turn, bool) {
	row, _ := p.ahead(m)
	in := p.model.arrivals(row)
	if p.model.Batching <= 0 || in <= 0 {
		return turn{}, false
	}
	for i := m - 1; !row.Work.Usable() && i > m-lawBack && i >= 0; i-- { // no lane was served: by the last ones
		row, _ = p.ahead(i)
	}
	work := p.workMean(row)
	t := turn{window: p.model.Batching, gap: secondsPerMinute * max(1, p.model.Lanes) / in}
	waits := math.Exp(-work / t.gap) // that nothing came meanwhile: then for the next record, and a poll
	t.length = work + waits*(t.gap+p.model.Poll/2)
	variance := waits * (t.gap*t.gap + p.model.Poll*p.model.Poll/12)
	if work > 0 {
		spread := (row.Work.Max - row.Work.Mean) / 2
		variance += spread * spread
	}
	if full := (p.model.BatchSize - 1) * t.gap; p.model.BatchSize >= 1 && full < t.window { // as long as a batch takes to fill
		t.window = full
		t.length += p.model.Poll / 2
		variance += full * t.gap
	}
	t.length += t.window
	t.spread = math.Sqrt(variance)
	return t, true
}

// turnStep is how finely turns are told, in seconds.
const turnStep = 1.5

// Up to the shortest turn, in seconds, it doesn't matter when lanes were served; beyond the
// longest the steps would be too many: a window is 5 minutes at most, and a run in it seldom
// as long. No stream has more than the most lanes.
const (
	shortestTurn = 30
	longestTurn  = 600
	mostLanes    = 100_000
)

// unforeseen is the part of the lanes that may do anything in a minute, and fewLanes what is
// left out of how many there are.
const (
	unforeseen = 0.01
	fewLanes   = 1e-4
)

// longestUnserved is how many seconds ago, at the end of minute m, the lane was served that
// has waited the longest.
func (p *windows) longestUnserved(m int) (float64, bool) {
	if p.served == nil {
		p.served = p.lanesServed()
	}
	return p.served[m], p.served[m] >= 0
}

// lanesServed walks through the minutes with the law of how long ago a lane was served.
// Each minute the lanes go on by their turns, and of all that may have happened what fits
// the invocations counts: so the minutes' edges, which cut turns at other places each time,
// tell more and more precisely when lanes were served. −1 where it isn't known.
func (p *windows) lanesServed() []float64 {
	longest := make([]float64, len(p.minutes))
	var lanes, next []float64 // how many were served so many steps ago
	var all ways
	for m := range longest {
		longest[m] = -1
		row, ok := p.ahead(m)
		turn, turns := p.turn(m)
		served := max(0, row.Invocations.Value-row.Errors.Or(0))
		if !ok || !turns || !row.Invocations.Known || !turn.told(served, p.model.Lanes) {
			lanes = nil
			continue
		}
		if lanes == nil {
			lanes = make([]float64, int(2*(turn.length+secondsPerMinute)/turnStep))
			next = make([]float64, len(lanes))
			for i := range lanes {
				if float64(i)*turnStep < turn.length {
					lanes[i] = p.model.Lanes * turnStep / turn.length
				}
			}
		}
		all = turn.goOn(all[:0], lanes)
		if !all.fit(served, p.model.Lanes) {
			lanes = nil
			continue
		}
		clear(next)
		all.settle(next)
		lanes, next = next, lanes
		longest[m] = oldestOf(lanes)
	}
	return longest
}

// told tells whether turns tell when lanes were served: they are neither too short nor too
// long, and no more were served than can be.
func (t turn) told(served, lanes float64) bool {
	return t.length >= shortestTurn && t.length <= longestTurn && t.spread <= longestTurn &&
		lanes >= 1 && lanes <= mostLanes && served <= lanes*math.Ceil(secondsPerMinute/t.length+1)
}

// way is something that lanes may have done in a minute.
type way struct {
	lanes  float64 // how many
	served float64 // how often they were
	after  float64 // how many seconds ago they were served at its end
}

type ways []way

// goOn adds what lanes that were served so long ago may do in the next minute.
func (t turn) goOn(all ways, lanes []float64) ways {
	half := max(math.Sqrt(3)*t.spread, turnStep/4) // of a uniform law
	var followed float64
	for i, n := range lanes {
		if n < fewLanes {
			continue
		}
		at := float64(i) * turnStep
		followed += n
		all = append(all, way{n * unforeseen, 0, at + secondsPerMinute})
		first, last := max(0, t.length-half-at), max(turnStep/4, t.length+half-at)
		parts := math.Ceil(min((last-first)/turnStep, 6))
		for k := range int(parts) {
			left := secondsPerMinute - (first + (last-first)*(float64(k)+0.5)/parts) // from its being served
			w := way{lanes: n * (1 - 2*unforeseen) / parts, after: at + secondsPerMinute}
			if left >= 0 {
				again := math.Floor(left / t.length)
				w.served, w.after = 1+again, left-again*t.length
			}
			all = append(all, w)
		}
	}
	for k := range 4 {
		all = append(all, way{followed * unforeseen / 4, 1, secondsPerMinute * (float64(k) + 0.5) / 4})
	}
	return all
}

// fit weighs the ways so that lanes were served so often: the more often, the more, or the
// less, by one factor. False where none are left.
func (ways ways) fit(served, lanes float64) bool {
	most := 0.0
	for _, w := range ways {
		most = max(most, w.served)
	}
	byServed := make([]float64, int(most)+1)
	for _, w := range ways {
		byServed[int(w.served)] += w.lanes
	}
	mean := func(factor float64) float64 {
		var sum, all float64
		weight := 1.0
		for k, n := range byServed {
			sum += float64(k) * n * weight
			all += n * weight
			weight *= factor
		}
		return sum / all
	}
	lo, hi := -12.0, 12.0
	for range 30 {
		if mid := (lo + hi) / 2; mean(math.Exp(mid))*lanes < served {
			lo = mid
		} else {
			hi = mid
		}
	}
	all, weight := 0.0, 1.0
	for k, n := range byServed {
		byServed[k] = weight
		all += n * weight
		weight *= math.Exp(lo)
	}
	if !(all > 0) {
		return false
	}
	for i, w := range ways {
		ways[i].lanes *= byServed[int(w.served)] * lanes / all
	}
	return true
}

// settle lays the ways' ends on the steps, such that the means are kept.
func (ways ways) settle(into []float64) {
	for _, w := range ways {
		at := min(w.after/turnStep, float64(len(into)-2))
		i := int(at)
		part := at - float64(i)
		into[i] += w.lanes * (1 - part)
		into[i+1] += w.lanes * part
	}
}

// oldestOf is where the lane lies that was served the longest ago: half of the times there
// is one beyond.
func oldestOf(lanes []float64) float64 {
	beyond := 0.0
	for i := len(lanes) - 1; i >= 0; i-- {
		if beyond+lanes[i] >= oneBeyond {
			return (float64(i) + 0.5 - (oneBeyond-beyond)/lanes[i]) * turnStep
		}
		beyond += lanes[i]
	}
	return 0
}

// oneBeyond is so many lanes that there is one as often as not.
const oneBeyond = 0.6
