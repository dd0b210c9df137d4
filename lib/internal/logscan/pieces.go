package logscan

import (
	"bytes"
	"slices"
)

// readLTSV is Scanner.readLTSV for lines with the labels of the template: each begins at
// the delimiter that ends the value before.
func (l *template) readLTSV(g *prescan, seen *Request) bool {
	if !l.matches(g) || l.long != nil && !l.longMatch(g) {
		return false
	}
	delimiters := g.own()
	g.end, g.passed, g.short = delimiters[len(l.literals)&(maxLiterals-1)], uint(len(l.literals)), false
	g.spans[slotTime] = l.places[slotTime].of(delimiters)
	g.spans[slotStatus], g.spans[slotLatency] = l.places[slotStatus].of(delimiters), l.places[slotLatency].of(delimiters)
	agent, verb := l.places[slotUserAgent].of(delimiters), l.places[l.verb].of(delimiters)
	g.spans[slotUserAgent], g.spans[l.verb] = agent, verb
	if !l.whole {
		for i := range l.wants {
			w := &l.wants[i]
			at := w.of(delimiters)
			g.put(w.at, at.from, at.to)
		}
	}
	g.short = g.short || agent.to-agent.from == 1 || verb.to-verb.from == 1
	return (l.bare || g.bare()) && g.timed(seen) && l.understand(g, seen)
}

// of is where the value lies of which this is the place, in the line of some delimiters.
func (p *place) of(delimiters *[maxLiterals]uint32) span {
	return span{delimiters[p.value&(maxLiterals-1)] + p.literal, delimiters[(p.value+1)&(maxLiterals-1)]}
}

// learnLTSV notes the labels of a good line.
func (l *template) learnLTSV(p *plan, line []byte) (values []*binding, ok bool) {
	l.delimiters = []byte("\t\t")
	for i, from := 0, 0; i < len(line); {
		colon := labelEnd(line[from:])
		if colon <= 0 || len(values) == maxLiterals-1 {
			return nil, false // an empty field, too
		}
		label, known := newLiteral(line[i:from+colon+1], false)
		if !known || !plainText(line[from:from+colon]) {
			return nil, false
		}
		values = append(values, p.byName[string(line[from:from+colon])])
		i = valueEnd(line, from+colon+1, '\t')
		l.literals = append(l.literals, label)
		from = i + 1
		if from == len(line) {
			return nil, false // an empty field at the end
		}
	}
	return values, true
}

// readJSON is Scanner.readJSON for flat objects with the keys of the template, strings
// without escapes and numbers. A delimiter that is no quote, or one too many, stands where
// the next literal ought to.
func (l *template) readJSON(g *prescan, seen *Request) bool {
	delimiters := g.delimiters[g.delimiter:]
	at, delimiter := int(g.from), 1
	for n := range l.literals {
		p := &l.literals[n]
		if !p.at(g.lines, at) {
			return false
		}
		from := at + len(p.text)
		delimiter += int(p.delimiters)
		if delimiter >= len(delimiters) {
			return false
		}
		if !p.number {
			at = int(delimiters[delimiter])
		} else if at = numberEnd(g.lines, from); at < 0 {
			return false
		}
		l.put(g, n, uint32(from), uint32(at))
	}
	if delimiter += int(l.end.delimiters); !l.end.at(g.lines, at) || delimiter >= len(delimiters) {
		return false
	}
	if at += len(l.end.text); g.lines[at] != '\n' || int(delimiters[delimiter]) != at {
		return false
	}
	g.end, g.passed = uint32(at), uint(delimiter)
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
	l.delimiters = []byte(`"\`)
	for i, at := 0, 1; ; {
		at = space(line, at)
		if at == len(line) || line[at] != '"' {
			return nil, false
		}
		end, _ := stringEnd(line, at+1)
		node := p.root.children[string(line[at+1:end])]
		at = space(line, space(line, end+1)+1)
		number := line[at] == '-' || isDigit(line[at])
		if len(values) == maxLiterals-1 || !number && line[at] != '"' {
			return nil, false
		}
		from := at
		if !number {
			from++
		}
		before, known := newLiteral(line[i:from], number)
		if !known || i == 0 && (len(before.text) < 5 || bytes.HasPrefix(before.text, []byte(`{"log":`))) {
			return nil, false
		}
		l.literals = append(l.literals, before)
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
			l.end, known = newLiteral(line[i:], false)
			return values, known
		}
		at++
	}
}
