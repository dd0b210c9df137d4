//go:build unix

package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestWhatIsNoFileIsRefusedWithoutBlocking(t *testing.T) {
	f := follow(t, "pipe")
	f.must(syscall.Mkfifo(f.path("pipe"), 0o644))
	f.must(os.Mkdir(f.path("dir"), 0o755))
	f.write("a.log", "a1\n")
	for _, glob := range []string{"pipe", "dir", "p*", "/dev/null"} {
		f.opt.Globs = []string{f.path(glob)}
		if filepath.IsAbs(glob) {
			f.opt.Globs = []string{glob}
		}
		f.try(context.Background(), nil)
		if !errors.Is(f.err, errNotRegular) || !strings.Contains(f.err.Error(), f.opt.Globs[0]) {
			t.Errorf("%s: error %v", glob, f.err)
		}
	}
	f.opt.Globs = []string{f.path("*")}
	want(t, f.run(), "a1")
	wantSaid(t, f.stats.Warnings, "2 matches are not regular files")

	e := &entry{path: f.path("pipe")} // it took the file's place between looking and opening
	if h, _, err := e.open(); err != errNotRegular {
		t.Errorf("opened %v, error %v", h, err)
	}
}
