//go:build unix

package file

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// look looks at a regular file, also at one that a link leads to. Thousands are looked at: package os would keep more of each.
func look(path string) (at looked, link bool, err error) {
	var st unix.Stat_t
	for err = unix.EINTR; err == unix.EINTR; {
		err = unix.Lstat(path, &st)
	}
	if link = err == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK; link {
		for err = unix.EINTR; err == unix.EINTR; {
			err = unix.Stat(path, &st)
		}
	}
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = errNotRegular
	}
	return looked{id{uint64(st.Dev), uint64(st.Ino)}, st.Size, time.Unix(st.Mtim.Unix())}, link, err
}

// identity returns the device and inode behind a stat.
func identity(info fs.FileInfo) (id, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id{}, errUnsupported
	}
	return id{dev: uint64(st.Dev), inode: uint64(st.Ino)}, nil
}

// openRegular opens path without ever blocking on a FIFO that took the file's place.
func openRegular(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}
