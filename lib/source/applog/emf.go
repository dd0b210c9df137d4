package applog

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Why a line in the embedded metric format can't be counted.
const (
	errEMF      logscan.Malformed = "embedded metric format: _aws is not as specified"
	errEMFValue logscan.Malformed = "embedded metric format: a metric is not a number within ±2^53, nor a list of at most 100"
)

// Limits of the format, per line.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const (
	maxEMFMetrics = 100
	maxEMFValues  = 100
	maxEMFName    = 1024
)

// metrics are those that one line publishes.
type metrics struct{ list []metric }

// metric is one of them. Values and counts go together.
type metric struct {
	namespace, name, unit string
	values, counts        []float64
	count, total          float64 // of a statistic set: its values aren't known
	min, max              float64
}

// directive is an entry of _aws.CloudWatchMetrics.
type directive struct {
	Namespace string
	Metrics   []struct{ Name, Unit string }
}

// parseMetrics reads a line in the CloudWatch embedded metric format. A metric that
// is declared and isn't there has no values; one that is declared for several sets of
// dimensions counts once.
func parseMetrics(text []byte) (*metrics, error) {
	var members map[string]json.RawMessage
	var aws struct{ CloudWatchMetrics []directive }
	if json.Unmarshal(text, &members) != nil || json.Unmarshal(members["_aws"], &aws) != nil {
		return nil, errEMF
	}
	m := new(metrics)
	for _, d := range aws.CloudWatchMetrics {
		if d.Namespace == "" || len(d.Metrics) > maxEMFMetrics {
			return nil, errEMF
		}
		for _, declared := range d.Metrics {
			member, ok := members[declared.Name]
			if !ok || string(member) == "null" || m.has(d.Namespace, declared.Name) {
				continue
			}
			if len(m.list) >= maxEMFMetrics || len(declared.Name)+len(d.Namespace)+len(declared.Unit) > maxEMFName {
				return nil, errEMF
			}
			v := metric{namespace: d.Namespace, name: declared.Name, unit: declared.Unit}
			if v.unit == "" {
				v.unit = "None"
			}
			if !v.read(member) {
				return nil, errEMFValue
			}
			m.list = append(m.list, v)
		}
	}
	return m, nil
}

func (m *metrics) has(namespace, name string) bool {
	return slices.ContainsFunc(m.list, func(v metric) bool { return v.namespace == namespace && v.name == name })
}

// read takes the values: a number, a list of them, {Values, Counts}, or the
// statistics {Count, Sum, Min, Max} alone. None of them may lie beyond ±2⁵³.
func (v *metric) read(member json.RawMessage) bool {
	if !v.parse(member) {
		return false
	}
	for _, n := range slices.Concat(v.values, v.counts, []float64{v.count, v.total, v.min, v.max}) {
		if !estimate.Countable(n) {
			return false
		}
	}
	return true
}

func (v *metric) parse(member json.RawMessage) bool {
	var one float64
	if json.Unmarshal(member, &one) == nil {
		v.values = []float64{one}
		return true
	}
	if json.Unmarshal(member, &v.values) == nil {
		return len(v.values) <= maxEMFValues
	}
	v.values = nil
	var set struct {
		Values, Counts       []float64
		Count, Sum, Min, Max *float64
	}
	if json.Unmarshal(member, &set) != nil || len(set.Values) > maxEMFValues {
		return false
	}
	if set.Values != nil {
		v.values, v.counts = set.Values, set.Counts
		ok := len(v.counts) == 0 || len(v.counts) == len(v.values)
		for _, n := range v.counts {
			ok = ok && n >= 0
		}
		return ok
	}
	if set.Count == nil || set.Sum == nil || set.Min == nil || set.Max == nil || *set.Count < 0 {
		return false
	}
	v.count, v.total, v.min, v.max = *set.Count, *set.Sum, *set.Min, *set.Max
	return true
}

// weight is how often the i-th value stands for one.
func (v *metric) weight(i int) float64 {
	if len(v.counts) == 0 {
		return 1
	}
	return v.counts[i]
}

// series sums the metric's values of this line.
func (v *metric) series() sli.EMFSeries {
	s := sli.EMFSeries{Namespace: v.namespace, Name: v.name, Unit: v.unit, Count: v.count, Sum: v.total, Min: v.min, Max: v.max}
	for i, x := range v.values {
		n := v.weight(i)
		if n == 0 {
			continue
		}
		if s.Count == 0 {
			s.Min, s.Max = x, x
		}
		s.Count += n
		s.Sum += x * n
		s.Min, s.Max = min(s.Min, x), max(s.Max, x)
	}
	return s
}

func (m *metrics) series() []sli.EMFSeries {
	var out []sli.EMFSeries
	for i := range m.list {
		if s := m.list[i].series(); s.Count > 0 {
			out = append(out, s)
		}
	}
	return out
}

// named is the metric of that name, nil where the line has none.
func (m *metrics) named(name string) *metric {
	if m == nil {
		return nil
	}
	for i := range m.list {
		if m.list[i].name == name {
			return &m.list[i]
		}
	}
	return nil
}

// sum is the sum of a metric's values; false where the line has none.
func (m *metrics) sum(name string) (float64, bool) {
	v := m.named(name)
	if v == nil {
		return 0, false
	}
	s := v.series()
	return s.Sum, s.Count > 0
}

// most is the number of values of the metric that has the most.
func (m *metrics) most() float64 {
	most := 0.0
	for i := range m.list {
		most = max(most, m.list[i].series().Count)
	}
	return most
}

// delays makes one event of every value of the metric, in its unit, or in otherwise
// where that is none of time. The weights share that of e.
func (v *metric) delays(otherwise string, e sli.Event) ([]sli.Event, error) {
	count := v.series().Count
	if len(v.values) == 0 {
		return []sli.Event{e}, nil // a statistic set: how many, but not how long each
	}
	second := nanosPer(v.unit, otherwise)
	var out []sli.Event
	for i, x := range v.values {
		n := v.weight(i)
		if n == 0 {
			continue
		}
		nanos := math.Round(x * second)
		if !(nanos >= 0) {
			return nil, errDelay
		}
		one := e
		one.Weight = e.Weight * n / count
		one.HasDelay = true
		if one.Delay = math.MaxInt64; nanos < math.MaxInt64 {
			one.Delay = time.Duration(nanos)
		}
		out = append(out, one)
	}
	return out, nil
}

// nanosPer is how many nanoseconds a unit of CloudWatch has.
func nanosPer(unit, otherwise string) float64 {
	switch unit {
	case "Seconds":
		return 1e9
	case "Milliseconds":
		return 1e6
	case "Microseconds":
		return 1e3
	}
	switch otherwise {
	case "ms":
		return 1e6
	case "us":
		return 1e3
	case "ns":
		return 1
	}
	return 1e9
}
