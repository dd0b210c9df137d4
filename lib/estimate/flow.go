package estimate

import "math"

// totals are cumulative counts of records since a path's curves began.
type totals struct {
	in, done, filtered, dropped, deadLettered float64
	debt                                      float64 // ≤ 0: failures booked that no later attempt has made up for yet
}

func (t totals) out() float64 { return t.done + t.filtered + t.dropped + t.deadLettered }

// backlog is how many records are in the system.
func (t totals) backlog() float64 { return math.Max(0, t.in-t.out()-t.debt) }

func (t totals) minus(o totals) totals {
	return totals{in: t.in - o.in, done: t.done - o.done, filtered: t.filtered - o.filtered,
		dropped: t.dropped - o.dropped, deadLettered: t.deadLettered - o.deadLettered, debt: t.debt - o.debt}
}

// between is the point at share f on the straight line from t to o.
func (t totals) between(o totals, f float64) totals {
	d := o.minus(t)
	return totals{in: t.in + f*d.in, done: t.done + f*d.done, filtered: t.filtered + f*d.filtered,
		dropped: t.dropped + f*d.dropped, deadLettered: t.deadLettered + f*d.deadLettered, debt: t.debt + f*d.debt}
}

// curve is one minute's piece of the arrival and departure curves. Pieces with
// the same first minute belong together; a minute that isn't known, or a proof
// that nothing is owed, begins anew.
type curve struct {
	known    bool
	first    int // where these curves begin
	anchored bool
	sealed   bool // proven: nothing was owed at the end of this minute
	from, to totals
	surplus  float64 // departures beyond all arrivals in this minute, taken off the curve
}

// departures are all records that left in a minute, for whatever reason. They aren't known
// where the mapping filters and nothing counts what it filters out: what is missing then is
// neither backlog nor lost.
func (model StageModel) departures(m StageMinute) (float64, bool) {
	known := m.Done.Known && (m.Filtered.Known || !model.HasFilter)
	return m.Done.Value + m.Filtered.Or(0) + m.Dropped.Or(0) + m.DeadLettered.Or(0), known
}

// cumulate draws the curves. Departures never pass arrivals: what is over was
// there before the curves began, or, once they are anchored, is a duplicate.
// Small ages never pull a backlog down: that would hide a silent shard. standing is how many
// records were in when the first curves began.
func cumulate(model StageModel, minutes []StageMinute, silent []silence, standing float64) []curve {
	curves := make([]curve, len(minutes))
	for i, m := range minutes {
		if _, counted := model.departures(m); !model.Counted || !m.Answered && !m.Early || !m.In.Known || !counted {
			continue
		}
		c := curve{known: true, first: i}
		if i > 0 && curves[i-1].known {
			if before := curves[i-1]; before.sealed {
				c.anchored = true
			} else {
				c.first, c.anchored, c.from = before.first, before.anchored, before.to
			}
		} else if i > 0 && minutes[i-1].Answered && minutes[i-1].Empty {
			c.anchored = true
		} else {
			c.from.in, standing = standing, 0
		}
		c.to, c.surplus = c.from.advance(m)
		c.sealed = m.Answered && m.Empty || provenEmpty(model, minutes, silent, i)
		curves[i] = c
	}
	return curves
}

// advance adds a minute's counts.
func (t totals) advance(m StageMinute) (after totals, surplus float64) {
	after = t
	after.in += math.Max(0, m.In.Value)
	done := m.Done.Value + t.debt
	after.debt = math.Min(0, done)
	step := [...]float64{math.Max(0, done), math.Max(0, m.Filtered.Or(0)), math.Max(0, m.Dropped.Or(0)), math.Max(0, m.DeadLettered.Or(0))}
	out := step[0] + step[1] + step[2] + step[3]
	scale := 1.0
	if room := math.Max(0, after.in-t.out()); out > room {
		surplus = out - room
		scale = room / out
	}
	after.done += step[0] * scale
	after.filtered += step[1] * scale
	after.dropped += step[2] * scale
	after.deadLettered += step[3] * scale
	return after, surplus
}

// provenEmpty reports two minutes without arrivals in which the mapping polled
// and found nothing, with no silence or retry pending. With several lanes one
// may be stuck and unseen, so only a single one proves anything.
func provenEmpty(model StageModel, minutes []StageMinute, silent []silence, i int) bool {
	if model.Lanes != 1 || i < 1 {
		return false
	}
	for j := i - 1; j <= i; j++ {
		m := minutes[j]
		if !(m.Answered && m.In.Known && m.In.Value == 0 && m.Polled.Known && m.Polled.Value == 0 &&
			m.Errors.Or(0) == 0 && silent[j].since < 0) {
			return false
		}
	}
	return true
}

// Backlog is how many accepted records had not come out at the end of minute m.
// Anchored: nothing was owed at some instant before, so it is exact; else it is
// a lower bound.
func (p *flows) Backlog(m int) (records float64, anchored, ok bool) {
	if m < 0 || m >= len(p.curves) {
		return 0, false, false
	}
	if underway := p.minutes[m].Underway; underway.Known {
		return underway.Value, true, true
	}
	if !p.curves[m].known {
		return 0, false, false
	}
	c := p.curves[m]
	if c.sealed {
		return 0, true, true
	}
	return c.to.backlog(), c.anchored, true
}

// Surplus is by how much the departures of each minute outgrow all arrivals and the most
// that can have been on its way before the curves began; unknown where counts, or the
// ages at the beginning, are.
func (p *ages) Surplus() []Quantity {
	surplus := make([]Quantity, len(p.minutes))
	begun := false
	var balance, most float64 // departures less arrivals, from the beginning on
	for i, row := range p.minutes {
		out, counted := p.model.departures(row)
		if !row.Answered || !counted || !row.In.Known {
			begun = false
			continue
		}
		if !begun {
			young := p.young(i)
			if !young.Known {
				continue
			}
			begun, balance, most = true, 0, young.Value
		}
		balance += out - row.In.Value
		surplus[i] = Quantity{Value: Weight(max(0, balance-most)), Known: true}
		most = max(most, balance)
	}
	return surplus
}

