//go:build unix

package file

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxLinks bounds the links that are followed on the way to a file, as the system's own bound does.
const maxLinks = 40

// Withheld says why the content of a file that was opened by a name is to be withheld, "" where it may be shown: one of those who own the directories and
// links on the way from the name to it, and so may have put it there, may not read it. A program that reads as root shows nobody what isn't theirs to see.
// Where the name leads elsewhere by now, since the file was rotated meanwhile or somebody turned a link, that can't be told any more: moved.
func Withheld(path string, opened fs.FileInfo) (why string, moved bool) {
	w, err := walk(path)
	if err != nil || !os.SameFile(w.file, opened) {
		return "its name leads elsewhere now", true
	}
	for _, uid := range w.owners {
		if !w.readableBy(uid) {
			return fmt.Sprintf("user %d, who can place files there, may not read it", uid), false
		}
	}
	return "", false
}

// way is what is passed on the way from a name to a file.
type way struct {
	owners []uint32      // of directories and links
	dirs   []os.FileInfo // that were gone through
	file   os.FileInfo
}

func walk(path string) (way, error) {
	var w way
	path, err := filepath.Abs(path)
	if err != nil {
		return w, err
	}
	at, rest, links := "/", strings.Split(path, "/"), 0
	for {
		info, err := os.Lstat(at)
		if err != nil {
			return w, err
		}
		w.file = info
		switch {
		case info.IsDir():
			w.dirs = append(w.dirs, info)
			w.own(info)
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(at)
			if links++; err != nil || links > maxLinks {
				return w, syscall.ELOOP
			}
			w.own(info)
			rest = append(strings.Split(to, "/"), rest...)
			if at = filepath.Dir(at); filepath.IsAbs(to) {
				at = "/"
			}
		}
		for len(rest) > 0 && (rest[0] == "" || rest[0] == ".") {
			rest = rest[1:]
		}
		if len(rest) == 0 && info.Mode()&os.ModeSymlink == 0 {
			return w, nil
		}
		if len(rest) > 0 {
			at, rest = filepath.Join(at, rest[0]), rest[1:]
		}
	}
}

func (w *way) own(info os.FileInfo) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && !slices.Contains(w.owners, st.Uid) {
		w.owners = append(w.owners, st.Uid)
	}
}

// readableBy says whether a user may go the way and read the file.
func (w way) readableBy(uid uint32) bool {
	if uid == 0 {
		return true
	}
	groups := groupsOf(uid)
	for _, dir := range w.dirs {
		if !permits(dir, uid, groups, 1) {
			return false
		}
	}
	return permits(w.file, uid, groups, 4)
}

// permits says whether a file's mode gives a user what is wanted: 4 to read, 1 to pass.
func permits(info os.FileInfo, uid uint32, groups []string, want os.FileMode) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case st.Uid == uid:
		mode >>= 6
	case slices.Contains(groups, strconv.FormatUint(uint64(st.Gid), 10)):
		mode >>= 3
	}
	return mode&want != 0
}

// groupsOf is the groups of a user, as far as this host knows them.
func groupsOf(uid uint32) []string {
	u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return nil
	}
	groups, _ := u.GroupIds() // those that are known
	return groups
}
