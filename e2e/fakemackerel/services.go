package fakemackerel

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
)

var serviceName = regexp.MustCompile(`^[a-zA-Z0-9][-_a-zA-Z0-9]{1,62}$`)

// AddService creates a service with roles, so that values can be posted to it.
func (s *Server) AddService(name string, roles ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[name] = roles
}

type service struct {
	Name  string   `json:"name"`
	Memo  string   `json:"memo"`
	Roles []string `json:"roles"`
}

func (s *Server) listServices(*http.Request, []byte) (any, error) {
	list := []service{}
	for _, name := range slices.Sorted(maps.Keys(s.services)) {
		list = append(list, service{Name: name, Roles: s.services[name]})
	}
	return map[string]any{"services": list}, nil
}

func (s *Server) createService(_ *http.Request, body []byte) (any, error) {
	var created service
	if err := decode(body, &created); err != nil {
		return nil, err
	}
	if _, exists := s.services[created.Name]; exists || !serviceName.MatchString(created.Name) {
		return nil, refuse("service name %q: taken or not allowed", created.Name)
	}
	s.services[created.Name] = nil
	return created, nil
}

type role struct {
	Name string `json:"name"`
	Memo string `json:"memo"`
}

func (s *Server) listRoles(r *http.Request, _ []byte) (any, error) {
	list := []role{}
	for _, name := range s.services[r.PathValue("service")] {
		list = append(list, role{Name: name})
	}
	return map[string]any{"roles": list}, nil
}

func (s *Server) createRole(r *http.Request, body []byte) (any, error) {
	in := r.PathValue("service")
	roles, known := s.services[in]
	if !known {
		return nil, notFound("service " + in)
	}
	var created role
	if err := decode(body, &created); err != nil {
		return nil, err
	}
	s.services[in] = append(roles, created.Name)
	return created, nil
}
