package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of a cloudwatch section.
type Options struct {
	Common
	Namespace  string            `yaml:"namespace" required:"true" doc:"of all its metrics"`
	Dimensions map[string]string `yaml:"dimensions" doc:"exactly those the metrics are published with" otherwise:"none"`
	Signals    map[string]Signal `yaml:"signals" required:"true" doc:"what the metrics mean: requests, bad_requests, latency, accepted, done, filtered, dropped, dead_lettered, age, backlog, utilisation:NAME, throttled"`
}

// Signal maps one metric.
type Signal struct {
	Metric string  `yaml:"metric" required:"true" doc:"the metric's name"`
	Stat   string  `yaml:"stat" pattern:"Sum|Maximum|Minimum|Average|SampleCount|TC\\(:[0-9]+(\\.[0-9]+)?\\)" doc:"the statistic" otherwise:"Sum for counts, Maximum for levels; latency takes what its threshold needs"`
	Scale  float64 `yaml:"scale" default:"1" doc:"factor: to seconds for latency and age, to percent for utilisation"`
	Absent string  `yaml:"absent" enum:"zero|no_traffic|unknown" default:"unknown" doc:"what a minute without a point means"`
}

const (
	requests    = "requests"
	badRequests = "bad_requests"
	latency     = "latency"
	utilisation = "utilisation:"
)

// countSignals are the signals that are counts and nothing else.
var countSignals = map[string]sli.Signal{
	"accepted": sli.Accepted, "done": sli.Done, "filtered": sli.Filtered, "dropped": sli.Dropped,
	"dead_lettered": sli.DeadLettered, "throttled": sli.Throttled,
}

// generic maps any metrics by hand.
type generic struct {
	options    Options
	dimensions []Dimension
	names      []string // of the signals, sorted
}

// New reads a cloudwatch section.
func New(n *section.Node, a StageContext) (*Source, error) {
	var g generic
	if err := Decode(n, &g.options, &g.options.Common); err != nil {
		return nil, err
	}
	if err := g.check(At(n, "signals")); err != nil {
		return nil, err
	}
	g.names = slices.Sorted(maps.Keys(g.options.Signals))
	reads := g.options.Namespace
	for _, name := range slices.Sorted(maps.Keys(g.options.Dimensions)) {
		g.dimensions = append(g.dimensions, Dimension{Name: name, Value: g.options.Dimensions[name]})
		reads += " " + name + "=" + g.options.Dimensions[name]
	}
	return NewSource(a, Stage{Common: g.options.Common, Kind: &g, Facts: g.facts(reads), Liveness: g.liveness()}), nil
}

func (g *generic) check(n *section.Node) error {
	for _, name := range n.Keys() {
		at, _ := n.Get(name)
		_, isCount := countSignals[name]
		capacity, isUse := strings.CutPrefix(name, utilisation)
		switch {
		case isCount || isUse && capacity != "" || slices.Contains([]string{requests, badRequests, latency, LevelAge, LevelBacklog}, name):
		default:
			return at.Errorf("accepted: { metric: NAME, stat: Sum }", "no signal of that name (got %q)", name)
		}
		signal := g.options.Signals[name]
		if name == latency && signal.Stat != "" {
			return At(at, "stat").Errorf("leave stat out", "latency takes the statistics that its threshold needs")
		}
		if (isCount || name == requests || name == badRequests) && signal.Stat != "" && !counts(signal.Stat) {
			return At(at, "stat").Errorf("stat: Sum", "a count needs a statistic that adds up")
		}
		if signal.Scale <= 0 {
			return At(at, "scale").Errorf("", "must be over 0")
		}
	}
	if _, bad := g.options.Signals[badRequests]; bad && g.options.Signals[requests].Metric == "" {
		return n.Errorf("add requests: all of them, the bad ones too", "bad_requests needs requests")
	}
	return nil
}

