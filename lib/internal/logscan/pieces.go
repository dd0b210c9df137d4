package logscan

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// piece is what stands in front of a value: a label, or a key with its quotes, and what
// parts it from the value before.
type piece struct {
	text []byte
	pattern
	number bool // JSON: the value is a number, else a string
	stops  int8 // JSON: the quotes in it
}

// pattern is the first sixteen bytes of a text, and a mask of those it has.
type pattern struct{ text, mask [2]uint64 }

// patternSize is how many bytes a pattern speaks of.
const patternSize = 16

// Bounds on what is remembered of a line.
const (
	maxPieces     = 64
	maxPieceBytes = 64
)

// newPiece is false where the text is too long to be remembered.
func newPiece(text []byte, number bool) (piece, bool) {
	if len(text) > maxPieceBytes {
		return piece{}, false
	}
	p := piece{text: bytes.Clone(text), number: number, stops: int8(bytes.Count(text, []byte{'"'}))}
	var word, mask [patternSize]byte
	for i := range copy(word[:], text) {
		mask[i] = 0xFF
	}
	for i := range p.pattern.text {
		p.pattern.text[i] = binary.LittleEndian.Uint64(word[8*i:])
		p.pattern.mask[i] = binary.LittleEndian.Uint64(mask[8*i:])
	}
	return p, true
}

// at tells whether the piece stands at place i of some lines.
func (p *piece) at(lines []byte, i int) bool {
	if len(lines)-i < patternSize {
		return bytes.HasPrefix(lines[i:], p.text)
	}
	return p.differs((*[patternSize]byte)(lines[i:])) == 0 && (len(p.text) <= patternSize || bytes.HasPrefix(lines[i:], p.text))
}

// differs is 0 where b begins with the pattern.
func (p *pattern) differs(b *[patternSize]byte) uint64 {
	return (binary.LittleEndian.Uint64(b[:8])^p.text[0])&p.mask[0] | (binary.LittleEndian.Uint64(b[8:])^p.text[1])&p.mask[1]
}

// piecesStandByWord is piecesStand in other words.
func piecesStandByWord(lines []byte, at int, stops []uint32, patterns []pattern) bool {
	var differs uint64
	for n := range patterns {
		differs |= patterns[n].differs((*[patternSize]byte)(lines[at:]))
		at = int(stops[n])
	}
	return differs == 0
}

// readLTSV is Scanner.readLTSV for lines with the labels of the layout: each begins at
// the stop that ends the value before.
func (l *layout) readLTSV(g *look) bool {
	last := len(l.pieces) - 1
	if len(g.stops) <= last {
		return false
	}
	stops := g.stops[:last+1]
	if g.lines[stops[last]] != '\n' || !l.labelsStand(g, stops) {
		return false
	}
	for i := range l.wants {
		w := &l.wants[i]
		from := g.from
		if w.value > 0 {
			from = int(stops[w.value-1])
		}
		g.put(w.at, from+w.front, int(stops[w.value]))
	}
	g.end, g.passed = int(stops[last]), last+1
	return true
}

// labelsStand tells whether the labels of the layout are the line's.
func (l *layout) labelsStand(g *look, stops []uint32) bool {
	if last := len(stops) - 1; !l.long && last > 0 && len(g.lines)-int(stops[last-1]) >= patternSize {
		return piecesStand(g.lines, g.from, stops, l.patterns)
	}
	at := g.from
	for n := range l.pieces {
		if !l.pieces[n].at(g.lines, at) {
			return false
		}
		at = int(stops[n])
	}
	return true
}

// learnLTSV notes the labels of a good line.
func (l *layout) learnLTSV(p *plan, line []byte) (values []*binding, ok bool) {
	l.stops = []byte("\t\t")
	for i, from := 0, 0; i < len(line); {
		colon := labelEnd(line[from:])
		if colon <= 0 || len(values) == maxPieces {
			return nil, false // an empty field, too
		}
		label, known := newPiece(line[i:from+colon+1], false)
		if !known || !plainText(line[from:from+colon]) {
			return nil, false
		}
		values = append(values, p.byName[string(line[from:from+colon])])
		i = valueEnd(line, from+colon+1, '\t')
		l.pieces, l.patterns = append(l.pieces, label), append(l.patterns, label.pattern)
		l.long = l.long || len(label.text) > patternSize
		from = i + 1
		if from == len(line) {
			return nil, false // an empty field at the end
		}
	}
	return values, true
}

// readJSON is Scanner.readJSON for flat objects with the keys of the layout, strings
// without escapes and numbers. A stop that is no quote, or one too many, stands where
// the next piece ought to.
func (l *layout) readJSON(g *look) bool {
	at, stop := g.from, 0
	for n := range l.pieces {
		p := &l.pieces[n]
		if !p.at(g.lines, at) {
			return false
		}
		from := at + len(p.text)
		stop += int(p.stops)
		if stop >= len(g.stops) {
			return false
		}
		if !p.number {
			at = int(g.stops[stop])
		} else if at = numberEnd(g.lines, from); at < 0 {
			return false
		}
		l.put(g, n, from, at)
	}
	if stop += int(l.end.stops); !l.end.at(g.lines, at) || stop >= len(g.stops) {
		return false
	}
	return g.endAt(at+len(l.end.text), stop)
}

// plainText tells whether there are neither control bytes nor backslashes in b.
func plainText(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c == '\\' })
}

// learnJSON notes the keys of a good line, and how it is spaced.
func (l *layout) learnJSON(p *plan, line []byte) (values []*binding, ok bool) {
	if !plainText(line) || line[0] != '{' {
		return nil, false
	}
	l.stops = []byte(`"\`)
	for i, at := 0, 1; ; {
		at = space(line, at)
		if at == len(line) || line[at] != '"' {
			return nil, false
		}
		end, _ := stringEnd(line, at+1)
		node := p.root.children[string(line[at+1:end])]
		at = space(line, space(line, end+1)+1)
		number := line[at] == '-' || isDigit(line[at])
		if len(values) == maxPieces || !number && line[at] != '"' {
			return nil, false
		}
		from := at
		if !number {
			from++
		}
		front, known := newPiece(line[i:from], number)
		if !known || i == 0 && (len(front.text) < 5 || bytes.HasPrefix(front.text, []byte(`{"log":`))) {
			return nil, false
		}
		l.pieces = append(l.pieces, front)
		var b *binding
		if node != nil {
			b = node.binding
		}
		values = append(values, b)
		if number {
			i = numberEnd(line, at)
			at = i
		} else {
			i, _ = stringEnd(line, from)
			at = i + 1
		}
		if at = space(line, at); line[at] == '}' {
			l.end, known = newPiece(line[i:], false)
			return values, known
		}
		at++
	}
}
