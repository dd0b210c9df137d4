package logscan

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lack is what a line has in the place of a value that it should have.
type Lack struct {
	Format Format
	Label  string // under which it stands in the line; "" where it doesn't, or has no label
	Value  string // what stands there
	There  bool   // it stands there
	Near   string // where it doesn't: the label of what may be meant
	Labels []string
}

// labelled is a value of a line with its label.
type labelled struct{ label, value string }

// Lack tells what the line that was read last has in the place of a field, one of Need
// or canonical. It is for lines of which it is to be said why they can't be judged.
func (s *Scanner) Lack(field string, line []byte) Lack {
	l := Lack{Format: s.used}
	if s.Withheld() {
		return l
	}
	pairs := s.pairs(line)
	for _, p := range pairs {
		if p.label != "" {
			l.Labels = append(l.Labels, p.label)
		}
	}
	slot := slices.Index(slotNames[:], field)
	if s.cfg.Application {
		slot = none
	}
	for _, name := range s.namesOf(field, slot) {
		for _, p := range pairs {
			if p.label == name && (s.used != ALB || slot != slotLatency || p.value == "-1" || p.value == "-") {
				l.Label, l.Value, l.There = name, p.value, true
				return l
			}
		}
	}
	const quotes = 6 // of the request, the referer and the user agent
	if slot == slotLatency && s.used == Combined && len(s.cfg.Columns) == 0 && bytes.Count(line, []byte{'"'}) >= quotes {
		token, _, _, _ := nextToken(line[bytes.LastIndexByte(line, '"')+1:])
		if l.Value, l.There = string(token), len(token) > 0; l.There {
			return l
		}
	}
	l.Near = s.near(slot, pairs)
	return l
}

// Withheld tells whether nothing that stands in the lines may be shown.
func (s *Scanner) Withheld() bool { return s.cfg.Withheld != nil && s.cfg.Withheld() }

// namesOf are the labels under which a field may stand, the better ones in front.
func (s *Scanner) namesOf(field string, slot int) []string {
	if path, ok := s.cfg.Fields[field]; ok {
		return []string{path}
	}
	if slot < 0 {
		return []string{field}
	}
	var names []string
	if slot == slotLatency && s.latency != "" {
		names = append(names, s.latency)
	}
	if slot == slotLatency && s.used == ALB {
		for phase := range 3 {
			names = append(names, albFields[albPhases+phase][0])
		}
	}
	for _, l := range labelsOf(s.used) {
		if l.slot == slot && l.name != "" {
			names = append(names, l.name)
		}
	}
	return append(names, field)
}

// near is the label of a value that looks like what the slot should have.
func (s *Scanner) near(slot int, pairs []labelled) string {
	words, like := []string{"code", "status"}, func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && 100 <= n && n <= 599
	}
	switch slot {
	case slotStatus:
	case slotLatency:
		words = []string{"time", "took", "taken", "dur", "elapsed", "latency", "_ms", "_us", "_sec", "rt"}
		like = func(v string) bool {
			d, _, ok := parseLatency([]byte(v), unitSecond)
			return ok && d < 1e9*time.Second && !math.Signbit(d.Seconds()) // later is an instant
		}
	default:
		return ""
	}
	for _, p := range pairs {
		label := strings.ToLower(p.label)
		if like(p.value) && !s.isTime(p.label) && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(label, w) }) {
			return p.label
		}
	}
	return ""
}

// isTime tells whether a label is one of the instant's.
func (s *Scanner) isTime(name string) bool {
	return s.cfg.Fields["time"] == name || slices.ContainsFunc(wellKnown, func(l label) bool { return l.slot == slotTime && l.name == name })
}

// pairs are the values of a line with their labels, as far as it has labels or its format
// gives it names.
func (s *Scanner) pairs(line []byte) []labelled {
	const most = 64
	var out []labelled
	add := func(label, value string) {
		if len(out) < most && len(label) <= 64 {
			out = append(out, labelled{label, value})
		}
	}
	switch s.used {
	case LTSV:
		for field := range bytes.SplitSeq(line, []byte{'\t'}) {
			if label, value, ok := strings.Cut(string(field), ":"); ok {
				add(label, value)
			}
		}
	case ALB:
		for i, rest := 0, line; i < len(albFields) && len(rest) > 0; i++ {
			var token []byte
			token, _, rest, _ = nextToken(rest)
			add(albFields[i][0], string(token))
		}
	case Regex:
		for i, value := range s.cfg.Pattern.FindSubmatch(line) {
			if name := s.cfg.Pattern.SubexpNames()[i]; name != "" {
				add(name, string(value))
			}
		}
	case Combined:
		for _, names := range combinedNames {
			add(names[0], "")
		}
		for _, name := range s.cfg.Columns {
			add(name, "")
		}
	default:
		var object map[string]any
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if decoder.Decode(&object) == nil {
			flatten("", object, add)
		}
	}
	return out
}

// flatten visits the values of an object under dotted paths, in the order of their names.
func flatten(prefix string, object map[string]any, add func(path, value string)) {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch v := object[name].(type) {
		case nil:
		case map[string]any:
			if strings.Count(prefix, ".") < 4 {
				flatten(prefix+name+".", v, add)
			}
		case string:
			add(prefix+name, v)
		case []any:
			add(prefix+name, "[…]")
		default: // a number or a truth value
			text, _ := json.Marshal(v)
			add(prefix+name, string(text))
		}
	}
}
