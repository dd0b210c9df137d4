package sli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// Sieve are the conditions that let a line count: all of Where, and those of one of
// Events. Empty ones let all through.
type Sieve struct {
	Where  Match
	Events []Match
}

// Sifted is what became of the lines that a sieve was asked of.
type Sifted struct {
	Read    int64 `json:"read"`
	Matched int64 `json:"matched"`
	// Values are, while nothing matches, the first values that lines had of the fields that
	// conditions ask for; Instead says what lines have where they don't have such a field.
	Values  map[string][]string `json:"values,omitempty"`
	Instead map[string]string   `json:"instead,omitempty"`
}

// Plus is what became of the lines of both, s first.
func (s Sifted) Plus(t Sifted) Sifted {
	out := Sifted{Read: s.Read + t.Read, Matched: s.Matched + t.Matched}
	if out.Matched > 0 {
		return out
	}
	out.Values, out.Instead = map[string][]string{}, map[string]string{}
	for _, of := range []Sifted{s, t} {
		for field, values := range of.Values {
			for _, v := range values {
				out.see(field, v)
			}
		}
		for field, text := range of.Instead {
			if out.Instead[field] == "" {
				out.Instead[field] = text
			}
		}
	}
	return out
}

const (
	mostValues  = 3  // that are kept of a field
	longestShow = 40 // bytes of a value that are
)

func (s *Sifted) see(field, value string) {
	if known := s.Values[field]; len(known) < mostValues && !slices.Contains(known, value) {
		s.Values[field] = append(known, value)
	}
}

// EnoughLines is how many lines without one match it takes to say that they aren't those
// that conditions are for.
const EnoughLines = 100

// Lacking tells whether no line can have matched, since none has a field that it takes.
func (s Sieve) Lacking(f Sifted) bool {
	_, _, lacks := s.absent(f)
	return f.Matched == 0 && f.Read > 0 && lacks
}

// absent is the fields that no line had and that it takes, and which key asks for them.
func (s Sieve) absent(f Sifted) (key string, fields []string, lacks bool) {
	missing := func(m Match) (out []string) {
		for _, name := range m.Needs() {
			if len(f.Values[name]) == 0 {
				out = append(out, name)
			}
		}
		return out
	}
	if fields = missing(s.Where); len(fields) > 0 {
		return "where", fields, true
	}
	for _, m := range s.Events {
		of := missing(m)
		if len(of) == 0 {
			return "", nil, false // it could have matched
		}
		for _, name := range of {
			if !slices.Contains(fields, name) {
				fields = append(fields, name)
			}
		}
	}
	return "events", fields, len(fields) > 0
}

// Doubt says that nothing ever came through, and what is likely; "" where something did.
func (s Sieve) Doubt(f Sifted) string {
	if f.Matched > 0 || f.Read == 0 {
		return ""
	}
	if key, fields, lacks := s.absent(f); lacks {
		text := s.none(key, f) + ": their lines have no " + strings.Join(fields, ", no ")
		if instead := f.Instead[fields[0]]; instead != "" {
			text += "; " + instead
		}
		return text
	}
	conditions, key := s.Events, "events"
	if !s.Where.Empty() {
		conditions, key = append([]Match{s.Where}, s.Events...), "where"
		if len(s.Events) > 0 {
			key = "where and events"
		}
	}
	var found []string
	for _, m := range conditions {
		for _, text := range m.unlike(f.Values) {
			if !slices.Contains(found, text) {
				found = append(found, text)
			}
		}
	}
	if len(found) == 0 {
		return s.none(key, f)
	}
	return s.none(key, f) + ": " + strings.Join(found, "; ")
}

func (s Sieve) none(key string, f Sifted) string {
	verb := "matches"
	if key != "where" {
		verb = "match"
	}
	return fmt.Sprintf("%s %s 0 of %s lines", key, verb, digits.Count(float64(f.Read)))
}

// unlike says of each field which values lines have, and why those may not be what the
// conditions want although they look like it.
func (m Match) unlike(values map[string][]string) []string {
	var out []string
	for i := range m.fields {
		f := &m.fields[i]
		seen := values[f.name]
		if len(seen) == 0 || slices.ContainsFunc(seen, func(v string) bool { return f.holds([]byte(v), true) }) {
			continue
		}
		quoted := make([]string, len(seen))
		for i, v := range seen {
			quoted[i] = fmt.Sprintf("%q", v)
		}
		out = append(out, f.name+" is "+strings.Join(quoted, ", ")+" there"+f.likely(seen))
	}
	return out
}

