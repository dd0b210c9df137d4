package logscan

import (
	"bytes"
	"encoding/binary"
)

// literal is what stands in front of a value: a label, or a key with its quotes, and what
// parts it from the value before.
type literal struct {
	text       []byte
	word, mask pattern
}

// pattern is the first bytes of a literal, or a mask of those that it has.
type pattern [patternSize / 8]uint64

const (
	patternSize     = 32
	maxLiteralBytes = 64
)

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
	for i := range l.word {
		l.word[i], l.mask[i] = binary.LittleEndian.Uint64(word[8*i:]), binary.LittleEndian.Uint64(mask[8*i:])
	}
	return l, true
}

// at tells whether the literal stands at a place in a stretch of lines.
func (l *literal) at(lines []byte, place uint32) bool {
	var differs uint64
	for i := uint32(0); i < patternSize/8 && 8*i < uint32(len(l.text)); i++ {
		differs |= (eight(lines, place+8*i) ^ l.word[i]) & l.mask[i]
	}
	return differs == 0 && (len(l.text) <= patternSize || bytes.HasPrefix(lines[place:], l.text))
}

// bareFrom tells whether a line that begins with the literal has nothing around it, see
// prescan.bare.
func (l *literal) bareFrom() bool {
	return len(l.text) > 4 && l.text[0]-'!' <= '~'-'!' && l.text[4] != '-'
}

// literals are those of a line. The first one stands where the line begins, each other one at
// a delimiter of a known number, and the last delimiter is the line end: so many lines can
// be held against them at once.
type literals struct {
	all          []literal
	words, masks []pattern // of all
	stops        []uint32  // the number of the delimiter at which the next one stands, or the line ends
	count        uint8     // of a line's delimiters
	long         bool      // some are longer than their patterns
}

// add adds a literal, and the number of the delimiter behind the value that follows.
func (l *literals) add(one literal, stop int) {
	l.all, l.words, l.masks = append(l.all, one), append(l.words, one.word), append(l.masks, one.mask)
	l.stops, l.count, l.long = append(l.stops, uint32(stop)), uint8(stop), l.long || len(one.text) > patternSize
}

// match tells whether the literals stand in the line.
func (l *literals) match(p *prescan) bool { return p.from < p.matching || l.linesMatch(p) }

// linesMatch is match, and finds out for how many lines.
func (l *literals) linesMatch(p *prescan) bool {
	if vectors && !l.long {
		p.matching = uint32(linesMatchByVector(p.lines[:len(p.lines)+slack], int(p.from), p.delimiters[p.delimiter+1:], l.words, l.masks, l.stops))
	} else {
		p.matching = l.lineMatches(p)
	}
	return p.from < p.matching
}

// lineMatches gives where the next line begins if the literals stand in the line, else
// where it begins.
func (l *literals) lineMatches(p *prescan) uint32 {
	delimiters := p.delimiters[p.delimiter:]
	if len(delimiters) <= int(l.count) {
		return p.from
	}
	at := p.from
	for n := range l.all {
		if !l.all[n].at(p.lines, at) {
			return p.from
		}
		at = delimiters[l.stops[n]]
	}
	if p.lines[at] != '\n' {
		return p.from
	}
	return at + 1
}
