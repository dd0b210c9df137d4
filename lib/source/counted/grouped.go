package counted

import "time"

// Grouped are durations that another engine counted together.
type Grouped struct {
	Count       float64
	Least, Most time.Duration
	Total       float64   // nanoseconds
	Within      []float64 // how many are no longer than each of the edges; nil: no edge lies between Least and Most
}

// Each gives the durations back as far as they are known: least and most as they are, the
// others as their mean, moved to the side of every edge on which they were counted. edges
// are in ascending order.
func (g Grouped) Each(edges []time.Duration, visit func(weight float64, d time.Duration)) {
	rest, mean := g.Count, g.Least
	if rest > 2 {
		mean = time.Duration((g.Total - float64(g.Least) - float64(g.Most)) / (rest - 2))
	}
	low, below, first := g.Least, 0.0, true
	side := func(n float64, high time.Duration) {
		if n <= 0 {
			return
		}
		if first {
			first = false
			visit(1, min(g.Least, high))
			n, rest = n-1, rest-1
		}
		if n > 0 && rest <= n { // the last side
			visit(1, max(g.Most, low))
			n, rest = n-1, rest-1
		}
		if n > 0 {
			visit(n, min(max(mean, low), high))
			rest -= n
		}
	}
	for i, within := range g.Within {
		side(within-below, edges[i])
		below, low = max(below, within), max(g.Least, edges[i]+1)
	}
	side(g.Count-below, max(g.Most, low))
}
