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

// newFrame is a piece of which NUL stands for any byte.
func newFrame(text string) piece {
	p, _ := newPiece([]byte(text), false)
	for i := range text {
		if text[i] == 0 {
			p.mask[i/8] &^= 0xFF << (8 * (i % 8))
		}
	}
	return p
}

// at tells whether the piece stands at place i of some lines.
func (p *piece) at(lines []byte, i int) bool {
	window := lines[i:]
	if len(window) < patternSize {
		var last [patternSize]byte
		copy(last[:], window)
		window = last[:]
	}
	return p.differs((*[patternSize]byte)(window)) == 0 && (len(p.text) <= patternSize || bytes.HasPrefix(lines[i:], p.text))
}

// differs is 0 where b begins with the pattern.
func (p *pattern) differs(b *[patternSize]byte) uint64 {
	return (binary.LittleEndian.Uint64(b[:8])^p.text[0])&p.mask[0] | (binary.LittleEndian.Uint64(b[8:])^p.text[1])&p.mask[1]
}

// readLTSV is Scanner.readLTSV for lines with the labels of the template: each begins at
// the stop that ends the value before.
func (l *template) readLTSV(g *look, seen *Request) bool {
	if !l.stands(g) || l.long != nil && !l.longStand(g) {
		return false
	}
	stops := g.own()
	g.end, g.passed, g.short = stops[len(l.pieces)&(maxPieces-1)], uint(len(l.pieces)), false
	g.spans[slotTime] = l.places[slotTime].of(stops)
	g.spans[slotStatus], g.spans[slotLatency] = l.places[slotStatus].of(stops), l.places[slotLatency].of(stops)
	agent, verb := l.places[slotUserAgent].of(stops), l.places[l.verb].of(stops)
	g.spans[slotUserAgent], g.spans[l.verb] = agent, verb
	if !l.whole {
		for i := range l.wants {
			w := &l.wants[i]
			at := w.of(stops)
			g.put(w.at, at.from, at.to)
		}
	}
	g.short = g.short || agent.to-agent.from == 1 || verb.to-verb.from == 1
	return (l.bare || g.bare()) && g.timed(seen) && l.understand(g, seen)
}

// of is where the value lies of which this is the place, in the line of some stops.
func (p *place) of(stops *[maxPieces]uint32) span {
	return span{stops[p.value&(maxPieces-1)] + p.front, stops[(p.value+1)&(maxPieces-1)]}
}

// learnLTSV notes the labels of a good line.
func (l *template) learnLTSV(p *plan, line []byte) (values []*binding, ok bool) {
	l.stops = []byte("\t\t")
	for i, from := 0, 0; i < len(line); {
		colon := labelEnd(line[from:])
		if colon <= 0 || len(values) == maxPieces-1 {
			return nil, false // an empty field, too
		}
		label, known := newPiece(line[i:from+colon+1], false)
		if !known || !plainText(line[from:from+colon]) {
			return nil, false
		}
		values = append(values, p.byName[string(line[from:from+colon])])
		i = valueEnd(line, from+colon+1, '\t')
		l.pieces = append(l.pieces, label)
		from = i + 1
		if from == len(line) {
			return nil, false // an empty field at the end
		}
	}
	return values, true
}

// readJSON is Scanner.readJSON for flat objects with the keys of the template, strings
// without escapes and numbers. A stop that is no quote, or one too many, stands where
// the next piece ought to.
func (l *template) readJSON(g *look, seen *Request) bool {
	stops := g.stops[g.stop:]
	at, stop := int(g.from), 1
	for n := range l.pieces {
		p := &l.pieces[n]
		if !p.at(g.lines, at) {
			return false
		}
		from := at + len(p.text)
		stop += int(p.stops)
		if stop >= len(stops) {
			return false
		}
		if !p.number {
			at = int(stops[stop])
		} else if at = numberEnd(g.lines, from); at < 0 {
			return false
		}
		l.put(g, n, uint32(from), uint32(at))
	}
	if stop += int(l.end.stops); !l.end.at(g.lines, at) || stop >= len(stops) {
		return false
	}
	if at += len(l.end.text); g.lines[at] != '\n' || int(stops[stop]) != at {
		return false
	}
	g.end, g.passed = uint32(at), uint(stop)
	return (l.bare || g.bare()) && g.timed(seen) && l.understand(g, seen)
}

// plainText tells whether there are neither control bytes nor backslashes in b.
func plainText(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c == '\\' })
}

// learnJSON notes the keys of a good line, and how it is spaced.
func (l *template) learnJSON(p *plan, line []byte) (values []*binding, ok bool) {
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
		if len(values) == maxPieces-1 || !number && line[at] != '"' {
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
