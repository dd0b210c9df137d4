package slo

import (
	"cmp"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Cause is what was wrong with some bad events, and where.
type Cause struct {
	Stage string
	Class string // late, lost, wrong, slow, aborted, 5xx, …; empty where it isn't known
	Bad   float64
	// By are the most frequent values of what is known of the events: path, method, status,
	// host, shard. Each adds up to Bad, with the rest as `other`.
	By map[string]map[string]float64
}

// Stretch is minutes in a row with bad events, and one cause of them: a stretch with two
// causes is told twice.
type Stretch struct {
	Window sli.Window
	Cause
	Share float64 // of all that was bad in the period
}

// Other is the value that stands for all that aren't counted apart.
const Other = "other"

// spending gathers what was bad, minute by minute in order.
type spending struct {
	done []Stretch
	open map[causeKey]*Stretch
	last sli.Minute
}

type causeKey struct{ stage, class string }

func (s *spending) add(m sli.Minute, bad float64, causes []Cause) {
	if len(s.open) > 0 && m != s.last+1 {
		s.close()
	}
	if s.open == nil {
		s.open = map[causeKey]*Stretch{}
	}
	from := m
	for _, o := range s.open {
		from = min(from, o.Window.From)
	}
	s.last = m
	for _, c := range causes {
		key := causeKey{c.Stage, c.Class}
		o := s.open[key]
		if o == nil {
			o = &Stretch{Cause: Cause{Stage: c.Stage, Class: c.Class}}
			s.open[key] = o
		}
		o.merge(c)
	}
	for _, o := range s.open {
		o.Window = sli.Window{From: from, To: m + 1}
	}
}

// merge adds what was wrong; what a part doesn't know of its events counts as other.
func (c *Cause) merge(d Cause) {
	for name := range d.By {
		if c.By[name] == nil {
			if c.By == nil {
				c.By = map[string]map[string]float64{}
			}
			c.By[name] = map[string]float64{}
			if c.Bad > 0 {
				c.By[name][Other] = c.Bad
			}
		}
	}
	for name, values := range c.By {
		if d.By[name] == nil {
			values[Other] += d.Bad
			continue
		}
		for value, n := range d.By[name] {
			values[value] += n
		}
	}
	c.Bad += d.Bad
}

func (s *spending) close() {
	for _, o := range s.open {
		s.done = append(s.done, *o)
	}
	s.open = nil
}

// most is how many values of what is known of events a stretch tells apart.
const most = 8

// stretches are all of them, the worst first; together they are all that was bad.
func (s *spending) stretches() []Stretch {
	s.close()
	bad := 0.0
	for i := range s.done {
		bad += s.done[i].Bad
	}
	for i := range s.done {
		o := &s.done[i]
		o.Share = o.Bad / bad
		for name, values := range o.By {
			o.By[name] = frequent(values)
		}
	}
	slices.SortFunc(s.done, func(a, b Stretch) int {
		return cmp.Or(cmp.Compare(b.Bad, a.Bad), cmp.Compare(a.Window.From, b.Window.From), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Class, b.Class))
	})
	return s.done
}

// frequent is the most frequent values, the others together.
func frequent(values map[string]float64) map[string]float64 {
	if len(values) <= most {
		return values
	}
	out := map[string]float64{}
	for i, value := range ByFrequency(values) {
		if i < most && value != Other {
			out[value] = values[value]
			continue
		}
		out[Other] += values[value]
	}
	return out
}

// ByFrequency are the values by their counts, the most frequent first and Other last.
func ByFrequency(values map[string]float64) []string {
	names := make([]string, 0, len(values))
	for value := range values {
		names = append(names, value)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(values[b], values[a]), cmp.Compare(a, b))
	})
	return names
}

func order(value string) int {
	if value == Other {
		return 1
	}
	return 0
}
