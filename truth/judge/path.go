package judge

import (
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// coldStart is what the estimators are told to allow for a cold start, where the scenario
// has no longer ones. It is over the longest that the simulator makes, as bounds demand.
const coldStart = 2 * time.Second

// path is what CloudWatch and the front's log finally show of a world.
type path struct {
	world   *sim.World
	minutes []estimate.StageMinute
	writes  []float64 // of the store, minute by minute
	model   estimate.StageModel

	byThreshold map[time.Duration][]estimate.StageMinute
}

// newPath reads a world's minutes once all points have become visible.
func newPath(w *sim.World) (*path, error) {
	s := &w.Scenario
	p := &path{world: w, minutes: make([]estimate.StageMinute, (w.End-w.Start)/sim.Instant(time.Minute/time.Microsecond))}
	p.writes, p.byThreshold = make([]float64, len(p.minutes)), map[time.Duration][]estimate.StageMinute{}
	p.model = estimate.AssumedStageModel()
	p.model.Lanes = float64(s.Stream.Shards * s.Worker.Lanes)
	p.model.BatchSize = float64(s.Worker.BatchSize)
	p.model.Batching = s.Worker.Window.Seconds()
	p.model.Timeout = s.Worker.Timeout.Seconds()
	p.model.Poll = s.Worker.Poll.Seconds()
	p.model.ColdStart = max(coldStart, 2*s.Worker.ColdStart).Seconds()
	p.model.HasFront = true
	p.model.HasFilter = s.Worker.MappingDrops > 0
	p.model.PollsCounted = !s.Metrics.NoMapping
	p.model.AgeIncludesWork = s.Metrics.AgeIncludesDuration
	if err := p.read(); err != nil {
		return nil, err
	}
	p.front()
	return p, nil
}

// function, stream and mapping are the dimensions that the worlds publish under.
var (
	function = []sim.Dim{{Name: "FunctionName", Value: sim.FunctionName}}
	stream   = []sim.Dim{{Name: "StreamName", Value: sim.StreamName}}
	mapping  = []sim.Dim{{Name: "EventSourceMappingUUID", Value: sim.MappingUUID}}
	table    = []sim.Dim{{Name: "TableName", Value: sim.TableName}, {Name: "Operation", Value: sim.Operation}}
)

// each visits a statistic of all minutes; one without a point is not visited.
func (p *path) each(namespace, metric, stat string, dims []sim.Dim, visit func(*estimate.StageMinute, float64)) error {
	return p.points(namespace, metric, stat, dims, func(m int, v float64) { visit(&p.minutes[m], v) })
}

// points visits the same by the number of the minute.
func (p *path) points(namespace, metric, stat string, dims []sim.Dim, visit func(int, float64)) error {
	data, err := p.world.Series(sim.Query{Namespace: namespace, Metric: metric, Dims: dims, Stat: stat, From: p.world.Start, To: p.world.End}, sim.Never)
	for _, d := range data {
		visit(p.index(d.Stamp), d.Value)
	}
	return err
}

func (p *path) index(at sim.Instant) int {
	return int(at.Sub(p.world.Start) / time.Minute)
}

// count reads a sum into a field; a minute without a point counts 0.
func (p *path) count(namespace, metric string, dims []sim.Dim, field func(*estimate.StageMinute) *estimate.Quantity) error {
	for i := range p.minutes {
		*field(&p.minutes[i]) = estimate.Some(0)
	}
	return p.each(namespace, metric, "Sum", dims, func(m *estimate.StageMinute, v float64) { *field(m) = estimate.Some(v) })
}

// summary reads n, mean, maximum and minimum of a metric in milliseconds.
func (p *path) summary(metric string, field func(*estimate.StageMinute) *estimate.Summary) error {
	for _, s := range []struct {
		stat string
		set  func(*estimate.Summary, float64)
	}{
		{"SampleCount", func(s *estimate.Summary, v float64) { s.N = v }},
		{"Average", func(s *estimate.Summary, v float64) { s.Mean = v / 1000 }},
		{"Maximum", func(s *estimate.Summary, v float64) { s.Max = v / 1000 }},
		{"Minimum", func(s *estimate.Summary, v float64) { s.Min = estimate.Some(v / 1000) }},
	} {
		if err := p.each("AWS/Lambda", metric, s.stat, function, func(m *estimate.StageMinute, v float64) { s.set(field(m), v) }); err != nil {
			return err
		}
	}
	return nil
}

func age(m *estimate.StageMinute) *estimate.Summary  { return &m.Age }
func work(m *estimate.StageMinute) *estimate.Summary { return &m.Work }

func (p *path) read() error {
	for i := range p.minutes {
		p.minutes[i].Answered = true
	}
	type field = func(*estimate.StageMinute) *estimate.Quantity
	for _, c := range []struct {
		namespace, metric string
		dims              []sim.Dim
		field             field
	}{
		{"AWS/Kinesis", "IncomingRecords", stream, func(m *estimate.StageMinute) *estimate.Quantity { return &m.In }},
		{"AWS/Lambda", "Invocations", function, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Invocations }},
		{"AWS/Lambda", "Errors", function, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Errors }},
		{"AWS/Lambda", "Throttles", function, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Throttles }},
		{"AWS/Lambda", "InvokedEventCount", mapping, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Handed }},
		{"AWS/Lambda", "FailedInvokeEventCount", mapping, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Done }}, // taken off below
		{"AWS/Lambda", "FilteredOutEventCount", mapping, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Filtered }},
		{"AWS/Lambda", "DroppedEventCount", mapping, func(m *estimate.StageMinute) *estimate.Quantity { return &m.Dropped }},
		{"AWS/Lambda", "OnFailureDestinationDeliveredEventCount", mapping, func(m *estimate.StageMinute) *estimate.Quantity { return &m.DeadLettered }},
	} {
		if err := p.count(c.namespace, c.metric, c.dims, c.field); err != nil {
			return err
		}
	}
	// A mapping that doesn't poll writes nothing: its silence is information.
	if err := p.each("AWS/Lambda", "PolledEventCount", "Sum", mapping, func(m *estimate.StageMinute, v float64) { m.Polled = estimate.Some(v) }); err != nil {
		return err
	}
	for i := range p.minutes {
		m := &p.minutes[i]
		m.Done, m.Taken = estimate.Some(m.Handed.Value-m.Done.Value), m.Handed
	}
	if err := p.points("AWS/DynamoDB", "SuccessfulRequestLatency", "SampleCount", table, func(m int, v float64) { p.writes[m] = v }); err != nil {
		return err
	}
	if err := p.summary("IteratorAge", age); err != nil {
		return err
	}
	return p.summary("Duration", work)
}

