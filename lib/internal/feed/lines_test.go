package feed

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"
)

func TestLinesLongerThanTheRoomAreWholeUpToTheLongest(t *testing.T) {
	var text, want []byte
	for i, n := range []int{10, room - page, room - 1, room, room + 1, room + page, 3 * room, 20, MaxLine - 1, MaxLine, MaxLine + 1, MaxLine - room, 3*MaxLine + 7, room + 3, 30, 5 * room} {
		line := bytes.Repeat([]byte{byte('a' + i)}, n)
		text = append(append(text, line...), '\n')
		want = append(want, line[:min(n, MaxLine)]...)
		if n <= MaxLine {
			want = append(want, '\n')
		}
	}
	for _, block := range []int{page, 64 << 10, 0, MaxLine} {
		for _, prefetch := range []Prefetch{nil, func(data []byte, _ func() bool) any { return bytes.Clone(data) }} {
			c := NewCutter(block, prefetch)
			for range 2 {
				if got := cutAll(t, c, text, bytes.NewReader(text), false); !bytes.Equal(got, want) {
					t.Errorf("blocks of %d, read ahead %v: got %d bytes, want %d", block, prefetch != nil, len(got), len(want))
				}
			}
		}
	}
}

func TestAStreamOfLinesTakesNoMoreThanItsBlocksAndARoom(t *testing.T) {
	c := NewCutter(0, nil)
	text := []byte(strings.Repeat("some line or other\n", 100_000))
	_ = cutAll(t, c, text, bytes.NewReader(text), false)
	if len(c.buf) > defaultBlock+room+page || c.long != nil {
		t.Errorf("%d and %d bytes", len(c.buf), len(c.long))
	}
}

// addressed notes how the place of each read relates to its offset in the file.
type addressed struct {
	r    io.Reader
	at   int64
	odd  int
	read int
}

func (a *addressed) Read(p []byte) (int, error) {
	if a.read++; uintptr(unsafe.Pointer(&p[0]))%page != uintptr(a.at%page) {
		a.odd++
	}
	n, err := a.r.Read(p)
	a.at += int64(n)
	return n, err
}

func TestReadsArePageAligned(t *testing.T) {
	text := []byte(strings.Repeat("some line or other\n", 100_000))
	for _, from := range []int64{0, 19, 4096, 190_000} {
		a := &addressed{r: bytes.NewReader(text[from:]), at: from}
		_, _, err := NewCutter(64<<10, nil).Cut(context.Background(), a, Position{Offset: from}, false, func(Block) error { return nil })
		if err != nil || a.odd > 0 || a.read < 10 {
			t.Errorf("from %d: %d of %d reads not aligned, error %v", from, a.odd, a.read, err)
		}
	}
}

func TestNoAllocationPerLine(t *testing.T) {
	text := []byte(strings.Repeat("some line or other\n", 100_000))
	c := NewCutter(64<<10, nil)
	r := bytes.NewReader(text)
	allocs := testing.AllocsPerRun(3, func() {
		r.Reset(text)
		_, _, _ = c.Cut(context.Background(), r, Position{}, false, func(Block) error { return nil })
	})
	if allocs > 10 {
		t.Errorf("%v allocations for 100,000 lines", allocs)
	}
}

// cutAll cuts text with reads of odd sizes and joins what comes out, each block ended by "|", truncated lines by "…|".
func cutAll(t *testing.T, c *Cutter, text []byte, r io.Reader, final bool) (got []byte) {
	at, read, err := c.Cut(context.Background(), r, Position{}, final, func(b Block) error {
		if !b.Truncated && !bytes.HasPrefix(text[b.Offset:], b.Data) {
			t.Fatalf("data at %d differ", b.Offset)
		}
		if seen, ok := b.Prefetched.([]byte); ok && !bytes.HasPrefix(seen, b.Data[b.Fresh:]) {
			t.Fatalf("what was seen of the data at %d is not theirs", b.Offset)
		}
		got = append(got, b.Data...)
		return nil
	})
	if err != nil || read != int64(len(text)) || at.Offset > read {
		t.Fatalf("at %+v of %d: %v", at, read, err)
	}
	return got
}

func FuzzCut(f *testing.F) {
	f.Add([]byte("a\nb\n"), true)
	f.Add([]byte("a\n\n\nb"), false)
	f.Add([]byte("\x00\x00a\n\x00"), true)
	f.Add(bytes.Repeat([]byte("0123456789\n"), 1000), false)
	f.Add(bytes.Repeat([]byte("0123456789\n"), 5000), false)
	c, ahead := NewCutter(page, nil), NewCutter(page, func(data []byte, _ func() bool) any { return bytes.Clone(data) })
	f.Fuzz(func(t *testing.T, text []byte, final bool) {
		want := bytes.TrimLeft(text, "\x00")
		if !final {
			want = want[:bytes.LastIndexByte(want, '\n')+1]
		}
		for _, r := range []io.Reader{bytes.NewReader(text), iotest.HalfReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
			if got := cutAll(t, c, text, r, final); len(text) < MaxLine && !bytes.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		if got := cutAll(t, ahead, text, bytes.NewReader(text), final); len(text) < MaxLine && !bytes.Equal(got, want) {
			t.Fatalf("read ahead: got %q, want %q", got, want)
		}
	})
}
