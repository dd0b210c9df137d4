package cwtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Metric names a metric. Its dimensions are part of the name: a query with fewer or other ones finds nothing.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
}

func (m Metric) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q", m.Namespace, m.Name)
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		fmt.Fprintf(&b, " %q=%q", name, m.Dimensions[name])
	}
	return b.String()
}

// StatisticSet is a point published without its values.
type StatisticSet struct{ SampleCount, Sum, Minimum, Maximum float64 }

// sample is a value that occurred count times.
type sample struct{ value, count float64 }

// datum is what one put stored.
type datum struct {
	minute    time.Time
	visibleAt time.Time
	unit      string
	samples   []sample
	set       *StatisticSet // instead of samples
}

type series struct {
	metric Metric
	data   []datum
}

// unitNone is the unit of what is put without one.
const unitNone = "None"

// Put stores raw values of the minute of t, readable from visibleAt on.
// Putting again to a minute adds to it, which is how late points arrive.
func (s *Server) Put(m Metric, t, visibleAt time.Time, values ...float64) {
	samples := make([]sample, len(values))
	for i, v := range values {
		samples[i] = sample{value: v, count: 1}
	}
	s.store(m, t, datum{visibleAt: visibleAt, unit: unitNone, samples: samples})
}

// PutCounts stores values[i] having occurred counts[i] times. It panics when the lengths differ.
func (s *Server) PutCounts(m Metric, t, visibleAt time.Time, values, counts []float64) {
	s.store(m, t, datum{visibleAt: visibleAt, unit: unitNone, samples: weigh(values, counts)})
}

// PutStats stores a statistic set. A minute with one has no extended statistics,
// unless its values are known all the same because minimum and maximum are equal.
func (s *Server) PutStats(m Metric, t, visibleAt time.Time, set StatisticSet) {
	s.store(m, t, datumOfSet(set, visibleAt, unitNone))
}

// NoExtended declares that a metric has simple statistics only, like most metrics of AWS services.
func (s *Server) NoExtended(m Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noExtended[m.key()] = true
}

func weigh(values, counts []float64) []sample {
	if len(values) != len(counts) {
		panic(fmt.Sprintf("cwtest: %d values with %d counts", len(values), len(counts)))
	}
	samples := make([]sample, len(values))
	for i := range values {
		samples[i] = sample{value: values[i], count: counts[i]}
	}
	return samples
}

func datumOfSet(set StatisticSet, visibleAt time.Time, unit string) datum {
	if set.Minimum == set.Maximum && set.Sum == set.Minimum*set.SampleCount {
		return datum{visibleAt: visibleAt, unit: unit, samples: []sample{{set.Minimum, set.SampleCount}}}
	}
	return datum{visibleAt: visibleAt, unit: unit, set: &set}
}

func (s *Server) store(m Metric, t time.Time, d datum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(m, t, d)
}

// add stores at one-minute resolution, as the service does.
func (s *Server) add(m Metric, t time.Time, d datum) {
	d.minute = t.UTC().Truncate(time.Minute)
	key := m.key()
	if s.series[key] == nil {
		m.Dimensions = maps.Clone(m.Dimensions)
		s.series[key] = &series{metric: m}
	}
	s.series[key].data = append(s.series[key].data, d)
}

// visible are the data that can be read at an instant; unit "" means any.
func (r *series) visible(at time.Time, unit string) []datum {
	if r == nil {
		return nil
	}
	var seen []datum
	for _, d := range r.data {
		if !d.visibleAt.After(at) && (unit == "" || unit == d.unit) {
			seen = append(seen, d)
		}
	}
	return seen
}
