package logscan

import (
	"bytes"
	"encoding/binary"
	"math"
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

// time reads a stamp, which mostly is the last one once more, or differs in its fraction.
func (p *prescan) time(at span) (int64, bool) {
	c, lines := &p.clock, p.lines
	if c.digits > 0 {
		if v, ok := c.within(lines, at); ok {
			return v, true
		}
	} else if n := at.to - at.from; n == uint32(c.size) && n-16 <= 16 && // two pairs of words, that may overlap, speak of every byte
		(eight(lines, at.from)^c.words[0])|(eight(lines, at.from+8)^c.words[1])|(eight(lines, at.to-16)^c.words[2])|(eight(lines, at.to-8)^c.words[3]) == 0 {
		return c.value, true
	}
	return c.parse(lines[at.from:at.to])
}

// timed reads the time.
func (p *prescan) timed(r *Request) (ok bool) {
	r.Time, ok = p.time(p.spans[slotTime])
	return ok
}

// bare is unwrapper.bare of the line.
func (p *prescan) bare() bool {
	w := eight(p.lines, p.from)
	return byte(w)-'!' <= '~'-'!' && byte(w>>32) != '-' && p.end-p.from > 4
}

// understand reads the other values, as Scanner.finish does. What is seldom is left to
// functions of its own.
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
		if digits, odd := thousandths(eight(lines, at.from)); odd == 0 && at.to-at.from == 5 && t.decimal.least == 5 {
			r.Latency, r.HasLatency, r.IntegerLatency = t.decimal.duration(digits), true, false
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

// readLatency reads the latency; false where it isn't simple.
func (t *template) readLatency(p *prescan, r *Request, at span) bool {
	nanos, integer := t.decimal.nanos(p.lines, at.from, at.to), false
	if nanos < 0 {
		var length int
		if nanos, length, integer = takeNanos(p.lines[at.from:], t.exponent); length == 0 || length != int(at.to-at.from) {
			return false
		}
	}
	r.Latency, r.HasLatency, r.IntegerLatency = time.Duration(nanos), true, integer && t.guess
	return true
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
	if t.split { // Scanner.finishRequest does it
		r.method = nowhere
		return true
	}
	if r.method, r.Method, r.MethodLen = (span{p.from, p.from}), 0, 0; !t.has[t.verb] {
		return true
	}
	at := p.spans[t.verb]
	if t.verb == slotRequest {
		n := methodEnd(p.lines[at.from:at.to])
		if n < 0 {
			return false
		}
		at.to = at.from + uint32(n)
	}
	if at.to <= at.from {
		return false
	}
	if r.method = at; at.to-at.from <= maxMethod {
		r.MethodLen = uint8(at.to - at.from)
		r.Method = eight(p.lines, at.from) << (64 - 8*r.MethodLen) >> (64 - 8*r.MethodLen)
	} else {
		r.whole = false
	}
	return true
}

// methodEnd is the length of the method that a request line begins with, none where that
// isn't simple: capital letters and a space.
func methodEnd(request []byte) int {
	for i, c := range request {
		if c-'A' <= 'Z'-'A' {
			continue
		}
		if c == ' ' && i > 0 && i <= 32 {
			return i
		}
		break
	}
	return none
}

// decimals is a way of writing a latency: so many digits behind a point.
type decimals struct {
	least, spare uint32 // bytes at least, and at most beyond
	point        uint8  // bits below the point in the last eight bytes
	front        uint64 // all of them
	scale        int64  // nanoseconds of the last digit
}

// decimalsOf is how a latency is written, in units of 10^exponent nanoseconds.
func decimalsOf(text []byte, exponent int) decimals {
	n := len(text) - bytes.IndexByte(text, '.') - 1
	if n == 0 || n >= len(text)-1 || n > min(exponent, 6) {
		return decimals{least: math.MaxUint32}
	}
	point := 8 * (7 - n)
	return decimals{least: uint32(n) + 2, spare: uint32(6 - n), point: uint8(point), front: 1<<point - 1, scale: int64(powersOfTen[exponent-n])}
}

// thousandths are the digits of a number written as 0.123; odd is 0 where it is so.
func thousandths(w uint64) (digits, odd uint64) {
	digits = (w ^ ones*'0' ^ ('0'^'.')<<8) & (1<<40 - 1)
	return digits, nonDigits(digits) | digits&0xFF00
}

// duration is what the digits say, or the sums of three numbers' digits.
func (d *decimals) duration(digits uint64) time.Duration {
	return time.Duration(digits&0xFF00FF*(1000<<16|100)>>16&0xFFFF+digits>>24&0xFF*10+digits>>32) * time.Duration(d.scale)
}

// nanos is takeNanos for what lies between two places; negative where it is written in
// another way.
func (d *decimals) nanos(lines []byte, from, to uint32) int64 {
	n := to - from
	if n-d.least > d.spare || to < 8 {
		return none
	}
	v := eight(lines, to-8) ^ ones*'0' // the last digit highest
	if byte(v>>(d.point&63)) != '.'^'0' {
		return none
	}
	drop := 8 * (9 - n) & 63
	v = v&^(d.front<<8|0xFF) | v&d.front<<8 // without the point
	if v = v >> drop << drop; nonDigits(v) != 0 {
		return none
	}
	return int64(eightDigits(v)) * d.scale
}

// takeNanos is parseLatency for digits with at most one point among them, at the
// beginning of b; their length is 0 where there are none or it isn't simple.
func takeNanos(b []byte, exponent int) (nanos int64, length int, integer bool) {
	if len(b) >= 8 {
		v := binary.LittleEndian.Uint64(b) ^ ones*'0'
		if stops := nonDigits(v); stops != 0 {
			digits := bits.TrailingZeros64(stops) >> 3 // and what isn't a digit is behind them
			end, fraction := digits, 0
			if stops &= stops - 1; b[digits&7] == '.' && digits > 0 && stops != 0 {
				end = bits.TrailingZeros64(stops) >> 3
				front := uint64(1)<<(8*digits&63) - 1
				v = v&front | v>>8&^front // without the point
				fraction = end - digits - 1
				digits = end - 1
			} else if b[digits&7] == '.' {
				return slowNanos(b, exponent)
			}
			if digits == 0 || fraction > exponent {
				return 0, 0, false
			}
			return int64(eightDigits(v<<(64-8*digits&63))) * int64(powersOfTen[exponent-fraction]), end, fraction == 0 && end == digits
		}
	}
	return slowNanos(b, exponent)
}

// slowNanos is takeNanos byte by byte.
func slowNanos(b []byte, exponent int) (nanos int64, length int, integer bool) {
	v, point, i := int64(0), none, 0
	for ; i < len(b); i++ {
		if c := b[i]; isDigit(c) {
			v = v*10 + int64(c-'0')
		} else if c == '.' && point < 0 && i > 0 {
			point = i
		} else {
			break
		}
	}
	fraction := 0
	if point >= 0 {
		fraction = i - point - 1
	}
	if i == 0 || i > 10 || v > 1e9 || fraction > exponent {
		return 0, 0, false
	}
	return v * int64(powersOfTen[exponent-fraction]), i, point < 0
}
