package state

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// openLock opens what is locked: a file of its own, as a directory can't be locked here.
func openLock(root *os.Root, write bool) (*os.File, error) {
	if write {
		return root.OpenFile("state.lock", os.O_RDWR|os.O_CREATE, 0o600)
	}
	return root.Open("state.lock")
}

// tryLock locks f until it is closed; false where others hold it.
func tryLock(f *os.File, exclusive bool) (bool, error) {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

func owner(fs.FileInfo) (uid int, known bool) { return 0, false }

func inode(fs.FileInfo) uint64 { return 0 }
