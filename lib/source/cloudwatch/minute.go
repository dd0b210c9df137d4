package cloudwatch

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Names of levels that more than one kind gives.
const (
	LevelAge     = "age"        // seconds: of the oldest that is owed
	LevelBacklog = "backlog"    // records or messages
	LevelSkew    = "clock_skew" // seconds that the host's clock is off, either way
)

// Utilisation is the level of a capacity, in percent.
func Utilisation(capacity string) string { return "utilisation_" + capacity }

// minuteAnswer is a stage's answer on its way into events.
type minuteAnswer struct {
	ask       sli.Ask
	known     Known
	metrics   map[string]Metric  // by key
	series    map[string]*Series // by key
	event     sli.Event          // the one that is being told
	levels    []sli.Level
	summaries []sli.MinuteSummary
	missing   sli.Intervals
	doubts    []string
}

func newMinuteAnswer(ask sli.Ask, r *reading) *minuteAnswer {
	t := &minuteAnswer{ask: ask, known: r.known, metrics: map[string]Metric{}, series: map[string]*Series{}}
	for _, m := range r.metrics {
		t.metrics[m.key()] = m
	}
	return t
}

// of makes a stretch the one whose minutes are told.
func (t *minuteAnswer) of(s *stretch) {
	for key, m := range t.metrics {
		t.series[key] = s.series[m.identity()]
	}
}

// extended tells of the metrics that have values but give no TC of them: not a zero but
// a metric that can't.
func extended(metrics []Metric, series map[string]*Series) (doubts []string) {
	for _, m := range metrics {
		s := series[m.identity()]
		if !s.some(SampleCount) {
			continue
		}
		for _, stat := range m.Stats {
			if strings.HasPrefix(stat, "TC(") && !s.some(stat) {
				doubts = append(doubts, fmt.Sprintf("%s has values but no %s; only its count, average and extremes are used", m, stat))
			}
		}
	}
	return doubts
}

func (t *minuteAnswer) minute(m sli.Minute) *Minute {
	return &Minute{At: m, Known: t.known, minuteAnswer: t}
}

// Minute is one minute of a stage's answer, and where what it means is told.
type Minute struct {
	At sli.Minute
	Known
	*minuteAnswer
}

// Ask is the question.
func (m *Minute) Ask() sli.Ask { return m.minuteAnswer.ask }

// Stat is a statistic of a metric; false where its absence says nothing. What was counted
// in a longer period is spread evenly over its minutes, anything else stands in all of them.
func (m *Minute) Stat(key, stat string) (float64, bool) {
	v, ok := m.point(key, stat)
	if ok && counts(stat) {
		v = m.metrics[key].share(v, m.At)
	}
	return v, ok
}

// point is a statistic over the whole period that the minute lies in.
func (m *Minute) point(key, stat string) (float64, bool) {
	metric, ok := m.metrics[key]
	if !ok {
		return 0, false
	}
	begin, series := metric.begin(m.At), m.series[key]
	if v, ok := series.value(stat, begin); ok || series.has(begin) {
		return v, ok
	}
	absence := metric.absence(stat)
	return 0, absence.Zero && (len(absence.With) == 0 || m.traffic(absence.With))
}

// traffic tells whether one of the named metrics has a point in this minute.
func (m *Minute) traffic(names []string) bool {
	for key, metric := range m.metrics {
		if slices.Contains(names, metric.Name) && m.series[key].has(metric.begin(m.At)) {
			return true
		}
	}
	return false
}

// Sum adds the Sums of metrics; false where none of them says anything.
func (m *Minute) Sum(keys ...string) (total float64, ok bool) {
	for _, key := range keys {
		if v, known := m.Stat(key, Sum); known {
			total, ok = total+v, true
		}
	}
	return total, ok
}

// Event emits so much of an event inside the minute.
func (m *Minute) Event(e sli.Event, weight float64) {
	e.Weight = estimate.Weight(weight)
	if e.Weight <= 0 {
		return
	}
	e.Time = m.At.Start().Add(30 * time.Second).UnixMicro()
	m.event = e // in one place: a backlog has many
	m.minuteAnswer.ask.Emit(&m.event)
}

// Count emits the Sum of metrics as a signal.
func (m *Minute) Count(signal sli.Signal, keys ...string) {
	if v, ok := m.Sum(keys...); ok {
		m.Event(sli.Event{Signal: signal}, v)
	}
}

// described tells whether what isn't counted is wanted of the minute.
func (m *Minute) described() bool { return m.At >= m.minuteAnswer.ask.Cells }

// Level books a gauge.
func (m *Minute) Level(name string, value float64) {
	if !m.described() {
		return
	}
	m.levels = append(m.levels, sli.Level{Minute: m.At, Name: name, Value: value})
}

