package logscan

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// agentQuote is the number of the quote that ends the user agent, counted from 1.
const agentQuote = 6

// learnCombined notes what stands at the quotes of a good line, and lists what each part
// of it feeds, then what its columns feed.
func (l *template) learnCombined(p *plan, line []byte) (values []*binding, ok bool) {
	l.delimiters = []byte(`"\\`)
	line = append(slices.Clone(line), '\n')
	delimiters := appendDelimiters(nil, line, l.delimiters[0], l.delimiters[1])
	quotes := delimiters[:len(delimiters)-1]
	if p.client || len(quotes) < 2 || len(delimiters) >= maxLiterals || slices.ContainsFunc(quotes, func(at uint32) bool { return line[at] != '"' }) {
		return nil, false
	}
	frames := append([]string{""}, slices.Repeat([]string{`"`}, len(quotes))...) // the first one of the line's beginning
	frames[2] = "\" \x00\x00\x00 "                                               // any status
	values = p.at
	if l.common = len(quotes) == 2; l.common {
		values, ok = values[:partReferer], len(p.columns) == 0
	} else if len(quotes) >= agentQuote && string(line[quotes[3]:quotes[4]+1]) == `" "` {
		frames[4] = `" "`
		l.behind = agentQuote
		for len(p.columns) == 0 && l.behind+2 <= len(quotes) && string(line[quotes[l.behind-1]:quotes[l.behind]+1]) == `" "` {
			frames[l.behind] = `" "`
			l.behind += 2
		}
		rest := line[quotes[l.behind-1]+1:]
		l.tail = p.latency && rest[0] == ' '
		if frames[l.behind] += string(rest[:1]); l.tail {
			values = append(slices.Clip(values), &binding{targets: []target{tailLatency}})
		}
		for _, b := range p.columns {
			l.columns = append(l.columns, b != nil && b.feeds(slotLatency))
		}
		values = append(slices.Clip(values), p.columns...)
		ok = rest[0] == '\n' || rest[0] == ' ' && (l.tail || len(l.columns) > 0 && len(quotes) == agentQuote)
	}
	for _, text := range frames {
		l.literals = append(l.literals, newFrame(text))
	}
	return values, ok
}

// partSlots are the slots that parts feed, as a rule.
var partSlots = map[int]int8{partTime: slotTime, partRequest: slotRequest, partStatus: slotStatus, partUserAgent: slotUserAgent, partUserAgent + 1: slotLatency}

// wantParts notes what is wanted of a line beyond the rule; false where something is
// wanted instead.
func (l *template) wantParts() bool {
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
	return true
}

// readCombined is Scanner.readCombined for lines without anything out of the ordinary: all
// delimiters but the last are quotes, and what stands at them is what stood there before. It
// reads as many as there are, and as there is room for, and gives their number.
func (l *template) readCombined(g *prescan, some []Request) (n int) {
	lines, last := g.lines, len(l.literals)&(maxLiterals-1)
	for ; n < len(some) && int(g.from) < len(lines) && l.matches(g); n++ {
		seen, delimiters := &some[n], g.own()
		quote, end, from := delimiters[1], delimiters[2], g.from
		// What stands in front of the request is mostly what stood there before.
		at := quote + 1 - prefixSize
		before := at - from
		same := before <= 24 && g.prefix.matches((*[prefixSize]byte)(lines[uint(at):uint(at)+prefixSize]))
		switch {
		case !same:
		case before > 8:
			same = !hasBracket(eight(lines, from), eight(lines, at-8)) && (before <= 16 || !hasBracket(eight(lines, from+8), 0))
		default:
			same = !hasBracket(eight(lines, from)<<(64-8*before), 0)
		}
		if !same && !g.newPrefix() {
			return n
		}
		size := span{end + uint32(len(`" 200 `)), delimiters[3]}
		if !l.common {
			if size.to--; lines[size.to] != ' ' {
				return n
			}
		}
		if !size.fewDigits(lines) && !isCount(lines, size) {
			return n
		}
		g.end, g.passed, g.short = delimiters[last], uint(len(l.literals)), false
		g.spans[slotRequest], g.spans[slotStatus] = span{quote + 1, end}, span{end + 2, end + 5}
		if !l.common {
			agent, behind := span{delimiters[5] + 1, delimiters[agentQuote]}, delimiters[l.behind&(maxLiterals-1)]+1
			g.spans[slotUserAgent], g.short = agent, agent.to-agent.from == 1
			if g.spans[slotLatency] = (span{behind + 1, g.end}); !l.tail && l.readColumns(g, behind) != g.end {
				return n
			}
		}
		if !l.whole || l.more {
			l.putMore(g, size)
		}
		seen.Time = g.prefix.time
		if !g.bare() || !l.understand(g, seen) {
			return n
		}
		g.done(l, seen)
	}
	return n
}

