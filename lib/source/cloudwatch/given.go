package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Given is the source with points that somebody made up in the place of CloudWatch's, by
// metric, statistic (as in `IteratorAge Maximum`) and minute. Whatever else it would ask AWS
// for is as configured or assumed; its metrics count as seen before. It is told beforehand
// what it will be asked.
func (s *Source) Given(points map[string]map[sli.Minute]float64, ask sli.Ask) (sli.Source, error) {
	g := given{Source: s, before: new(position), series: map[string]*Series{}}
	for _, name := range s.stage.Names {
		if g.before.Names == nil {
			g.before.Names = map[string][]string{}
		}
		g.before.Names[name] = []string{name}
	}
	g.known = g.before.known(s.stage.Given, ask.Edges)
	g.metrics = s.metrics(g.known)
	var known []string
	left := map[string]bool{}
	for name := range points {
		left[name] = true
	}
	for _, m := range g.metrics {
		series := g.series[m.identity()]
		if series == nil {
			series = &Series{points: map[string]map[sli.Minute]float64{}}
			g.series[m.identity()] = series
		}
		g.before.see(m.key())
		for _, stat := range m.Stats {
			for _, name := range []string{m.key(), m.Name} {
				name += " " + stat
				if !slices.Contains(known, name) {
					known = append(known, name)
				}
				if of, ok := points[name]; ok {
					series.points[stat], left[name] = maps.Clone(of), false
				}
			}
		}
	}
	for _, m := range g.metrics {
		g.series[m.identity()].complete(m.Stats)
	}
	for name, nobodys := range left {
		if nobodys {
			return nil, fmt.Errorf("no metric and statistic of that name is read here (got %q); those are: %s", name, strings.Join(known, ", "))
		}
	}
	return g, nil
}

// complete adds the statistics that weren't given of a period, as if all values in it were
// the same: one, where nobody says how many.
func (s *Series) complete(stats []string) {
	given := maps.Clone(s.points)
	point := func(stat string, m sli.Minute) (float64, bool) {
		v, ok := given[stat][m]
		return v, ok
	}
	periods := map[sli.Minute]bool{}
	for _, points := range given {
		for m := range points {
			periods[m] = true
		}
	}
	for m := range periods {
		n, counted := point(SampleCount, m)
		if !counted {
			n = 1
		}
		sum, ok := point(Sum, m)
		v := sum / max(n, 1)
		for _, stat := range []string{Average, Maximum, Minimum} {
			if ok {
				break
			}
			v, ok = point(stat, m)
		}
		for _, stat := range stats {
			if _, there := s.points[stat][m]; there {
				continue
			}
			if s.points[stat] == nil {
				s.points[stat] = map[sli.Minute]float64{}
			}
			of := v
			edge, counts := bound(stat)
			switch {
			case stat == SampleCount, counts && v <= edge:
				of = n
			case counts:
				of = 0
			case stat == Sum:
				of = v * n
			}
			s.points[stat][m] = of
		}
	}
}

// given is a source whose round has been held by somebody else.
type given struct {
	*Source
	before  *position
	known   Known
	metrics []Metric
	series  map[string]*Series
}

// Prepare has nothing to ask.
func (g given) Prepare(sli.Ask, []byte) {}

// Read answers from what is given.
func (g given) Read(_ context.Context, ask sli.Ask, _ []byte) (sli.Batch, error) {
	before := *g.before
	r := &reading{from: ask.From, now: ask.Now, before: &before, known: g.known, metrics: g.metrics, round: &round{series: g.series}}
	r.window = g.window(ask, r)
	var batch sli.Batch
	err := g.answer(ask, r, &batch)
	return batch, err
}
