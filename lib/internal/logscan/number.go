package logscan

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"time"
)

// unit is the unit in which a latency is written.
type unit uint8

const (
	unitGuess unit = iota // seconds, or what the flavour says
	unitSecond
	unitMilli
	unitMicro
	unitNano
)

// nanoExponent is the power of ten that turns a unit into nanoseconds.
func (u unit) nanoExponent() int {
	switch u {
	case unitMilli:
		return 6
	case unitMicro:
		return 3
	case unitNano:
		return 0
	}
	return 9
}

func unitNamed(name string) (unit, bool) {
	switch name {
	case "":
		return unitGuess, true
	case "s":
		return unitSecond, true
	case "ms":
		return unitMilli, true
	case "us":
		return unitMicro, true
	case "ns":
		return unitNano, true
	}
	return unitGuess, false
}

// decimal is mantissa × 10^exponent. Digits after the 18th significant one are dropped.
type decimal struct {
	mantissa int64 // never negative
	exponent int
	negative bool
	integer  bool // written without fraction and exponent
}

const maxMantissa = 1e17 // one more digit still fits an int64

// parseDecimal reads [+-]digits[.digits][e[+-]digits], at least one digit in
// front of the exponent.
func parseDecimal(b []byte) (d decimal, ok bool) {
	i, digits := 0, 0
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		d.negative = b[0] == '-'
		i++
	}
	for ; i < len(b) && isDigit(b[i]); i++ {
		digits++
		if d.mantissa < maxMantissa {
			d.mantissa = d.mantissa*10 + int64(b[i]-'0')
		} else {
			d.exponent++
		}
	}
	d.integer = i == len(b)
	if i < len(b) && b[i] == '.' {
		for i++; i < len(b) && isDigit(b[i]); i++ {
			digits++
			if d.mantissa < maxMantissa {
				d.mantissa = d.mantissa*10 + int64(b[i]-'0')
				d.exponent--
			}
		}
	}
	if digits == 0 {
		return decimal{}, false
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		e, ok := parseExponent(b[i+1:])
		d.exponent += e
		return d, ok
	}
	return d, i == len(b)
}

func parseExponent(b []byte) (int, bool) {
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 6 {
		return 0, false
	}
	e := 0
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		e = e*10 + int(c-'0')
	}
	if negative {
		e = -e
	}
	return e, true
}

var powersOfTen = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// scaled gives mantissa × 10^(exponent+shift), cut towards zero; false when it
// doesn't fit.
func (d decimal) scaled(shift int) (int64, bool) {
	e := d.exponent + shift
	switch {
	case d.mantissa == 0 || e <= -len(powersOfTen):
		return 0, true
	case e >= len(powersOfTen):
		return 0, false
	case e < 0:
		return int64(uint64(d.mantissa) / powersOfTen[-e]), true
	}
	high, low := bits.Mul64(uint64(d.mantissa), powersOfTen[e])
	if high != 0 || low > math.MaxInt64 {
		return 0, false
	}
	return int64(low), true
}

// ceilMicros gives a duration that isn't negative in microseconds, rounded up: what
// began at an instant of whole microseconds had ended by then.
func ceilMicros(d time.Duration) int64 { return int64(d/1000 + min(d%1000, 1)) }

// ParseDuration reads a duration as logs write it, exact to the nanosecond (digits
// below are dropped): a decimal in the given unit (s, ms, us, ns; "" is s), or with
// its own unit as in 1.5ms or 1m2.5s, which wins; or several of them, see durations,
// which are their sum. A negative or unreadable duration is false.
func ParseDuration(b []byte, latencyUnit string) (time.Duration, bool) {
	u, ok := unitNamed(latencyUnit)
	if !ok {
		return 0, false
	}
	d, _, ok := parseLatency(b, u)
	return d, ok
}

// parseLatency is ParseDuration; integer says that b was bare integers.
func parseLatency(b []byte, u unit) (took time.Duration, integer, ok bool) {
	b = trimBlanks(b)
	if d, ok := parseDecimal(b); ok {
		nanos, ok := d.nanos(u)
		return time.Duration(nanos), d.integer && ok, ok
	}
	if nanos, ok := parseSuffixed(b); ok {
		return time.Duration(nanos), false, true
	}
	return parseDurations(b, u)
}

