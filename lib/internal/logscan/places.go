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

// partSlots are the slots that parts feed, as a rule.
var partSlots = map[int]int8{partTime: slotTime, partRequest: slotRequest, partStatus: slotStatus, partUserAgent: slotUserAgent, partUserAgent + 1: slotLatency}

// wantParts notes what is wanted of a line beyond the rule; false where something is
// wanted instead.
func (l *layout) wantParts() bool {
	for part, at := range l.keep {
		slot, ruled := partSlots[part]
		switch {
		case part > partUserAgent && !l.tail, part == partUserAgent && at == none:
		case !ruled || part == partUserAgent && at != slot:
			l.more = l.more || at != none
		case at != slot:
			return false
		}
	}
	l.took = l.tail
	return true
}

// readCombined is Scanner.readCombined for lines without anything out of the ordinary:
// all stops but the last are quotes, and each does what it is expected to.
func (l *layout) readCombined(g *look) bool {
	lines, stops := g.lines, g.stops
	if len(stops) < 3 {
		return false
	}
	// The time, in brackets, is followed by the request, in quotes.
	open, quote, end := int(stops[0])-g.clock.size-3, int(stops[0]), int(stops[1])
	if lines[quote] != '"' || len(lines)-end < len(`" 200 0`+"\n") {
		return false
	}
	timed := open > g.from && g.clock.again(lines[open+1:quote-2]) && !among(lines[g.from:open], '[')
	if timed {
		g.Time = g.clock.value
	} else if open = find(lines, g.from, '['); open <= g.from || quote < open+len("[] ") || quote > open+maxStamp || bytes.IndexByte(lines[open+1:quote-2], ']') >= 0 {
		return false
	}
	if lines[open] != '[' || lines[quote-2] != ']' || lines[quote-1] != ' ' {
		return false
	}
	if b := lines[end : end+6]; b[0] != '"' || b[1] != ' ' || !isDigit(b[2]) || !isDigit(b[3]) || !isDigit(b[4]) || b[5] != ' ' {
		return false
	}
	size, at, stop := end+len(`" 200 `), int(stops[2]), 2
	if !l.common {
		at--
	}
	if !isCount(lines, size, at) {
		return false
	}
	g.short = false
	g.put(slotTime, open+1, quote-2)
	g.put(slotRequest, quote+1, end)
	g.put(slotStatus, end+2, end+5)
	if !l.common {
		referer := at + 1
		if at, stop = agentEnd(g, referer); at < 0 {
			return false
		}
		agent := int(stops[4])
		g.put(slotUserAgent, agent+1, at-1)
		if l.more {
			l.put(g, partBytes, size, referer-1)
			l.put(g, partReferer, referer+1, agent-2)
			l.put(g, partUserAgent, agent+1, at-1)
		}
		if at, stop = l.readTail(g, at, stop); at < 0 {
			return false
		}
	} else if l.more {
		l.put(g, partBytes, size, at)
	}
	return g.endAt(at, stop) && (timed || g.timed()) && l.understand(g)
}

// agentEnd is the place behind the user agent, and the next stop's number, of a line whose
// referer begins at a place; none where both aren't simple.
func agentEnd(g *look, referer int) (int, int) {
	if len(g.stops) < 7 {
		return none, 0
	}
	lines, ended, agent, end := g.lines, int(g.stops[3]), int(g.stops[4]), int(g.stops[5])
	if agent != ended+2 || lines[referer-1] != ' ' || lines[referer] != '"' || lines[ended] != '"' || lines[ended+1] != ' ' || lines[agent] != '"' || lines[end] != '"' {
		return none, 0
	}
	return end + 1, 6
}

// isCount tells whether what stands between two places is a count, or the dash of none.
func isCount(b []byte, from, to int) bool {
	if n := to - from; uint(n-1) < 8 && len(b)-from >= 8 {
		return nonDigits(binary.LittleEndian.Uint64(b[from:])^ones*'0')<<(64-8*n&63) == 0 || isDash(b[from:to])
	}
	return from < to && (allDigits(b[from:to]) || isDash(b[from:to]))
}

// endAt ends the line at a place, where the stop of that number is expected to be.
func (g *look) endAt(at, stop int) bool {
	if g.lines[at] != '\n' || int(g.stops[stop]) != at {
		return false
	}
	g.end, g.passed = at, stop+1
	return true
}

// readTail reads what stands behind the user agent, and gives the place behind it and
// the next stop's number; none where it isn't simple.
func (l *layout) readTail(g *look, at, stop int) (int, int) {
	lines := g.lines
	if len(l.columns) > 0 {
		return l.readColumns(g, at), stop
	}
	for lines[at] == ' ' && lines[at+1] == '"' {
		if stop+2 >= len(g.stops) || lines[g.stops[stop+1]] != '"' {
			return none, 0
		}
		at, stop = int(g.stops[stop+1])+1, stop+2
	}
	if !l.tail {
		return at, stop
	}
	// The first token is what is wanted, whatever comes behind it.
	from := at + 1
	nanos, length, integer := takeNanos(lines[from:], l.exponent)
	end := from + length
	if lines[at] != ' ' || length == 0 {
		return none, 0
	}
	if g.Latency, g.HasLatency, g.IntegerLatency = time.Duration(nanos), true, integer && l.guess; !l.whole {
		l.put(g, partUserAgent+1, from, end)
	}
	if lines[end] == '\n' {
		return end, stop
	}
	if lines[end] != ' ' {
		return none, 0
	}
	rest := end
	for end = int(g.stops[stop]); lines[end] != '\n'; end = int(g.stops[stop]) {
		stop++
	}
	if lines[end-1] == '\r' || allDigits(lines[from:rest]) && bytes.HasSuffix(lines[rest:end], []byte("ms")) {
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
	l.last, l.took = p.last, p.sum
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
	if l.took {
		g.Latency, g.HasLatency, g.IntegerLatency = time.Duration(total), true, false
	}
	g.end, g.passed = end, 0
	return line[end-1] != '\r' && g.timed() && l.understand(g)
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
