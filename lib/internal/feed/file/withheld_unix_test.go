//go:build unix

package file

import (
	"os"
	"path/filepath"
	"testing"
)

func TestContentIsWithheldFromWhoPutAFileThereAndMayNotReadIt(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs to give files to other users")
	}
	const user, other = 54321, 54322
	dir := t.TempDir()
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		dirOwner, owner int
		mode            os.FileMode
		linked, closed  bool // by a link of the directory's owner; in a directory that only root may pass
		turned          bool // another file has the name, once it is opened
		why             string
	}{
		"one's own file":                   {dirOwner: user, owner: user, mode: 0o600},
		"another's for everybody":          {dirOwner: user, owner: other, mode: 0o644},
		"another's alone":                  {dirOwner: user, owner: other, mode: 0o640, why: "user 54321, who can place files there, may not read it"},
		"one's own, kept from oneself":     {dirOwner: user, owner: user, mode: 0o044, why: "user 54321, who can place files there, may not read it"},
		"root's directory":                 {owner: other, mode: 0o600},
		"a link to another's":              {dirOwner: user, owner: other, mode: 0o600, linked: true, why: "user 54321, who can place files there, may not read it"},
		"a link to one for everybody":      {dirOwner: user, owner: other, mode: 0o644, linked: true},
		"a file that is rotated meanwhile": {dirOwner: user, owner: user, mode: 0o600, turned: true, why: "its name leads elsewhere now"},
		"a link that is turned meanwhile":  {dirOwner: user, owner: other, mode: 0o600, linked: true, turned: true, why: "its name leads elsewhere now"},
		"a link into a closed directory":   {dirOwner: user, owner: other, mode: 0o644, linked: true, closed: true, why: "user 54321, who can place files there, may not read it"},
	} {
		logs, target := filepath.Join(dir, name), filepath.Join(dir, name)
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		must(os.Mkdir(logs, 0o755))
		if c.linked {
			target = filepath.Join(dir, name+" target")
			must(os.Mkdir(target, 0o755))
		}
		file := filepath.Join(target, "a.log")
		must(os.WriteFile(file, []byte("x\n"), 0o600))
		must(os.Chmod(file, c.mode))
		must(os.Chown(file, c.owner, c.owner))
		if c.linked {
			must(os.Symlink(file, filepath.Join(logs, "a.log")))
			must(os.Lchown(filepath.Join(logs, "a.log"), c.dirOwner, c.dirOwner))
		}
		must(os.Chown(logs, c.dirOwner, c.dirOwner))
		if c.closed {
			must(os.Chmod(target, 0o700))
		}
		named := filepath.Join(logs, "a.log")
		opened, err := os.Stat(named)
		must(err)
		if c.turned {
			must(os.Rename(named, named+".1"))
			must(os.WriteFile(named, []byte("x\n"), 0o644))
			must(os.Chown(named, c.dirOwner, c.dirOwner))
		}
		if why, moved := Withheld(named, opened); why != c.why || moved != c.turned {
			t.Errorf("%s: withheld %q, moved %v, want %q", name, why, moved, c.why)
		}
	}
}