// likely is what a condition may have meant.
func (f *fieldMatch) likely(seen []string) string {
	for i := range f.plain {
		want := string(f.plain[i].equal)
		for _, v := range seen {
			switch {
			case want == "":
			case strings.EqualFold(want, v):
				return fmt.Sprintf(", and case counts (got %q)", want)
			case strings.HasPrefix(v, want):
				return fmt.Sprintf(`; %q is the whole of it only, "^%s" what begins so`, want, want)
			}
		}
	}
	return ""
}

// Needs are the fields without which nothing matches: those of plain tests.
func (m Match) Needs() []string {
	var names []string
	for _, f := range m.fields {
		if len(f.plain) > 0 {
			names = append(names, f.name)
		}
	}
	return names
}

// Sifter notes what becomes of lines as they are read. It allocates nothing once it has
// seen some values of each field.
type Sifter struct {
	Sifted
	fields  []siftedField
	dropped int64 // since it was last asked
}

// siftedField is a field that conditions ask for, by its number among those that a line
// is asked for.
type siftedField struct {
	name   string
	number int
	looks  int
}

// mostLooks bounds how often a field that is there is looked at for further values.
const mostLooks = 1000

// Sift is a Sifter of conditions; first is the number of their first field.
func (s *Sifter) Sift(m Match, first int) {
	for i, name := range m.Fields() {
		s.fields = append(s.fields, siftedField{name: name, number: first + i})
	}
}

// Pass notes lines that came through.
func (s *Sifter) Pass(n int) {
	s.Read += int64(n)
	s.Matched += int64(n)
}

// Drop notes a line that didn't. field gives the value of the field of a number, withheld
// tells whether values may not be shown.
func (s *Sifter) Drop(field func(int) ([]byte, bool), withheld func() bool) {
	s.Skip(1)
	if s.Matched > 0 {
		return
	}
	for i := range s.fields {
		f := &s.fields[i]
		if f.looks >= mostLooks || len(s.Values[f.name]) == mostValues {
			continue
		}
		if v, ok := field(f.number); ok {
			f.looks++
			if withheld() {
				v = []byte("…")
			}
			s.note(f.name, v)
		}
	}
}

// Skip notes lines that didn't come through and that are like others.
func (s *Sifter) Skip(n int) {
	s.Read += int64(n)
	s.dropped += int64(n)
}

// Method notes the method of requests that are skipped, where it is all that is asked for.
func (s *Sifter) Method(v []byte) {
	if len(v) > 0 && s.Matched == 0 && len(s.fields) == 1 {
		s.note(s.fields[0].name, []byte(methodName(v)))
	}
}

// First tells whether nothing was dropped so far.
func (s *Sifter) First() bool { return s.Read == s.Matched }

// note keeps a value; of what has a query only what stands before it.
func (s *Sifter) note(field string, v []byte) {
	for i, c := range v {
		if c == '?' || i == longestShow {
			v = append(slices.Clone(v[:i]), "…"...)
			break
		}
	}
	for _, known := range s.Values[field] {
		if known == string(v) {
			return
		}
	}
	if s.Values == nil {
		s.Values = map[string][]string{}
	}
	s.see(field, string(v))
}

// Dropped is how many were dropped since it was last asked.
func (s *Sifter) Dropped() int64 {
	n := s.dropped
	s.dropped = 0
	return n
}

// Told is what became of all lines, nil where there was no condition.
func (s *Sifter) Told() *Sifted {
	if len(s.fields) == 0 {
		return nil
	}
	told := s.Sifted
	told.Values, told.Instead = maps.Clone(s.Values), maps.Clone(s.Instead)
	return &told
}

// Miss says what lines have instead of the fields that they don't have; instead is asked
// for each of these.
func (s *Sifter) Miss(field func(int) ([]byte, bool), instead func(name string) string) {
	for _, f := range s.fields {
		if _, ok := field(f.number); !ok {
			if s.Instead == nil {
				s.Instead = map[string]string{}
			}
			s.Instead[f.name] = instead(f.name)
		}
	}
}
