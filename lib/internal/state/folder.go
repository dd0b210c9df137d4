package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	fileName     = "state.db"
	newName      = "state.db.new"     // being built; never read
	brokenPrefix = "state.db.broken-" // and the time it was set aside
	brokenKept   = 2
)

// place is a state directory and who may use it.
type place struct {
	dir     string
	uid     int
	timeout time.Duration // for the lock
}

// folder is a state directory found safe, opened and locked. All its files are reached through root, so nobody can swap the directory
// between the check and the use.
type folder struct {
	place
	root *os.Root
	lock *os.File
}

// enter opens and locks the directory: shared to read, exclusive to write. A missing directory is fs.ErrNotExist.
func (p place) enter(ctx context.Context, exclusive bool) (*folder, error) {
	root, err := p.open()
	if err != nil {
		return nil, err
	}
	d := &folder{place: p, root: root}
	if d.lock, err = openLock(root, exclusive); err != nil {
		root.Close()
		return nil, p.failedDir("open", err)
	}
	if err := p.await(ctx, d.lock, exclusive); err != nil {
		d.leave()
		return nil, err
	}
	return d, nil
}

// leave unlocks by closing.
func (d *folder) leave() {
	d.lock.Close()
	d.root.Close()
}

// await polls for the lock: the system has no wait with a limit.
func (p place) await(ctx context.Context, lock *os.File, exclusive bool) error {
	if err := ctx.Err(); err != nil {
		return p.failedDir("lock", err)
	}
	limit := time.NewTimer(p.timeout)
	defer limit.Stop()
	for pause := time.Millisecond; ; pause = min(2*pause, 10*time.Millisecond) {
		if ok, err := tryLock(lock, exclusive); err != nil {
			return p.failedDir("lock", err)
		} else if ok {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("state directory %s: %w: %w", p.dir, ErrLocked, ctx.Err())
		case <-limit.C:
			return fmt.Errorf("state directory %s: %w for %v", p.dir, ErrLocked, p.timeout)
		}
	}
}

// openFile opens state.db and makes sure that it can be believed. It is believed without being read through while it carries the seal of
// our last commit and trust is set. stale: the last commit is unreadable, this is the one before.
func (d *folder) openFile(flag int, trust bool) (file *os.File, stale bool, err error) {
	info, err := d.root.Lstat(fileName)
	if err == nil {
		err = d.judgeFile(info)
	}
	if err == nil {
		file, err = d.root.OpenFile(fileName, flag, 0)
	}
	if err != nil {
		return nil, false, d.failed("open", err)
	}
	last, err := readRoot(file, info.Size())
	if err == nil && !(trust && sealed(info, last)) {
		err = verify(file, last)
	}
	if err != nil {
		file.Close()
		return nil, false, d.failed("read", err)
	}
	return file, last.stale, nil
}

// The seal is the sub-second part of the file's modification time: set to a print of the commit and the inode after each of our writes. Any
// other writing hand leaves another time, as does a kill between commit and seal; then the file is read through.
// It counts in steps of 100 ns, which every file system in use for this can keep; one that can't costs time, not safety.
func sealOf(info fs.FileInfo, last root) time.Duration {
	print := uint64(last.print)<<32 ^ uint64(info.Size())<<8 ^ inode(info)*0x9E3779B97F4A7C15
	return time.Duration(print%1e7) * 100
}

func sealed(info fs.FileInfo, last root) bool {
	return time.Duration(info.ModTime().Nanosecond()) == sealOf(info, last)
}

// seal marks the file as ours. Its failure only makes the next run read the file through.
func (d *folder) seal() {
	file, err := d.root.Open(fileName)
	if err != nil {
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return
	}
	if last, err := readRoot(file, info.Size()); err == nil && !sealed(info, last) {
		d.root.Chtimes(fileName, time.Time{}, info.ModTime().Truncate(time.Second).Add(sealOf(info, last)))
	}
}

// failed says where an operation on the state file failed and, where something helps, what does.
func (p place) failed(op string, err error) error {
	return failure("state file "+filepath.Join(p.dir, fileName), op, err)
}

// failedDir is failed for the directory.
func (p place) failedDir(op string, err error) error {
	return failure("state directory "+p.dir, op, err)
}

// failure says it in the system's words without the system's own path. A refusal says it all itself.
func failure(place, op string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	hint := ""
	switch {
	case errors.Is(err, syscall.ENOSPC):
		hint = ": free some space there"
	case errors.Is(err, syscall.EROFS):
		hint = ": name a writable directory with --state-dir"
	case errors.Is(err, fs.ErrPermission):
		hint = ": run as its owner (sudo -u USER …) or name another directory with --state-dir"
	case errors.Is(err, ErrNewer):
		hint = ": update this program or name another directory with --state-dir"
	}
	return fmt.Errorf("%s: %s: %w%s", place, op, err, hint)
}
