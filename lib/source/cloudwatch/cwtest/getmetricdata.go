package cwtest

import (
	"maps"
	"slices"
	"time"
)

// GetMetricDataInput is the request as it was sent; absent members are zero.
type GetMetricDataInput struct {
	MetricDataQueries []MetricDataQuery
	StartTime         *Time
	EndTime           *Time
	NextToken         string
	ScanBy            string
	MaxDatapoints     *int
	LabelOptions      *LabelOptions
}

// LabelOptions are accepted and not used.
type LabelOptions struct{ Timezone string }

// MetricDataQuery asks for one statistic of one metric.
type MetricDataQuery struct {
	ID         string `json:"Id"`
	MetricStat *MetricStat
	Expression string
	Label      string
	ReturnData *bool
	Period     int
	AccountID  string `json:"AccountId"`
}

// MetricStat is a metric, a statistic, and a period in seconds.
type MetricStat struct {
	Metric MetricID
	Period int
	Stat   string
	Unit   string
}

// MetricID is a metric as requests name it.
type MetricID struct {
	Namespace  string
	MetricName string
	Dimensions []Dimension
}

// Dimension is one dimension of a metric.
type Dimension struct{ Name, Value string }

func (id MetricID) metric() Metric {
	m := Metric{Namespace: id.Namespace, Name: id.MetricName, Dimensions: map[string]string{}}
	for _, d := range id.Dimensions {
		m.Dimensions[d.Name] = d.Value
	}
	return m
}

// Status codes of a result.
const (
	Complete      = "Complete"
	PartialData   = "PartialData"
	InternalError = "InternalError"
	Forbidden     = "Forbidden"
)

type point struct {
	at    time.Time
	value float64
}

type result struct {
	id, label, status string
	points            []point
}

func (s *Server) getMetricData(c *call) (any, *apiError) {
	in := &GetMetricDataInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	from, err := in.cursor(s.clock())
	if err != nil {
		return nil, err
	}
	s.billed += billedMetrics(in.MetricDataQueries)
	limit := min(s.pageLimit, in.maxDatapoints())
	results := s.results(in, from.asOf())
	if s.faults.partialCalls > 0 {
		s.faults.partialCalls--
		limit = min(limit, max(1, from.remaining(results)/2))
	}
	page, next := from.cut(results, limit)
	output := map[string]any{"MetricDataResults": resultTree(page), "Messages": messageTree(s.faults.messages)}
	s.faults.messages = nil
	if next != nil {
		output["NextToken"] = next.token()
	}
	return output, nil
}

// results are the whole answers to all queries, as they could be read at an instant.
func (s *Server) results(in *GetMetricDataInput, asOf time.Time) []result {
	var results []result
	for _, q := range in.MetricDataQueries {
		if q.ReturnData != nil && !*q.ReturnData {
			continue
		}
		results = append(results, s.result(in, q, asOf))
	}
	return results
}

func (s *Server) result(in *GetMetricDataInput, q MetricDataQuery, asOf time.Time) result {
	metric := q.MetricStat.Metric.metric()
	r := result{id: q.ID, label: q.Label, status: Complete}
	if r.label == "" {
		r.label = metric.Name
	}
	if s.faults.forbidden[metric.key()] {
		r.status = Forbidden
		return r
	}
	r.points = s.points(in, q.MetricStat, asOf)
	switch status := s.faults.takeResult(q.ID); status {
	case "", Complete:
	case PartialData:
		r.status, r.points = status, r.points[:len(r.points)/2]
	default:
		r.status, r.points = status, nil
	}
	return r
}

const day = 24 * time.Hour

// resolution is what remains of data of an age: 1 minute for 15 days, 5 minutes
// for 63, 1 hour for 455 (GetMetricData, API reference).
func resolution(age time.Duration) time.Duration {
	switch {
	case age < 15*day:
		return time.Minute
	case age < 63*day:
		return 5 * time.Minute
	}
	return time.Hour
}

// retention is the age beyond which nothing is kept.
const retention = 455 * day

func (s *Server) points(in *GetMetricDataInput, stat *MetricStat, asOf time.Time) []point {
	period := time.Duration(stat.Period) * time.Second
	step := resolution(asOf.Sub(in.StartTime.Time))
	start := in.StartTime.Truncate(step)
	metric := stat.Metric.metric()
	st, err := parseStatistic(stat.Stat)
	data := s.series[metric.key()].visible(asOf, stat.Unit)
	if err != nil || period%step != 0 || st.extended() && (s.noExtended[metric.key()] || anyNegative(data)) {
		return nil
	}
	buckets := map[int64]*bucket{}
	for _, d := range data {
		at := d.minute.Truncate(step)
		if at.Before(start) || !at.Before(in.EndTime.Time) || asOf.Sub(at) > retention {
			continue
		}
		i := int64(at.Sub(start) / period)
		if buckets[i] == nil {
			buckets[i] = newBucket()
		}
		buckets[i].add(d)
	}
	var points []point
	for _, i := range slices.Sorted(maps.Keys(buckets)) {
		if v, ok := st.value(buckets[i]); ok {
			points = append(points, point{at: start.Add(time.Duration(i) * period), value: v})
		}
	}
	if in.ScanBy != "TimestampAscending" {
		slices.Reverse(points)
	}
	return points
}

func anyNegative(data []datum) bool {
	return slices.ContainsFunc(data, func(d datum) bool {
		return d.set != nil && d.set.Minimum < 0 ||
			slices.ContainsFunc(d.samples, func(v sample) bool { return v.value < 0 })
	})
}

func resultTree(results []result) []any {
	tree := make([]any, len(results))
	for i, r := range results {
		times, values := make([]any, len(r.points)), make([]any, len(r.points))
		for j, p := range r.points {
			times[j], values[j] = p.at, p.value
		}
		member := map[string]any{
			"Id": r.id, "Label": r.label, "StatusCode": r.status, "Timestamps": times, "Values": values,
		}
		if r.status == Forbidden || r.status == InternalError {
			member["Messages"] = messageTree([]Message{{Code: r.status, Value: "the metric could not be read"}})
		}
		tree[i] = member
	}
	return tree
}

func messageTree(messages []Message) []any {
	tree := make([]any, len(messages))
	for i, m := range messages {
		tree[i] = map[string]any{"Code": m.Code, "Value": m.Value}
	}
	return tree
}
