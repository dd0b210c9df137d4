package logscan

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Eight bytes are looked at in one word, the first one lowest.
const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	sevens = ones * 0x7F
)

// eight are the bytes from a place on, the first one lowest.
func eight(b []byte, at uint32) uint64 { return binary.LittleEndian.Uint64(b[uint(at) : uint(at)+8]) }

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

// equal has the high bit of the first byte of w set that is c, where there is one; higher
// bits may be echoes of it.
func equal(w uint64, c byte) uint64 {
	w ^= ones * uint64(c)
	return (w - ones) &^ w & highs
}

// capitals has the high bit of each byte of w set that is a capital letter.
func capitals(w uint64) uint64 {
	return (w&sevens + ones*(0x80-'A')) &^ (w&sevens + ones*(0x7F-'Z')) &^ w
}

// nonDigits has the high bit of each byte set that is no digit's value, 0 to 9.
func nonDigits(v uint64) uint64 {
	return (v&sevens + ones*0x76 | v) & highs
}

// eightDigits is the number of eight digits' values, the first one lowest (Mula, SWAR
// conversion of decimal strings: pairs, then fours, then all).
func eightDigits(v uint64) uint64 {
	v = v * (10<<8 + 1) >> 8 & 0x00FF00FF00FF00FF
	v = v * (100<<16 + 1) >> 16 & 0x0000FFFF0000FFFF
	return v * (10_000<<32 + 1) >> 32
}

// valueEnd gives the place of the separator that ends a value beginning at i, or the
// line's end. Most values are short: eight bytes at a time beat a call.
func valueEnd(line []byte, i int, separator byte) int {
	for ; i+8 <= len(line); i += 8 {
		if stop := equal(binary.LittleEndian.Uint64(line[i:]), separator); stop != 0 {
			return i + bits.TrailingZeros64(stop)>>3
		}
	}
	for ; i < len(line) && line[i] != separator; i++ {
	}
	return i
}

// span is a part of some lines.
type span struct{ from, to uint32 }

// nowhere is the span of what isn't there.
var nowhere = span{math.MaxUint32, math.MaxUint32}

// of is the part of a line that begins at a place.
func (s span) of(line []byte, place uint32) []byte {
	if s == nowhere {
		return nil
	}
	return line[s.from-place : s.to-place : s.to-place]
}

// fewDigits tells whether a part is one to seven digits.
func (s span) fewDigits(lines []byte) bool {
	n := s.to - s.from
	return n-1 < 7 && nonDigits(eight(lines, s.from)^ones*'0')<<(64-8*n&63) == 0
}

// decimal is parseDecimal of a part of some lines.
func (s span) decimal(lines []byte) (decimal, bool) {
	n := s.to - s.from
	v := (eight(lines, s.from) ^ ones*'0') << (64 - 8*n) // the last byte highest
	stops := nonDigits(v)
	point := uint(bits.TrailingZeros64(stops)) &^ 7 // where what may be one is
	switch {
	case n-1 > 7, stops&(stops-1) != 0, stops != 0 && (n == 1 || byte(v>>(point&63)) != '.'^'0'):
		return parseDecimal(lines[s.from:s.to])
	case stops == 0:
		return decimal{mantissa: int64(eightDigits(v)), integer: true}, true
	}
	front := uint64(1)<<(point&63) - 1
	return decimal{mantissa: int64(eightDigits(v&front<<8 | v&^(front<<8|0xFF))), exponent: int(point)/8 - 7}, true
}

// plainNumber tells whether a part is a number of up to eight bytes, without sign and
// exponent, as JSON has it.
func (s span) plainNumber(lines []byte) bool {
	n := s.to - s.from
	if n-1 > 7 {
		return false
	}
	v := (eight(lines, s.from) ^ ones*'0') << (64 - 8*n)
	stops, zero := nonDigits(v), byte(v>>(64-8*n)) == 0
	if stops == 0 {
		return !zero || n == 1
	}
	point := uint32(bits.TrailingZeros64(stops))>>3 + n - 8 // its number
	return stops&(stops-1) == 0 && lines[s.from+point] == '.' && point-1 < n-2 && (!zero || point == 1)
}
