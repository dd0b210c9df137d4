package file

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

func TestGzipIsKnownByItsContent(t *testing.T) {
	f := follow(t, "*.log*")
	f.must(os.WriteFile(f.path("a.log"), zip("a1\na2\n"), 0o644))
	f.write("b.log.gz", "b1\n")
	want(t, f.run(), "a1", "a2", "b1")
}

func TestGzipOfTheRotatedFile(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for name, pad := range map[string]string{"short": "", "longer than the hash": long} {
		for _, glob := range []string{"access.log", "access.log*"} {
			t.Run(name+" "+glob, func(t *testing.T) {
				f := follow(t, glob)
				f.write("access.log", "a1"+pad+"\n")
				want(t, f.run(), "a1"+pad)
				f.write("access.log", "a2\n")
				f.rename("access.log", "access.log.1")
				f.compress("access.log.1", "access.log.1.gz")
				f.write("access.log", "b1\n")
				want(t, f.run(), "a2", "b1")
				if got := f.tracked("access.log.1.gz"); !got.Done || !got.Gzip || got.Offset != int64(len("a1"+pad+"\na2\n")) {
					t.Errorf("%+v", got)
				}
				want(t, f.run())
			})
		}
	}
}

func TestGzipInProgressIsNotReadBesideItsOriginal(t *testing.T) {
	f := follow(t, "access.log*")
	text, lines := numbered("line", 20_000)
	f.write("access.log", text)
	f.run()
	f.rename("access.log", "access.log.1")
	f.write("access.log.1", "last\n")
	f.write("access.log", "b1\n")
	z := zip(text + "last\n")
	for _, part := range []int{10, len(z) / 2, len(z)} {
		f.must(os.WriteFile(f.path("access.log.1.gz"), z[:part], 0o644))
		got := f.run()
		if part == 10 {
			want(t, got, "last", "b1")
		} else {
			want(t, got)
		}
	}
	f.remove("access.log.1")
	want(t, f.run())

	g := newFollower(t, t.TempDir(), "access.log*") // the same, met at a first run
	g.write("access.log.1", text)
	g.must(os.WriteFile(g.path("access.log.1.gz"), z[:len(z)/2], 0o644))
	want(t, g.run(), lines...)
}

func TestFinishedGzipIsNotInflatedAgain(t *testing.T) {
	f := follow(t, "*.gz")
	f.must(os.WriteFile(f.path("a.gz"), zip("a1\nlast"), 0o644))
	want(t, f.run(), "a1")
	for range 3 {
		want(t, f.run())
		if len(f.stats.Files) != 0 {
			t.Fatalf("opened again: %+v", f.stats.Files)
		}
	}
	want(t, f.run(10*time.Minute), "last")
	want(t, f.run())
	if len(f.stats.Files) != 0 {
		t.Fatalf("opened again: %+v", f.stats.Files)
	}
}

func TestGzipMembersAreOneStream(t *testing.T) {
	f := follow(t, "a.gz")
	f.write("a.gz", string(zip("a1\na"))+string(zip("2\n"))+string(zip("")))
	want(t, f.run(), "a1", "a2")
	f.write("a.gz", string(zip("a3\n")))
	want(t, f.run(), "a3")
}

func TestDamagedGzip(t *testing.T) {
	text, lines := numbered("line", 5000)
	z := zip(text)
	flipped := append([]byte(nil), z...)
	flipped[len(z)/2] ^= 0x55
	crc := append([]byte(nil), z...)
	crc[len(z)-8] ^= 1
	for name, c := range map[string]struct {
		data []byte
		min  int // lines at least handed over
	}{
		"truncated":           {z[:len(z)*9/10], 3000},
		"truncated in header": {z[:5], 0},
		"bit flipped":         {flipped, 1000},
		"wrong checksum":      {crc, 5000},
		"garbage behind":      {append(append([]byte(nil), z...), "garbage"...), 5000},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, "*.gz")
			f.must(os.WriteFile(f.path("a.gz"), c.data, 0o644))
			f.must(os.WriteFile(f.path("b.gz"), zip("b1\n"), 0o644))
			got := f.try(context.Background(), nil)
			if !errors.Is(f.err, errGzip) || !strings.Contains(f.err.Error(), f.path("a.gz")) {
				t.Fatalf("error %v, want one that names the file", f.err)
			}
			if f.stats.Complete || f.stats.Files[0].Complete || !f.stats.Files[1].Complete {
				t.Errorf("stats %+v, want only the first incomplete", f.stats)
			}
			if len(got) < c.min+1 || got[len(got)-1] != "b1" {
				t.Fatalf("%d lines, want what could be inflated (at least %d) and the other file's", len(got), c.min)
			}
			for i, line := range got[:len(got)-1] {
				if i < 1000 && line != lines[i] {
					t.Fatalf("line %d: %q, want %q", i, line, lines[i])
				}
			}
			want(t, f.run()) // neither error nor lines again
			want(t, f.run(time.Hour))
		})
	}
}

func TestGzipBombUsesLittleMemory(t *testing.T) {
	f := follow(t, "bomb.gz")
	h, err := os.Create(f.path("bomb.gz"))
	f.must(err)
	z, _ := gzip.NewWriterLevel(h, gzip.BestSpeed)
	chunk := make([]byte, 1<<20)
	for range 64 {
		z.Write(chunk)
	}
	z.Write([]byte("x\nafter\n"))
	f.must(z.Close())
	f.must(h.Close())
	f.opt.Block = 0
	before := allocated()
	f.run()
	if used := allocated() - before; used > 8<<20 {
		t.Errorf("%d MiB allocated for 64 MiB inflated", used>>20)
	}
	want(t, f.lines(), "x", "after")
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
