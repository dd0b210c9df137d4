package file

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestCopytruncate(t *testing.T) {
	long := strings.Repeat("x", 2000)
	for name, pad := range map[string]string{"short": "", "longer than the hash": long} {
		for _, copied := range []string{"access.log.1", "access.log-20261122", "copy"} {
			t.Run(name+" "+copied, func(t *testing.T) {
				f := follow(t, "access.log")
				f.write("access.log", "a1"+pad+"\na2\n")
				want(t, f.run(), "a1"+pad, "a2")
				f.write("access.log", "a3\n")
				f.copyTruncate("access.log", copied)
				f.write("access.log", "b1\n")
				want(t, f.run(), "a3", "b1")
				if created := f.tracked("access.log").Created; created != (copied != "copy") {
					t.Errorf("created %v: where its generation was found, the first minute is whole; another copy may have been made before its last lines", created)
				}
				want(t, f.run())
				f.write("access.log", "b2\n")
				want(t, f.run(), "b2")
			})
		}
	}
}

func TestCopytruncateSeveralTimesWhileAway(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.write("access.log", "a2\n")
	f.copyTruncate("access.log", "access.log.1")
	f.write("access.log", "b1\n")
	f.rename("access.log.1", "access.log.2")
	f.copyTruncate("access.log", "access.log.1")
	f.compress("access.log.2", "access.log.3.gz")
	f.rename("access.log.1", "access.log.2")
	f.write("access.log", "c1\n")
	f.copyTruncate("access.log", "access.log.1")
	f.write("access.log", "d1\n")
	want(t, f.run(), "a2", "b1", "c1", "d1")
	want(t, f.run())
}

func TestCopytruncateStepByStep(t *testing.T) {
	for _, glob := range []string{"access.log", "access.log*"} {
		t.Run(glob, func(t *testing.T) {
			f := follow(t, glob)
			f.write("access.log", "a1\na2\na3\n")
			want(t, f.run(), "a1", "a2", "a3")
			f.must(os.WriteFile(f.path("access.log.1"), []byte("a1\na2\n"), 0o644)) // the copy is being made
			want(t, f.run())
			f.write("access.log", "a4\n")
			f.must(os.WriteFile(f.path("access.log.1"), []byte(f.read("access.log")), 0o644))
			f.write("access.log.1", "a5\n")
			f.write("access.log", "a5\n")
			want(t, f.run(), "a4", "a5")
			f.write("access.log.1", "a6\n")
			f.truncate("access.log")
			want(t, f.run(), "a6")
			f.write("access.log", "b1\n")
			want(t, f.run(), "b1")
		})
	}
}

func TestTheFullestOfSeveralCopiesIsReadOn(t *testing.T) {
	for _, backup := range []string{"a backup", "z backup"} {
		f := follow(t, "access.log")
		f.write("access.log", "a1\n")
		f.run()
		f.write("access.log", "a2\n")
		f.write(backup, f.read("access.log"))
		f.write("access.log", "a3\n")
		text := f.read("access.log")
		f.copyTruncate("access.log", "access.log.1")
		z := zip(text)
		for _, name := range []string{"access.log.1.gz", "another.gz"} { // gzip is about to end
			f.must(os.WriteFile(f.path(name), z[:len(z)-4], 0o644))
		}
		want(t, f.run(), "a2", "a3")
	}
}

func TestCopytruncateOfAnIdleLog(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.run(time.Hour)
	if !f.tracked("access.log").Done {
		t.Fatal("an idle log should be left closed")
	}
	f.write("access.log", "a2\n")
	f.copyTruncate("access.log", "access.log.1")
	want(t, f.run(), "a2")
}

func TestTruncatedToZero(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.truncate("access.log")
	want(t, f.run())
	wantSaid(t, f.stats.Warnings, "no copy of it was found")
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
	if len(f.stats.Lost)+len(f.stats.Warnings) != 0 {
		t.Errorf("said again: %q %q", f.stats.Lost, f.stats.Warnings)
	}
}

func TestTruncatedAndGrownBeyondTheOldOffset(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\na2\n")
	f.run()
	f.truncate("access.log")
	f.write("access.log", "b1\nb2\nb3\nb4\n")
	want(t, f.run(), "b1", "b2", "b3", "b4")
	if f.tracked("access.log").Created {
		t.Error("lines before the truncation may be missing, so the first minute isn't whole")
	}
}

func TestTruncatedWithUnreadBytesIsSaid(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\nhalf")
	want(t, f.run(), "a1")
	f.truncate("access.log")
	f.write("access.log", "b1\n")
	want(t, f.run(), "b1")
	wantSaid(t, f.stats.Lost, "4 bytes unread")
}

