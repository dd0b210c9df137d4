package logscan

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// target is one slot that a label feeds; of several labels the one with the
// lowest rank wins.
type target struct {
	slot   int
	rank   int
	home   int    // the rank without preference, see prefer
	label  *label // what is known of the label; nil: nothing
	scalar bool   // takes no objects and arrays
}

// binding is all that one label feeds.
type binding struct{ targets []target }

// plan says for one format which labels feed which slots.
type plan struct{ byName map[string]*binding }

func (p *plan) names() *plan { return p }

// node is one key on a wanted path.
type node struct {
	children map[string]*node
	binding  *binding
	order    []learned // the keys of the last object met here, in order
	line     uint64    // the line it was last seen in
	at       int       // where its value began there
}

// learned is the memory of one label's place in a line: a hit spares the search
// for its end and its look-up, a miss costs one comparison.
type learned struct {
	text       []byte // with the byte that ends it
	word, mask uint64 // its first eight bytes, and which of them it has
	binding    *binding
	node       *node
}

// at tells whether the label stands at place i of a line.
func (l *learned) at(line []byte, i int) bool {
	if len(line)-i < 8 {
		return bytes.HasPrefix(line[i:], l.text)
	}
	if (binary.LittleEndian.Uint64(line[i:])^l.word)&l.mask != 0 {
		return false
	}
	return len(l.text) <= 8 || bytes.HasPrefix(line[i:], l.text)
}

// Bounds on what is remembered of the order of a line's labels.
const (
	maxLearned      = 64
	maxLearnedBytes = 64
)

// learn notes at place n of order what was just looked up.
func learn(order []learned, n int, text []byte, b *binding, child *node) []learned {
	if n > len(order) || n >= maxLearned || len(text) > maxLearnedBytes {
		return order
	}
	if n == len(order) {
		order = append(order, learned{})
	}
	l := &order[n]
	l.text, l.binding, l.node = append(l.text[:0], text...), b, child
	var word, mask [8]byte
	for i := range copy(word[:], text) {
		mask[i] = 0xFF
	}
	l.word, l.mask = binary.LittleEndian.Uint64(word[:]), binary.LittleEndian.Uint64(mask[:])
	return order
}

func (p *plan) bind(name string, t target) {
	b := p.byName[name]
	if b == nil {
		b = &binding{}
		p.byName[name] = b
	}
	b.targets = append(b.targets, t)
}

// feeds tells whether the label feeds a slot.
func (b *binding) feeds(slot int) bool {
	return slices.ContainsFunc(b.targets, func(t target) bool { return t.slot == slot })
}

func (p *plan) binds(name string, slot int) bool {
	b := p.byName[name]
	return b != nil && b.feeds(slot)
}

// place gives what a part of a line feeds that is known under several names;
// nil when nothing.
func (p *plan) place(names ...string) *binding {
	var all binding
	for _, name := range names {
		b := p.byName[name]
		if b == nil {
			continue
		}
		for _, t := range b.targets {
			if !slices.ContainsFunc(all.targets, func(o target) bool { return o.slot == t.slot }) {
				all.targets = append(all.targets, t)
			}
		}
	}
	if all.targets == nil {
		return nil
	}
	return &all
}

// preferred is the rank of the label that a file's latency is read from.
const preferred = -1

// prefer gives one label of the latency precedence over all others, and takes it
// from the one that had it; "" is none.
func (p *plan) prefer(name string) {
	for other, b := range p.byName {
		for i := range b.targets {
			t := &b.targets[i]
			if t.slot != slotLatency {
				continue
			}
			if other == name {
				t.rank = preferred
			} else if t.rank == preferred {
				t.rank = t.home
			}
		}
	}
}
