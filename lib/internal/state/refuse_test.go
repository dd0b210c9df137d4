//go:build unix

package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestUnsafePlacesAreRefused(t *testing.T) {
	uid := os.Geteuid()
	for _, c := range []struct {
		name string
		make func(dir, file string) error // dir doesn't exist yet
		uid  int
		want string // %[1]s directory, %[2]s file
		is   error
	}{
		{"directory is a link", func(dir, _ string) error {
			return errors.Join(os.Mkdir(dir+".real", 0o700), os.Symlink(dir+".real", dir))
		}, uid, "state directory %[1]s is a symbolic link: name the directory itself with --state-dir", ErrRefused},
		{"directory is a dangling link", func(dir, _ string) error { return os.Symlink(dir+".real", dir) },
			uid, "state directory %[1]s is a symbolic link: name the directory itself with --state-dir", ErrRefused},
		{"directory is a file", func(dir, _ string) error { return os.WriteFile(dir, nil, 0o600) },
			uid, "state directory %[1]s is not a directory: remove it or name another one with --state-dir", ErrRefused},
		{"directory is another's", func(dir, _ string) error { return os.Mkdir(dir, 0o700) }, uid + 1,
			fmt.Sprintf("state directory %%[1]s belongs to uid %d, not to uid %d: run as that user (sudo -u '#%d' …) or name another directory with --state-dir", uid, uid+1, uid), fs.ErrPermission},
		{"directory is writable by all", func(dir, _ string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o777)) },
			uid, "state directory %[1]s may be written by others (mode 0777): chmod go-w %[1]s", ErrRefused},
		{"directory is writable by the group", func(dir, _ string) error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o770)) },
			uid, "state directory %[1]s may be written by others (mode 0770): chmod go-w %[1]s", ErrRefused},
		{"file is a link", func(dir, file string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Symlink("/etc/hostname", file))
		}, uid, "state file %[2]s is a symbolic link: remove it", ErrRefused},
		{"file is a directory", func(_, file string) error { return os.MkdirAll(file, 0o700) },
			uid, "state file %[2]s is not a regular file: remove it", ErrRefused},
		{"file is a pipe", func(dir, file string) error {
			return errors.Join(os.Mkdir(dir, 0o700), syscall.Mkfifo(file, 0o600))
		}, uid, "state file %[2]s is not a regular file: remove it", ErrRefused},
		{"file is writable by all", func(dir, file string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(file, nil, 0o600), os.Chmod(file, 0o666))
		}, uid, "state file %[2]s may be written by others (mode 0666): chmod go-w %[2]s", ErrRefused},
		{"parent is a file", func(dir, _ string) error {
			return os.WriteFile(filepath.Dir(dir), nil, 0o600)
		}, uid, "state directory %[1]s: open: not a directory", syscall.ENOTDIR},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "p", "s")
			file := filepath.Join(dir, fileName)
			if c.name != "parent is a file" {
				if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.make(dir, file); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf(c.want+"%.0[1]s%.0[2]s", dir, file)
			_, err := openAs(dir+"/", c.uid, Options{})
			if err == nil || err.Error() != want || !errors.Is(err, c.is) {
				t.Errorf("Open: %v\nwant %s", err, want)
			}
			if _, err := openReadOnlyAs(dir, c.uid); c.name != "parent is a file" && (err == nil || err.Error() != want) {
				t.Errorf("OpenReadOnly: %v\nwant %s", err, want)
			}
		})
	}
}

func TestPlaceThatTurnsUnsafeIsRefusedToo(t *testing.T) {
	dir := filepath.Join(fastDir(t), "s")
	db := open(t, dir)
	put(t, db, "a", "1")
	if err := errors.Join(os.Rename(dir, dir+".real"), os.Symlink(dir+".real", dir)); err != nil {
		t.Fatal(err)
	}
	if _, err := content(db); !errors.Is(err, ErrRefused) {
		t.Errorf("view through a link: %v", err)
	}
}

func TestNetworkFileSystemIsRefused(t *testing.T) {
	want := "state directory /d is on a network file system (nfs): name a local directory with --state-dir"
	if err := judgeSystem("/d", "nfs"); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := judgeSystem("/d", ""); err != nil {
		t.Errorf("local: %v", err)
	}
}
