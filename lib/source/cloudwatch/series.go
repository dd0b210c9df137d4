package cloudwatch

import (
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Series is a metric's answer for a stretch: its points by statistic and by the period that
// they are of.
type Series struct {
	Err    error
	from   sli.Minute // in which the first period begins
	period sli.Minute
	points map[string]*points
}

// points are a statistic's.
type points struct {
	some   bool      // there is one, or was in a stretch before
	values []float64 // by period; not a number where there is no point
}

// newSeries has room for the points of a window, which begins with a period.
func newSeries(m Metric, w sli.Window) *Series {
	s := &Series{from: w.From, period: sli.Minute(m.Period / time.Minute), points: map[string]*points{}}
	for _, stat := range m.Stats {
		p := &points{values: make([]float64, max(0, w.Minutes())/int(s.period))}
		for i := range p.values {
			p.values[i] = math.NaN()
		}
		s.points[stat] = p
	}
	return s
}

// put books a point.
func (s *Series) put(stat string, m sli.Minute, v float64) {
	p := s.points[stat]
	p.some = true
	if i, ok := s.index(m); ok && i < len(p.values) {
		p.values[i] = v
	}
}

// index is where the values of the period that begins at m are.
func (s *Series) index(m sli.Minute) (i int, ok bool) {
	if s.period == 0 || m < s.from || (m-s.from)%s.period != 0 {
		return 0, false
	}
	return int((m - s.from) / s.period), true
}

// follow remembers which statistics had a point in the stretch before.
func (s *Series) follow(before *Series) {
	for stat, p := range before.points {
		if now := s.points[stat]; now != nil {
			now.some = now.some || p.some
		}
	}
}

// any tells whether some statistic has a point here, or had one in a stretch before.
func (s *Series) any() bool {
	for _, p := range s.points {
		if p.some {
			return true
		}
	}
	return false
}

// some tells the same of one statistic.
func (s *Series) some(stat string) bool {
	p := s.points[stat]
	return p != nil && p.some
}

// value is a statistic's point of the period that begins at m.
func (s *Series) value(stat string, m sli.Minute) (v float64, ok bool) {
	if i, in := s.index(m); in {
		v, ok = s.points[stat].value(i)
	}
	return v, ok
}

func (p *points) value(i int) (v float64, ok bool) {
	if p == nil || i >= len(p.values) || math.IsNaN(p.values[i]) {
		return 0, false
	}
	return p.values[i], true
}

// has tells whether some statistic has a point of the period that begins at m.
func (s *Series) has(m sli.Minute) bool {
	i, in := s.index(m)
	if !in {
		return false
	}
	for _, p := range s.points {
		if _, ok := p.value(i); ok {
			return true
		}
	}
	return false
}
