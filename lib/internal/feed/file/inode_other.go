//go:build !unix

package file

import (
	"io/fs"
	"os"
)

// identity fails: files are known by their inode, which this system doesn't give.
func identity(fs.FileInfo) (id, error) { return id{}, errUnsupported }

func look(path string) (at looked, link bool, err error) {
	if _, err := os.Lstat(path); err != nil {
		return looked{}, false, bare(err)
	}
	return looked{}, false, errUnsupported
}

func openRegular(string) (*os.File, error) { return nil, errUnsupported }
