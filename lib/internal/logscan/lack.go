package logscan

import (
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
	of := lacking{&s.interpreter, &formats[s.used]}
	pairs := of.pairs(line)
	for _, p := range pairs {
		if p.label != "" {
			l.Labels = append(l.Labels, p.label)
		}
	}
	slot := slices.Index(slotNames[:], field)
	if s.cfg.Application {
		slot = none
	}
	if found := of.format.latency; found != nil && slot == slotLatency {
		if l.Label, l.Value, l.There = found(&s.cfg, line); l.There {
			return l
		}
	}
	for _, name := range of.namesOf(field, slot) {
		for _, p := range pairs {
			if p.label == name {
				l.Label, l.Value, l.There = name, p.value, true
				return l
			}
		}
	}
	l.Near = of.near(slot, pairs)
	return l
}

// Withheld tells whether nothing that stands in the lines may be shown.
func (s *Scanner) Withheld() bool { return s.cfg.Withheld != nil && s.cfg.Withheld() }

// lacking looks at a line of a format for what it has instead.
type lacking struct {
	*interpreter
	format *format
}

// namesOf are the labels under which a field may stand, the better ones in front.
func (l lacking) namesOf(field string, slot int) []string {
	if path, ok := l.cfg.Fields[field]; ok {
		return []string{path}
	}
	if slot < 0 {
		return []string{field}
	}
	var names []string
	if slot == slotLatency && l.latency != "" {
		names = append(names, l.latency)
	}
	for _, known := range l.format.known() {
		if known.slot == slot && known.name != "" {
			names = append(names, known.name)
		}
	}
	return append(names, field)
}

// near is the label of a value that looks like what the slot should have.
func (l lacking) near(slot int, pairs []labelled) string {
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
		if like(p.value) && !l.isTime(p.label) && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(label, w) }) {
			return p.label
		}
	}
	return ""
}

// isTime tells whether a label is one of the instant's.
func (l lacking) isTime(name string) bool {
	return l.cfg.Fields["time"] == name || slices.ContainsFunc(wellKnown, func(known label) bool { return known.slot == slotTime && known.name == name })
}

// pairs are the values of a line with their labels, as far as it has labels or its format
// gives it names.
func (l lacking) pairs(line []byte) []labelled {
	const most = 64
	var out []labelled
	add := func(label, value string) {
		if len(out) < most && len(label) <= 64 {
			out = append(out, labelled{label, value})
		}
	}
	if pairs := l.format.pairs; pairs != nil {
		pairs(&l.cfg, line, add)
	}
	return out
}
