package judge

import (
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// claim is an SLI of a configured pipeline with what is true of it; with flow, it is
// a metric of that name that counts lines.
type claim struct {
	pipeline, sli, method string
	flow                  string
	exact                 bool
	settle                time.Duration // exact: the newest due minute follows from it
	minutes               sim.Instant   // of the window; 0 is the usual one
	truth                 []sim.Cell    // by minute, from the world's start

	// late is what truth holds and can be known only lateBy after a minute is due.
	late   []sim.Cell
	lateBy time.Duration

	found Compared
	sums  pointSums
}

func (c *claim) begin() {
	c.found = Compared{SLI: c.sli, Method: c.method, Exact: c.exact}
	c.sums = pointSums{}
	if c.minutes == 0 {
		c.minutes = window
	}
}

// span is the truth of the minutes from…to, to not included.
func (c *claim) span(start, from, to sim.Instant) sim.Cell {
	i, j := max(0, int((from-start)/minute)), min(len(c.truth), int((to-start)/minute))
	if i >= j {
		return sim.Cell{}
	}
	return sim.Sum(c.truth[i:j])
}

// known is the truth of minutes as far as it can be known by now.
func (c *claim) known(rig *Rig, from, to sim.Instant) sim.Cell {
	truth := c.span(rig.World.Start, from, to)
	for _, late := range c.late {
		if knowable := late.Minute + minute + sim.Instant((c.settle+c.lateBy)/time.Microsecond); late.Minute >= from && late.Minute < to && knowable > rig.Now {
			truth.Valid -= late.Valid
			truth.Good -= late.Good
		}
	}
	return truth
}

// window compares the printed ratio with the truth of the window it speaks of.
func (c *claim) window(rig *Rig, metrics Metrics) {
	switch {
	case c.flow != "":
		return // it has no windows
	case c.sli == ageMetric:
		c.age(rig, metrics)
		return
	}
	got, printed := metrics["sli."+c.pipeline+"."+c.sli]
	end := sim.At(got.At)
	if c.exact {
		end = (rig.Now - sim.Instant(c.settle/time.Microsecond)).Minute()
	}
	from := end - c.minutes*minute
	if c.exact && from <= rig.World.Start || !c.exact && (!printed || end > rig.World.End) {
		return // of the first minute nobody saw how it began; unsettled estimates say nothing
	}
	truth := c.known(rig, from, end)
	_, some := truth.Ratio()
	want := 100 * float64(truth.Good) / float64(truth.Valid) // percent, rounded once
	c.found.Minutes++
	c.found.Events += float64(truth.Valid) / float64(c.minutes)
	if some && printed {
		measured := got.Value * float64(truth.Valid) / 100
		if got.Value == want {
			measured = float64(truth.Good) // not by a bit's error of multiplying
		}
		c.found.Error.take(measured, float64(truth.Good), float64(truth.Valid))
	}
	if !c.exact {
		return
	}
	at := end.Time().Format("15:04")
	switch {
	case some != printed:
		c.found.differs("%s %s at %s: printed %v, truth has %d valid", c.pipeline, c.sli, at, printed, truth.Valid)
	case some && got.Value != want:
		c.found.differs("%s %s at %s: %.6f, truth %d/%d = %.6f", c.pipeline, c.sli, at, got.Value, truth.Good, truth.Valid, want)
	case some && got.At != end.Time():
		c.found.differs("%s %s at %s carries the time %s", c.pipeline, c.sli, at, got.At)
	}
}

// ageMetric is what the metric of the oldest record owed is called.
const ageMetric = "age"

// age compares the printed age with that of the oldest record owed at that instant. A
// second is shown as a point.
func (c *claim) age(rig *Rig, metrics Metrics) {
	got, printed := metrics["age."+c.pipeline+"."+ageMetric]
	if at := sim.At(got.At); printed && at <= rig.World.End {
		truth := sim.Ages(rig.World.Records, []sim.Instant{at}, true)[0]
		c.found.Minutes++
		c.found.Error.take(got.Value, float64(truth)/1e6, 100)
	}
}

// pointSums adds up the events points of an SLI: they must be exact over any time.
type pointSums struct {
	good, valid float64
	first, last time.Time // times printed
}

func (s *pointSums) take(c *claim, metrics Metrics) {
	valid, ok := metrics["events."+c.pipeline+"."+c.sli+"_valid"]
	good := metrics["events."+c.pipeline+"."+c.sli+"_good"]
	if c.flow != "" {
		valid, ok = metrics["flow."+c.pipeline+"."+c.flow]
		good = valid
	}
	if !ok || valid.At == s.last {
		return
	}
	if s.last.IsZero() {
		s.first = valid.At
	}
	s.last = valid.At
	s.valid += valid.Value
	s.good += good.Value
	if c.flow != "" {
		c.found.Minutes++
		c.found.Events += valid.Value
	}
}

// compare compares the sums with the truth from the first point's minute on: it
// holds the newest due minute only. Of estimates only the valid ones are known.
func (s *pointSums) compare(c *claim, start sim.Instant) {
	if c.sli == ageMetric {
		return
	}
	if s.last.IsZero() {
		c.found.differs("%s %s: no events point was printed", c.pipeline, c.sli)
		return
	}
	truth := c.span(start, sim.At(s.first)-minute, sim.At(s.last))
	c.found.Sums++
	if !c.exact {
		c.found.SumValid += s.valid - float64(truth.Valid)
		return
	}
	if s.good != float64(truth.Good) || s.valid != float64(truth.Valid) {
		c.found.differs("%s events of %s from %s to %s: %g of %g, truth %d of %d", c.pipeline, c.sli,
			s.first.Format("15:04"), s.last.Format("15:04"), s.good, s.valid, truth.Good, truth.Valid)
	}
}

// explained compares what explain shows of the window: exact counts, or bounds.
func (c *claim) explained(rig *Rig, e Explained) {
	for _, p := range e.Pipelines {
		if p.Name != c.pipeline {
			continue
		}
		for _, s := range p.SLIs {
			if s.Name == c.sli {
				c.explain(s, c.known(rig, sim.At(s.Window.Start), sim.At(s.Window.End)))
			}
		}
		for _, s := range p.Stages {
			if q := s.Source; c.exact && (!q.OK || q.Malformed != 0 || q.Lines != q.Parsed+q.Blank) {
				c.found.differs("explain of %s, stage %s: ok %v, %g lines, %g parsed, %g malformed", c.pipeline, s.Name, q.OK, q.Lines, q.Parsed, q.Malformed)
			}
		}
	}
}

func (c *claim) explain(s ExplainedSLI, truth sim.Cell) {
	switch {
	case c.exact && s.Status == "not_measured":
		c.found.differs("explain of %s %s: not measured", c.pipeline, c.sli)
	case c.exact && (s.Valid != float64(truth.Valid) || s.Good != float64(truth.Good) || s.Quality != "exact"):
		c.found.differs("explain of %s %s: %g of %g, %s; truth %d of %d", c.pipeline, c.sli, s.Good, s.Valid, s.Quality, truth.Good, truth.Valid)
	case !c.exact && s.Status == "value" && truth.Valid > 0 && s.Measured == 1:
		c.found.bounds(float64(truth.Good), float64(truth.Valid), s.Bounds.Upper, s.Bounds.Lower)
	}
}
