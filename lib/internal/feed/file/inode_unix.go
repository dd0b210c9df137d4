//go:build unix

package file

import (
	"io/fs"
	"os"
	"syscall"
)

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