func TestCutBackIsNotReadAgain(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", strings.Repeat("x", 1500)+"\na2\na3\n")
	f.run()
	f.must(os.Truncate(f.path("access.log"), 1501+4))
	want(t, f.run())
	wantSaid(t, f.stats.Lost, "cut back")
	f.write("access.log", "rest of a3\na4\n")
	want(t, f.run(), "a4")
}

// A writer that doesn't append goes on at its old place: the file begins with a hole, which reads as NULs.
func TestTruncatedUnderAWriterThatDoesNotAppend(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.copyTruncate("access.log", "access.log.1")
	hole := int64(3 << 20)
	h, err := os.OpenFile(f.path("access.log"), os.O_WRONLY, 0)
	f.must(err)
	defer h.Close()
	f.must(h.Truncate(hole))
	want(t, f.run())
	_, err = h.WriteAt([]byte("b1\nb2\n"), hole)
	f.must(err)
	want(t, f.run(), "b1", "b2")
	if at := f.blocks[0].Offset; at != hole {
		t.Errorf("the line begins at %d, want %d", at, hole)
	}
}

func TestReplacedByAFileOfTheSameSize(t *testing.T) {
	t.Run("another inode", func(t *testing.T) {
		f := follow(t, "access.log")
		f.write("access.log", "a1\n")
		f.run()
		f.write("new", "b1\n")
		f.rename("new", "access.log")
		want(t, f.run(), "b1")
	})
	t.Run("in place", func(t *testing.T) {
		f := follow(t, "access.log")
		f.write("access.log", "a1\n")
		f.run()
		f.must(os.WriteFile(f.path("access.log"), []byte("b1\n"), 0o644))
		want(t, f.run(), "b1")
	})
}

func TestReplacedByACopyOfItself(t *testing.T) { // what sed -i does
	f := follow(t, "access.log")
	f.write("access.log", strings.Repeat("x", 2000)+"\na2\n")
	f.run()
	f.write("new", f.read("access.log")+"a3\n")
	f.rename("new", "access.log")
	want(t, f.run(), "a3")
}

func TestEmptyFileIsKnownByItsInode(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "")
	want(t, f.run())
	f.write("access.log", "a1\n")
	f.rename("access.log", "odd name")
	f.write("access.log", "b1\n")
	want(t, f.run(), "a1", "b1")
}

func TestShortFileThatGrows(t *testing.T) {
	f := follow(t, "access.log")
	text, lines := numbered("line", 300) // 12 bytes each: past the 1024 hashed
	for i, line := range lines {
		f.write("access.log", line+"\n")
		if i%7 == 0 {
			want(t, f.run(), lines[max(0, i-6):i+1]...)
		}
	}
	f.run()
	if got := f.tracked("access.log"); got.HeadLen != headMax || got.HeadHash != hashHead([]byte(text[:headMax])) {
		t.Errorf("hash over %d bytes, want %d", got.HeadLen, headMax)
	}
}

func TestInodeReuse(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\n")
	f.run()
	f.write("other", "b1\nb2\n")
	info, err := os.Stat(f.path("other"))
	f.must(err)
	at, err := identity(info)
	f.must(err)
	// As if the file read had been removed and its inode given to another.
	f.remove("access.log")
	f.cur.Files[0].Inode = at.inode
	f.rename("other", "access.log")
	want(t, f.run(), "b1", "b2")
}

func TestVanishedFileIsNotTakenForOneThatBeginsAlike(t *testing.T) {
	banner := strings.Repeat("=", headMax) + "\n"
	f := follow(t, "access.log")
	f.write("access.log", banner+"a1\na2\na3\n")
	f.run()
	inode := f.cur.Files[0].Inode
	f.remove("access.log")
	f.try(t.Context(), nil)
	f.write("access.log", banner+"b1\n")
	info, err := os.Stat(f.path("access.log"))
	f.must(err)
	at, err := identity(info)
	f.must(err)
	for i := range f.cur.Files {
		if f.cur.Files[i].Inode == inode {
			f.cur.Files[i].Inode = at.inode // the new file got the old one's
		}
	}
	want(t, f.run(), banner[:headMax], "b1")

	f = follow(t, "access.log") // cut to nothing and begun anew
	f.write("access.log", "banner\na1\n")
	f.run()
	f.truncate("access.log")
	f.run()
	f.write("access.log", "banner\na1\nb2\n")
	want(t, f.run(), "banner", "a1", "b2")
}

