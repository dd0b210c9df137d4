package file

import (
	"fmt"
	"os"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

func TestRotationByRename(t *testing.T) {
	for _, rotated := range []string{"access.log.1", "access.log-20261122", "access-20261122.log", "access.1.log", "elsewhere called"} {
		t.Run(rotated, func(t *testing.T) {
			f := follow(t, "access.log")
			f.write("access.log", "a1\na2\n")
			want(t, f.run(), "a1", "a2")
			f.write("access.log", "a3\n")
			f.rename("access.log", rotated)
			f.write("access.log", "b1\n")
			want(t, f.run(), "a3", "b1")
			if !f.tracked("access.log").Created {
				t.Error("the new file was seen to begin, so its first minute is whole")
			}
			want(t, f.run())
		})
	}
}

func TestWriterGoesOnInRenamedFile(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.rename("access.log", "access.log.1")
	f.write("access.log", "b1\n")
	f.write("access.log.1", "a2\n")
	want(t, f.run(), "a2", "b1")
	for i := range 5 {
		f.write("access.log.1", fmt.Sprintf("late %d\n", i))
		want(t, f.run(9*time.Minute), fmt.Sprintf("late %d", i))
	}
	f.run(10 * time.Minute)
	if !f.tracked("access.log.1").Done {
		t.Error("not grown for ten minutes: should be left closed")
	}
	f.write("access.log.1", "very late\n")
	want(t, f.run(), "very late")
}

func TestWriterGoesOnWhileNothingHasTakenThePlace(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.rename("access.log", "access.log.1")
	f.write("access.log.1", "a2\n")
	want(t, f.try(t.Context(), nil), "a2")
	if f.err == nil {
		t.Fatal("a missing path must be an error")
	}
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
}

func TestSeveralRotationsWhileAway(t *testing.T) {
	for name, gens := range map[string][3]string{ // oldest first
		"numbered":     {"access.log.3", "access.log.2", "access.log.1"},
		"gzip":         {"access.log.3.gz", "access.log.2.gz", "access.log.1"},
		"dated":        {"access.log-20261120", "access.log-20261121", "access.log-20261122"},
		"dated gzip":   {"access.log-20261120.gz", "access.log-20261121.gz", "access.log-20261122.gz"},
		"date within":  {"access-20261120.log", "access-20261121.log", "access-20261122.log"},
		"number inner": {"access.3.log", "access.2.log", "access.1.log"},
		"lumberjack":   {"access-2026-11-22T10-00-00.000.log.gz", "access-2026-11-22T11-00-00.000.log.gz", "access-2026-11-22T12-00-00.000.log"},
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, "access.log")
			f.write("access.log", "a1\n")
			f.write("access.log.4", "of another age\n")
			f.write("access-20261101.log", "of another age\n")
			want(t, f.run(), "a1")
			f.write("access.log", "a2\n")
			for i, gen := range gens {
				plain := fmt.Sprintf("gen%d", i)
				f.rename("access.log", plain)
				if len(gen) > 3 && gen[len(gen)-3:] == ".gz" {
					f.compress(plain, gen)
				} else {
					f.rename(plain, gen)
				}
				f.write("access.log", fmt.Sprintf("%c1\n", 'b'+i))
			}
			want(t, f.run(), "a2", "b1", "c1", "d1")
			want(t, f.run())
			f.rename("access.log", "access.log-20261123")
			f.write("access.log", "e1\n")
			want(t, f.run(), "e1")
		})
	}
}

func TestGenerationsFromBeforeTheFirstRunAreNeverRead(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log.1", "old 1\n")
	f.write("access.log", "a1\n")
	f.write("access.log.2", "") // nothing but its inode would tell it from a later file
	want(t, f.run(), "a1")
	if len(f.cur.Files) != 2 {
		t.Errorf("known are %+v, want the living and the one with content", f.cur.Files)
	}
	// All rotate, the old one is compressed by something that doesn't keep times.
	f.must(os.WriteFile(f.path("access.log.2.gz"), zip("old 1\n"), 0o644))
	f.remove("access.log.1")
	f.rename("access.log", "access.log.1")
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
}

