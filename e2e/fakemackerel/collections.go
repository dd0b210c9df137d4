package fakemackerel

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// A collection is a set of JSON objects with ids, such as monitors or dashboards, kept as they were posted.
type collection struct {
	member  string
	allowed func(map[string]any) error // what the documentation says of a post
	made    int
	objects []map[string]any
}

// decoded is a posted object that keeps the documented rules.
func (c *collection) decoded(body []byte) (map[string]any, error) {
	object := map[string]any{}
	if err := decode(body, &object); err != nil {
		return nil, err
	}
	return object, c.allowed(object)
}

func (c *collection) index(id string) int {
	return slices.IndexFunc(c.objects, func(o map[string]any) bool { return o["id"] == id })
}

func (c *collection) list(*http.Request, []byte) (any, error) {
	return map[string]any{c.member + "s": append([]map[string]any{}, c.objects...)}, nil
}

func (c *collection) create(_ *http.Request, body []byte) (any, error) {
	object, err := c.decoded(body)
	if err != nil {
		return nil, err
	}
	c.made++
	object["id"] = fmt.Sprintf("%s%05d", c.member, c.made)
	c.objects = append(c.objects, object)
	return object, nil
}

// at answers a request about the object that its path names.
func (c *collection) at(r *http.Request, do func(i int) (any, error)) (any, error) {
	i := c.index(r.PathValue("id"))
	if i < 0 {
		return nil, notFound(c.member + " " + r.PathValue("id"))
	}
	return do(i)
}

func (c *collection) find(r *http.Request, _ []byte) (any, error) {
	return c.at(r, func(i int) (any, error) {
		if c.member == "dashboard" {
			return c.objects[i], nil // the one that is not wrapped
		}
		return map[string]any{c.member: c.objects[i]}, nil
	})
}

func (c *collection) update(r *http.Request, body []byte) (any, error) {
	return c.at(r, func(i int) (any, error) {
		object, err := c.decoded(body)
		if err != nil {
			return nil, err
		}
		object["id"] = c.objects[i]["id"]
		c.objects[i] = object
		return object, nil
	})
}

func (c *collection) delete(r *http.Request, _ []byte) (any, error) {
	return c.at(r, func(i int) (any, error) {
		gone := c.objects[i]
		c.objects = slices.Delete(c.objects, i, i+1)
		return gone, nil
	})
}

// Monitors returns the monitors that were pushed, as JSON objects.
func (s *Server) Monitors() []json.RawMessage { return s.pushed(&s.monitors) }

// Dashboards returns the dashboards that were pushed, as JSON objects.
func (s *Server) Dashboards() []json.RawMessage { return s.pushed(&s.dashboards) }

func (s *Server) pushed(c *collection) []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []json.RawMessage
	for _, o := range c.objects {
		text, err := json.Marshal(o)
		if err != nil {
			panic(err) // it was decoded from JSON
		}
		list = append(list, text)
	}
	return list
}