func TestDeletedAndBegunAnewWithTheSameFirstLine(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "banner\n")
	f.run()
	f.write("new", "banner\nb1\n")
	f.rename("new", "access.log")
	want(t, f.run(), "banner", "b1")
}

func TestOldBackupIsNotTakenForTheCopy(t *testing.T) {
	f := follow(t, "access.log")
	f.write("access.log", "a1\na2\nhalf")
	f.must(os.WriteFile(f.path("backup.gz"), zip("a1\na2\nhalf"), 0o644))
	f.touch("backup.gz", f.mtime("access.log").Add(-time.Hour))
	f.run()
	f.truncate("access.log")
	f.run()
	wantSaid(t, f.stats.Lost, "4 bytes unread")
}

func TestDeletedFile(t *testing.T) {
	f := follow(t, "*.log")
	f.write("a.log", "a1\n")
	f.write("b.log", "b1\nhalf")
	f.run()
	f.remove("b.log")
	want(t, f.run())
	wantSaid(t, f.stats.Lost, "b.log was removed or truncated with 4 bytes unread")
	want(t, f.run())
	if len(f.stats.Lost) != 0 {
		t.Errorf("said again: %q", f.stats.Lost)
	}
	f.run(25 * time.Hour)
	if len(f.cur.Files) != 1 {
		t.Errorf("still remembered: %+v", f.cur.Files)
	}
}

func TestFileThatComesBackIsNotReadAgain(t *testing.T) { // a volume that wasn't mounted
	f := follow(t, "logs/*.log")
	f.must(os.Mkdir(f.path("logs"), 0o755))
	f.write("logs/a.log", "a1\n")
	f.write("logs/b.log", "b1\n")
	f.run()
	f.rename("logs", "away")
	f.try(t.Context(), nil)
	f.try(t.Context(), nil)
	f.rename("away", "logs")
	f.write("logs/a.log", "a2\n")
	want(t, f.run(), "a2")
}

func TestCutBackAtALineEndSkipsNothing(t *testing.T) {
	text, lines := numbered("line", 200) // 12 bytes each
	for _, keep := range []int{199, 150, 86, 85, 60, 20, 3} {
		f := follow(t, "access.log")
		f.write("access.log", text)
		want(t, f.run(), lines...)
		f.must(os.Truncate(f.path("access.log"), int64(12*keep)))
		want(t, f.run())
		wantSaid(t, f.stats.Lost, "since the last run, if anything")
		f.write("access.log", "next\n")
		want(t, f.run(), "next")
		f.write("access.log", "last\n")
		want(t, f.run(), "last")
	}
}

func TestCutBackAndGrownAgainIsSaid(t *testing.T) {
	f := follow(t, "access.log")
	text, lines := numbered("line", 200)
	f.write("access.log", text)
	want(t, f.run(), lines...)
	f.must(os.Truncate(f.path("access.log"), 12*150))
	other, _ := numbered("then", 60) // the first 50 of them go up to where the file was read
	f.write("access.log", other)
	got := f.run()
	wantSaid(t, f.stats.Lost, "has grown beyond byte 2400 again")
	if len(got) < 9 || got[len(got)-1] != "then 000059" {
		t.Errorf("read %q", got)
	}
	f.write("access.log", "last\n")
	want(t, f.run(), "last")
}

func TestBegunAnewIsNotTakenForCutBack(t *testing.T) {
	f := follow(t, "access.log")
	text, lines := numbered("line", 100)
	f.write("access.log", text)
	want(t, f.run(), lines...)
	f.truncate("access.log")
	f.write("access.log", "line 000000\nother 000001\n") // the first is as before
	want(t, f.run(), "line 000000", "other 000001")
}

func TestReplacedByAnEqualFileOfAnySize(t *testing.T) { // cp a.log x; mv x a.log
	for _, n := range []int{1, 4, 85, 86, 300} {
		for _, glob := range []string{"access.log", "access*"} {
			f := follow(t, glob)
			text, lines := numbered("line", n)
			f.write("access.log", text)
			want(t, f.run(), lines...)
			f.write("x", f.read("access.log"))
			f.rename("x", "access.log")
			want(t, f.run())
			f.write("access.log", "next\n")
			want(t, f.run(), "next")
			f.write("x", strings.Replace(f.read("access.log"), "next", "then", 1))
			f.rename("x", "access.log")
			if got := f.run(); len(got) != n+1 && n < 85 {
				t.Errorf("other lines of the same length: %q", got)
			}
		}
	}
}
