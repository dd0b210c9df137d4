package logscan

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"time"
)

// time reads a stamp.
func (g *prescan) time(at span) (int64, bool) {
	if g.clock.digits > 0 {
		if v, ok := g.clock.within(g.lines, at); ok {
			return v, true
		}
	} else if g.clock.again(g.lines, at) {
		return g.clock.value, true
	}
	return g.clock.parse(g.lines[at.from:at.to])
}

// timed reads the time.
func (g *prescan) timed(seen *Request) (ok bool) {
	seen.Time, ok = g.time(g.spans[slotTime])
	return ok
}

// bare is unwrapper.bare of the line.
func (g *prescan) bare() bool {
	w := eight(g.lines, g.from)
	return byte(w)-'!' <= '~'-'!' && byte(w>>32) != '-' && g.end-g.from > 4
}

// understand reads the other values, as Scanner.finish does. What is seldom is left to
// functions of its own.
func (l *template) understand(g *prescan, seen *Request) bool {
	lines := g.lines
	if g.short && !l.dashes(g) {
		return false
	}
	if at := g.spans[slotStatus]; !l.has[slotStatus] {
		seen.Status = 0
	} else if b := lines[uint(at.from) : uint(at.from)+3]; at.to-at.from == 3 && isDigit(b[0]) && isDigit(b[1]) && isDigit(b[2]) {
		seen.Status = int32(b[0])*100 + int32(b[1])*10 + int32(b[2]) - '0'*111
	} else {
		return false
	}
	if l.has[slotLatency] && !l.took {
		at, nanos := g.spans[slotLatency], int64(none)
		if at.to-at.from == 5 && l.decimal.least == 5 {
			nanos = l.decimal.thousandths(eight(lines, at.from))
		}
		if nanos >= 0 {
			seen.Latency, seen.HasLatency, seen.IntegerLatency = time.Duration(nanos), true, false
		} else if !l.takeLatency(g, seen, at) && !(l.tail && l.takeFirst(g, seen, at)) {
			return false
		}
	} else if !l.took {
		seen.Latency, seen.HasLatency, seen.IntegerLatency = 0, false, false
	}
	if l.start && seen.HasLatency {
		seen.Time += ceilMicros(seen.Latency)
	}
	seen.Marked = false
	if at := g.spans[slotUserAgent]; !l.has[slotUserAgent] {
		seen.agent = nowhere
	} else if seen.agent = at; at != nowhere && (eight(lines, at.from)^g.marked)&g.markMask == 0 {
		seen.Marked = g.mark != "" && bytes.HasPrefix(lines[at.from:at.to], []byte(g.mark))
	}
	seen.whole = l.whole
	if l.verb != slotRequest || l.split {
		return l.otherMethod(g, seen)
	}
	at := g.spans[slotRequest]
	w := eight(lines, at.from)
	stop := equal(w, ' ')
	front := stop&-stop>>7 - 1 // of the bytes before the first space
	size := uint32(bits.TrailingZeros64(stop)) >> 3
	if size >= at.to-at.from || size-1 >= 7 || ^capitals(w)&front&highs != 0 {
		return l.otherMethod(g, seen)
	}
	seen.method, seen.Method, seen.MethodLen = span{at.from, at.from + size}, w&front, uint8(size)
	return true
}

// takeLatency reads the latency; false where it isn't simple.
func (l *template) takeLatency(g *prescan, seen *Request, at span) bool {
	nanos, integer := l.decimal.nanos(g.lines, at.from, at.to), false
	if nanos < 0 {
		var length int
		if nanos, length, integer = takeNanos(g.lines[at.from:], l.exponent); length == 0 || length != int(at.to-at.from) {
			return false
		}
	}
	seen.Latency, seen.HasLatency, seen.IntegerLatency = time.Duration(nanos), true, integer && l.guess
	return true
}

// dashes takes out the values that are a dash; false where one of them matters.
func (l *template) dashes(g *prescan) bool {
	if g.short = false; l.format == JSON {
		return true
	}
	for i := range l.wants {
		w := &l.wants[i]
		at := &g.spans[w.at&(maxSpans-1)]
		if at.to-at.from != 1 || g.lines[at.from] != '-' {
			continue
		}
		if *at = nowhere; !w.lack {
			return false
		}
	}
	return true
}

// otherMethod finds a method that isn't simply what a request line begins with.
func (l *template) otherMethod(g *prescan, seen *Request) bool {
	if l.split { // Scanner.finishRequest does it
		seen.method = nowhere
		return true
	}
	if seen.method, seen.Method, seen.MethodLen = (span{g.from, g.from}), 0, 0; !l.has[l.verb] {
		return true
	}
	at := g.spans[l.verb]
	if l.verb == slotRequest {
		n := methodEnd(g.lines[at.from:at.to])
		if n < 0 {
			return false
		}
		at.to = at.from + uint32(n)
	}
	if at.to <= at.from {
		return false
	}
	if seen.method = at; at.to-at.from <= maxMethod {
		seen.MethodLen = uint8(at.to - at.from)
		seen.Method = eight(g.lines, at.from) << (64 - 8*seen.MethodLen) >> (64 - 8*seen.MethodLen)
	} else {
		seen.whole = false
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

// thousandths is a number written as 0.123, and none where it isn't: of its thousandths,
// with the decimals of a template.
func (d *decimals) thousandths(w uint64) int64 {
	w ^= ones * '0'
	v := w&0xFF | w>>8&0xFFFFFF00
	if byte(w>>8) != '.'^'0' || nonDigits(v) != 0 {
		return none
	}
	v = v * (10<<8 + 1) >> 8 & 0x00FF00FF
	return int64(v*(100<<16+1)>>16&0xFFFF) * d.scale
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
