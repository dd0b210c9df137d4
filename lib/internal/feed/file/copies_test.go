package file

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestACopyUnderTheGlobIsNotReadAgain(t *testing.T) {
	for name, n := range map[string]int{"a few lines": 3, "longer than the hash": 300, "longer than a block": 50_000} {
		for how, cp := range map[string]func(f *follower, from, to string){
			"plain": func(f *follower, from, to string) { f.write(to, f.read(from)) },
			"gzip":  func(f *follower, from, to string) { f.must(os.WriteFile(f.path(to+".gz"), zip(f.read(from)), 0o644)) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				f := follow(t, "log*")
				text, lines := numbered("old", n)
				f.write("log", text)
				want(t, f.run(), lines...)
				f.rename("log", "log.1")
				text, lines = numbered("new", n)
				f.write("log", text)
				want(t, f.run(), lines...)
				cp(f, "log.1", "log.1.bak")
				cp(f, "log", "log-copy")
				want(t, f.run())
				f.write("log", "n+1\n") // the living one grows on
				want(t, f.run(), "n+1")
				cp(f, "log", "log-later")
				f.write("log", "n+2\n") // and was copied before it was read
				want(t, f.run(), "n+2")
				f.remove("log.1")
				want(t, f.run())
				for range 2 {
					want(t, f.run())
				}
			})
		}
	}
}

func TestACopyIsItsOwnFromTheFirstDifferenceOn(t *testing.T) {
	for name, n := range map[string]int{"longer than the hash": 100, "longer than a block": 50_000} {
		t.Run(name, func(t *testing.T) {
			f := follow(t, "*.log")
			text, lines := numbered("line", n)
			f.write("a.log", text)
			want(t, f.run(), lines...)
			half := len(text) / 12 / 2 * 12
			f.write("b.log", text[:half]+"line of b\n"+text[half:])
			want(t, f.run(), append([]string{"line of b"}, lines[n/2:]...)...)
			f.write("c.log", text+"line of c\n")
			f.write("a.log", "line of a\n")
			want(t, f.run(), "line of a", "line of c")
			f.write("a.log", "a again\n")
			f.write("b.log", "b again\n")
			f.write("c.log", "c again\n")
			want(t, f.run(), "a again", "b again", "c again")
			f.write("d.log", text[:len(text)-3]) // its last line isn't finished
			want(t, f.run())
			f.write("d.log", " otherwise\n")
			want(t, f.run(), lines[n-1][:9]+" otherwise")
			if got := f.again(); len(got) != n+2+1+n/2+1+2+1 {
				t.Errorf("read again are %d lines", len(got))
			}
		})
	}
}

func TestACopyInTheMakingIsComparedAsItGrows(t *testing.T) {
	f := follow(t, "*.log")
	text, lines := numbered("line", 1000)
	f.write("a.log", text)
	want(t, f.run(), lines...)
	for at := 0; at < len(text); at += 1777 {
		f.write("b.log", text[at:min(len(text), at+1777)])
		want(t, f.run())
	}
	f.write("b.log", "own\n")
	want(t, f.run(), "own")
}

func TestFilesThatBeginAlikeAreNoCopies(t *testing.T) {
	f := follow(t, "**/*.log")
	f.must(os.MkdirAll(f.path("a/b"), 0o755))
	for _, name := range []string{"x.log", "a/y.log", "a/b/z.log"} {
		f.write(name, "the same line\n")
	}
	want(t, f.run(), "the same line", "the same line", "the same line")
	banner := strings.Repeat("=", headMax) + "\n"
	f.write("p.log", banner+"p1\n")
	f.write("q.log", banner+"q1\n")
	if got := f.run(); len(got) != 3 || !slices.Contains(got, "p1") || !slices.Contains(got, "q1") {
		t.Errorf("%q", got)
	}
}

func TestACopyOfAFileThatIsGoneGoesOnInItsPlace(t *testing.T) {
	f := follow(t, "log*")
	text, lines := numbered("line", 200)
	f.write("log", text)
	want(t, f.run(), lines...)
	f.write("log", "unread\n")
	f.write("log.copy", f.read("log"))
	f.write("log.copy.2", text)
	want(t, f.run(), "unread")
	f.write("log", "lost\n")
	f.write("log.copy", "lost\n")
	f.truncate("log")
	f.write("log", "new\n")
	want(t, f.run(), "lost", "new")
}
