package logscan

import (
	"bytes"
	"math/bits"
	"time"
)

// learnALB lists what each field of a line feeds.
func (l *layout) learnALB(p *plan) (values []*binding, ok bool) {
	l.last, l.took = p.last, p.sum
	return p.at, true
}

// wantFields notes whether more than time and status is wanted of what stands in front of
// the request; false where something is wanted instead.
func (l *layout) wantFields() bool {
	for field, at := range l.keep[:albRequest] {
		l.more = l.more || at != none && field != albTime && field != albStatus
	}
	return l.keep[albTime] == slotTime && l.keep[albStatus] == slotStatus
}

// places are where the fields in front of the request begin, and the request.
type places [albRequest + 1]uint32

// of is where a field lies, which is none of the last two.
func (p *places) of(field int) span { return span{p[field], p[field+1] - 1} }

// readALB is Scanner.readALB for lines with all the fields that are looked at, of
// requests that were answered.
func (l *layout) readALB(g *look, seen *Glance) bool {
	var at places
	g.end, g.passed, g.short = g.from+uint32(bytes.IndexByte(g.lines[g.from:], '\n')), 0, false
	if !g.fields(&at) || g.lines[g.end-1] == '\r' || !l.readPhases(g, seen, &at) || !isALBType(g.lines[at[albType]:at[albType+1]-1]) {
		return false
	}
	for field := albStatus; field < albRequest; field++ {
		f := at.of(field)
		if n := f.to - f.from; n-1 >= 8 || nonDigits(eight(g.lines, f.from)^ones*'0')<<(64-8*n&63) != 0 {
			if !allDigits(g.lines[f.from:f.to]) {
				return false
			}
		}
	}
	g.spans[slotTime], g.spans[slotStatus] = at.of(albTime), at.of(albStatus)
	if l.more {
		for field := range albRequest {
			f := at.of(field)
			l.put(g, field, f.from, f.to)
		}
	}
	return l.readStrings(g, at[albRequest]) && g.bare() && g.timed(seen) && l.understand(g, seen)
}

// readPhases reads the three times that a request took.
func (l *layout) readPhases(g *look, seen *Glance, at *places) bool {
	total := int64(0)
	for field := albPhases; field < albPhases+3; field++ {
		f := at.of(field)
		nanos := l.decimal.nanos(g.lines, f.from, f.to)
		if nanos < 0 {
			var length int
			if nanos, length, _ = takeNanos(g.lines[f.from:], l.exponent); length == 0 || length != int(f.to-f.from) {
				return false
			}
		}
		total += nanos
	}
	if l.took {
		seen.Latency, seen.HasLatency, seen.IntegerLatency = time.Duration(total), true, false
	}
	return true
}

// readStrings reads the fields from the request on, which begins at a place.
func (l *layout) readStrings(g *look, from uint32) bool {
	line := g.lines[:g.end]
	for field := albRequest; field <= l.last; field++ {
		if from >= g.end {
			return false
		}
		to := from
		if quoted := line[from] == '"'; quoted {
			from++
			n := bytes.IndexByte(line[from:], '"')
			if to = from + uint32(n); n < 0 || line[to-1] == '\\' { // which may escape it
				return false
			}
			l.put(g, field, from, to)
			to++
		} else if to = uint32(valueEnd(line, int(from), ' ')); to == from {
			return false
		} else {
			l.put(g, field, from, to)
		}
		if to < g.end && line[to] != ' ' {
			return false
		}
		from = to + 1
	}
	return true
}

// fields finds the places of the fields in front of the request, all of which end at one
// space; false where that isn't so.
func (g *look) fields(at *places) bool {
	var breaks [breaksBlock / 64]uint64
	if int(g.from)+breaksBlock <= cap(g.lines) {
		findBreaks(&breaks, (*[breaksBlock]byte)(g.lines[g.from:g.from+breaksBlock]))
	} else {
		var last [breaksBlock]byte
		copy(last[:], g.lines[g.from:])
		findBreaks(&breaks, &last)
	}
	at[0] = g.from
	n, odd := 1, byte(0)
found:
	for k, m := range &breaks {
		for base := g.from + uint32(64*k); m != 0; m &= m - 1 {
			place := base + uint32(bits.TrailingZeros64(m))
			if place >= g.end {
				return false
			}
			odd |= g.lines[place] ^ ' '
			if at[n] = place + 1; n == albRequest {
				break found
			}
			n++
		}
	}
	if n < albRequest || odd != 0 {
		return false
	}
	for field := albTime; field < albPhases; field++ {
		if c := g.lines[at[field]]; c <= ' ' || c == '"' {
			return false
		}
	}
	return true
}

// breaksBlock is in how many bytes the fields in front of a request are sought.
const breaksBlock = 256

// findBreaks sets a bit for each byte that is a space, or less.
func findBreaks(to *[breaksBlock / 64]uint64, b *[breaksBlock]byte) {
	if vectors {
		breaksByVector(to, b)
		return
	}
	breaksByWord(to, b)
}

// breaksByWord is findBreaks eight bytes at a time.
func breaksByWord(to *[breaksBlock / 64]uint64, b *[breaksBlock]byte) {
	for i := range breaksBlock / 8 {
		w := eight(b[:], uint32(8*i))
		to[i/8] |= (^(w&sevens + ones*0x5F | w) & highs >> 7) * gather >> 56 << (8 * (i % 8))
	}
}
