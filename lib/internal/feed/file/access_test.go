package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMissingPathIsAnErrorAndTheOthersAreRead(t *testing.T) {
	for _, missing := range []string{"missing.log", "missing*.log", "none/a.log", "none/*.log"} {
		f := follow(t, missing, "a.log")
		f.write("a.log", "a1\n")
		want(t, f.try(context.Background(), nil), "a1")
		if !errors.Is(f.err, fs.ErrNotExist) || !strings.Contains(f.err.Error(), f.path(missing)) {
			t.Errorf("%s: error %v, want fs.ErrNotExist with the path", missing, f.err)
		}
	}
}

func TestMalformedGlobIsAnError(t *testing.T) {
	f := follow(t, "a[.log")
	f.try(context.Background(), nil)
	if !errors.Is(f.err, filepath.ErrBadPattern) {
		t.Errorf("error %v", f.err)
	}
}

func TestNameWithGlobCharactersIsTakenLiterally(t *testing.T) {
	f := follow(t, "a[1].log")
	f.write("a[1].log", "a1\n")
	want(t, f.run(), "a1")
}

// unprivileged skips where permissions don't bind.
func unprivileged(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything: run as another user")
	}
}

func TestUnreadableFile(t *testing.T) {
	unprivileged(t)
	f := follow(t, "*.log")
	f.opt.Start = End
	f.write("a.log", "a1\n")
	f.write("b.log", "b1\n")
	f.must(os.Chmod(f.path("b.log"), 0))
	for range 2 {
		f.try(context.Background(), nil)
		if !errors.Is(f.err, fs.ErrPermission) || !strings.Contains(f.err.Error(), f.path("b.log")) {
			t.Fatalf("error %v, want fs.ErrPermission with the path", f.err)
		}
	}
	f.must(os.Chmod(f.path("b.log"), 0o644))
	want(t, f.run()) // it was there before the first run: its old lines are not asked for
	f.write("b.log", "b2\n")
	want(t, f.run(), "b2")
	// Unreadable for a while, and more is written.
	f.must(os.Chmod(f.path("b.log"), 0o200))
	f.write("b.log", "b3\n")
	f.write("a.log", "a2\n")
	want(t, f.try(context.Background(), nil), "a2")
	f.must(os.Chmod(f.path("b.log"), 0o644))
	want(t, f.run(), "b3")
}

func TestUnreadableDirectory(t *testing.T) {
	unprivileged(t)
	f := follow(t, "logs/a.log", "logs/*.txt")
	f.must(os.Mkdir(f.path("logs"), 0o755))
	f.write("logs/a.log", "a1\n")
	f.write("logs/b.txt", "b1\n")
	f.run()
	f.must(os.Chmod(f.path("logs"), 0))
	f.try(context.Background(), nil)
	if !errors.Is(f.err, fs.ErrPermission) || errors.Is(f.err, fs.ErrNotExist) || len(f.stats.Lost) != 0 {
		t.Errorf("error %v, lost %q, want fs.ErrPermission and nothing lost", f.err, f.stats.Lost)
	}
	f.must(os.Chmod(f.path("logs"), 0o755))
	f.write("logs/a.log", "a2\n")
	want(t, f.run(), "a2")
}

func TestFileOfTwoGlobsIsReadOnce(t *testing.T) {
	f := follow(t, "*.log", "a*", "a.log", "link.log")
	f.write("a.log", "a1\n")
	f.must(os.Link(f.path("a.log"), f.path("hard.log")))
	f.must(os.Symlink("a.log", f.path("link.log")))
	want(t, f.run(), "a1")
	f.write("hard.log", "a2\n")
	want(t, f.run(), "a2")
	if len(f.cur.Files) != 1 {
		t.Errorf("known as %d files", len(f.cur.Files))
	}
}

