package logscan

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A delimiter is the place of a control byte, or of one of two further bytes. The values of a
// line lie between delimiters, so that what is known of them in a whole stretch of lines is
// found at once, without a search per value.

// appendDelimiters appends the delimiters of data, which is shorter than 4 GiB, in rising order.
func appendDelimiters(to []uint32, data []byte, a, b byte) []uint32 {
	to = slices.Grow(to, len(data)+delimitersAhead)
	n := 0
	if vectors {
		n = len(data) &^ (delimitersBlock - 1)
		to = to[:len(to)+delimitersByVector(to[len(to):cap(to)], data[:n], a, b)]
	}
	return delimitersByWord(to, data, n, a, b)
}

const (
	delimitersBlock = 64 // bytes looked at together
	delimitersAhead = 8  // room behind the last delimiter that may be written to
)

// stopsByWord is appendStops from a place on, eight bytes at a time; to has the room. All
// tests are exact in every byte: sums of seven bits don't reach the next one.
func delimitersByWord(to []uint32, data []byte, from int, a, b byte) []uint32 {
	as, bs, further := ones*uint64(a), ones*uint64(b), a >= ' ' || b >= ' '
	for ; from+delimitersBlock <= len(data); from += delimitersBlock {
		d := (*[delimitersBlock]byte)(data[from:])
		found := uint64(0)
		if further {
			found = delimitersOf(d[0:8], as, bs) | delimitersOf(d[8:16], as, bs)<<8 | delimitersOf(d[16:24], as, bs)<<16 | delimitersOf(d[24:32], as, bs)<<24 |
				delimitersOf(d[32:40], as, bs)<<32 | delimitersOf(d[40:48], as, bs)<<40 | delimitersOf(d[48:56], as, bs)<<48 | delimitersOf(d[56:64], as, bs)<<56
		} else {
			found = controlsOf(d[0:8]) | controlsOf(d[8:16])<<8 | controlsOf(d[16:24])<<16 | controlsOf(d[24:32])<<24 |
				controlsOf(d[32:40])<<32 | controlsOf(d[40:48])<<40 | controlsOf(d[48:56])<<48 | controlsOf(d[56:64])<<56
		}
		n := bits.OnesCount64(found)
		for next := to[len(to):cap(to)]; found != 0; next = next[4:] {
			four := (*[4]uint32)(next) // where there are fewer, something is written that nobody reads
			for i := range four {
				four[i] = uint32(from + bits.TrailingZeros64(found))
				found &= found - 1
			}
		}
		to = to[:len(to)+n]
	}
	for ; from < len(data); from++ {
		if c := data[from]; c < ' ' || c == a || c == b {
			to = append(to, uint32(from))
		}
	}
	return to
}

const (
	gather = 0x0102040810204080 // times eight high bits: they, side by side, in the highest byte
)

// controlsOf is a bit for each of eight bytes: whether it is a control byte.
func controlsOf(eight []byte) uint64 {
	w := binary.LittleEndian.Uint64(eight)
	return (^(w&sevens + ones*0x60 | w) & highs >> 7) * gather >> 56
}

// stopsOf is the same for two further bytes, too: as and bs are eight times those.
func delimitersOf(eight []byte, as, bs uint64) uint64 {
	w := binary.LittleEndian.Uint64(eight)
	x, y := w^as, w^bs
	passed := (w&sevens + ones*0x60 | w) & (x&sevens + sevens | x) & (y&sevens + sevens | y)
	return (^passed & highs >> 7) * gather >> 56
}
