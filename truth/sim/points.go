package sim

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Dim is one dimension of a metric.
type Dim struct{ Name, Value string }

// Names of the things that publish.
const (
	LoadBalancer = "app/video/50dc6c495c0c9188"
	TargetGroup  = "targetgroup/video/73e2d6bc24d8a067"
	StreamName   = "video-events"
	FunctionName = "video-transform"
	TableName    = "videos"
	Operation    = "PutItem"
	MappingUUID  = "14e0db71-3c5a-4eb5-b481-8945cf9d10c2"
	ClusterName  = "video"
	ServiceName  = "front"
	QueueName    = "video-events"
)

// Point is what CloudWatch got to know at one time of one minute of one
// metric. A minute may have several: they add up as they become visible.
type Point struct {
	Namespace, Metric, Unit string
	Dims                    []Dim   // by name
	Stamp                   Instant // start of the minute it belongs to
	Visible                 Instant // when a query first finds it
	Values, Counts          []float64
}

// series is one metric with its dimensions, and all its points.
type series struct {
	Point  // identity only
	points []*Point
	open   map[[2]Instant]*Point // by stamp and visible
	last   *Point
}

// pointIndex holds all points by series and by the time they become visible.
type pointIndex struct {
	w      *World
	series []*series
	all    []*Point
}

// indexPoints makes every point of the world.
func (w *World) indexPoints() *pointIndex {
	x := &pointIndex{w: w}
	if w.Scenario.Front.ALB {
		x.balancer()
	}
	x.service()
	if w.Scenario.Topology == Async {
		x.stream()
		x.function()
		if !w.Scenario.Metrics.NoMapping {
			x.mapping()
		}
		x.table()
		if w.Scenario.Metrics.Queue {
			x.queue()
		}
	}
	for _, s := range x.series {
		for _, p := range s.points {
			p.compact()
		}
		x.all = append(x.all, s.points...)
		slices.SortStableFunc(s.points, func(a, b *Point) int { return cmp.Compare(a.Stamp, b.Stamp) })
		s.open, s.last = nil, nil
	}
	slices.SortStableFunc(x.all, func(a, b *Point) int { return cmp.Compare(a.Visible, b.Visible) })
	return x
}

// new declares a series. Dims are given as name, value, name, value, …
func (x *pointIndex) new(namespace, metric, unit string, dims ...string) *series {
	s := &series{Point: Point{Namespace: namespace, Metric: metric, Unit: unit}, open: map[[2]Instant]*Point{}}
	for i := 0; i < len(dims); i += 2 {
		s.Dims = append(s.Dims, Dim{dims[i], dims[i+1]})
	}
	slices.SortFunc(s.Dims, func(a, b Dim) int { return cmp.Compare(a.Name, b.Name) })
	x.series = append(x.series, s)
	return s
}

// add gives a series count values, stamped with the minute of stamp, written
// at written and published after the usual delay plus more.
func (x *pointIndex) add(s *series, stamp, written, more Instant, value, count float64) {
	stamp = stamp.Minute()
	visible := x.visible(stamp, written, more)
	p := s.last
	if p == nil || p.Stamp != stamp || p.Visible != visible {
		p = s.open[[2]Instant{stamp, visible}]
	}
	if p == nil {
		p = &Point{s.Namespace, s.Metric, s.Unit, s.Dims, stamp, visible, nil, nil}
		s.open[[2]Instant{stamp, visible}] = p
		s.points = append(s.points, p)
	}
	s.last = p
	if n := len(p.Values); n > 0 && p.Values[n-1] == value {
		p.Counts[n-1] += count
		return
	}
	p.Values, p.Counts = append(p.Values, value), append(p.Counts, count)
}

// visible is when a query first finds what was written: after the end of the
// minute, or of the later minute in which it was written, and a delay that
// differs from minute to minute.
func (x *pointIndex) visible(stamp, written, more Instant) Instant {
	m := x.w.Scenario.Metrics
	end := max(stamp+minute, ceil(written, minute, 0))
	jitter := fixed(x.w.Scenario.Seed, forPublication, uint64(end)) * float64(span(m.Jitter))
	at := end + span(m.Delay) + Instant(jitter) + more
	return at + x.w.faults.delay(MetricsLate, at, -1)
}

// compact sorts the values and joins equal ones.
func (p *Point) compact() {
	type pair struct{ value, count float64 }
	pairs := make([]pair, len(p.Values))
	for i := range pairs {
		pairs[i] = pair{p.Values[i], p.Counts[i]}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.value, b.value) })
	n := 0
	for _, q := range pairs {
		if n > 0 && p.Values[n-1] == q.value {
			p.Counts[n-1] += q.count
			continue
		}
		p.Values[n], p.Counts[n] = q.value, q.count
		n++
	}
	p.Values, p.Counts = slices.Clip(p.Values[:n]), slices.Clip(p.Counts[:n])
}

// Points lists what becomes visible in [from, to), in that order.
func (w *World) Points(from, to Instant) iter.Seq[*Point] {
	return func(yield func(*Point) bool) {
		all := w.points().all
		i, _ := slices.BinarySearchFunc(all, from, func(p *Point, t Instant) int { return cmp.Compare(p.Visible, t) })
		for ; i < len(all) && all[i].Visible < to; i++ {
			if !yield(all[i]) {
				return
			}
		}
	}
}

// Query asks for one statistic of one metric, as GetMetricData does.
type Query struct {
	Namespace, Metric string
	Dims              []Dim // in any order; all that the series has
	Stat              string
	From, To          Instant
	Period            time.Duration // default one minute
}

// Datum is one period's statistic.
type Datum struct {
	Stamp Instant
	Value float64
}

// Series answers a query as CloudWatch would at an instant: what is visible
// by then, oldest first, periods without points left out. An unknown metric
// is no error and has no points; an unknown statistic is an error.
func (w *World) Series(q Query, at Instant) ([]Datum, error) {
	stat, err := parseStat(q.Stat)
	if err != nil {
		return nil, err
	}
	if stat.extended && slices.Contains(w.Scenario.Metrics.PlainOnly, q.Metric) {
		return nil, nil
	}
	period := minute
	if q.Period > 0 {
		period = max(minute, span(q.Period))
	}
	var data []Datum
	points := w.points().find(q)
	i, _ := slices.BinarySearchFunc(points, q.From, func(p *Point, t Instant) int { return cmp.Compare(p.Stamp, t) })
	for i < len(points) && points[i].Stamp < q.To {
		start := points[i].Stamp - mod(points[i].Stamp, period)
		var seen []*Point
		for ; i < len(points) && points[i].Stamp < min(start+period, q.To); i++ {
			if points[i].Visible <= at {
				seen = append(seen, points[i])
			}
		}
		if value, ok := stat.of(seen); ok {
			data = append(data, Datum{start, value})
		}
	}
	return data, nil
}

// find is the series a query names.
func (x *pointIndex) find(q Query) []*Point {
	dims := slices.Clone(q.Dims)
	slices.SortFunc(dims, func(a, b Dim) int { return cmp.Compare(a.Name, b.Name) })
	for _, s := range x.series {
		if s.Namespace == q.Namespace && s.Metric == q.Metric && slices.Equal(s.Dims, dims) {
			return s.points
		}
	}
	return nil
}
