package logscan

// fastFields reads lines of the same labels in the same order: what is written as LTSV, or
// as a flat JSON object of strings without escapes and numbers. Values lie between literals.
type fastFields struct {
	template
	literals
	values  []place      // behind each literal, but for the last one of an object
	numbers []numeral    // values of an object that aren't in quotes
	wanted  []place      // by want
	places  [slots]place // of the canonical slots with a value
}

// place is where a value lies: behind the delimiter of a number and a literal, and in front
// of another delimiter and some rest.
type place struct{ after, literal, before, rest uint32 }

// of is where the value lies of which this is the place, in the line of some delimiters.
func (p *place) of(delimiters *[maxDelimiters]uint32) span {
	return span{delimiters[p.after&(maxDelimiters-1)] + p.literal, delimiters[p.before&(maxDelimiters-1)] - p.rest}
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

// field adds a literal and the value behind it, which ends at a delimiter, and some rest in
// front of that.
func (f *fastFields) field(one literal, stop, rest int) {
	at := place{0, 1 + uint32(len(one.text)), uint32(stop), uint32(rest)} // the line end before it is no part of the first literal
	if n := len(f.stops); n > 0 {
		at.after, at.literal = f.stops[n-1], uint32(len(one.text))
	}
	f.values = append(f.values, at)
	f.add(one, stop)
}

// learned is the reader of lines with all those fields, which feed some bindings.
func (f *fastFields) learned(in *interpreter, values []*binding) fastReader {
	if len(f.all) > maxLiterals || f.count >= maxDelimiters || !in.want(&f.template, values) {
		return nil
	}
	for _, w := range f.wants {
		at := f.values[w.value]
		if f.wanted = append(f.wanted, at); w.at < slots {
			f.places[w.at] = at
		}
	}
	f.bare = f.all[0].bareFrom()
	return f
}

func (f *fastFields) fresh() fastReader { return f } // it remembers nothing

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
		p.end, p.passed, p.short = delimiters[f.count&(maxDelimiters-1)], f.count, agent.to-agent.from == 1 || verb.to-verb.from == 1
		if !f.whole {
			for i := range f.wants {
				at := f.wanted[i].of(delimiters)
				p.put(f.wants[i].at, at.from, at.to)
			}
		}
		if !f.bare && !p.bare() || !p.timed(r) || !f.understand(p, r) {
			return n
		}
		p.done(&f.template, r)
	}
	return n
}
