package estimate

import (
	"math"
	"sort"
)

// CoverageMinute is what became of the records accepted in one minute, first in,
// first out: Good and the other classes together are what arrived, and Valid is
// that without the filtered ones.
type CoverageMinute struct {
	Cohort
	Filtered, Dropped, DeadLettered float64
	Late                            float64 // still owed at the deadline, and the ages show it
	Lost                            float64 // owed at the deadline, and no age shows it
	Duplicates                      float64 // departures beyond all arrivals, by the minute they came out
}

// Coverage estimates for every minute how many of the records accepted in it
// had come out well by its end + deadline seconds. A deficit counts only as far
// as the ages can't explain it as backlog, all through to the deadline, so that
// a loss inside the interval of Account never breaches.
func (p *StagePath) Coverage(deadline float64) []CoverageMinute {
	if q := p.fromStanding(); q != nil {
		return q.Coverage(deadline)
	}
	cover := make([]CoverageMinute, len(p.minutes))
	excess, ranks := p.excess(), p.ranks()
	var lost float64 // written off and still in the system
	for m := range p.minutes {
		c := p.curves[m]
		if !c.known {
			cover[m].Cohort = notMeasured("arrivals or departures are not known")
			continue
		}
		if c.first == m {
			lost = 0
		}
		end, ok := p.curveAt(m, deadline)
		if !ok {
			cover[m].Cohort = notMeasured("the minutes up to the deadline are not settled")
			continue
		}
		in := c.to.in - c.from.in
		lost = math.Min(lost, c.to.backlog())
		more := clamp(p.lasting(excess, m, deadline)-lost, 0, in)
		cover[m] = ranks.cohort(c, end, lost, more)
		lost += more
	}
	return cover
}

// standingAge is the mean age in seconds from which what is handed over first was waiting
// when the history began; below it is merely under way.
const standingAge = 60.0

// fromStanding is the path with what was waiting already when the first curves began, by
// Little's law: so many records as arrive in the mean time that what is handed over first had
// waited for. Without it all that comes out would be taken for what arrives. Nil where
// nothing stood, or none tells.
func (p *StagePath) fromStanding() *StagePath {
	begin := 0
	for begin < len(p.curves) && !p.curves[begin].known {
		begin++
	}
	if p.standing > 0 || begin == len(p.curves) || p.curves[begin].anchored {
		return nil
	}
	var waited, arrived, minutes float64
	for i := begin; i < min(len(p.minutes), begin+standingMinutes) && p.curves[i].known; i++ {
		row := p.minutes[i]
		arrived += p.model.arrivals(row)
		minutes++
		if waited > 0 {
			continue
		}
		switch {
		case row.Age.Usable():
			waited = row.Age.Mean - secondsPerMinute*float64(i-begin)
		case row.Behind.Known:
			waited = row.Behind.Value - secondsPerMinute*float64(i-begin)
		}
	}
	standing := waited * arrived / minutes / secondsPerMinute
	if waited < standingAge || !(standing > 0) || !Countable(standing) {
		return nil
	}
	q := *p
	q.standing = standing
	q.curves = cumulate(q.model, q.minutes, q.silence, q.standing)
	return &q
}

// standingMinutes is how many of the first minutes tell what stood when they began.
const standingMinutes = 5

// cohort divides the arrivals of a minute by what the departures of the same
// rank were: those of rank in…in less the lost ones, as far as out by the end, and
// without those that came out too late by their own delays.
func (r ranks) cohort(c curve, end totals, lostBefore, lost float64) CoverageMinute {
	first := math.Max(0, c.from.in-lostBefore)
	last := math.Max(first, c.to.in-lostBefore-lost)
	out := clamp(end.out(), first, last)
	left := r.departed(c.first, out).minus(r.departed(c.first, first))
	overdue := clamp(r.tardy(c.first, out)-r.tardy(c.first, first), 0, left.done)
	m := CoverageMinute{Filtered: left.filtered, Dropped: left.dropped, DeadLettered: left.deadLettered, Late: last - out + overdue, Lost: lost}
	if c.anchored {
		m.Duplicates = c.surplus
	}
	m.Cohort = measured(c.to.in-c.from.in-left.filtered, left.done-overdue)
	return m
}

// ranks are a path's departures in their order.
type ranks struct {
	curves []curve
	last   []int     // minute of the curves that a minute belongs to
	late   []float64 // departures of a minute that came out too late by their own delays
	before []float64 // of the minutes before since the curves began
}

func (p *flows) ranks() ranks {
	n := len(p.curves)
	r := ranks{p.curves, make([]int, n), make([]float64, n), make([]float64, n)}
	for m := n - 1; m >= 0; m-- {
		r.last[m] = m
		if m+1 < n && p.curves[m+1].known && p.curves[m+1].first == p.curves[m].first {
			r.last[m] = r.last[m+1]
		}
	}
	for m, c := range p.curves {
		if row := p.minutes[m]; c.known && row.Late.Known {
			// Of more departures than arrivals the timely ones count; the others are
			// duplicates.
			width := c.to.done - c.from.done
			r.late[m] = clamp(width-(row.Done.Value-row.Late.Value), 0, width)
		}
		if m > c.first {
			r.before[m] = r.before[m-1] + r.late[m-1]
		}
	}
	return r
}

// minute is the one in which the n-th departure since the curves began took place.
func (r ranks) minute(first int, n float64) int {
	return first + sort.Search(r.last[first]-first, func(i int) bool { return r.curves[first+i].to.out() >= n })
}

// departed is what the first n departures since the curves began consisted of.
func (r ranks) departed(first int, n float64) totals {
	c := r.curves[r.minute(first, n)]
	if width := c.to.out() - c.from.out(); width > 0 {
		return c.from.between(c.to, clamp((n-c.from.out())/width, 0, 1))
	}
	return c.to
}

// tardy is how many of the first n departures since the curves began were late: of a
// minute's the first ones, which arrived first.
func (r ranks) tardy(first int, n float64) float64 {
	m := r.minute(first, n)
	return r.before[m] + clamp(n-r.curves[m].from.out(), 0, r.late[m])
}

// excess is the backlog at every minute's end that no age explains.
func (p *ages) excess() []float64 {
	excess := make([]float64, len(p.minutes))
	for m, c := range p.curves {
		if !c.known {
			continue
		}
		switch young := p.young(m); {
		case c.sealed:
			excess[m] = c.to.backlog()
		case young.Known:
			excess[m] = math.Max(0, c.to.backlog()-young.Value)
		}
	}
	return excess
}

// lasting is the smallest excess from the end of minute m until the deadline.
func (p *flows) lasting(excess []float64, m int, deadline float64) float64 {
	least := excess[m]
	for i := m; i <= m+int(deadline/secondsPerMinute) && i < len(excess) && p.curves[i].first == p.curves[m].first; i++ {
		least = math.Min(least, excess[i])
		if p.curves[i].sealed {
			break
		}
	}
	return least
}
