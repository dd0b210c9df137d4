package fakemackerel

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Point is one accepted value of a metric.
type Point struct {
	Time  int64 // epoch seconds, as posted
	Value float64
	// Posted is when it arrived.
	Posted time.Time
}

// A metric is named within its host or service.
type metric struct{ owner, name string }

// maxAge is how old a value may be; older ones are answered 200 and not recorded.
const maxAge = 24 * time.Hour

var metricName = regexp.MustCompile(`^[-a-zA-Z0-9_]+(\.[-a-zA-Z0-9_]+)*$`)

type postedValue struct {
	HostID *string  `json:"hostId"`
	Name   string   `json:"name"`
	Time   *int64   `json:"time"`
	Value  *float64 `json:"value"`
}

func (v postedValue) check() error {
	switch {
	case !metricName.MatchString(v.Name):
		return refuse("metric name %q: want [-a-zA-Z0-9_.]+ without empty parts", v.Name)
	case v.Time == nil || *v.Time <= 0:
		return refuse("metric %s: time: want epoch seconds", v.Name)
	case v.Value == nil:
		return refuse("metric %s: value: want a number", v.Name)
	}
	return nil
}

// Values returns the values the agent's host was given for a metric, in the order they arrived. A plugin's metrics
// begin with "custom.".
func (s *Server) Values(name string) []Point { return s.HostValues(HostID, name) }

// HostValues is Values of any host.
func (s *Server) HostValues(hostID, name string) []Point {
	return s.points(s.hostValues, metric{hostID, name})
}

// ServiceValues returns the values of a service metric, in the order they arrived.
func (s *Server) ServiceValues(service, name string) []Point {
	return s.points(s.serviceValues, metric{service, name})
}

func (s *Server) points(of map[metric][]Point, m metric) []Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(of[m])
}

// Names returns the agent's host's metric names that begin with prefix, sorted.
func (s *Server) Names(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(names(s.hostValues, HostID), func(n string) bool { return !strings.HasPrefix(n, prefix) })
}

func names(of map[metric][]Point, owner string) []string {
	list := []string{}
	for m := range of {
		if m.owner == owner {
			list = append(list, m.name)
		}
	}
	slices.Sort(list)
	return list
}

func (s *Server) postHostValues(_ *http.Request, body []byte) (any, error) {
	var values []postedValue
	if err := decode(body, &values); err != nil {
		return nil, err
	}
	// One bad value refuses them all: the worst the documentation allows.
	for _, v := range values {
		if v.HostID == nil || s.host(*v.HostID) == nil {
			return nil, refuse("metric %s: no such host", v.Name)
		}
		if err := v.check(); err != nil {
			return nil, err
		}
	}
	for _, v := range values {
		s.add(s.hostValues, *v.HostID, v)
	}
	return success, nil
}

func (s *Server) postServiceValues(r *http.Request, body []byte) (any, error) {
	service := r.PathValue("service")
	if _, known := s.services[service]; !known {
		return nil, notFound("service " + service)
	}
	var values []postedValue
	if err := decode(body, &values); err != nil {
		return nil, err
	}
	for _, v := range values {
		if err := v.check(); err != nil {
			return nil, err
		}
	}
	for _, v := range values {
		s.add(s.serviceValues, service, v)
	}
	return success, nil
}

func (s *Server) add(to map[metric][]Point, owner string, v postedValue) {
	now := s.now()
	if now.Sub(time.Unix(*v.Time, 0)) > maxAge {
		return
	}
	m := metric{owner, v.Name}
	to[m] = append(to[m], Point{Time: *v.Time, Value: *v.Value, Posted: now})
}

func (s *Server) hostMetricNames(r *http.Request, _ []byte) (any, error) {
	if s.host(r.PathValue("host")) == nil {
		return nil, notFound("host")
	}
	return map[string][]string{"names": names(s.hostValues, r.PathValue("host"))}, nil
}

func (s *Server) serviceMetricNames(r *http.Request, _ []byte) (any, error) {
	return map[string][]string{"names": names(s.serviceValues, r.PathValue("service"))}, nil
}

func (s *Server) hostMetrics(r *http.Request, _ []byte) (any, error) {
	points, known := s.hostValues[metric{r.PathValue("host"), r.FormValue("name")}]
	if !known {
		return nil, notFound("metric " + r.FormValue("name"))
	}
	var from, to int64
	if _, err := fmt.Sscan(r.FormValue("from")+" "+r.FormValue("to"), &from, &to); err != nil {
		return nil, refuse("from, to: %v", err)
	}
	byTime := map[int64]float64{} // a later post of the same time overwrites
	for _, p := range points {
		if from <= p.Time && p.Time <= to {
			byTime[p.Time] = p.Value
		}
	}
	type value struct {
		Time  int64   `json:"time"`
		Value float64 `json:"value"`
	}
	values := []value{}
	for t, v := range byTime {
		values = append(values, value{t, v})
	}
	slices.SortFunc(values, func(a, b value) int { return int(a.Time - b.Time) })
	return map[string]any{"metrics": values}, nil
}
