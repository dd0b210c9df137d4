package cwtest

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

const (
	maxQueries    = 500
	maxDatapoints = 100_800
	maxDimensions = 30
	maxPeriod     = int(retention / time.Second)
)

var (
	queryID        = regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,254}$`)
	subMinute      = []int{1, 5, 10, 20, 30}
	scanDirections = []string{"", "TimestampDescending", "TimestampAscending"}
)

func (in *GetMetricDataInput) maxDatapoints() int {
	if in.MaxDatapoints == nil {
		return maxDatapoints
	}
	return *in.MaxDatapoints
}

// validate refuses what the service refuses. The wording is ours.
func (in *GetMetricDataInput) validate() *apiError {
	switch {
	case in.StartTime == nil || in.EndTime == nil:
		return validationError("the parameters StartTime and EndTime are required")
	case !in.StartTime.Before(in.EndTime.Time):
		return validationError("the parameter StartTime must be less than the parameter EndTime")
	case !slices.Contains(scanDirections, in.ScanBy):
		return validationError(fmt.Sprintf("the value %q for parameter ScanBy is invalid", in.ScanBy))
	case in.maxDatapoints() < 1 || in.maxDatapoints() > maxDatapoints:
		return validationError(fmt.Sprintf("the value %d for parameter MaxDatapoints is not in 1..%d", in.maxDatapoints(), maxDatapoints))
	case len(in.MetricDataQueries) == 0:
		return validationError("the parameter MetricDataQueries is required")
	case len(in.MetricDataQueries) > maxQueries:
		return validationError(fmt.Sprintf("the collection MetricDataQueries must not have a size greater than %d", maxQueries))
	}
	seen, returned := map[string]bool{}, false
	for i, q := range in.MetricDataQueries {
		if seen[q.ID] {
			return validationError(fmt.Sprintf("the id %q is used by more than one query", q.ID))
		}
		seen[q.ID] = true
		returned = returned || q.ReturnData == nil || *q.ReturnData
		if problem := q.problem(); problem != "" {
			return validationError(fmt.Sprintf("MetricDataQueries.member.%d: %s", i+1, problem))
		}
	}
	if !returned {
		return validationError("no query returns data")
	}
	return nil
}

// problem is what is wrong with the query, or "".
func (q MetricDataQuery) problem() string {
	switch {
	case !queryID.MatchString(q.ID):
		return fmt.Sprintf("the id %q does not start with a lower-case letter or holds more than letters, digits and underscores", q.ID)
	case q.Expression != "" && q.MetricStat != nil:
		return "exactly one of Expression and MetricStat is allowed"
	case q.Expression != "":
		return "expressions are not evaluated here"
	case q.MetricStat == nil:
		return "one of Expression and MetricStat is required"
	}
	stat := q.MetricStat
	if stat.Period < 1 || stat.Period > maxPeriod || stat.Period%60 != 0 && !slices.Contains(subMinute, stat.Period) {
		return fmt.Sprintf("the period %d is neither 1, 5, 10, 20, 30 nor a multiple of 60 up to %d", stat.Period, maxPeriod)
	}
	if _, err := parseStatistic(stat.Stat); err != nil {
		return err.Error()
	}
	return stat.Metric.problem()
}

func (id MetricID) problem() string {
	switch {
	case id.Namespace == "" || id.MetricName == "":
		return "Namespace and MetricName are required"
	case len(id.Dimensions) > maxDimensions:
		return fmt.Sprintf("more than %d dimensions", maxDimensions)
	}
	seen := map[string]bool{}
	for _, d := range id.Dimensions {
		if d.Name == "" || d.Value == "" {
			return "a dimension without name or value"
		}
		if seen[d.Name] {
			return fmt.Sprintf("the dimension %q is given twice", d.Name)
		}
		seen[d.Name] = true
	}
	return ""
}
