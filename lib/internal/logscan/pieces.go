package logscan

import (
	"bytes"
	"encoding/binary"
)

// piece is what stands in front of a value: a label, or a key with its quotes, and what
// parts it from the value before.
type piece struct {
	text   []byte
	words  [2]uint64 // its first sixteen bytes
	masks  [2]uint64 // which of them it has
	number bool      // JSON: the value is a number, else a string
}

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
	p := piece{text: bytes.Clone(text), number: number}
	var word, mask [16]byte
	for i := range copy(word[:], text) {
		mask[i] = 0xFF
	}
	for i := range p.words {
		p.words[i] = binary.LittleEndian.Uint64(word[8*i:])
		p.masks[i] = binary.LittleEndian.Uint64(mask[8*i:])
	}
	return p, true
}

// at tells whether the piece stands at place i of a line.
func (p *piece) at(line []byte, i int) bool {
	if len(line)-i < 16 {
		return bytes.HasPrefix(line[i:], p.text)
	}
	b := line[i : i+16]
	if (binary.LittleEndian.Uint64(b)^p.words[0])&p.masks[0]|(binary.LittleEndian.Uint64(b[8:])^p.words[1])&p.masks[1] != 0 {
		return false
	}
	return len(p.text) <= 16 || bytes.HasPrefix(line[i:], p.text)
}

// readLTSV is Scanner.readLTSV for lines with the labels of the layout.
func (l *layout) readLTSV(line []byte, g *glance) bool {
	i, last := 0, len(l.pieces)-1
	for n := range l.pieces {
		p := &l.pieces[n]
		if !p.at(line, i) {
			return false
		}
		from := i + len(p.text)
		if i = tabFrom(line, from); i < 0 != (n == last) {
			return false
		}
		if n == last {
			i = len(line)
		}
		if l.keep[n] >= 0 && !l.put(line, g, n, from, i) {
			return false
		}
	}
	return true
}

// tabFrom is the place of the first tab from i on, none where there isn't one.
func tabFrom(line []byte, i int) int {
	if n := bytes.IndexByte(line[i:], '\t'); n >= 0 {
		return i + n
	}
	return none
}

// learnLTSV notes the labels of a good line.
func (l *layout) learnLTSV(p *plan, line []byte) (values []*binding, ok bool) {
	for i, from := 0, 0; i < len(line); {
		colon := labelEnd(line[from:])
		if colon <= 0 || len(values) == maxPieces {
			return nil, false // an empty field, too
		}
		label, known := newPiece(line[i:from+colon+1], false)
		if !known {
			return nil, false
		}
		l.pieces = append(l.pieces, label)
		values = append(values, p.byName[string(line[from:from+colon])])
		i = valueEnd(line, from+colon+1, '\t')
		from = i + 1
		if from == len(line) {
			return nil, false // an empty field at the end
		}
	}
	return values, true
}

// readJSON is Scanner.readJSON for flat objects with the keys of the layout, strings
// without escapes and numbers.
func (l *layout) readJSON(line []byte, g *glance) bool {
	if !plainText(line) {
		return false
	}
	i := 0
	for n := range l.pieces {
		p := &l.pieces[n]
		if !p.at(line, i) {
			return false
		}
		from := i + len(p.text)
		if p.number {
			if from >= len(line) {
				return false
			}
			i = numberEnd(line, from)
		} else if i = bytes.IndexByte(line[from:], '"'); i >= 0 {
			i += from
		}
		if i < 0 {
			return false
		}
		if l.keep[n] >= 0 && !l.put(line, g, n, from, i) {
			return false
		}
	}
	return string(line[i:]) == string(l.end)
}

// plainText tells whether there are neither control bytes nor backslashes in b.
func plainText(b []byte) bool {
	var odd uint64
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		slash := w ^ ones*'\\'
		odd |= (w-ones*' ')&^w | (slash-ones)&^slash
	}
	for _, c := range b {
		if c < ' ' || c == '\\' {
			return false
		}
	}
	return odd&highs == 0
}

// learnJSON notes the keys of a good line, and how it is spaced.
func (l *layout) learnJSON(p *plan, line []byte) (values []*binding, ok bool) {
	if !plainText(line) || line[0] != '{' {
		return nil, false
	}
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
			l.end = bytes.Clone(line[i:])
			return values, len(l.end) <= maxPieceBytes
		}
		at++
	}
}
