package file

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

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
		_, _, err := newCutter(64<<10).cut(context.Background(), a, position{off: from}, false, func(Block) error { return nil })
		if err != nil || a.odd > 0 || a.read < 10 {
			t.Errorf("from %d: %d of %d reads not aligned, error %v", from, a.odd, a.read, err)
		}
	}
}

func TestNoAllocationPerLine(t *testing.T) {
	text := []byte(strings.Repeat("some line or other\n", 100_000))
	c := newCutter(64 << 10)
	r := bytes.NewReader(text)
	allocs := testing.AllocsPerRun(3, func() {
		r.Reset(text)
		_, _, _ = c.cut(context.Background(), r, position{}, false, func(Block) error { return nil })
	})
	if allocs > 10 {
		t.Errorf("%v allocations for 100,000 lines", allocs)
	}
}

func BenchmarkRead(b *testing.B) {
	line := strings.Repeat("time:2026-11-22T12:00:00+09:00\tstatus:200\treqtime:0.012\turi:/videos\t", 4) + "\n"
	text := strings.Repeat(line, (256<<20)/len(line))
	dir := b.TempDir()
	for name, data := range map[string][]byte{"plain": []byte(text), "gzip": zip(text)} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_, stats, err := Read(context.Background(), Options{Globs: []string{path}, Start: Beginning}, Cursor{}, func(Block) error { return nil })
				if err != nil || stats.Bytes != int64(len(text)) {
					b.Fatal(stats, err)
				}
			}
		})
	}
}

// BenchmarkReadFloor only reads, in blocks of the same size.
func BenchmarkReadFloor(b *testing.B) {
	path := filepath.Join(b.TempDir(), "plain")
	if err := os.WriteFile(path, make([]byte, 256<<20), 0o644); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, defaultBlock)
	b.SetBytes(256 << 20)
	for b.Loop() {
		h, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = h.Read(buf)
		}
		h.Close()
	}
}
