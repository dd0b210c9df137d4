package logscan

import "slices"

// fastFields reads lines whose values lie between literals: what is written as LTSV with the
// same labels in the same order, or as a flat JSON object of strings without escapes and
// numbers.
type fastFields struct {
	template
	literals
	values  []place      // by the number of the value
	numbers []numeral    // values of an object that aren't in quotes
	places  [slots]place // of the canonical slots with a value
	bare    bool         // what the line begins with says that nothing is around it, see prescan.bare
}

// place is where a value lies: behind the delimiter of a number and so many bytes, and in
// front of another delimiter and some rest.
type place struct {
	after, before uint8
	behind, rest  uint32
}

// of is where the value lies of which this is the place, in the line of some delimiters.
func (p *place) of(delimiters *[maxDelimiters]uint32) span {
	return span{delimiters[p.after] + p.behind, delimiters[p.before] - p.rest}
}

// numeral is the place of a number, and what stands between it and the delimiter behind it.
type numeral struct {
	place
	word, mask uint64
}

// maxRest is how many bytes may stand there.
const maxRest = 8

// in tells whether a number lies there as JSON has it (RFC 8259, section 6).
func (n *numeral) in(lines []byte, delimiters *[maxDelimiters]uint32) bool {
	at := n.of(delimiters)
	return (at.plainNumber(lines) || numberEnd(lines, int(at.from)) == int(at.to)) && (eight(lines, at.to)^n.word)&n.mask == 0
}

// between notes what stands between the values of a line, and where they lie among its
// delimiters; false where one holds a delimiter, or that isn't simple. Of an object, whose
// dashes are values too, what isn't in quotes is a number.
func (f *fastFields) between(line []byte, values []span) bool {
	line = append(slices.Clip(line), '\n')
	delimiters := appendDelimiters(nil, line, f.delimiters[0], f.delimiters[1])
	if len(values) > maxLiterals || len(delimiters) >= maxDelimiters {
		return false
	}
	begin, after := uint32(0), 0
	for _, v := range values {
		first, _ := slices.BinarySearch(delimiters, v.from)
		next, _ := slices.BinarySearch(delimiters, v.to)
		text, known := newLiteral(line[begin:v.from])
		at := place{uint8(after), uint8(next + 1), v.from - begin, delimiters[next] - v.to}
		if after == 0 {
			at.behind++ // the line end before it is no part of the first literal
		}
		if first != next || !known || at.rest > maxRest {
			return false
		}
		f.values = append(f.values, at)
		if f.add(text, next+1); !f.dashes && line[v.from-1] != '"' {
			rest := newMark(string(line[v.to:delimiters[next]]))
			f.numbers = append(f.numbers, numeral{at, rest.word, rest.mask})
		}
		begin, after = delimiters[next], next+1
	}
	last, known := newLiteral(line[begin:])
	if len(last.text) > 1 {
		f.add(last, len(delimiters))
	}
	return known
}

// learned is the reader of lines written like one with those values, which feed some bindings.
func (f *fastFields) learned(in *interpreter, line []byte, values []span, bindings []*binding) fastReader {
	if !f.between(line, values) || !in.want(&f.template, bindings) {
		return nil
	}
	for _, w := range f.wants {
		if w.at < slots {
			f.places[w.at] = f.values[w.value]
		}
	}
	f.bare = f.all[0].bareFrom()
	return f
}

func (f *fastFields) read(p *prescan, some []Request) (n int) {
	for ; n < len(some) && int(p.from) < len(p.lines) && f.match(p); n++ {
		r, delimiters := &some[n], p.own()
		for i := range f.numbers {
			if !f.numbers[i].in(p.lines, delimiters) {
				return n
			}
		}
		agent, verb := f.places[slotUserAgent].of(delimiters), f.places[f.verb].of(delimiters)
		p.spans[slotTime], p.spans[slotStatus], p.spans[slotLatency] = f.places[slotTime].of(delimiters), f.places[slotStatus].of(delimiters), f.places[slotLatency].of(delimiters)
		p.spans[slotUserAgent], p.spans[f.verb] = agent, verb
		p.end, p.passed, p.short = delimiters[f.count], uint(f.count), agent.to-agent.from == 1 || verb.to-verb.from == 1
		if !f.whole {
			for _, w := range f.wants {
				p.put(w.at, f.values[w.value].of(delimiters))
			}
		}
		if !f.bare && !p.bare() || !p.timed(r) || !f.understand(p, r) {
			return n
		}
		p.done(&f.template, r)
	}
	return n
}