// Age books an age in seconds out of a metric's largest value in a unit. A negative
// one means that it could not be measured.
func (m *Minute) Age(name, key string, unit time.Duration) (seconds float64, ok bool) {
	v, ok := m.Stat(key, Maximum)
	if !ok || v < 0 {
		return 0, false
	}
	seconds = v * unit.Seconds()
	m.Level(name, seconds)
	return seconds, true
}

// Idle says that nothing came whose age could be told.
func (m *Minute) Idle() { m.Level(sli.LevelIdle, 1) }

// Any tells whether one of metrics has a point in this minute's period.
func (m *Minute) Any(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return m.series[key].has(m.metrics[key].begin(m.At)) })
}

// Use books how much of a limit was used, in percent. No limit, no level.
func (m *Minute) Use(capacity string, used, limit float64) {
	if limit > 0 && m.described() {
		m.Level(Utilisation(capacity), 100*used/limit)
	}
}

// Rate books how much of a limit a second was used by a metric's Sum.
func (m *Minute) Rate(capacity, key string, limitPerSecond float64) {
	if v, ok := m.point(key, Sum); ok {
		m.Use(capacity, v/m.metrics[key].Period.Seconds(), limitPerSecond)
	}
}

// Summary books what statistics say of a metric whose values are so long.
func (m *Minute) Summary(name, key string, unit time.Duration) {
	if !m.described() {
		return
	}
	if s, ok := m.summary(key, unit); ok {
		m.summaries = append(m.summaries, sli.MinuteSummary{Minute: m.At, Name: name, Summary: s})
	}
}

func (m *Minute) summary(key string, unit time.Duration) (estimate.Summary, bool) {
	n, _ := m.Stat(key, SampleCount)
	mean, hasMean := m.Stat(key, Average)
	most, hasMost := m.Stat(key, Maximum)
	if n <= 0 || !hasMean || !hasMost {
		return estimate.Summary{}, false
	}
	s := estimate.Summary{N: n, Mean: mean * unit.Seconds(), Max: most * unit.Seconds()}
	if least, ok := m.Stat(key, Minimum); ok {
		s.Min = estimate.Some(least * unit.Seconds())
	}
	for _, stat := range m.metrics[key].Stats {
		at, ok := bound(stat)
		if v, has := m.Stat(key, stat); ok && has {
			s.Edges = append(s.Edges, estimate.Edge{At: at * unit.Seconds(), Count: v})
		}
	}
	slices.SortFunc(s.Edges, func(a, b estimate.Edge) int { return cmp.Compare(a.At, b.At) })
	return s, true
}

// bound is the x of TC(:x).
func bound(stat string) (float64, bool) {
	text, ok := strings.CutPrefix(stat, "TC(:")
	if !ok {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(text, ")"), 64)
	return x, err == nil
}

// Answers emits a metric's values as answers that lie on the right side of every
// threshold asked for. Where the metric doesn't tell the side, they carry none.
func (m *Minute) Answers(key string, unit time.Duration) {
	n, ok := m.Stat(key, SampleCount)
	if !ok || n <= 0 {
		return
	}
	edges := slices.Sorted(slices.Values(m.Edges))
	var taken float64
	for _, edge := range edges {
		within, ok := m.within(key, n, edge, unit)
		if !ok {
			m.Event(sli.Event{Signal: sli.Answer}, n-taken)
			return
		}
		within = min(max(within, taken), n)
		m.Event(sli.Event{Signal: sli.Answer, Latency: edge, HasLatency: true}, within-taken)
		taken = within
	}
	if len(edges) == 0 {
		m.Event(sli.Event{Signal: sli.Answer}, n)
		return
	}
	m.Event(sli.Event{Signal: sli.Answer, Latency: edges[len(edges)-1] + 1, HasLatency: true}, n-taken)
}

// within is how many of n values are at or below an edge: counted, or plain from the
// extremes.
func (m *Minute) within(key string, n float64, edge, unit time.Duration) (float64, bool) {
	if v, ok := m.Stat(key, Within(edge, unit)); ok {
		return v, true
	}
	if most, ok := m.Stat(key, Maximum); ok && most*unit.Seconds() <= edge.Seconds() {
		return n, true
	}
	if least, ok := m.Stat(key, Minimum); ok && least*unit.Seconds() > edge.Seconds() {
		return 0, true
	}
	return 0, false
}

// Missing says that there is no answer for this minute after all.
func (m *Minute) Missing() { m.missing = m.missing.Add(sli.Window{From: m.At, To: m.At + 1}) }

// Doubt warns, once per reading.
func (m *Minute) Doubt(text string) {
	if !slices.Contains(m.doubts, text) {
		m.doubts = append(m.doubts, text)
	}
}
