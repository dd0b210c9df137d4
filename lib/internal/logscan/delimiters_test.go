package logscan

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// delimitersByByte is the obvious way.
func delimitersByByte(data []byte, a, b byte) (found []uint32) {
	for i, c := range data {
		if c < ' ' || c == a || c == b {
			found = append(found, uint32(i))
		}
	}
	return found
}

// FuzzDelimiters holds the ways of finding delimiters against each other.
func FuzzDelimiters(f *testing.F) {
	f.Add([]byte("a\tb\nc\"\\\x1f \x7f\x80\xff\x00"), byte('"'), byte('\\'), uint8(3))
	f.Add(bytes.Repeat([]byte("\t"), 300), byte('\t'), byte('\t'), uint8(0))
	f.Add(bytes.Repeat([]byte("time:1\tstatus:200\n"), 30), byte('\t'), byte('\x80'), uint8(1))
	var every []byte
	for i := range 1024 {
		every = append(every, byte(i*7), byte(i))
	}
	f.Add(every, byte(' '), byte('!'), uint8(9))
	f.Add(bytes.Repeat([]byte("a bc  "), 50), byte(' '), byte('"'), uint8(1))
	f.Add(bytes.Repeat([]byte("a long word and not so many spaces, "), 10), byte(' '), byte('"'), uint8(0))
	f.Add(bytes.Repeat([]byte(" "), 300), byte(' '), byte('"'), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, a, b byte, offset uint8) {
		data = data[min(int(offset), len(data)):]
		want := delimitersByByte(data, a, b)
		if got := appendDelimiters(nil, data, a, b); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if len(data) >= headBlock {
			var byWord, byVector spaces
			n := spacesByWord(&byWord, (*[headBlock]byte)(data), 7)
			if m := spacesByVector(&byVector[0], &data[0], 7); vectors && (min(n, albRequest+1) != min(m, albRequest+1) || !slices.Equal(byWord[:min(n, m)], byVector[:min(n, m)])) {
				t.Fatalf("spaces: got %v, want %v", byVector[:m], byWord[:n])
			}
			if seen := bytes.IndexFunc(data[:headBlock], func(r rune) bool { return r < ' ' }); n > albRequest && seen >= 0 && seen < int(byWord[albRequest])-7 {
				t.Fatalf("a control byte at %d in %q wasn't seen", seen, data[:headBlock])
			}
			for i, at := range byWord[:n] {
				if data[at-7] != ' ' || bytes.Count(data[:at-7], []byte{' '}) != i {
					t.Fatalf("space %d: got %d of %q", i, at-7, data[:headBlock])
				}
			}
		}
		if got := delimitersByWord(make([]uint32, 0, len(data)+delimitersAhead), data, 0, a, b); !slices.Equal(got, want) {
			t.Fatalf("by word: got %v, want %v", got, want)
		}
	})
}

// TestLinesMatch holds the two ways of comparing literals against each other: some at each
// delimiter, some at every second or third one.
func TestLinesMatch(t *testing.T) {
	if !vectors {
		t.Skip("no vector code on this processor")
	}
	r := rand.New(rand.NewPCG(1, 2))
	several := 0
	for range 5_000 {
		labels := make([][]byte, 1+r.IntN(9))
		l, stop := &literals{}, 0
		for i := range labels {
			labels[i] = bytes.Repeat([]byte("abc:"), 9)[:1+r.IntN(patternSize)]
			if i > 0 {
				labels[i][0] = '\t'
			}
			if len(labels[i]) > 3 && r.IntN(3) == 0 {
				labels[i][1+r.IntN(3)] = '\t'
			}
			stop += 1 + bytes.Count(labels[i][1:], []byte{'\t'})
			one, _ := newLiteral(labels[i])
			l.add(one, stop)
		}
		var data []byte
		for range 6 {
			for _, label := range labels {
				data = append(append(data, label...), bytes.Repeat([]byte("v"), r.IntN(9))...)
			}
			data = append(data, '\n')
		}
		if r.IntN(3) > 0 {
			data[r.IntN(len(data))] ^= 1 << r.IntN(7)
		}
		g := prescan{delimiters: append([]uint32{math.MaxUint32}, delimitersByByte(data, '\t', '\t')...)}
		g.lines = g.slacked(data)
		end := uint32(linesMatchByVector(g.lines[:len(data)+slack], 0, g.delimiters[1:], l.words, l.masks, l.stops))
		several += min(bytes.Count(data[:end], []byte("\n")), 2) / 2
		for g.from < end {
			next := l.lineMatches(&g)
			if next == g.from || next > end {
				t.Fatalf("%q of %q: the line doesn't match, or to %d, lines to %d", data[g.from:], labels, next, end)
			}
			g.from, g.delimiter = next, g.delimiter+uint(l.count)
		}
		if next := l.lineMatches(&g); next > end {
			t.Fatalf("%q of %q: the line matches, too", data[g.from:], labels)
		}
	}
	if several < 1000 {
		t.Errorf("only %d times several lines matched", several)
	}
}

// BenchmarkDelimiters is the two ways of finding delimiters, in LTSV.
func BenchmarkDelimiters(b *testing.B) {
	_, lines := benchLines(LTSV)
	data := bytes.Join(lines, []byte("\n"))
	for name, find := range map[string]func([]uint32) []uint32{
		"best": func(to []uint32) []uint32 { return appendDelimiters(to, data, '\t', '\t') },
		"word": func(to []uint32) []uint32 {
			return delimitersByWord(slices.Grow(to, len(data)+delimitersAhead), data, 0, '\t', '\t')
		},
	} {
		b.Run(name, func(b *testing.B) {
			var to []uint32
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				to = find(to[:0])
			}
		})
	}
}

// TestDecimals holds the quick ways of reading a number against the one that reads any.
func TestDecimals(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alike, thousands := 0, 0
	for range 500_000 {
		b := make([]byte, r.IntN(14))
		for i := range b {
			b[i] = "0123456789....\t ae+-\x80\xb0:/"[r.IntN(24)]
			if r.IntN(3) > 0 {
				b[i] = byte('0' + r.IntN(10))
			}
		}
		if len(b) == 5 && r.IntN(2) == 0 {
			b[1] = '.'
		}
		lines := append(append([]byte("\tbefore:"), b...), "\tbehind it is more"...)
		at := span{uint32(len("\tbefore:")), uint32(len("\tbefore:") + len(b))}
		want, fits := parseDecimal(b)
		if got, ok := at.decimal(lines); got != want || ok != fits {
			t.Fatalf("%q: got %+v, %v, want %+v, %v", b, got, ok, want, fits)
		}
		if fits {
			alike++
		}
		if len(b) != 5 {
			continue
		}
		digits, odd := thousandths(eight(lines, at.from))
		if odd == 0 != (allDigits(b[:1]) && b[1] == '.' && allDigits(b[2:])) {
			t.Fatalf("%q: got %x, odd %x", b, digits, odd)
		}
		if odd != 0 {
			continue
		}
		if got := duration(digits); int64(got) != want.mantissa || duration(3*digits) != 3*got {
			t.Fatalf("%q: got %d thousandths, want %d, or thrice as many", b, got, want.mantissa)
		}
		thousands++
	}
	if alike < 100_000 || thousands < 5_000 {
		t.Errorf("only %d numbers were read, %d of them thousandths", alike, thousands)
	}
}