// front gives each minute the front's latencies, by the end of the answer, to
// the millisecond as its log has them.
func (p *path) front() {
	bins := make([]map[time.Duration]float64, len(p.minutes))
	for i := range p.world.Records {
		r := &p.world.Records[i]
		m := p.index(r.Answered)
		if r.Read || r.Status == 0 || r.Status >= 500 || m >= len(bins) {
			continue
		}
		if bins[m] == nil {
			bins[m] = map[time.Duration]float64{}
		}
		bins[m][r.Answered.Sub(r.Accepted)]++
	}
	for m, b := range bins {
		for d, n := range b {
			p.minutes[m].Front = append(p.minutes[m].Front, estimate.Bin{Seconds: d.Seconds(), Count: n})
		}
		slices.SortFunc(p.minutes[m].Front, func(a, b estimate.Bin) int {
			if a.Seconds < b.Seconds {
				return -1
			}
			return 1
		})
	}
}

// Sight is how much of a pipeline can be seen beside ages and durations.
type Sight struct {
	Name   string
	counts int  // which counts say what came out
	plain  bool // CloudWatch gives no counts of ages below a value
}

const (
	byAges = iota
	byMapping
	byWrites
)

// Sights are those that are judged: S, and three times SF.
var Sights = []Sight{
	{Name: "ages only"},
	{Name: "mapping counts", counts: byMapping},
	{Name: "mapping counts, no TC", counts: byMapping, plain: true},
	{Name: "writes counted", counts: byWrites},
}

// edged are the minutes asked as the suite asks CloudWatch: counts of ages below T,
// or, under 20 s, below T/2 and T; of work below T/4.
func (p *path) edged(threshold time.Duration) ([]estimate.StageMinute, error) {
	if rows, done := p.byThreshold[threshold]; done {
		return rows, nil
	}
	t := threshold.Seconds()
	edges := []float64{t}
	if t < 20 {
		edges = []float64{t / 2, t}
	}
	q := &path{world: p.world, minutes: slices.Clone(p.minutes)}
	for _, e := range edges {
		if err := q.below("IteratorAge", e, age); err != nil {
			return nil, err
		}
	}
	if err := q.below("Duration", t/4, work); err != nil {
		return nil, err
	}
	p.byThreshold[threshold] = q.minutes
	return q.minutes, nil
}

// below reads how many samples of a metric are at most so many seconds.
func (p *path) below(metric string, seconds float64, field func(*estimate.StageMinute) *estimate.Summary) error {
	return p.each("AWS/Lambda", metric, fmt.Sprintf("TC(:%g)", seconds*1000), function, func(m *estimate.StageMinute, v float64) {
		s := field(m)
		s.Edges = append(s.Edges, estimate.Edge{At: seconds, Count: v})
	})
}

// view is what estimators are told under a sight.
func (p *path) view(threshold time.Duration, sight Sight) (view, error) {
	edged, err := p.edged(threshold)
	if err != nil {
		return view{}, err
	}
	v := view{path: p, rows: slices.Clone(edged), model: p.model}
	v.model.Threshold, v.model.Counted, v.model.CountedAtEnd = threshold.Seconds(), sight.counts != byAges, sight.counts == byWrites
	for i := range v.rows {
		row := &v.rows[i]
		if sight.counts != byMapping {
			for _, f := range []*estimate.Quantity{&row.Handed, &row.Taken, &row.Done, &row.Filtered, &row.Dropped, &row.DeadLettered, &row.Polled} {
				*f = estimate.Quantity{}
			}
		}
		if sight.counts == byWrites {
			row.Done, row.Handed = estimate.Some(p.writes[i]), estimate.Some(p.writes[i])
		}
		if sight.plain {
			row.Age.Edges = nil
		}
	}
	return v, nil
}

// view is a pipeline as far as it can be seen.
type view struct {
	*path
	rows  []estimate.StageMinute
	model estimate.StageModel
}

// pieceLength is how many minutes are estimated from the same history.
const pieceLength = 30

// each visits the minutes of a view with estimators that know no more of the past than
// the suite does: a run of minutes before, and what comes after as far as it is settled
// by then.
func (v view) each(back, after int, visit func(p *estimate.StagePath, at, m int)) {
	for from := 0; from < len(v.rows); from += pieceLength {
		first, to := max(0, from-back), min(len(v.rows), from+pieceLength)
		p := estimate.NewStagePath(v.model, v.rows[first:min(len(v.rows), to+after)])
		for m := from; m < to; m++ {
			visit(p, m-first, m)
		}
	}
}
