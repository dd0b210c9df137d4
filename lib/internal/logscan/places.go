package logscan

import (
	"bytes"
	"math/bits"
	"strings"
	"time"
)

// learnALB lists what each field of a line feeds.
func (l *template) learnALB(p *plan) (values []*binding, ok bool) {
	l.last, l.took = p.last, p.sum
	return p.at, true
}

// wantFields notes whether more than time and status is wanted of what stands in front of
// the request, and whether the end of the user agent matters: it doesn't where only its
// beginning is asked for; false where something is wanted instead.
func (l *template) wantFields(mark string) bool {
	for field, at := range l.keep[:albRequest] {
		l.more = l.more || at != none && field != albTime && field != albStatus
	}
	l.open = l.whole && l.last == albUserAgent && !strings.Contains(mark, `"`)
	return l.keep[albTime] == slotTime && l.keep[albStatus] == slotStatus
}

// headBlock is in how many bytes the fields in front of a request are sought.
const headBlock = 256

// spaces are the places of spaces at the beginning of a line, at least those in front of the
// request and one more where there are so many, and room for what is found with them.
type spaces [albRequest + 1 + 64 + delimitersAhead]uint32

// of is where a field lies, which is none of the first and the last ones.
func (s *spaces) of(field int) span { return span{s[field-1] + 1, s[field]} }

// readALB is Scanner.readALB for lines with all the fields that are looked at, of
// requests that were answered.
func (l *template) readALB(g *prescan, seen *Request) bool {
	g.end, g.passed, g.short = g.from+uint32(bytes.IndexByte(g.lines[g.from:], '\n')), 0, false
	if g.end-g.from < 5 || !g.fields() || g.lines[g.end-1] == '\r' {
		return false
	}
	if w := eight(g.lines, g.from); w != g.begins {
		if is := g.lines[g.from:g.spaces[albType]]; !isALBType(is) || isConnection(is) {
			return false
		}
		g.begins = w // with a type, a space, and a year
	}
	for field := albStatus + 1; field < albRequest; field++ {
		if f := g.spaces.of(field); !f.fewDigits(g.lines) && !allDigits(g.lines[f.from:f.to]) {
			return false
		}
	}
	g.spans[slotTime], g.spans[slotStatus] = g.spaces.of(albTime), g.spaces.of(albStatus)
	if l.more {
		l.put(g, albType, g.from, g.spaces[albType])
		for field := albTime; field < albRequest; field++ {
			f := g.spaces.of(field)
			l.put(g, field, f.from, f.to)
		}
	}
	return l.readPhases(g, seen) && l.readStrings(g) && g.bare() && g.timed(seen) && l.understand(g, seen)
}

// readPhases reads the three times that a request took.
func (l *template) readPhases(g *prescan, seen *Request) bool {
	a, b, c := g.spaces.of(albPhases), g.spaces.of(albPhases+1), g.spaces.of(albPhases+2)
	total := int64(none)
	if d := &l.decimal; d.least == 5 && a.to-a.from == 5 && b.to-b.from == 5 && c.to-c.from == 5 {
		x, y, z := d.thousandths(eight(g.lines, a.from)), d.thousandths(eight(g.lines, b.from)), d.thousandths(eight(g.lines, c.from))
		if total = x + y + z; x|y|z < 0 {
			total = none
		}
	}
	if total < 0 {
		total = 0
		for _, at := range [...]span{a, b, c} {
			nanos, length, _ := takeNanos(g.lines[at.from:], l.exponent)
			if total += nanos; length == 0 || length != int(at.to-at.from) {
				return false
			}
		}
	}
	if l.took {
		seen.Latency, seen.HasLatency, seen.IntegerLatency = time.Duration(total), true, false
	}
	return true
}

// readStrings reads the fields from the request on.
func (l *template) readStrings(g *prescan) bool {
	line, from := g.lines[:g.end], g.spaces[albRequest-1]+1
	for field := albRequest; field <= l.last; field++ {
		if from >= g.end {
			return false
		}
		to, quoted := uint32(0), line[from] == '"'
		if quoted {
			if from++; l.open && field == albUserAgent && from < g.end && line[from] != '-' {
				g.spans[slotUserAgent] = span{from, g.end}
				return true
			}
			n := bytes.IndexByte(line[from:], '"')
			if to = from + uint32(n); n < 0 || line[to-1] == '\\' { // which may escape it
				return false
			}
		} else if to = uint32(valueEnd(line, int(from), ' ')); to == from {
			return false
		}
		if l.put(g, field, from, to); quoted {
			to++
		}
		if to < g.end && line[to] != ' ' {
			return false
		}
		from = to + 1
	}
	return true
}

// fields finds the spaces in front of the request, one between two fields; false where that
// isn't so.
func (g *prescan) fields() bool {
	var head *[headBlock]byte
	if int(g.from)+headBlock <= cap(g.lines) {
		head = (*[headBlock]byte)(g.lines[g.from : g.from+headBlock])
	} else {
		g.head = [headBlock]byte{}
		copy(g.head[:], g.lines[g.from:])
		head = &g.head
	}
	n := 0
	if vectors {
		n = spacesByVector(&g.spaces, head, g.from)
	} else {
		n = spacesByWord(&g.spaces, head, g.from)
	}
	if n < albRequest || g.spaces[albRequest-1] >= g.end {
		return false
	}
	for field := albTime; field < albPhases; field++ { // the others are what they ought to be, or refused
		if c := g.lines[g.spaces[field-1]+1]; c == ' ' || c == '"' {
			return false
		}
	}
	return true
}

// spacesByWord finds the spaces of a block that begins at a place, as many as are needed or
// some more, eight bytes at a time.
func spacesByWord(to *spaces, b *[headBlock]byte, from uint32) (n int) {
	for i := uint32(0); i < headBlock && n <= albRequest; i += 8 {
		w := eight(b[:], i) ^ ones*' '
		for m := ^(w&sevens + sevens | w) & highs; m != 0; m &= m - 1 {
			to[n] = from + i + uint32(bits.TrailingZeros64(m))>>3
			n++
		}
	}
	return n
}
