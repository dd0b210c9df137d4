package logscan

import "bytes"

// learnCombined lists what each part of a line feeds, then what its columns feed.
func (l *layout) learnCombined(p *plan, line []byte) (values []*binding, ok bool) {
	if p.prefix {
		return nil, false
	}
	if bytes.Count(line, []byte{'"'}) == 2 {
		l.common = true
		return p.at[:partReferer], len(p.columns) == 0
	}
	values = append(values, p.at...)
	if l.tail = p.latency && line[len(line)-1] != '"'; l.tail {
		return append(values, &binding{targets: []target{tailLatency}}), true
	}
	l.columns = p.columns
	return append(values, p.columns...), true
}

// readCombined is Scanner.readCombined for lines without anything out of the ordinary.
func (l *layout) readCombined(line []byte, g *glance) bool {
	open := bytes.IndexByte(line, '[')
	if open <= 0 {
		return false
	}
	inside := line[open+1 : min(len(line), open+1+maxStamp)]
	end := bytes.IndexByte(inside, ']')
	if end < 0 || !l.put(line, g, partTime, open+1, open+1+end) {
		return false
	}
	i := open + 1 + end + len(`] "`)
	if i > len(line) || line[i-2] != ' ' || line[i-1] != '"' {
		return false
	}
	// A quote that isn't escaped and has a status code behind it ends the request.
	end = quoteFrom(line, i)
	if end < 0 || len(line)-end < len(`" 200 0`) || line[end+1] != ' ' || line[end+5] != ' ' || !allDigits(line[end+2:end+5]) {
		return false
	}
	if !l.put(line, g, partRequest, i, end) || !l.put(line, g, partStatus, end+2, end+5) {
		return false
	}
	i = end + len(`" 200 `)
	from := i
	for i < len(line) && isDigit(line[i]) {
		i++
	}
	if i == from && line[i] == '-' {
		i++
	}
	if i == from || i < len(line) && line[i] != ' ' || !l.put(line, g, partBytes, from, i) {
		return false
	}
	return l.readTail(line, i, g)
}

// quoteFrom is the place of the first quote from i on, none where there isn't one or
// it may be escaped.
func quoteFrom(line []byte, i int) int {
	n := bytes.IndexByte(line[i:], '"')
	if n < 0 || line[i+n-1] == '\\' {
		return none
	}
	return i + n
}

// quotedFrom reads a quoted token and the space in front of it: its end, none where it
// isn't simple.
func quotedFrom(line []byte, i int) int {
	if len(line)-i < len(` ""`) || line[i] != ' ' || line[i+1] != '"' {
		return none
	}
	end := quoteFrom(line, i+2)
	if end < 0 || end+1 < len(line) && line[end+1] != ' ' {
		return none
	}
	return end
}

// readTail reads what stands behind the bytes, from the space on.
func (l *layout) readTail(line []byte, i int, g *glance) bool {
	if l.common {
		return i == len(line)
	}
	for part := partReferer; part <= partUserAgent; part++ {
		end := quotedFrom(line, i)
		if end < 0 || !l.put(line, g, part, i+2, end) {
			return false
		}
		i = end + 1
	}
	if len(l.columns) > 0 {
		return l.readColumns(line, i, g)
	}
	for i+1 < len(line) && line[i+1] == '"' {
		if i = quotedFrom(line, i) + 1; i == 0 {
			return false
		}
	}
	if !l.tail {
		return i == len(line)
	}
	end := wordFrom(line, i)
	if end < 0 || allDigits(line[i+1:end]) && bytes.HasSuffix(line[end:], []byte("ms")) {
		return false // Traefik's
	}
	return l.put(line, g, partUserAgent+1, i+1, end)
}

// wordFrom reads an unquoted token and the space in front of it: its end, none where it
// isn't simple.
func wordFrom(line []byte, i int) int {
	if len(line)-i < 2 || line[i] != ' ' || line[i+1] == ' ' || line[i+1] == '"' {
		return none
	}
	return valueEnd(line, i+1, ' ')
}

// readColumns reads the named tokens at the end of the line.
func (l *layout) readColumns(line []byte, i int, g *glance) bool {
	for n, b := range l.columns {
		end := wordFrom(line, i)
		if end < 0 {
			return false
		}
		from := i + 1
		if b != nil && b.feeds(slotLatency) { // rt=0.123
			from += bytes.LastIndexByte(line[from:end], '=') + 1
		}
		if !l.put(line, g, partUserAgent+1+n, from, end) {
			return false
		}
		i = end
	}
	return true
}

// learnALB lists what each field of a line feeds.
func (l *layout) learnALB(p *plan) (values []*binding, ok bool) {
	l.last, l.sum = p.last, p.sum
	return p.at, true
}

// readALB is Scanner.readALB for lines with all the fields that are looked at, of
// requests that were answered.
func (l *layout) readALB(line []byte, g *glance) bool {
	i := bytes.IndexByte(line, ' ')
	if i < 0 || !isALBType(line[:i]) || !l.put(line, g, albType, 0, i) {
		return false
	}
	total := int64(0)
	for field := albType + 1; field <= l.last; field++ {
		from := i + 1
		var end int
		if field >= albRequest && from < len(line) && line[from] == '"' {
			end = quotedFrom(line, i)
			from++
			i = end + 1
		} else {
			end = wordFrom(line, i)
			i = end
		}
		if end < 0 {
			return false
		}
		switch {
		case field >= albPhases && field < albPhases+3:
			part, _, ok := plainNanos(line[from:end], unitSecond.nanoExponent())
			if !ok {
				return false
			}
			total += part
		case field == albStatus || field == albStatus+1 || field == albBytes || field == albBytes+1:
			if !allDigits(line[from:end]) {
				return false
			}
		}
		if l.keep[field] >= 0 && !l.put(line, g, field, from, end) {
			return false
		}
	}
	if l.sum {
		g.took, g.timed, g.integer = total, true, false
	}
	return true
}