func TestFileThatAppearsLaterIsReadFromItsBeginning(t *testing.T) {
	f := follow(t, "*.log")
	f.opt.Start = End
	f.write("a.log", "a1\n")
	want(t, f.run())
	f.write("b.log", "b1\nb2\n")
	want(t, f.run(), "b1", "b2")
	if !f.blocks[0].Created || !f.blocks[0].FromStart {
		t.Errorf("%+v, want it seen to be created", f.blocks[0])
	}
	if f.tracked("a.log").Created {
		t.Error("a.log was there before")
	}
}

func TestPathMissingAtTheFirstRunIsReadFromItsBeginning(t *testing.T) {
	f := follow(t, "a.log")
	f.opt.Start = End
	f.try(context.Background(), nil)
	f.write("a.log", "a1\n")
	want(t, f.run(), "a1")
}

func TestFirstRunTail(t *testing.T) {
	text, lines := numbered("line", 1000) // 12 bytes each
	for _, gz := range []bool{false, true} {
		for tail, first := range map[int64]int{1: 1000, 11: 1000, 12: 999, 13: 999, 24: 998, 1200: 900, 11_999: 1, 12_000: 0, 1 << 20: 0} {
			f := follow(t, "a.log")
			f.opt.Start, f.opt.TailBytes = Tail, tail
			if gz {
				f.must(os.WriteFile(f.path("a.log"), zip(text), 0o644))
			} else {
				f.write("a.log", text)
			}
			want(t, f.run(), append([]string(nil), lines[first:]...)...)
			if first < 1000 && f.blocks[0].FromStart != (first == 0) {
				t.Errorf("tail %d: from start %v at %d", tail, f.blocks[0].FromStart, f.blocks[0].Offset)
			}
		}
	}
}

func TestFirstRunTailOfALargeFileReadsOnlyTheTail(t *testing.T) {
	f := follow(t, "a.log")
	f.opt.Start, f.opt.Block = Tail, 0
	f.opt.TailBytes = 1 << 20
	f.write("a.log", "")
	f.must(os.Truncate(f.path("a.log"), 200<<20))
	f.write("a.log", "\nlast\n")
	want(t, f.run(), "last")
	if f.stats.Bytes > 1<<20+1 {
		t.Errorf("%d bytes read", f.stats.Bytes)
	}
}

func TestFirstRunPassesOverFilesOlderThanSince(t *testing.T) {
	f := follow(t, "access.log*")
	f.opt.Start, f.opt.Since = Tail, f.opt.Now
	f.must(os.WriteFile(f.path("access.log.2.gz"), zip("old\n"), 0o644))
	f.write("access.log.1", "mid\n")
	f.write("access.log", "new\n")
	for name, age := range map[string]time.Duration{"access.log.2.gz": 48 * time.Hour, "access.log.1": 24 * time.Hour, "access.log": 0} {
		f.touch(name, f.opt.Now.Add(-age))
	}
	want(t, f.run(), "new")
	if !f.tracked("access.log.2.gz").Ignored {
		t.Error("old gzip data should not even be inflated")
	}
	f.write("access.log.1", "mid, late\n")
	f.touch("access.log.2.gz", f.opt.Now)
	want(t, f.run(), "mid, late")
}

func TestStartAtTheEnd(t *testing.T) {
	f := follow(t, "*.log", "*.gz")
	f.opt.Start = End
	f.write("a.log", "a1\nhalf")
	f.write("empty.log", "")
	f.must(os.WriteFile(f.path("z.gz"), zip("z1\n"), 0o644))
	want(t, f.run())
	f.write("a.log", " and half\na3\n")
	f.write("empty.log", "e1\n")
	want(t, f.run(), "a3", "e1")
}

