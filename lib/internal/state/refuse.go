package state

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// refused is the text of a refusal; cause, which may be nil, is a second error it is known by.
func refused(cause error, format string, args ...any) error {
	return &refusal{text: fmt.Sprintf(format, args...), cause: cause}
}

type refusal struct {
	text  string
	cause error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Is(target error) bool {
	return target == ErrRefused || r.cause != nil && target == r.cause
}

// open opens the directory, unless it isn't safe: what is judged is what is opened.
func (p place) open() (*os.Root, error) {
	named, err := os.Lstat(p.dir)
	if err != nil {
		return nil, p.failedDir("open", err)
	}
	if named.Mode()&fs.ModeSymlink != 0 {
		return nil, refused(nil, "state directory %s is a symbolic link: name the directory itself with --state-dir", p.dir)
	}
	if !named.IsDir() {
		return nil, refused(nil, "state directory %s is not a directory: remove it or name another one with --state-dir", p.dir)
	}
	if err := p.judge("directory", p.dir, named); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return nil, p.failedDir("open", err)
	}
	if opened, err := root.Stat("."); err != nil || !os.SameFile(named, opened) {
		root.Close()
		return nil, refused(nil, "state directory %s was replaced while it was opened: try again", p.dir)
	}
	return root, nil
}

// judgeFile refuses a state.db that isn't a plain file of our own.
func (p place) judgeFile(info fs.FileInfo) error {
	path := filepath.Join(p.dir, fileName)
	if info.Mode()&fs.ModeSymlink != 0 {
		return refused(nil, "state file %s is a symbolic link: remove it", path)
	}
	if !info.Mode().IsRegular() {
		return refused(nil, "state file %s is not a regular file: remove it", path)
	}
	return p.judge("file", path, info)
}

func (p place) judge(what, path string, info fs.FileInfo) error {
	uid, known := owner(info)
	if !known {
		return nil // the mode means nothing either on such a system
	}
	if uid != p.uid {
		return refused(fs.ErrPermission, "state %s %s belongs to uid %d, not to uid %d: run as that user (sudo -u '#%d' …) or name another directory with --state-dir",
			what, path, uid, p.uid, uid)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return refused(nil, "state %s %s may be written by others (mode %04o): chmod go-w %s", what, path, mode, path)
	}
	return nil
}

// judgeSystem refuses network file systems, where locks and mapped files don't keep their promises between hosts.
func judgeSystem(dir, network string) error {
	if network == "" {
		return nil
	}
	return refused(nil, "state directory %s is on a network file system (%s): name a local directory with --state-dir", dir, network)
}
