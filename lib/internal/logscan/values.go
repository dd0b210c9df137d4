package logscan

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// timed reads the time.
func (g *look) timed() (ok bool) {
	at := g.spans[slotTime]
	g.Time, ok = g.clock.parse(g.lines[g.from+int(at.from) : g.from+int(at.to)])
	return ok
}

// understand reads the other values, as Scanner.finish does, of a line with nothing more
// around it: see unwrapper.bare. What is seldom is left to functions of its own.
func (l *layout) understand(g *look) bool {
	line, seen := g.lines[g.from:g.end], g.Glance
	if len(line) < 5 || line[0]-'!' > '~'-'!' || line[4] == '-' || g.short && !l.dashes(g) {
		return false
	}
	seen.Status = 0
	if at := g.spans[slotStatus]; l.has[slotStatus] {
		if b := line[at.from:at.to]; len(b) == 3 && isDigit(b[0]) && isDigit(b[1]) && isDigit(b[2]) {
			seen.Status = int32(b[0])*100 + int32(b[1])*10 + int32(b[2]) - '0'*111
		} else {
			seen.Status = int32(parseStatus(b))
		}
	}
	switch {
	case l.took:
	case l.has[slotLatency]:
		at := g.spans[slotLatency]
		nanos, length, integer := takeNanos(g.lines[g.from+int(at.from):], l.exponent)
		if length == 0 || length != int(at.to-at.from) {
			return false
		}
		seen.Latency, seen.HasLatency, seen.IntegerLatency = time.Duration(nanos), true, integer && l.guess
	default:
		seen.Latency, seen.HasLatency, seen.IntegerLatency = 0, false, false
	}
	if l.start && seen.HasLatency {
		seen.Time += ceilMicros(seen.Latency)
	}
	seen.agent, seen.Marked = span{none, none}, false
	if l.has[slotUserAgent] {
		seen.agent = g.spans[slotUserAgent]
		if b := seen.agent.of(line); g.mark != "" && len(b) >= len(g.mark) && b[0] == g.mark[0] {
			seen.Marked = string(b[:len(g.mark)]) == g.mark
		}
	}
	seen.whole = l.whole
	return l.understandMethod(g)
}

// dashes takes out the values that are a dash; false where one of them matters.
func (l *layout) dashes(g *look) bool {
	if g.short = false; l.format == JSON {
		return true
	}
	for i := range l.wants {
		w := &l.wants[i]
		at := &g.spans[w.at&(maxSpans-1)]
		if at.to-at.from != 1 || g.lines[g.from+int(at.from)] != '-' {
			continue
		}
		if *at = (span{none, none}); !w.lack {
			return false
		}
	}
	return true
}

// understandMethod finds the method.
func (l *layout) understandMethod(g *look) bool {
	seen, at := g.Glance, span{none, none}
	if l.split { // Scanner.finishRequest does it
		seen.method = at
		return true
	}
	if l.verb < 0 {
		seen.method, seen.Method, seen.MethodLen = span{0, 0}, 0, 0
		return true
	}
	at = g.spans[l.verb&(maxSpans-1)]
	b, n := g.lines[g.from+int(at.from):], int(at.to-at.from)
	if l.verb == slotRequest {
		if len(b) >= 8 {
			w := binary.LittleEndian.Uint64(b)
			stop := equal(w, ' ')
			front := stop&-stop>>7 - 1 // of the bytes before the first space
			if size := bits.TrailingZeros64(stop) >> 3; size < n && uint(size-1) < 7 && ^capitals(w)&front&highs == 0 {
				seen.method, seen.Method, seen.MethodLen = span{at.from, at.from + int32(size)}, w&front, uint8(size)
				return true
			}
		}
		n = methodEnd(b[:max(n, 0)])
	}
	if n <= 0 {
		return false
	}
	seen.method = span{at.from, at.from + int32(n)}
	if n <= maxMethod {
		seen.Method, seen.MethodLen = word(b, n), uint8(n)
	} else {
		seen.whole = false
	}
	return true
}

// capitals has the high bit of each byte of w set that is a capital letter.
func capitals(w uint64) uint64 {
	return (w&sevens + ones*(0x80-'A')) &^ (w&sevens + ones*(0x7F-'Z')) &^ w
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

// word is the n bytes that b begins with, eight at most, the first one lowest.
func word(b []byte, n int) (w uint64) {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b) & (1<<(8*n&63) - 1 - uint64(n>>3))
	}
	for i, c := range b[:n] {
		w |= uint64(c) << (8 * i)
	}
	return w
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
