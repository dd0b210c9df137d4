package judge

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/builtin"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// minute is one in the simulator's unit.
const minute = sim.Instant(time.Minute / time.Microsecond)

// Exact is an SLI with a method that must have no error.
type Exact struct {
	SLI, Method string
	Minutes     int     // windows compared
	Events      float64 // valid ones, in truth
	Wrong       int     // windows, sums and explanations that differed
	Worst       float64 // percentage points, of a window
	First       string  // the first difference
}

func (x *Exact) differs(format string, args ...any) {
	x.Wrong++
	if x.First == "" {
		x.First = fmt.Sprintf(format, args...)
	}
}

// Add adds what was found elsewhere of the same method.
func (x *Exact) Add(o Exact) {
	x.SLI, x.Method = o.SLI, o.Method
	x.Minutes += o.Minutes
	x.Events += o.Events
	x.Wrong += o.Wrong
	x.Worst = math.Max(x.Worst, o.Worst)
	if x.First == "" {
		x.First = o.First
	}
}

// claim is an SLI of a configured pipeline with what is true of it.
type claim struct {
	pipeline, sli, method string
	settle                time.Duration
	truth                 []sim.Cell // by minute, from the world's start
	noWindow              bool       // only sums are compared
	exact                 *Exact
}

// span is the truth of the minutes from…to, to not included.
func (c *claim) span(start, from, to sim.Instant) sim.Cell {
	i, j := int((from-start)/minute), int((to-start)/minute)
	return sim.Sum(c.truth[max(0, i):min(len(c.truth), j)])
}

// Trial is one world, seen by the programs minute by minute.
type Trial struct {
	World  *sim.World
	Config string
	Logs   []Log
	Second time.Duration    // the programs run so long after each minute's end
	Absent func(n int) bool // minutes without a run
	claims []*claim
}

// Judge runs the metric program over the whole trial. The first differences stand
// in the results; an error means that the programs could not be run.
func (t *Trial) Judge() ([]Exact, error) {
	rig, err := NewRig(t.World, t.Config, t.Logs...)
	if err != nil {
		return nil, err
	}
	defer rig.Close()
	for _, c := range t.claims {
		c.exact = &Exact{SLI: c.sli, Method: c.method}
	}
	sums := make([]pointSums, len(t.claims))
	n := 0
	for end := t.World.Start + minute; end < t.World.End; end += minute {
		n++
		if t.Absent != nil && t.Absent(n) {
			continue
		}
		if err := rig.Advance(end + sim.Instant(t.Second/time.Microsecond)); err != nil {
			return nil, err
		}
		metrics, err := rig.Metrics()
		if err != nil {
			return nil, err
		}
		for i, c := range t.claims {
			c.window(rig, metrics)
			sums[i].take(c, metrics)
		}
	}
	explained, err := rig.Explain()
	if err != nil {
		return nil, err
	}
	var found []Exact
	for i, c := range t.claims {
		sums[i].compare(c, t.World.Start)
		c.explained(rig, explained)
		found = append(found, *c.exact)
	}
	return found, nil
}

// due is the end of the newest due minute at an instant.
func (c *claim) due(now sim.Instant) sim.Instant {
	return (now - sim.Instant(c.settle/time.Microsecond)).Minute()
}

// window compares the printed ratio with the truth of the window that ends with
// the newest due minute.
func (c *claim) window(rig *Rig, metrics Metrics) {
	end := c.due(rig.Now)
	from := end - window*minute
	if c.noWindow || from <= rig.World.Start { // nobody saw how the first minute began
		return
	}
	truth := c.span(rig.World.Start, from, end)
	want, some := truth.Ratio()
	got, printed := metrics["sli."+c.pipeline+"."+c.sli]
	c.exact.Minutes++
	c.exact.Events += float64(truth.Valid) / window
	at := end.Time().Format("15:04")
	switch {
	case some != printed:
		c.exact.differs("%s %s at %s: printed %v, truth has %d valid", c.pipeline, c.sli, at, printed, truth.Valid)
	case !some:
	case got.Value != want*100:
		c.exact.Worst = math.Max(c.exact.Worst, math.Abs(got.Value-want*100))
		c.exact.differs("%s %s at %s: %.6f, truth %d/%d = %.6f", c.pipeline, c.sli, at, got.Value, truth.Good, truth.Valid, want*100)
	case got.At != end.Time():
		c.exact.differs("%s %s at %s carries the time %s", c.pipeline, c.sli, at, got.At)
	}
}

