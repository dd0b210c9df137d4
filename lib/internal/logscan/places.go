package logscan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"time"
)

// learnCombined lists what each part of a line feeds, then what its columns feed.
func (l *layout) learnCombined(p *plan, line []byte) (values []*binding, ok bool) {
	if p.prefix {
		return nil, false
	}
	l.stops = []byte(`"\`)
	if bytes.Count(line, []byte{'"'}) == 2 {
		l.common = true
		return p.at[:partReferer], len(p.columns) == 0
	}
	values = append(values, p.at...)
	if l.tail = p.latency && line[len(line)-1] != '"'; l.tail {
		return append(values, &binding{targets: []target{tailLatency}}), true
	}
	for _, b := range p.columns {
		l.columns = append(l.columns, b != nil && b.feeds(slotLatency))
	}
	return append(values, p.columns...), true
}

// readCombined is Scanner.readCombined for lines without anything out of the ordinary:
// all stops but the last are quotes, and each does what it is expected to.
func (l *layout) readCombined(g *look) bool {
	if len(g.stops) < 3 {
		return false
	}
	// The time, in brackets, is followed by the request, in quotes.
	open, quote := find(g.lines, g.from, '['), int(g.stops[0])
	if open <= g.from || quote < open+len("[] ") || quote > open+maxStamp || g.lines[quote] != '"' || g.lines[quote-1] != ' ' ||
		g.lines[quote-2] != ']' || bytes.IndexByte(g.lines[open+1:quote-2], ']') >= 0 {
		return false
	}
	l.put(g, partTime, open+1, quote-2)
	end := int(g.stops[1])
	if len(g.lines)-end < len("\" 200 0\n") {
		return false
	}
	if b := g.lines[end : end+6]; b[0] != '"' || b[1] != ' ' || !isDigit(b[2]) || !isDigit(b[3]) || !isDigit(b[4]) || b[5] != ' ' {
		return false
	}
	l.put(g, partRequest, quote+1, end)
	l.put(g, partStatus, end+2, end+5)
	from := end + len(`" 200 `)
	at := from + digits(g.lines[from:])
	if at == from && g.lines[at] == '-' {
		at++
	}
	if at == from {
		return false
	}
	l.put(g, partBytes, from, at)
	stop := 2
	if !l.common {
		if g.lines[at] != ' ' {
			return false
		}
		if at, stop = l.readTail(g, at+1, stop); at < 0 {
			return false
		}
	}
	return g.endAt(at, stop)
}

// endAt ends the line at a place, where the stop of that number is expected to be.
func (g *look) endAt(at, stop int) bool {
	if g.lines[at] != '\n' || int(g.stops[stop]) != at {
		return false
	}
	g.end, g.passed = at, stop+1
	return true
}

// readTail reads what stands behind the bytes and a space, and gives the place behind
// it and the next stop's number; none where it isn't simple.
func (l *layout) readTail(g *look, at, stop int) (int, int) {
	for part := partReferer; g.lines[at] == '"'; part++ {
		if stop+2 >= len(g.stops) || int(g.stops[stop]) != at {
			return none, 0
		}
		end := int(g.stops[stop+1])
		if g.lines[end] != '"' {
			return none, 0
		}
		if part <= partUserAgent {
			l.put(g, part, at+1, end)
		}
		stop, at = stop+2, end+1
		if part == partUserAgent && len(l.columns) > 0 {
			return l.readColumns(g, at), stop
		}
		if g.lines[at] != ' ' {
			if part < partUserAgent || l.tail {
				return none, 0
			}
			return at, stop
		}
		at++
	}
	if !l.tail || stop < 2+4 {
		return none, 0
	}
	// The first token is what is wanted, whatever comes behind it.
	from := at
	for at++; g.lines[at-1] > ' ' && g.lines[at-1] != '"'; at++ {
	}
	if at--; at == from || g.lines[at] == '"' || g.lines[at] < ' ' && g.lines[at] != '\n' {
		return none, 0
	}
	l.put(g, partUserAgent+1, from, at)
	for end := int(g.stops[stop]); g.lines[end] != '\n'; end = int(g.stops[stop]) {
		stop++
	}
	end := int(g.stops[stop])
	if allDigits(g.lines[from:at]) && bytes.HasSuffix(g.lines[at:end], []byte("ms")) {
		return none, 0 // Traefik's
	}
	return end, stop
}

// readColumns reads the named tokens at the end of the line, each behind a space.
func (l *layout) readColumns(g *look, at int) int {
	for n, latency := range l.columns {
		if g.lines[at] != ' ' {
			return none
		}
		from := at + 1
		for at = from; g.lines[at] > ' ' && g.lines[at] != '"'; at++ {
		}
		if at == from {
			return none
		}
		if latency { // rt=0.123
			from += bytes.LastIndexByte(g.lines[from:at], '=') + 1
		}
		l.put(g, partUserAgent+1+n, from, at)
	}
	return at
}

// find is the place of a byte from a place on, mostly a near one; none where there isn't
// one.
func find(b []byte, i int, c byte) int {
	for near := min(len(b)-8, i+16); i <= near; i += 8 {
		if stop := equal(binary.LittleEndian.Uint64(b[i:]), c); stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
	}
	if n := bytes.IndexByte(b[i:], c); n >= 0 {
		return i + n
	}
	return none
}

// learnALB lists what each field of a line feeds.
func (l *layout) learnALB(p *plan) (values []*binding, ok bool) {
	l.last, l.sum = p.last, p.sum
	return p.at, true
}

// readALB is Scanner.readALB for lines with all the fields that are looked at, of
// requests that were answered.
func (l *layout) readALB(g *look) bool {
	end := g.from + bytes.IndexByte(g.lines[g.from:], '\n')
	line := g.lines[:end]
	at := find(line, g.from, ' ')
	if at < 0 || !isALBType(line[g.from:at]) {
		return false
	}
	l.put(g, albType, g.from, at)
	for field := albType + 1; field < albPhases; field++ {
		if at = l.token(g, line, field, at); at < 0 {
			return false
		}
	}
	total := int64(0)
	for field := albPhases; field < albPhases+3; field++ {
		from := min(at+1, len(line))
		part, length, _ := takeNanos(line[from:], unitSecond.nanoExponent())
		total += part
		if at = behind(line, from, length); at < 0 {
			return false
		}
		l.put(g, field, from, at)
	}
	for field := albStatus; field < albRequest; field++ {
		from := min(at+1, len(line))
		if at = behind(line, from, digits(line[from:])); at < 0 {
			return false
		}
		l.put(g, field, from, at)
	}
	for field := albRequest; field <= l.last; field++ {
		if at+1 >= len(line) {
			return false
		}
		if line[at+1] != '"' {
			if at = l.token(g, line, field, at); at < 0 {
				return false
			}
			continue
		}
		from := at + 2
		if at = closing(line, from); at < 0 {
			return false
		}
		l.put(g, field, from, at)
		if at++; at < len(line) && line[at] != ' ' {
			return false
		}
	}
	if l.sum {
		g.Latency, g.HasLatency, g.IntegerLatency = time.Duration(total), true, false
	}
	g.end, g.passed = end, 0
	return true
}

// token reads a token behind a space at a place, and gives where it ends; none where
// it isn't simple.
func (l *layout) token(g *look, line []byte, field, at int) int {
	from := at + 1
	if from >= len(line) || line[from] == ' ' || line[from] == '"' {
		return none
	}
	at = valueEnd(line, from, ' ')
	l.put(g, field, from, at)
	return at
}

// closing is the place of the quote that ends what begins at i; none where there isn't
// one or it may be escaped.
func closing(line []byte, i int) int {
	n := bytes.IndexByte(line[i:], '"')
	if n < 0 || line[i+n-1] == '\\' {
		return none
	}
	return i + n
}

// behind is the place behind a token of that length that begins at from; none where it
// has none, or the token goes on.
func behind(line []byte, from, length int) int {
	end := from + length
	if length == 0 || end < len(line) && line[end] != ' ' {
		return none
	}
	return end
}