func (g *generic) facts(reads string) sli.Facts {
	f := sli.Facts{Reads: reads}
	for _, name := range g.names {
		f.Rule += fmt.Sprintf("%s=%v ", name, g.options.Signals[name])
		capacity, isUse := strings.CutPrefix(name, utilisation)
		switch {
		case name == requests:
			f.Signals = append(f.Signals, sli.Request)
		case name == latency:
			f.Signals, f.Latency = append(f.Signals, sli.Answer), true
		case name == LevelAge || name == LevelBacklog:
			f.Levels = append(f.Levels, name)
			if name == LevelAge {
				f.NoAge = g.silent(name)
			}
			if metric := g.options.Signals[name].Metric; name == LevelAge && strings.HasPrefix(metric, "Approximate") {
				f.AgeDoubt = metric + " is approximate"
			}
		case isUse:
			f.Levels, f.Capacity = append(f.Levels, Utilisation(capacity)), append(f.Capacity, capacity)
		case name != badRequests:
			f.Signals = append(f.Signals, countSignals[name])
			f.Throttles = f.Throttles || name == "throttled"
		}
	}
	return f
}

// liveness are the metrics whose silence isn't plainly a zero.
func (g *generic) liveness() []string {
	var keys []string
	for _, name := range g.names {
		if g.options.Signals[name].Absent != "zero" {
			keys = append(keys, name)
		}
	}
	return keys
}

// Metrics are one per signal.
func (g *generic) Metrics(k Known) []Metric {
	var metrics []Metric
	for _, name := range g.names {
		signal := g.options.Signals[name]
		m := Metric{Key: name, Namespace: g.options.Namespace, Name: signal.Metric, Dimensions: g.dimensions, Stats: []string{g.stat(name)},
			Absent: Absence{Zero: signal.Absent != "unknown", Why: "configured"}}
		if name == latency {
			m.Stats = []string{SampleCount, Average, Maximum, Minimum}
			for _, edge := range k.Edges {
				m.Stats = append(m.Stats, Within(edge, unit(signal)))
			}
		}
		metrics = append(metrics, m)
	}
	return metrics
}

func (g *generic) stat(name string) string {
	_, isCount := countSignals[name]
	switch stat := g.options.Signals[name].Stat; {
	case stat != "":
		return stat
	case isCount || name == requests || name == badRequests:
		return Sum
	}
	return Maximum
}

// unit is how long a metric's unit is.
func unit(s Signal) time.Duration { return time.Duration(s.Scale * float64(time.Second)) }

// Emit maps the metrics of one minute.
func (g *generic) Emit(m *Minute) {
	for _, name := range g.names {
		signal := g.options.Signals[name]
		switch {
		case name == latency:
			m.Answers(name, unit(signal))
			m.Summary(name, name, unit(signal))
		case name == requests:
			g.requests(m)
		case name == badRequests:
		case countSignals[name] != sli.NoSignal:
			if v, ok := g.value(m, name); ok {
				m.Event(sli.Event{Signal: countSignals[name]}, v)
			} else {
				g.missing(m, name)
			}
		default:
			g.level(m, name)
		}
	}
}

// value is a signal's value in a minute.
func (g *generic) value(m *Minute, name string) (float64, bool) {
	v, ok := m.Stat(name, g.stat(name))
	return v * g.options.Signals[name].Scale, ok
}

// missing says that a minute has no answer because a signal has none, and warns.
func (g *generic) missing(m *Minute, name string) {
	m.Missing()
	m.Doubt(g.silent(name))
}

// silent says that a signal's metric has no point where nobody knows what that means.
func (g *generic) silent(name string) string {
	return g.options.Signals[name].Metric + " has no point, and absent: doesn't say what that means"
}

func (g *generic) requests(m *Minute) {
	all, ok := g.value(m, requests)
	if !ok {
		g.missing(m, requests)
		return
	}
	var bad float64
	if _, counted := g.options.Signals[badRequests]; counted {
		if bad, ok = g.value(m, badRequests); !ok {
			g.missing(m, badRequests)
			return
		}
	}
	m.Event(sli.Event{Signal: sli.Request, Status: 200}, all-min(bad, all))
	m.Event(sli.Event{Signal: sli.Request, Status: 500}, min(bad, all))
}

// level books a gauge, of any statistic as it is of the whole period. A level that is said
// to be zero where it is absent is.
func (g *generic) level(m *Minute, name string) {
	v, ok := m.point(name, g.stat(name))
	v *= g.options.Signals[name].Scale
	if absent := g.options.Signals[name].Absent; !ok && absent != "zero" {
		if name == LevelAge && absent == "no_traffic" {
			m.Idle()
		}
		return
	}
	if capacity, isUse := strings.CutPrefix(name, utilisation); isUse {
		name = Utilisation(capacity)
	}
	if v >= 0 {
		m.Level(name, v)
	}
}
