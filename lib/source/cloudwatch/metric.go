package cloudwatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// The statistics that every metric has. TC(:x) counts what lies at or below x.
const (
	SampleCount = "SampleCount"
	Sum         = "Sum"
	Average     = "Average"
	Minimum     = "Minimum"
	Maximum     = "Maximum"
)

// Within is the statistic that counts the values at or below d, for a metric whose
// unit is that long.
func Within(d, unit time.Duration) string {
	return "TC(:" + strconv.FormatFloat(float64(d)/float64(unit), 'f', -1, 64) + ")"
}

// Dimension is one dimension of a metric. A metric is found only under exactly the
// dimensions it was published with.
type Dimension struct{ Name, Value string }

// Metric is one metric with the statistics wanted of it.
type Metric struct {
	Key             string // its name within the stage; empty: Name
	Namespace, Name string
	Dimensions      []Dimension
	Period          time.Duration // whole minutes; zero: the stage's
	Stats           []string
	Absent          Absence // what a minute without a point means
}

// key is the metric's name within its stage.
func (m Metric) key() string {
	if m.Key != "" {
		return m.Key
	}
	return m.Name
}

// String names the metric for people: AWS/Kinesis IncomingRecords StreamName=video.
func (m Metric) String() string {
	var b strings.Builder
	b.WriteString(m.Namespace + " " + m.Name)
	for _, d := range m.Dimensions {
		b.WriteString(" " + d.Name + "=" + d.Value)
	}
	return b.String()
}

// begin is the minute in which the period of a minute begins.
func (m Metric) begin(at sli.Minute) sli.Minute { return at - at%sli.Minute(m.Period/time.Minute) }

// share is a minute's part of what was counted in its period: about the same in each minute,
// and all of it together.
func (m Metric) share(count float64, at sli.Minute) float64 {
	minutes := float64(m.Period / time.Minute)
	if minutes <= 1 {
		return count
	}
	passed := float64(at - m.begin(at))
	return estimate.Weight(count*(passed+1)/minutes) - estimate.Weight(count*passed/minutes)
}

// identity tells metrics of all stages apart; the statistics don't belong to it.
func (m Metric) identity() string {
	dimensions := slices.Clone(m.Dimensions)
	slices.SortFunc(dimensions, func(a, b Dimension) int { return strings.Compare(a.Name, b.Name) })
	return fmt.Sprintf("%q %q %q %d", m.Namespace, m.Name, dimensions, m.Period)
}

// statisticsPerMetric is how many statistics of one metric in one call are billed as
// one metric.
const statisticsPerMetric = 5

// Billed is how many metrics a call for these is billed as.
func Billed(metrics []Metric) int {
	n := 0
	for _, m := range metrics {
		n += (len(m.Stats) + statisticsPerMetric - 1) / statisticsPerMetric
	}
	return n
}
