package file

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

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
				_, stats, err := Read(context.Background(), Options{Globs: []string{path}, Start: Beginning}, Cursor{}, func(feed.Block) error { return nil })
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
	buf := make([]byte, 256<<10)
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
