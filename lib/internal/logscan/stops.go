package logscan

import (
	"encoding/binary"
	"math/bits"
)

// A stop is the place of a control byte, or of one of two further bytes. The values of a
// line lie between stops, so that what is known of them in a whole stretch of lines is
// found at once, without a search per value.

// appendStops appends the stops of data, which is shorter than 4 GiB, in rising order.
func appendStops(to []uint32, data []byte, a, b byte) []uint32 {
	if cap(to)-len(to) < len(data)+stopsAhead {
		grown := make([]uint32, len(to), len(to)+len(data)+stopsAhead)
		copy(grown, to)
		to = grown
	}
	n := 0
	if vectors {
		n = len(data) &^ (vectorBlock - 1)
		room := to[len(to) : len(to)+n+stopsAhead]
		to = to[:len(to)+stopsByVector(room, data[:n], a, b)]
	}
	return stopsByWord(to, data, n, a, b)
}

// stopsAhead is how much room behind the last stop a vector's way of writing needs.
const stopsAhead = 8

// stopsByWord is appendStops from a place on, eight bytes at a time. All tests are exact
// in every byte: sums of seven bits don't reach the next one.
func stopsByWord(to []uint32, data []byte, from int, a, b byte) []uint32 {
	const sevens = ones * 0x7F
	i := from
	for ; i+8 <= len(data); i += 8 {
		w := binary.LittleEndian.Uint64(data[i:])
		x, y := w^ones*uint64(a), w^ones*uint64(b)
		passed := (w&sevens + ones*0x60 | w) & (x&sevens + sevens | x) & (y&sevens + sevens | y)
		for stops := ^passed & highs; stops != 0; stops &= stops - 1 {
			to = append(to, uint32(i+bits.TrailingZeros64(stops)>>3))
		}
	}
	for ; i < len(data); i++ {
		if c := data[i]; c < ' ' || c == a || c == b {
			to = append(to, uint32(i))
		}
	}
	return to
}
