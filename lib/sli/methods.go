package sli

import (
	"encoding/json"
	"maps"
	"slices"
)

// MaxMethods bounds the names a cell keeps of HTTP methods; the rest is "other".
const MaxMethods = 64

// Methods counts requests by HTTP method. There are few, so that a list is looked
// through sooner than a map; as JSON it is an object.
type Methods []MethodCount

// MethodCount is the number of requests with one method.
type MethodCount struct {
	Name  string
	Count float64
}

// Map gives the counts by name; nil where there are none.
func (m Methods) Map() map[string]float64 {
	if m == nil {
		return nil
	}
	out := make(map[string]float64, len(m))
	for _, c := range m {
		out[c.Name] = c.Count
	}
	return out
}

// MarshalJSON writes an object.
func (m Methods) MarshalJSON() ([]byte, error) { return json.Marshal(m.Map()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Methods) UnmarshalJSON(data []byte) error {
	var counts map[string]float64
	if err := json.Unmarshal(data, &counts); err != nil {
		return err
	}
	*m = nil
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		*m = append(*m, MethodCount{name, counts[name]})
	}
	return nil
}

// count adds a request.
func (m *Methods) count(method []byte, weight float64) {
	for i := range *m {
		if c := &(*m)[i]; c.Name == string(method) {
			c.Count += weight
			return
		}
	}
	if len(method) > 0 {
		m.add(methodName(method), weight)
	}
}

// add adds under a name that is fit to be shown.
func (m *Methods) add(name string, weight float64) {
	at := m.index(name)
	if at < 0 && len(*m) >= MaxMethods-1 {
		name = "other"
		at = m.index(name)
	}
	if at < 0 {
		at, *m = len(*m), append(*m, MethodCount{Name: name})
	}
	(*m)[at].Count += weight
}

func (m Methods) index(name string) int {
	return slices.IndexFunc(m, func(c MethodCount) bool { return c.Name == name })
}

// methodName spells what can be an HTTP method and hides what can't: a hostile
// request line must not choose what explain prints.
func methodName(method []byte) string {
	if len(method) > 32 {
		return "other"
	}
	for i, b := range method {
		if (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && (!isDigit(b) || i == 0) && b != '-' && b != '_' {
			return "other"
		}
	}
	return string(method)
}
