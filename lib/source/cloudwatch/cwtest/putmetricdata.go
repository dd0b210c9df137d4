package cwtest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// PutMetricDataInput is the request as it was sent. Entities are accepted, their metrics stored like all.
type PutMetricDataInput struct {
	Namespace        string
	MetricData       []MetricDatum
	EntityMetricData []EntityMetricData
}

// EntityMetricData are metrics with an entity, which is not kept.
type EntityMetricData struct{ MetricData []MetricDatum }

// MetricDatum holds exactly one of Value, Values (with Counts) and StatisticValues.
type MetricDatum struct {
	MetricName        string
	Dimensions        []Dimension
	Timestamp         *Time
	Value             *float64
	Values            []float64
	Counts            []float64
	StatisticValues   *StatisticSet
	Unit              string
	StorageResolution *int
}

// Limits of PutMetricData (API reference).
const (
	maxMetricsPerPut = 1000
	maxValues        = 150
	putPast          = 14 * day
	putFuture        = 2 * time.Hour
)

var largestValue = math.Ldexp(1, 360)

// putMetricData stores what is sent, readable at once.
func (s *Server) putMetricData(c *call) (any, *apiError) {
	in := &PutMetricDataInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	data := slices.Clone(in.MetricData)
	for _, e := range in.EntityMetricData {
		data = append(data, e.MetricData...)
	}
	switch {
	case in.Namespace == "":
		return nil, badRequest("MissingRequiredParameterException", "the parameter Namespace is required")
	case strings.HasPrefix(in.Namespace, "AWS/"):
		return nil, badRequest("InvalidParameterValueException", "the namespace begins with AWS/")
	case len(data) == 0:
		return nil, badRequest("MissingRequiredParameterException", "the parameter MetricData is required")
	case len(data) > maxMetricsPerPut:
		return nil, badRequest("InvalidParameterValueException", fmt.Sprintf("more than %d metrics", maxMetricsPerPut))
	}
	now := s.clock()
	for i, d := range data {
		if err := d.check(in.Namespace, now); err != nil {
			err.message = fmt.Sprintf("MetricData.member.%d: %s", i+1, err.message)
			return nil, err
		}
	}
	for _, d := range data {
		s.add(d.id(in.Namespace).metric(), d.time(now), d.datum(now))
	}
	return nil, nil
}

func (d MetricDatum) id(namespace string) MetricID {
	return MetricID{Namespace: namespace, MetricName: d.MetricName, Dimensions: d.Dimensions}
}

func (d MetricDatum) time(now time.Time) time.Time {
	if d.Timestamp == nil {
		return now
	}
	return d.Timestamp.Time
}

func (d MetricDatum) datum(now time.Time) datum {
	unit := d.Unit
	if unit == "" {
		unit = unitNone
	}
	if d.StatisticValues != nil {
		return datumOfSet(*d.StatisticValues, now, unit)
	}
	values, counts := d.Values, d.Counts
	if d.Value != nil {
		values = []float64{*d.Value}
	}
	if counts == nil {
		counts = slices.Repeat([]float64{1}, len(values))
	}
	return datum{visibleAt: now, unit: unit, samples: weigh(values, counts)}
}

func (d MetricDatum) check(namespace string, now time.Time) *apiError {
	given := 0
	for _, is := range []bool{d.Value != nil, len(d.Values) > 0, d.StatisticValues != nil} {
		if is {
			given++
		}
	}
	invalid := func(problem string) *apiError { return badRequest("InvalidParameterValueException", problem) }
	age := now.Sub(d.time(now))
	problem := d.id(namespace).problem()
	switch {
	case problem != "":
		return invalid(problem)
	case given == 0:
		return badRequest("MissingRequiredParameterException", "one of Value, Values and StatisticValues is required")
	case given > 1:
		return badRequest("InvalidParameterCombinationException", "only one of Value, Values and StatisticValues is allowed")
	case len(d.Values) > maxValues:
		return invalid(fmt.Sprintf("more than %d values", maxValues))
	case d.Counts != nil && len(d.Counts) != len(d.Values):
		return invalid(fmt.Sprintf("%d values with %d counts", len(d.Values), len(d.Counts)))
	case age > putPast || age < -putFuture:
		return invalid("the timestamp is more than two weeks old or more than two hours ahead")
	case slices.ContainsFunc(d.numbers(), func(v float64) bool { return math.Abs(v) > largestValue }):
		return invalid("a value beyond 2^360")
	}
	return nil
}

func (d MetricDatum) numbers() []float64 {
	numbers := slices.Clone(d.Values)
	if d.Value != nil {
		numbers = append(numbers, *d.Value)
	}
	if set := d.StatisticValues; set != nil {
		numbers = append(numbers, set.Sum, set.Minimum, set.Maximum)
	}
	return numbers
}
