package fakemackerel

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A Definition is one accepted graph definition.
type Definition struct {
	Name        string             `json:"name"`
	DisplayName string             `json:"displayName"`
	Unit        string             `json:"unit"`
	Metrics     []DefinitionMetric `json:"metrics"`
}

// A DefinitionMetric is one series of a graph; Name is its full name.
type DefinitionMetric struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	IsStacked   bool   `json:"isStacked"`
}

var (
	definitionName = regexp.MustCompile(`^custom(\.([-a-zA-Z0-9_]+|[*#]))+$`)
	lastPart       = regexp.MustCompile(`^([-a-zA-Z0-9_]+|[*#])$`)
	units          = []string{"", "float", "integer", "percentage", "seconds", "milliseconds", "bytes", "bytes/sec", "bits/sec", "iops"}
)

func (d Definition) check() error {
	switch {
	case !definitionName.MatchString(d.Name):
		return refuse("graph name %q: want custom.NAME in parts of [-a-zA-Z0-9_]+, * or #", d.Name)
	case !slices.Contains(units, d.Unit):
		return refuse("graph %s: unknown unit %q", d.Name, d.Unit)
	case len(d.Metrics) == 0:
		return refuse("graph %s: no metrics", d.Name)
	}
	seen := map[string]bool{}
	for _, m := range d.Metrics {
		last, inGraph := strings.CutPrefix(m.Name, d.Name+".")
		switch {
		case !inGraph || !lastPart.MatchString(last):
			return refuse("graph %s: metric name %q: want the graph's name and one part", d.Name, m.Name)
		case strings.Count(m.Name, "#") > 1:
			return refuse("metric %q: more than one #", m.Name)
		case strings.ContainsAny(last, "*#") && !strings.ContainsAny(d.Name, "*#"):
			return refuse("metric %q: a wildcard needs one in the graph's name", m.Name)
		case seen[m.Name]:
			return refuse("metric %q: twice in one graph", m.Name)
		}
		seen[m.Name] = true
	}
	return nil
}

// Definitions returns the accepted graph definitions by name, the newest of each.
func (s *Server) Definitions() map[string]Definition {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.definitions)
}

// Defined returns the names of all metrics in accepted definitions. Names with a wildcard are among them as they are.
func (s *Server) Defined() map[string]DefinitionMetric {
	defined := map[string]DefinitionMetric{}
	for _, d := range s.Definitions() {
		for _, m := range d.Metrics {
			defined[m.Name] = m
		}
	}
	return defined
}

func (s *Server) createDefinitions(_ *http.Request, body []byte) (any, error) {
	var definitions []Definition
	if err := decode(body, &definitions); err != nil {
		return nil, err
	}
	for _, d := range definitions {
		if err := d.check(); err != nil {
			return nil, err
		}
	}
	for _, d := range definitions {
		s.definitions[d.Name] = d
	}
	return success, nil
}

func (s *Server) deleteDefinition(_ *http.Request, body []byte) (any, error) {
	var which struct {
		Name string `json:"name"`
	}
	if err := decode(body, &which); err != nil {
		return nil, err
	}
	if _, known := s.definitions[which.Name]; !known {
		return nil, notFound("graph definition " + which.Name)
	}
	delete(s.definitions, which.Name)
	return success, nil
}
