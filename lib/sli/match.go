package sli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Match is a set of conditions over named fields, as `where`, `good` and `match`
// take them: fields together must all match; a field's list matches when one of its
// plain values does (or there are none) and none of its negated values does.
type Match struct {
	fields []fieldMatch
	source []string
	given  map[string][]string
}

type fieldMatch struct {
	name    string
	plain   []test
	negated []test
}

type test struct {
	equal   []byte
	pattern *regexp.Regexp
	number  func(float64) bool
	class   byte // first digit of a status class, 0 none
}

// ParseMatch compiles conditions. A value with a leading ^ or ~ is a regular
// expression (RE2), <n <=n >n >=n a number, 4xx a status class, a leading ! negates,
// a leading = is literal, else equal.
func ParseMatch[V ~[]string](conditions map[string]V) (Match, error) {
	m := Match{given: map[string][]string{}}
	for _, name := range slices.Sorted(maps.Keys(conditions)) {
		f := fieldMatch{name: name}
		for _, v := range conditions[name] {
			t, err := ParseTerm(v)
			switch {
			case err != nil:
				return Match{}, fmt.Errorf("%s: %w", name, err)
			case t.Negated:
				f.negated = append(f.negated, t.compile())
			default:
				f.plain = append(f.plain, t.compile())
			}
		}
		m.fields, m.given[name] = append(m.fields, f), conditions[name]
		m.source = append(m.source, name+": ["+strings.Join(conditions[name], ", ")+"]")
	}
	return m, nil
}

// operators are the tests of numbers by their signs.
var operators = map[string]func(got, limit float64) bool{
	"<=": func(got, limit float64) bool { return got <= limit },
	">=": func(got, limit float64) bool { return got >= limit },
	"<":  func(got, limit float64) bool { return got < limit },
	">":  func(got, limit float64) bool { return got > limit },
}

// compile makes a term ready to be tested, but for its negation.
func (t Term) compile() test {
	switch t.Kind {
	case IsPattern:
		return test{pattern: regexp.MustCompile(t.Text)} // ParseTerm has compiled it
	case IsClass:
		return test{class: '0' + t.Class}
	case IsNumber:
		holds := operators[t.Sign]
		return test{number: func(got float64) bool { return holds(got, t.Limit) }}
	}
	return test{equal: []byte(t.Text)}
}

func (t *test) holds(v []byte) bool {
	switch {
	case t.pattern != nil:
		return t.pattern.Match(v)
	case t.number != nil:
		got, err := strconv.ParseFloat(string(bytes.TrimSpace(v)), 64)
		return err == nil && t.number(got)
	case t.class != 0 && len(v) == 3 && isDigit(v[1]) && isDigit(v[2]):
		return v[0] == t.class
	case t.class != 0: // a status in another spelling: 500.0
		got, err := strconv.ParseFloat(string(bytes.TrimSpace(v)), 64)
		return err == nil && got == math.Trunc(got) && math.Floor(got/100) == float64(t.class-'0')
	}
	return bytes.Equal(t.equal, v)
}

// isStatus tells whether a status, in any spelling of a number, is one of HTTP's.
func isStatus(v []byte) bool {
	if len(v) == 3 && isDigit(v[1]) && isDigit(v[2]) {
		return '1' <= v[0] && v[0] <= '5'
	}
	got, err := strconv.ParseFloat(string(bytes.TrimSpace(v)), 64)
	return err == nil && got == math.Trunc(got) && 100 <= got && got <= 599
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Empty tells whether there are no conditions.
func (m Match) Empty() bool { return len(m.fields) == 0 }

// Fields are the names the conditions ask for, sorted.
func (m Match) Fields() []string {
	names := make([]string, len(m.fields))
	for i, f := range m.fields {
		names[i] = f.name
	}
	return names
}

// Refuses tells whether a condition asks for the field, and its value doesn't meet it.
func (m Match) Refuses(name, value string) bool {
	return slices.ContainsFunc(m.fields, func(f fieldMatch) bool { return f.name == name && !f.holds([]byte(value), true) })
}

// Holds tells whether all conditions are met, as `where` asks: plain and numeric
// tests fail on a missing field, negated ones pass. field gives the value of
// Fields()[i].
func (m Match) Holds(field func(i int) ([]byte, bool)) bool {
	for i := range m.fields {
		if v, ok := field(i); !m.fields[i].holds(v, ok) {
			return false
		}
	}
	return true
}

func (f *fieldMatch) holds(v []byte, present bool) bool {
	if !present {
		return len(f.plain) == 0
	}
	for i := range f.negated {
		if f.negated[i].holds(v) {
			return false
		}
	}
	for i := range f.plain {
		if f.plain[i].holds(v) {
			return true
		}
	}
	return len(f.plain) == 0
}

// Judge is Holds as `good` asks it: Uncertain when a field that a test needs is missing,
// or is a status that HTTP doesn't have, and nothing else has failed already.
func (m Match) Judge(field func(i int) ([]byte, bool)) Verdict {
	verdict := Good
	for i := range m.fields {
		v, ok := field(i)
		switch {
		case !ok, m.fields[i].name == FieldStatus && !isStatus(v):
			verdict = Uncertain
		case !m.fields[i].holds(v, ok):
			return Bad
		}
	}
	return verdict
}

// String is the conditions in a stable order, as part of a rule's fingerprint.
func (m Match) String() string { return strings.Join(m.source, ", ") }

// MarshalJSON spells the conditions as they were given.
func (m Match) MarshalJSON() ([]byte, error) { return json.Marshal(m.given) }

// UnmarshalJSON reads conditions as MarshalJSON spells them.
func (m *Match) UnmarshalJSON(data []byte) error {
	var given map[string][]string
	err := json.Unmarshal(data, &given)
	if *m = (Match{}); err == nil && given != nil {
		*m, err = ParseMatch(given)
	}
	return err
}