// isCount tells whether a part is a count, or the dash of none.
func isCount(lines []byte, at span) bool {
	if at.from >= at.to {
		return false
	}
	b := lines[at.from:at.to]
	return allDigits(b) || isDash(b)
}

// prefix is what stands in front of a request: a time in brackets, and a little more.
type prefix struct {
	words [prefixSize / 8]uint64
	size  uint32 // from the time's first byte to the quote
	time  int64
}

const prefixSize = 32

// matches tells whether it is what it was.
func (f *prefix) matches(b *[prefixSize]byte) bool {
	w := &f.words
	return (binary.LittleEndian.Uint64(b[0:])^w[0])|(binary.LittleEndian.Uint64(b[8:])^w[1])|(binary.LittleEndian.Uint64(b[16:])^w[2])|(binary.LittleEndian.Uint64(b[24:])^w[3]) == 0
}

// hasBracket tells whether an opening bracket is among sixteen bytes.
func hasBracket(a, b uint64) bool { return equal(a, '[')|equal(b, '[') != 0 }

// newPrefix reads the time in brackets in front of the request, and remembers what stands
// there.
func (g *prescan) newPrefix() (ok bool) {
	quote := g.delimiters[g.delimiter+1]
	from := g.bracket(quote)
	if from == 0 || g.lines[quote-2] != ']' || g.lines[quote-1] != ' ' {
		return false
	}
	g.prefix = prefix{size: quote - from}
	if g.prefix.time, ok = g.time(span{from, quote - 2}); !ok {
		return false
	}
	if g.prefix.size+2 <= prefixSize && quote+1-g.from >= prefixSize {
		for i := range g.prefix.words {
			g.prefix.words[i] = eight(g.lines, quote+1-prefixSize+uint32(8*i))
		}
	}
	return true
}

// bracket is where the time begins, in brackets in front of a quote: behind the first
// opening one; 0 where it isn't simple.
func (g *prescan) bracket(quote uint32) uint32 {
	if quote <= g.from {
		return 0
	}
	open := bytes.IndexByte(g.lines[g.from:quote], '[')
	if open <= 0 {
		return 0
	}
	from := g.from + uint32(open) + 1
	if quote < from+2 || quote > from+maxStamp || bytes.IndexByte(g.lines[from:quote-2], ']') >= 0 {
		return 0
	}
	return from
}

// putMore notes where the other parts lie.
func (l *template) putMore(g *prescan, size span) {
	l.put(g, partBytes, size.from, size.to)
	delimiters := g.own()
	if g.put(slotTime, delimiters[1]-g.prefix.size, delimiters[1]-2); !l.common {
		l.put(g, partReferer, delimiters[3]+1, delimiters[4])
		l.put(g, partUserAgent, delimiters[5]+1, delimiters[agentQuote])
	}
}

// takeFirst takes the first of several tokens for the latency, whatever comes behind it.
func (l *template) takeFirst(g *prescan, seen *Request, at span) bool {
	n := bytes.IndexByte(g.lines[at.from:g.end], ' ')
	if n < 0 {
		return false
	}
	if next := bytes.TrimLeft(g.lines[at.from+uint32(n):g.end], " "); len(next) > 0 && partsDurations(next[0]) {
		return false
	}
	first := span{at.from, at.from + uint32(n)}
	traefik := allDigits(g.lines[first.from:first.to]) && bytes.HasSuffix(g.lines[first.to:g.end], []byte("ms"))
	g.spans[slotLatency] = first
	return !traefik && l.takeLatency(g, seen, first)
}

// readColumns reads the named tokens at the end of the line, each behind a space, and
// gives where they end, 0 where they aren't simple.
func (l *template) readColumns(g *prescan, at uint32) uint32 {
	for n, latency := range l.columns {
		if g.lines[at] != ' ' {
			return 0
		}
		from := at + 1
		if partsDurations(g.lines[from]) {
			return 0 // of a list, perhaps
		}
		for at = from; g.lines[at] > ' ' && g.lines[at] != '"'; at++ {
		}
		if at == from {
			return 0
		}
		if latency { // rt=0.123
			from += uint32(bytes.LastIndexByte(g.lines[from:at], '=') + 1)
		}
		l.put(g, partUserAgent+1+n, from, at)
	}
	return at
}
