package fakemackerel

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// HostID is the id that the first host to register gets. The last byte of its SHA-1 is 0 modulo 60, so the agent
// doesn't delay its posts.
const HostID = "fakeHost080"

// A host is as the client sent it, with what the server adds.
type host struct {
	id, status, customIdentifier string
	retired                      bool
	fields                       map[string]any
}

// view is the host as clients see it.
func (h *host) view() map[string]any {
	v := maps.Clone(h.fields)
	v["id"], v["status"], v["isRetired"], v["createdAt"] = h.id, h.status, h.retired, 0
	v["roles"] = map[string][]string{}
	delete(v, "roleFullnames")
	return v
}

// set takes over what a client says of a host.
func (h *host) set(body []byte) error {
	fields := map[string]any{}
	if err := decode(body, &fields); err != nil {
		return err
	}
	if name, ok := fields["name"].(string); !ok || name == "" {
		return refuse("host: name is missing")
	}
	h.fields = fields
	h.customIdentifier, _ = fields["customIdentifier"].(string)
	return nil
}

// AddHost registers another host under a custom identifier and returns its id.
func (s *Server) AddHost(customIdentifier string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.newHost()
	h.customIdentifier = customIdentifier
	h.fields = map[string]any{"name": customIdentifier, "customIdentifier": customIdentifier}
	return h.id
}

// newHost appends an empty host; the agent's HostID is kept for the first that registers by itself.
func (s *Server) newHost() *host {
	h := &host{id: fmt.Sprintf("otherHost%02d", len(s.hosts)), status: "working", fields: map[string]any{}}
	s.hosts = append(s.hosts, h)
	return h
}

func (s *Server) host(id string) *host {
	i := slices.IndexFunc(s.hosts, func(h *host) bool { return h.id == id })
	if i < 0 {
		return nil
	}
	return s.hosts[i]
}

func (s *Server) findHosts(r *http.Request, _ []byte) (any, error) {
	list := []map[string]any{}
	wanted := r.FormValue("customIdentifier")
	for _, h := range s.hosts {
		if !h.retired && (wanted == "" || wanted == h.customIdentifier) {
			list = append(list, h.view())
		}
	}
	return map[string]any{"hosts": list}, nil
}

func (s *Server) createHost(_ *http.Request, body []byte) (any, error) {
	created := &host{}
	if err := created.set(body); err != nil {
		return nil, err
	}
	h := s.newHost()
	h.fields, h.customIdentifier = created.fields, created.customIdentifier
	if s.host(HostID) == nil {
		h.id = HostID
	}
	return map[string]string{"id": h.id}, nil
}

// withHost answers a request about the host that its path names.
func (s *Server) withHost(r *http.Request, do func(*host) (any, error)) (any, error) {
	h := s.host(r.PathValue("host"))
	if h == nil {
		return nil, notFound("host " + r.PathValue("host"))
	}
	return do(h)
}

func (s *Server) findHost(r *http.Request, _ []byte) (any, error) {
	return s.withHost(r, func(h *host) (any, error) { return map[string]any{"host": h.view()}, nil })
}

func (s *Server) findByCustomIdentifier(r *http.Request, _ []byte) (any, error) {
	for _, h := range s.hosts {
		if !h.retired && h.customIdentifier == r.PathValue("c") {
			return map[string]any{"host": h.view()}, nil
		}
	}
	return nil, notFound("host")
}

func (s *Server) updateHost(r *http.Request, body []byte) (any, error) {
	return s.withHost(r, func(h *host) (any, error) { return map[string]string{"id": h.id}, h.set(body) })
}

func (s *Server) updateStatus(r *http.Request, body []byte) (any, error) {
	return s.withHost(r, func(h *host) (any, error) {
		var to struct {
			Status string `json:"status"`
		}
		if err := decode(body, &to); err != nil {
			return nil, err
		}
		if !slices.Contains([]string{"working", "standby", "maintenance", "poweroff"}, to.Status) {
			return nil, refuse("host status %q", to.Status)
		}
		h.status = to.Status
		return success, nil
	})
}

func (s *Server) retireHost(r *http.Request, _ []byte) (any, error) {
	return s.withHost(r, func(h *host) (any, error) {
		h.retired = true
		return success, nil
	})
}

func (s *Server) updateRoles(r *http.Request, body []byte) (any, error) {
	return s.withHost(r, func(*host) (any, error) {
		var to struct {
			RoleFullnames []string `json:"roleFullnames"`
		}
		if err := decode(body, &to); err != nil {
			return nil, err
		}
		for _, full := range to.RoleFullnames {
			service, role, _ := strings.Cut(full, ":")
			if !slices.Contains(s.services[service], strings.TrimSpace(role)) {
				return nil, refuse("no such role %q", full)
			}
		}
		return success, nil
	})
}