// head is the age of the first record in the queue at the end of minute m,
// first in, first out: t − In⁻¹(Out), arrivals of a minute spread evenly over it.
func (p *flows) head(m int) (float64, bool) {
	left, _, ok := p.Backlog(m)
	if !ok {
		return 0, false
	}
	if left == 0 {
		return 0, true
	}
	for i := m; i >= p.curves[m].first; i-- {
		in := math.Max(0, p.minutes[i].In.Value)
		if left <= in {
			return float64(m-i)*secondsPerMinute + secondsPerMinute*left/in, true
		}
		left -= in
	}
	return float64(m-p.curves[m].first+1) * secondsPerMinute, true
}

// curveAt is the curves at so many seconds after the end of minute m;
// false where they aren't known that far. After a proof that nothing is owed nothing more comes out.
func (p *flows) curveAt(m int, seconds float64) (totals, bool) {
	c := p.curves[m]
	i := m
	for seconds > secondsPerMinute && !p.curves[i].sealed {
		seconds -= secondsPerMinute
		if i++; i >= len(p.curves) || !p.curves[i].known || p.curves[i].first != c.first {
			return totals{}, false
		}
	}
	if seconds <= 0 || p.curves[i].sealed {
		return p.curves[i].to, true
	}
	if i++; i >= len(p.curves) || !p.curves[i].known || p.curves[i].first != c.first {
		return totals{}, false
	}
	return p.curves[i].from.between(p.curves[i].to, seconds/secondsPerMinute), true
}

// Flow is the share of minute m's arrivals that had come out within the
// threshold, first in, first out: the horizontal distance of the accepted and
// the processed curves, straight between minute edges. It holds for one FIFO
// only (a shard with factor 1, a job) and for a threshold of 60 s or more;
// below, half a minute of interpolation is all there is. Where exact evidence of what is
// still on its way shows that records were overtaken, or are gone, the curves tell nothing:
// what never comes out would stand in front of all that follow.
func (p *flows) Flow(m int) Cohort {
	t := p.model.Threshold
	if !(t >= secondsPerMinute) {
		return notMeasured("flow needs a threshold of 60s or more")
	}
	row, ok := p.at(m)
	if !ok || !p.curves[m].known {
		return notMeasured("arrivals and departures are not known")
	}
	valid, ok := p.passing(m)
	if !ok {
		return notMeasured("the mapping filters and filtered records are not known")
	}
	c := p.curves[m]
	in := c.to.in - c.from.in
	if valid == 0 {
		return measured(0, 0)
	}
	// Arrived by the start of the piece, out by T after it: a record in between
	// is in time where the second curve is at or above the first.
	bend := math.Mod(t, secondsPerMinute) // t1 + T crosses a minute edge this long before the end
	var inTime, started float64
	gap := func(after float64) (float64, bool) { // after < 0: before the end of m
		out, ok := p.curveAt(m, t+after)
		return out.out() - (c.to.in + in*after/secondsPerMinute), ok
	}
	left, ok := gap(-secondsPerMinute)
	for _, end := range []float64{-bend, 0} {
		right, known := gap(end)
		ok = ok && known
		length := end + secondsPerMinute - started
		inTime += length * aboveZero(left, right)
		left, started = right, started+length
	}
	if !ok {
		return notMeasured("departures are not known up to the threshold")
	}
	for i := m; i <= min(len(p.minutes)-1, p.touched(m)); i++ {
		if why := p.disorder(i); why != "" {
			return notMeasured(why)
		}
	}
	return measured(valid, valid*inTime/secondsPerMinute-row.Dropped.Or(0)-row.DeadLettered.Or(0))
}

// Why first in, first out tells nothing.
const (
	Overtaken = "records were overtaken by later ones, or never came out: they don't leave first in, first out"
	Uncounted = "records were on their way before anything was counted: how long first in, first out takes isn't known"
)

// disorder says how ids or watermarks contradict first in, first out at the end of minute m:
// later records came out before some, or fewer or more are on their way than the curves have, by
// more than are accepted in the second or two that stamps may be off. "" where they don't.
func (p *flows) disorder(m int) string {
	row, c := p.minutes[m], p.curves[m]
	if row.Stuck != nil && row.Stuck.Records > 0 {
		return Overtaken
	}
	if !c.known || !row.Answered || c.sealed || !row.Underway.Known && !row.Oldest.Known {
		return ""
	}
	least, most := row.Underway.Value, row.Underway.Value
	if !row.Underway.Known {
		for i := m; i >= c.first && float64(m-i)*secondsPerMinute < row.Oldest.Value; i-- {
			in := math.Max(0, p.minutes[i].In.Value)
			if most += in; float64(m-i+1)*secondsPerMinute <= row.Oldest.Value {
				least += in
			}
		}
	}
	slack := 2/secondsPerMinute*(c.to.in-c.from.in) + 1e-6
	switch backlog := c.to.backlog(); {
	case backlog-most > slack:
		return Overtaken
	case least-backlog > slack && !c.anchored:
		return Uncounted
	}
	return ""
}

// aboveZero is the share of a straight line from a to b that is not below zero,
// forgiving the last bits of the sums.
func aboveZero(a, b float64) float64 {
	const slack = -1e-6
	switch {
	case a >= slack && b >= slack:
		return 1
	case a < slack && b < slack:
		return 0
	case a >= slack:
		return a / (a - b)
	}
	return b / (b - a)
}
