package logscan

import (
	"bytes"
	"math/bits"
	"time"
)

// maxMethod is how long a method may be that a Request names.
const maxMethod = 8

// Request is what was seen of a line: all that most requests are judged by. Its values are
// those of a Record.
type Request struct {
	Time           int64
	Latency        time.Duration
	Method         uint64 // its bytes, the first one lowest
	MethodLen      uint8
	HasLatency     bool
	IntegerLatency bool
	Marked         bool // the user agent begins with Config.Mark
	whole          bool // no more is asked of the line
	template       int8 // its number; none: the line isn't written like others before it
	Status         int32

	place         uint32 // of its stretch, in all data; all other places are in the stretch
	from, end     uint32 // where the line begins, and its line end
	method, agent span
}

// Request is what would be seen of the record's line, but for Marked; false where the
// method is too long to be named.
func (r *Record) Request() (g Request, named bool) {
	g.Time, g.Status, g.Latency, g.HasLatency, g.IntegerLatency = r.Time, int32(r.Status), r.Latency, r.HasLatency, r.IntegerLatency
	n := len(r.Method)
	if n > maxMethod {
		return g, false
	}
	g.Method, g.MethodLen = word(r.Method, n), uint8(n)
	return g, true
}

// Line is the request's line, without its end, in the data that was looked at.
func (g *Request) Line(data []byte) []byte {
	return data[g.place+g.from : g.lineEnd()]
}

// lineEnd is the place of its line end in all data.
func (g *Request) lineEnd() int { return int(g.place + g.end) }

// AppendMethod appends the bytes of the method.
func (g *Request) AppendMethod(to []byte) []byte {
	for i := range g.MethodLen {
		to = append(to, byte(g.Method>>(8*i)))
	}
	return to
}

// timed reads the time, whose stamp mostly is the last one once more, or differs in its
// fraction.
func (p *prescan) timed(r *Request) (ok bool) {
	c, lines, at := &p.clock, p.lines, p.spans[slotTime]
	if c.digits > 0 {
		if r.Time, ok = c.within(lines, at); ok {
			return true
		}
	} else if n := at.to - at.from; n == uint32(c.size) && n-16 <= 16 && // two pairs of words, that may overlap, speak of every byte
		(eight(lines, at.from)^c.words[0])|(eight(lines, at.from+8)^c.words[1])|(eight(lines, at.to-16)^c.words[2])|(eight(lines, at.to-8)^c.words[3]) == 0 {
		r.Time = c.value
		return true
	}
	r.Time, ok = c.parse(lines[at.from:at.to])
	return ok
}

// bare is unwrapper.bare of the line.
func (p *prescan) bare() bool {
	w := eight(p.lines, p.from)
	return byte(w)-'!' <= '~'-'!' && byte(w>>32) != '-' && p.end-p.from > 4
}

// understand reads the other values of a line, as interpreter.finish does. What is seldom is left
// to functions of its own.
func (t *template) understand(p *prescan, r *Request) bool {
	lines := p.lines
	if p.short && !t.lacking(p) {
		return false
	}
	if at := p.spans[slotStatus]; !t.has[slotStatus] {
		r.Status = 0
	} else if v := eight(lines, at.from)<<40 ^ 0x303030<<40; at.to-at.from == 3 && nonDigits(v) == 0 {
		r.Status = int32(eightDigits(v))
	} else {
		return false
	}
	if t.has[slotLatency] && !t.took {
		at := p.spans[slotLatency]
		if digits, odd := thousandths(eight(lines, at.from)); odd == 0 && at.to-at.from == 5 && t.thousandth > 0 {
			r.Latency, r.HasLatency, r.IntegerLatency = duration(digits)*time.Duration(t.thousandth), true, false
		} else if !t.readLatency(p, r, at) {
			return false
		}
	} else if !t.took {
		r.Latency, r.HasLatency, r.IntegerLatency = 0, false, false
	}
	if t.start && r.HasLatency {
		r.Time += ceilMicros(r.Latency)
	}
	r.Marked = false
	if at := p.spans[slotUserAgent]; !t.has[slotUserAgent] {
		r.agent = nowhere
	} else if r.agent = at; at != nowhere && (eight(lines, at.from)^p.mark.word)&p.mark.mask == 0 {
		r.Marked = p.mark.text != "" && bytes.HasPrefix(lines[at.from:at.to], []byte(p.mark.text))
	}
	r.whole = t.whole
	if t.verb != slotRequest || t.split {
		return t.otherMethod(p, r)
	}
	at := p.spans[slotRequest]
	w := eight(lines, at.from)
	stop := equal(w, ' ')
	front := stop&-stop>>7 - 1 // of the bytes before the first space
	size := uint32(bits.TrailingZeros64(stop)) >> 3
	if size >= at.to-at.from || size-1 >= 7 || ^capitals(w)&front&highs != 0 {
		return t.otherMethod(p, r)
	}
	r.method, r.Method, r.MethodLen = span{at.from, at.from + size}, w&front, uint8(size)
	return true
}

// readLatency reads the latency; false where it isn't a bare number.
func (t *template) readLatency(p *prescan, r *Request, at span) bool {
	d, ok := at.decimal(p.lines)
	nanos, fits := d.nanos(t.unit)
	r.Latency, r.HasLatency, r.IntegerLatency = time.Duration(nanos), true, d.integer && t.guess
	return ok && fits
}

// lacking takes out the values that are a dash; false where one of them matters.
func (t *template) lacking(p *prescan) bool {
	if p.short = false; !t.dashes {
		return true
	}
	for i := range t.wants {
		w := &t.wants[i]
		at := &p.spans[w.at&(maxSpans-1)]
		if at.to-at.from != 1 || p.lines[at.from] != '-' {
			continue
		}
		if *at = nowhere; !w.lack {
			return false
		}
	}
	return true
}

// otherMethod finds a method that isn't simply what a request line begins with.
func (t *template) otherMethod(p *prescan, r *Request) bool {
	at := span{p.from, p.from}
	switch {
	case t.split: // interpreter.finishRequest does it
	case t.verb == slotRequest:
		at = p.spans[slotRequest]
		method, _ := splitRequest(p.lines[at.from:at.to])
		at.to = at.from + uint32(len(method))
	case t.has[slotMethod]:
		if at = p.spans[slotMethod]; at.to <= at.from {
			return false
		}
	}
	n := at.to - at.from
	if r.method = at; n > maxMethod {
		r.whole, n = false, 0
	}
	r.Method, r.MethodLen = eight(p.lines, at.from)<<(64-8*n)>>(64-8*n), uint8(n)
	return true
}

// thousandths are the digits of a number written as 0.123; odd is 0 where it is so.
func thousandths(w uint64) (digits, odd uint64) {
	digits = (w ^ ones*'0' ^ ('0'^'.')<<8) & (1<<40 - 1)
	return digits, nonDigits(digits) | digits&0xFF00
}

// duration is how many thousandths the digits say, or the sums of three numbers' digits.
func duration(digits uint64) time.Duration {
	return time.Duration(digits&0xFF00FF*(1000<<16|100)>>16&0xFFFF + digits>>24&0xFF*10 + digits>>32)
}