// parseDurations reads several durations in one field, as nginx writes the times of the
// upstreams it tried (0.1, 0.4) and, behind an internal redirect, of the next ones
// (0.1 : 0.4): their sum is the time spent. A dash or nothing is the part of an upstream
// without a time; where all are so, the sum is unknown. Without a blank beside it a comma
// or a colon may also stand within one number (1,234 or 1:30): it parts durations only
// where each side is one without it.
func parseDurations(b []byte, u unit) (sum time.Duration, integer, ok bool) {
	integer = true
	for rest, more := b, true; more; {
		var part []byte
		if part, rest, more = cutDuration(rest); isNothing(part) {
			continue
		}
		nanos, whole := int64(0), false
		d, known := parseDecimal(part)
		if known {
			whole = d.integer
			nanos, known = d.nanos(u)
		} else {
			nanos, known = parseSuffixed(part)
		}
		if !known || nanos > math.MaxInt64-int64(sum) {
			return 0, false, false
		}
		sum, integer, ok = sum+time.Duration(nanos), integer && whole, true
	}
	return sum, integer && ok, ok
}

// cutDuration splits off the first of several durations; more says that one follows.
func cutDuration(b []byte) (part, rest []byte, more bool) {
	for i, c := range b {
		if !partsDurations(c) {
			continue
		}
		before, next := b[:i], b[i+1:]
		if n := bytes.IndexAny(next, ",:"); n >= 0 {
			next = next[:n]
		}
		apart := i > 0 && isBlank(b[i-1]) || len(next) > 0 && isBlank(next[0])
		if apart || isNothing(before) || isNothing(next) || !allDigits(before) && !allDigits(next) {
			return trimBlanks(before), b[i+1:], true
		}
	}
	return trimBlanks(b), nil, false
}

// partsDurations tells what stands between two durations of a list.
func partsDurations(c byte) bool { return c == ',' || c == ':' }

// isNothing tells a value that says nothing: none, or the dash of an unknown one.
func isNothing(b []byte) bool {
	b = trimBlanks(b)
	return len(b) == 0 || isDash(b)
}

// nanos gives a duration in nanoseconds; false where it is negative or doesn't fit.
func (d decimal) nanos(u unit) (int64, bool) {
	nanos, ok := d.scaled(u.nanoExponent())
	return nanos, ok && !(d.negative && d.mantissa != 0)
}

// parseSuffixed reads one or more decimals, each with its unit: 1m2.5s.
func parseSuffixed(b []byte) (nanos int64, ok bool) {
	for ok = len(b) > 0; len(b) > 0; {
		n := 0
		for n < len(b) && (isDigit(b[n]) || b[n] == '.') {
			n++
		}
		d, ok := parseDecimal(b[:n])
		if !ok {
			return 0, false
		}
		b = trimBlanks(b[n:])
		exponent, factor, length := suffix(b)
		part, fits := d.scaled(exponent)
		if length == 0 || !fits || part > (1<<62)/factor {
			return 0, false
		}
		if nanos += part * factor; nanos > 1<<62 {
			return 0, false
		}
		b = trimBlanks(b[length:])
	}
	return nanos, ok
}

// suffix reads a unit's name: factor × 10^exponent nanoseconds, and the length of the name.
func suffix(b []byte) (exponent int, factor int64, length int) {
	n := 0
	for n < len(b) && !isDigit(b[n]) && b[n] != '.' && !isBlank(b[n]) {
		n++
	}
	switch string(b[:n]) {
	case "h":
		return 9, 3600, n
	case "m":
		return 9, 60, n
	case "s":
		return 9, 1, n
	case "ms":
		return 6, 1, n
	case "us", "µs", "μs":
		return 3, 1, n
	case "ns":
		return 0, 1, n
	}
	return 0, 1, 0
}

// ParseStatus reads a status code: any spelling of a whole number, 500 as well as 500.0,
// 5e2 or 0500, with blanks around it. 0 when it is missing, 000 or no such number.
func ParseStatus(b []byte) int {
	if len(b) == 3 && isDigit(b[0]) && isDigit(b[1]) && isDigit(b[2]) {
		return int(b[0])*100 + int(b[1])*10 + int(b[2]) - '0'*111
	}
	const most = 1e9
	d, ok := parseDecimal(trimBlanks(b))
	if !ok || d.negative {
		return 0
	}
	v, ok := d.scaled(0)
	if !ok || v >= most || !d.whole() {
		return 0
	}
	return int(v)
}

// whole tells whether a number has no fraction, however it is written.
func (d decimal) whole() bool {
	if d.exponent >= 0 || d.mantissa == 0 {
		return true
	}
	return -d.exponent < len(powersOfTen) && uint64(d.mantissa)%powersOfTen[-d.exponent] == 0
}

// isBlank tells what may stand around a number.
func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// trimBlanks takes off the blanks around a value.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// digits is the number of digits that b begins with.
func digits(b []byte) int {
	if len(b) >= 8 {
		if stops := nonDigits(binary.LittleEndian.Uint64(b) ^ ones*'0'); stops != 0 {
			return bits.TrailingZeros64(stops) >> 3
		}
	}
	for i, c := range b {
		if !isDigit(c) {
			return i
		}
	}
	return len(b)
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

func isDash(b []byte) bool { return len(b) == 1 && b[0] == '-' }