func TestTwoStarsAreAnyNumberOfDirectories(t *testing.T) {
	f := follow(t)
	for _, dir := range []string{"logs/a/b", "logs/[c]", "other"} {
		f.must(os.MkdirAll(f.path(dir), 0o755))
	}
	for _, name := range []string{"logs/x.log", "logs/a/y.log", "logs/a/b/z.log", "logs/[c]/w.log", "logs/a/b/z.txt", "other/o.log"} {
		f.write(name, name+"\n")
	}
	f.must(os.Symlink(f.path("logs"), f.path("logs/a/loop")))
	f.must(os.Symlink(f.path("logs"), f.path("link")))
	all := []string{"logs/[c]/w.log", "logs/a/b/z.log", "logs/a/y.log", "logs/x.log"}
	for pattern, names := range map[string][]string{
		"logs/**/*.log":     all,
		"logs/**/**/*.log":  all,
		"link/**/*.log":     all,
		"logs/**/b/*.log":   {"logs/a/b/z.log"},
		"logs/*/**/z.*":     {"logs/a/b/z.log", "logs/a/b/z.txt"},
		"**/o.log":          {"other/o.log"},
		"logs/**":           {"logs/[c]/w.log", "logs/a/b/z.log", "logs/a/b/z.txt", "logs/a/y.log", "logs/x.log"},
		"logs/a**/y.log":    {"logs/a/y.log"}, // within a name it is a star
		"logs/x.log/**":     nil,
		"nowhere/**/*.log":  nil,
		"logs/**/none.log":  nil,
		"logs/**/x.log/x.*": nil,
	} {
		g := newFollower(t, f.dir, pattern)
		got := g.try(context.Background(), nil)
		slices.Sort(got)
		if len(names) == 0 && !errors.Is(g.err, fs.ErrNotExist) {
			t.Errorf("%s: want fs.ErrNotExist, got %v", pattern, g.err)
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s: read %q, want %q", pattern, got, names)
		}
		for _, name := range all {
			path := name
			if strings.HasPrefix(pattern, "link/") {
				path = strings.Replace(name, "logs/", "link/", 1)
			}
			if got, want := globNames(pattern, path), slices.Contains(names, name); got != want {
				t.Errorf("%s names %s: %v, want %v", pattern, path, got, want)
			}
		}
	}
	g := newFollower(t, f.dir, "logs/**/a[.log")
	if g.try(context.Background(), nil); !errors.Is(g.err, filepath.ErrBadPattern) {
		t.Errorf("error %v", g.err)
	}
}

// TestAQuietFileIsNotOpened: one that wasn't written to since it was read to its end. Where its
// stamp can't tell, it is.
func TestAQuietFileIsNotOpened(t *testing.T) {
	f := follow(t, "*.log")
	opened := func() (paths []string) {
		for _, s := range f.stats.Files {
			paths = append(paths, filepath.Base(s.Path))
		}
		return paths
	}
	f.write("quiet.log", "q1\n")
	f.write("young.log", "y1\n")
	f.write("unfinished.log", "u1\nu2")
	f.touch("quiet.log", f.opt.Now.Add(-time.Minute))
	f.touch("young.log", f.opt.Now.Add(59*time.Second)) // the run is a minute later
	f.touch("unfinished.log", f.opt.Now.Add(-time.Minute))
	want(t, f.run(), "q1", "u1", "y1")
	want(t, f.run(time.Second))
	if got := opened(); !slices.Equal(got, []string{"unfinished.log", "young.log"}) {
		t.Errorf("opened %v, want all but the quiet one", got)
	}
	f.write("quiet.log", "q2\n")
	f.touch("quiet.log", f.opt.Now)
	want(t, f.run(time.Second), "q2")
	f.remove("quiet.log")
	f.write("quiet.log", "x1\nx2\n") // of the same length
	f.touch("quiet.log", f.opt.Now.Add(time.Second))
	want(t, f.run(time.Second), "x1", "x2")
	f.touch("quiet.log", f.opt.Now.Add(-time.Minute))
	want(t, f.run(time.Second))
	want(t, f.run(idleAfter+time.Second))
	if !f.tracked("quiet.log").Done {
		t.Error("a file that is quiet for long isn't done")
	}
}
