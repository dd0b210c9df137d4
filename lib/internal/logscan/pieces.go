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

// readLTSV is Scanner.readLTSV for lines with the labels of the layout: each begins at
// the stop that ends the value before.
func (l *layout) readLTSV(g *look) bool {
	if g.from >= g.stand || g.standing != l {
		if g.standing, g.stand = l, l.linesStand(g); g.from >= g.stand {
			return false
		}
	}
	stops := g.stops[:len(l.pieces)]
	short := int32(0)
	for i := range l.wants {
		w := &l.wants[i]
		from := int32(0)
		if w.value > 0 {
			from = int32(stops[w.value-1]) - int32(g.from)
		}
		from += int32(w.front)
		to := int32(stops[w.value]) - int32(g.from)
		g.spans[w.at&(maxSpans-1)] = span{from, to}
		short |= to - from - 2
	}
	g.end, g.passed, g.short = int(stops[len(stops)-1]), len(stops), short < 0
	return g.timed() && l.understand(g)
}

// linesStand gives where the lines end, from this one on, that have the labels of the
// layout.
func (l *layout) linesStand(g *look) int {
	if vectors && !l.long && len(l.pieces) > 1 {
		if end := linesStandByVector(g.lines, g.from, g.stops, l.patterns); end > g.from {
			return end
		}
	}
	return l.lineStands(g)
}

// lineStands is linesStand for this line alone.
func (l *layout) lineStands(g *look) int {
	if len(g.stops) < len(l.pieces) {
		return g.from
	}
	at := g.from
	for n := range l.pieces {
		if !l.pieces[n].at(g.lines, at) {
			return g.from
		}
		at = int(g.stops[n])
	}
	if g.lines[at] != '\n' {
		return g.from
	}
	return at + 1
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
	return g.endAt(at+len(l.end.text), stop) && g.timed() && l.understand(g)
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