func TestAnotherLogThatLooksLikeAGenerationIsNotRead(t *testing.T) {
	f := follow(t, "app.log")
	f.write("app.log", "a1\n")
	f.write("app.2.log", "other instance\n")
	want(t, f.run(), "a1")
	f.write("app.2.log", "other instance, later\n")
	f.rename("app.log", "app.log.1")
	f.write("app.log", "b1\n")
	want(t, f.run(), "b1")
}

func TestAnotherLogThatAppearsIsNotRead(t *testing.T) {
	f := follow(t, "app.log")
	f.write("app.log", "a1\n")
	f.run()
	f.write("app.2.log", "other instance\n")
	f.write("app.log", "a2\n")
	want(t, f.run(), "a2")
	f.rename("app.log", "app.log.1")
	f.write("app.log", "b1\n")
	want(t, f.run(), "b1")
}

func TestMoreOldGenerationsThanAreRemembered(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	for i := range maxUnnamed + 10 {
		name := fmt.Sprintf("access.log-%08d", 20260101+i)
		f.write(name, "old "+name+"\n")
		f.touch(name, f.mtime("access.log").Add(-time.Hour))
	}
	want(t, f.run(), "a1")
	f.rename("access.log", "access.log-20261122")
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
}

func TestMoreRotationsWhileAwayThanFilesAreRemembered(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "first\n")
	f.run()
	var lines []string
	for i := range maxUnnamed + 10 {
		f.rename("access.log", fmt.Sprintf("access.log-%08d", 20260101+i))
		lines = append(lines, fmt.Sprintf("line %d", i))
		f.write("access.log", lines[i]+"\n")
	}
	want(t, f.run(), lines...)
}

func TestLineInARotatedFileThatWasEmpty(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "")
	f.run()
	f.rename("access.log", "access.log.1")
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
	f.write("access.log.1", "a1\n")
	f.compress("access.log.1", "access.log.1.gz")
	want(t, f.run(), "a1")
}

func TestRenamedAwayAndBack(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.rename("access.log", "access.log.1")
	f.try(t.Context(), nil)
	f.rename("access.log.1", "access.log")
	f.write("access.log", "a2\n")
	want(t, f.run(), "a2")
	f.tracked("access.log")
}

func TestRotationWhileReading(t *testing.T) {
	for name, rotate := range map[string]func(f *follower){
		"rename":       func(f *follower) { f.rename("b.log", "b.log.1"); f.write("b.log", "c1\nc2 is longer\n") },
		"copytruncate": func(f *follower) { f.copyTruncate("b.log", "b.log.1") },
	} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, "*.log")
			f.write("a.log", "a1\n")
			f.write("b.log", "b1\nb2\n")
			f.run()
			f.write("a.log", "a2\n")
			f.write("b.log", "b3\n")
			rotated := false
			got := f.try(t.Context(), func(feed.Block) error {
				if !rotated {
					rotate(f)
				}
				rotated = true
				return nil
			})
			f.must(f.err)
			want(t, got, "a2")
			if f.stats.Complete {
				t.Error("b.log couldn't be read, yet complete")
			}
			if got := f.run(); name == "rename" {
				want(t, got, "b3", "c1", "c2 is longer")
			} else {
				want(t, got, "b3")
			}
		})
	}
}

func TestFirstRunReadsRotatedFilesOnlyWhereNamed(t *testing.T) {
	f := follow(t, "access.log*")
	f.write("access.log.2", "old 1\n")
	f.write("access.log.1", "mid 1\n")
	f.write("access.log", "new 1\n")
	want(t, f.run(), "old 1", "mid 1", "new 1")
	f.rename("access.log.2", "access.log.3")
	f.rename("access.log.1", "access.log.2")
	f.rename("access.log", "access.log.1")
	f.write("access.log.1", "new 2\n")
	f.write("access.log", "newest 1\n")
	want(t, f.run(), "new 2", "newest 1")

	g := newFollower(t, f.dir, "access.log")
	want(t, g.run(), "newest 1")
}

