package cwtest

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// ListMetricsInput is the request as it was sent. A dimension without value matches any.
type ListMetricsInput struct {
	Namespace      string
	MetricName     string
	Dimensions     []Dimension
	NextToken      string
	RecentlyActive string
}

const (
	listPage   = 500
	listReach  = 14 * day
	recentSpan = 3 * time.Hour
)

// listMetrics names the metrics with a visible point in the last two weeks
// (three hours when RecentlyActive), in the order of their names.
func (s *Server) listMetrics(c *call) (any, *apiError) {
	in := &ListMetricsInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	if in.RecentlyActive != "" && in.RecentlyActive != "PT3H" {
		return nil, validationError("the only value for RecentlyActive is PT3H")
	}
	var found []any
	for _, key := range slices.Sorted(maps.Keys(s.series)) {
		if r := s.series[key]; in.matches(r.metric) && r.activeSince(in.since(s.clock()), s.clock()) {
			found = append(found, metricTree(r.metric))
		}
	}
	from := 0
	if in.NextToken != "" {
		n, err := strconv.Atoi(in.NextToken)
		if err != nil || n < 0 || n > len(found) {
			return nil, badRequest("InvalidParameterValueException", "the token is invalid")
		}
		from = n
	}
	to := min(from+listPage, len(found))
	output := map[string]any{"Metrics": append([]any{}, found[from:to]...)}
	if to < len(found) {
		output["NextToken"] = strconv.Itoa(to)
	}
	return output, nil
}

func (in *ListMetricsInput) since(now time.Time) time.Time {
	if in.RecentlyActive != "" {
		return now.Add(-recentSpan)
	}
	return now.Add(-listReach)
}

func (in *ListMetricsInput) matches(m Metric) bool {
	if in.Namespace != "" && in.Namespace != m.Namespace || in.MetricName != "" && in.MetricName != m.Name {
		return false
	}
	return !slices.ContainsFunc(in.Dimensions, func(d Dimension) bool {
		value, ok := m.Dimensions[d.Name]
		return !ok || d.Value != "" && d.Value != value
	})
}

func (r *series) activeSince(since, now time.Time) bool {
	return slices.ContainsFunc(r.visible(now, ""), func(d datum) bool { return !d.minute.Before(since) })
}

func metricTree(m Metric) map[string]any {
	dimensions := []any{}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		dimensions = append(dimensions, map[string]any{"Name": name, "Value": m.Dimensions[name]})
	}
	return map[string]any{"Namespace": m.Namespace, "MetricName": m.Name, "Dimensions": dimensions}
}
