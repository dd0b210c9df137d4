package logscan

import (
	"bytes"
	"encoding/binary"
)

// literal is what stands in front of a value: a label, or a key with its quotes, and what
// parts it from the value before.
type literal struct {
	text []byte
	pattern
}

const maxLiteralBytes = 64

// newLiteral is false where the text is too long to be remembered.
func newLiteral(text []byte) (literal, bool) {
	if len(text) > maxLiteralBytes {
		return literal{}, false
	}
	l := literal{text: bytes.Clone(text)}
	var word, mask [patternSize]byte
	for i := range copy(word[:], text) {
		mask[i] = 0xFF
	}
	for i := range l.pattern.text {
		l.pattern.text[i] = binary.LittleEndian.Uint64(word[8*i:])
		l.pattern.mask[i] = binary.LittleEndian.Uint64(mask[8*i:])
	}
	return l, true
}

// at tells whether the literal stands at place i of some lines.
func (l *literal) at(lines []byte, i int) bool {
	window := lines[i:]
	if len(window) < patternSize {
		var last [patternSize]byte
		copy(last[:], window)
		window = last[:]
	}
	return l.differs((*[patternSize]byte)(window)) == 0 && (len(l.text) <= patternSize || bytes.HasPrefix(lines[i:], l.text))
}

// bareFrom tells whether a line that begins with the literal has nothing around it, see
// prescan.bare.
func (l *literal) bareFrom() bool {
	return len(l.text) > 4 && l.text[0]-'!' <= '~'-'!' && l.text[4] != '-'
}

// literals are those of a line of which one stands where it begins, and one at each of its
// delimiters but the last, which is its line end: so many lines can be held against them
// at once.
type literals struct {
	all      []literal
	patterns []pattern
}

func (l *literals) add(one literal) {
	l.all, l.patterns = append(l.all, one), append(l.patterns, one.pattern)
}

// match tells whether the literals stand in the line, but for the ends of long ones.
func (l *literals) match(p *prescan) bool { return p.from < p.matching || l.linesMatch(p) }

// linesMatch is match, and finds out for how many lines.
func (l *literals) linesMatch(p *prescan) bool {
	if vectors && len(l.all) > 1 {
		p.matching = uint32(linesMatchByVector(p.lines[:len(p.lines)+slack], int(p.from), p.delimiters[p.delimiter+1:], l.patterns))
	}
	if p.from >= p.matching {
		p.matching = l.lineMatches(p)
	}
	return p.from < p.matching
}

// lineMatches gives where the line ends if the literals stand in it, else where it begins.
func (l *literals) lineMatches(p *prescan) uint32 {
	delimiters := p.delimiters[p.delimiter:]
	if len(delimiters) <= len(l.all) {
		return p.from
	}
	at := int(p.from)
	for n := range l.all {
		if !l.all[n].at(p.lines, at) {
			return p.from
		}
		at = int(delimiters[n+1])
	}
	if p.lines[at] != '\n' {
		return p.from
	}
	return uint32(at) + 1
}
