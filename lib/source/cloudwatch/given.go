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
	g := given{Source: s, before: new(position), points: map[string]givenPoints{}}
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
		its := g.points[m.identity()]
		if its == nil {
			its = givenPoints{}
			g.points[m.identity()] = its
		}
		g.before.see(m.key())
		for _, stat := range m.Stats {
			for _, name := range []string{m.key(), m.Name} {
				name += " " + stat
				if !slices.Contains(known, name) {
					known = append(known, name)
				}
				if of, ok := points[name]; ok {
					its[stat], left[name] = maps.Clone(of), false
				}
			}
		}
	}
	for _, m := range g.metrics {
		g.points[m.identity()].complete(m.Stats)
	}
	for name, nobodys := range left {
		if nobodys {
			return nil, fmt.Errorf("no metric and statistic of that name is read here (got %q); those are: %s", name, strings.Join(known, ", "))
		}
	}
	return g, nil
}

// givenPoints are a metric's, by statistic and minute.
type givenPoints map[string]map[sli.Minute]float64

// complete adds the statistics that weren't given of a period, as if all values in it were
// the same: one, where nobody says how many.
func (p givenPoints) complete(stats []string) {
	given := maps.Clone(p)
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
			if _, there := p[stat][m]; there {
				continue
			}
			if p[stat] == nil {
				p[stat] = map[sli.Minute]float64{}
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
			p[stat][m] = of
		}
	}
}

// given is a source whose round has been held by somebody else.
type given struct {
	*Source
	before  *position
	known   Known
	metrics []Metric
	points  map[string]givenPoints
}

// Prepare has nothing to ask.
func (g given) Prepare(sli.Ask, []byte) {}

// Read answers from what is given.
func (g given) Read(ctx context.Context, ask sli.Ask, _ []byte) (sli.Batch, error) {
	before := *g.before
	r := &reading{from: ask.From, now: ask.Now, before: &before, known: g.known, metrics: g.metrics}
	r.window = g.window(ask, r)
	r.at = &stretch{window: sli.Window{From: r.window.From, To: r.window.To + 1}, series: map[string]*Series{}}
	for _, m := range merged(g.metrics) {
		series := newSeries(m, aligned(r.at.window, g.metrics))
		for stat, values := range g.points[m.identity()] {
			for minute, v := range values {
				series.put(stat, minute, v)
			}
		}
		r.at.series[m.identity()] = series
	}
	r.told, r.unsaid = newMinuteAnswer(ask, r), []*stretch{r.at}
	var batch sli.Batch
	err := g.answer(ctx, ask, r, &batch)
	return batch, err
}
