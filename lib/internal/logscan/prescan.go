package logscan

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
)

// prescan is a look at a stretch of lines.
//
// Large: the line looked at is flat, since all of it is set for each line.
type prescan struct {
	lines      []byte   // all of the stretch; what lies behind it may be read, but doesn't count
	delimiters []uint32 // one before the first byte, where a line might have ended, then theirs

	from, end uint32 // the line looked at; end is the place of its line end
	delimiter uint   // the number of the line end before the line, among the delimiters
	passed    uint   // how many of the delimiters are its
	matching  uint32 // until there lines have the literals of the template that is asked
	place     uint32 // of the stretch, in all data
	at        int8   // the number of the template that is asked
	short     bool   // some value may be a dash
	spans     [maxSpans]span
	kept      []span // of the lines of which more is asked than a Request has, one line's behind the other's

	mark  mark
	clock clock // reads no stamp that others before it have a say in
	front front // of the last line that has one

	copied []byte // a stretch without slack
}

const (
	maxLiterals   = 64  // of a line, at most
	maxDelimiters = 256 // of a line with literals, less than
	// slack is how many bytes are readable behind a stretch.
	slack = patternSize
)

// mark is what user agents begin with that are to be told apart.
type mark struct {
	text       string // Config.Mark
	word, mask uint64 // its first eight bytes, and which of them it has
}

func newMark(text string) mark {
	var first, has [8]byte
	for i := range copy(first[:], text) {
		has[i] = 0xFF
	}
	return mark{text, binary.LittleEndian.Uint64(first[:]), binary.LittleEndian.Uint64(has[:])}
}

// slacked is a stretch with slack behind it.
func (p *prescan) slacked(lines []byte) []byte {
	if cap(lines)-len(lines) >= slack {
		return lines
	}
	p.copied = append(append(p.copied[:0], lines...), make([]byte, slack)...)
	return p.copied[:len(lines)]
}

// begin looks at a stretch of whole lines that begins at a place, all written in the format
// of a template, the first.
func (p *prescan) begin(lines []byte, place uint32, t *template) {
	p.lines, p.place, p.at, p.from, p.delimiter, p.passed, p.matching = lines, place, 0, 0, 0, 0, 0
	p.delimiters = append(p.delimiters[:0], math.MaxUint32)
	if t.delimiters != nil {
		p.delimiters = appendDelimiters(p.delimiters, lines, t.delimiters[0], t.delimiters[1])
	}
	p.delimiters = slices.Grow(p.delimiters, maxDelimiters)
}

// done goes on to the next line.
func (p *prescan) done(t *template, r *Request) {
	r.place, r.from, r.end, r.template = p.place, p.from, p.end, p.at
	if !t.whole {
		p.kept = append(p.kept, p.spans[:t.spans]...)
	}
	p.from, p.delimiter = p.end+1, p.delimiter+p.passed
}

// own are the delimiters of the line, behind the line end before it, and further ones.
func (p *prescan) own() *[maxDelimiters]uint32 {
	return (*[maxDelimiters]uint32)(p.delimiters[p.delimiter : p.delimiter+maxDelimiters])
}

// other looks at one line by the other readers, and gives the one by which to go on. Where
// none can read it, the line is passed.
func (p *prescan) other(readers []fastReader, one []Request) fastReader {
	first := p.at
	for at, reader := range readers {
		p.at, p.matching = int8(at), 0
		if p.at != first && reader.read(p, one) > 0 {
			return reader
		}
	}
	p.at, p.matching = first, 0
	p.end = p.from + uint32(bytes.IndexByte(p.lines[p.from:], '\n'))
	for int(p.delimiter)+1 < len(p.delimiters) && p.delimiters[p.delimiter+1] <= p.end {
		p.delimiter++
	}
	one[0].place, one[0].from, one[0].end, one[0].template = p.place, p.from, p.end, none
	p.from = p.end + 1
	return readers[first]
}

// put notes where a value lies.
func (p *prescan) put(at int8, value span) {
	p.spans[at&(maxSpans-1)] = value
	if value.to-value.from == 1 {
		p.short = true
	}
}