func TestRotatedFilesOfAGlobStayKnownWhileTheyExist(t *testing.T) {
	f := follow(t, "access.log*")
	var all []string
	for i := range 100 {
		f.write(fmt.Sprintf("access.log.%d", 100-i), fmt.Sprintf("line %03d\n", i))
		all = append(all, fmt.Sprintf("line %03d", i))
	}
	want(t, f.run(), all...)
	for range 5 {
		want(t, f.run(time.Hour))
	}
	if len(f.stats.Files) != 0 {
		t.Errorf("idle files should be left closed, opened %v", f.stats.Files)
	}
}

func TestSymlinkTurnedToTodaysFile(t *testing.T) {
	f := follow(t, "current.log")
	link := func(to string) {
		os.Remove(f.path("current.log"))
		f.must(os.Symlink(to, f.path("current.log")))
	}
	f.must(os.Mkdir(f.path("logs"), 0o755))
	f.write("logs/access-20261120.log", "a1\n")
	link("logs/access-20261120.log")
	want(t, f.run(), "a1")
	f.write("logs/access-20261120.log", "a2\n")
	f.write("logs/access-20261121.log", "b1\n") // born and left while away
	f.write("logs/access-20261122.log", "c1\n")
	link("logs/access-20261122.log")
	want(t, f.run(), "a2", "b1", "c1")
	f.write("logs/access-20261120.log", "a3\n")
	f.write("logs/access-20261122.log", "c2\n")
	want(t, f.run(), "a3", "c2")
}

func TestOlderGenerationsComeFirst(t *testing.T) {
	f := follow(t, "access.log*")
	f.write("access.log", "now\n")
	f.write("access.log.2", "before\n")
	f.write("access.log.10", "long ago\n")
	f.touch("access.log.10", time.Now().Add(time.Hour)) // copied lately: the number counts
	want(t, f.run(), "long ago", "before", "now")
}

func TestForgetsWhatIsGone(t *testing.T) {
	f := follow(t, "access.log")
	for i := range 80 {
		f.write("access.log", fmt.Sprintf("line %d\n", i))
		want(t, f.run(time.Hour), fmt.Sprintf("line %d", i))
		f.rename("access.log", fmt.Sprintf("access.log-2026%04d", i))
		if i >= 10 {
			f.remove(fmt.Sprintf("access.log-2026%04d", i-10))
		}
	}
	if n := len(f.cur.Files); n > 40 {
		t.Errorf("%d files remembered, want few", n)
	}
}

func TestForgetsAllButTheNewestFinishedFiles(t *testing.T) {
	f := follow(t, "access.log")
	for i := range maxUnnamed + 10 {
		f.write("access.log", fmt.Sprintf("line %d\n", i))
		f.touch("access.log", f.opt.Now)
		want(t, f.run(time.Hour), fmt.Sprintf("line %d", i))
		f.run(time.Hour)
		f.rename("access.log", fmt.Sprintf("access.log-%08d", 20260101+i))
	}
	f.write("access.log", "")
	want(t, f.run(time.Hour))
	want(t, f.run(time.Hour))
	if n := len(f.cur.Files); n > maxUnnamed+1 {
		t.Errorf("%d files remembered, want at most %d", n, maxUnnamed+1)
	}
}

func TestRotationNames(t *testing.T) {
	for name, log := range map[string]string{
		"access.log.1": "access.log", "access.log.12.gz": "access.log", "access.log-20261122": "access.log", "access.log-20261122.gz": "access.log",
		"access.log-2026-11-22-11": "access.log", "access.log.20261122T114012": "access.log", "access.log-20261122-1795347612": "access.log",
		"access.log.1795347612": "access.log", "access-20261122.log": "access.log", "access.1.log": "access.log", "access_2026-11.log": "access.log",
		"access.log.old": "access.log", "access.log.gz": "access.log", "0.log.20261122-114012.gz": "0.log", "access-2026-11-22T11-40-12.345.log.gz": "access.log",
		"access.log": "", "app-2.log": "", "access.log.bak": "", "10.log": "", "access.log.1.tmp": "access.log.tmp", ".1": "",
	} {
		names, _ := splitRotated(name)
		if len(names) == 0 {
			names = []string{""}
		}
		if got := names[len(names)-1]; got != log {
			t.Errorf("%s: a generation of %q, want %q", name, got, log)
		}
	}
}