// pointSums adds up the events points of an SLI: they must be exact over any time.
type pointSums struct {
	good, valid float64
	first, last time.Time // times printed
	minutes     float64   // of the first point
}

func (s *pointSums) take(c *claim, metrics Metrics) {
	valid, ok := metrics["events."+c.pipeline+"."+c.sli+"_valid"]
	good := metrics["events."+c.pipeline+"."+c.sli+"_good"]
	if !ok || valid.At == s.last {
		return
	}
	if s.last.IsZero() {
		s.first = valid.At
	}
	s.last = valid.At
	s.valid += valid.Value
	s.good += good.Value
}

// compare compares the sums with the truth from the first point's minute on: it
// holds the newest due minute only.
func (s *pointSums) compare(c *claim, start sim.Instant) {
	if s.last.IsZero() {
		c.exact.differs("%s %s: no events point was printed", c.pipeline, c.sli)
		return
	}
	truth := c.span(start, sim.At(s.first)-minute, sim.At(s.last))
	if s.good != float64(truth.Good) || s.valid != float64(truth.Valid) {
		c.exact.differs("%s events of %s from %s to %s: %g of %g, truth %d of %d", c.pipeline, c.sli,
			s.first.Format("15:04"), s.last.Format("15:04"), s.good, s.valid, truth.Good, truth.Valid)
	}
}

// explained compares the counts that explain shows of the last window.
func (c *claim) explained(rig *Rig, e Explained) {
	for _, p := range e.Pipelines {
		if p.Name != c.pipeline {
			continue
		}
		for _, s := range p.SLIs {
			if s.Name != c.sli || c.noWindow {
				continue
			}
			truth := c.span(rig.World.Start, sim.At(s.Window.Start), sim.At(s.Window.End))
			if s.Valid != float64(truth.Valid) || s.Good != float64(truth.Good) || s.Quality != "exact" {
				c.exact.differs("explain of %s %s: %g of %g, %s; truth %d of %d", c.pipeline, c.sli, s.Good, s.Valid, s.Quality, truth.Good, truth.Valid)
			}
		}
		for _, s := range p.Stages {
			if q := s.Source; !q.OK || q.Malformed != 0 || q.Lines != q.Parsed+q.Blank {
				c.exact.differs("explain of %s, stage %s: ok %v, %g lines, %g parsed, %g malformed", c.pipeline, s.Name, q.OK, q.Lines, q.Parsed, q.Malformed)
			}
		}
	}
}

// formats are the access logs that a world can write, as configuration names them.
var formats = []struct {
	name   string
	format sim.Format
}{{"ltsv", sim.LTSV}, {"json", sim.JSON}, {"combined", sim.Combined}, {"alb", sim.ALB}}

// latencyThreshold is that of all access logs.
const latencyThreshold = 50 * time.Millisecond

// AccessLogs is a trial of availability and latency by access logs of every
// format, one pipeline each.
func AccessLogs(w *sim.World) *Trial {
	t := &Trial{World: w, Second: 12 * time.Second}
	var config strings.Builder
	config.WriteString("metrics: [minimal, events]\npipelines:\n")
	for _, f := range formats {
		fmt.Fprintf(&config, `- name: %[1]s
  stages:
  - name: front
    access_log: {path: "{{dir}}/%[1]s.log", format: %[2]s, where: {method: POST}}
  slis:
    availability: {target: 99.9}
    latency: {threshold: %[3]s, target: 99}
`, f.name, format(f.name), latencyThreshold)
		t.Logs = append(t.Logs, Log{f.name + ".log", func(from, to sim.Instant) iter.Seq[sim.Line] { return w.AccessLog(f.format, from, to) }})
		t.claims = append(t.claims,
			&claim{pipeline: f.name, sli: "availability", method: "access_log " + f.name, settle: 10 * time.Second, truth: w.Logged(f.format)},
			&claim{pipeline: f.name, sli: "latency", method: "access_log " + f.name, settle: 10 * time.Second, truth: w.LoggedWithin(f.format, latencyThreshold)})
	}
	t.Config = config.String()
	return t
}

// format is what the configuration says; two formats have to be found.
func format(name string) string {
	if name == "ltsv" || name == "alb" {
		return "auto"
	}
	return name
}

// known tells whether the suite has these kinds of stages.
func known(kinds ...string) bool {
	have := builtin.Kinds()
	return !slices.ContainsFunc(kinds, func(k string) bool { _, ok := have[k]; return !ok })
}
