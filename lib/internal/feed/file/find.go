package file

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// id is what a directory entry leads to.
type id struct{ dev, inode uint64 }

// looked is what is seen of a regular file from outside.
type looked struct {
	id
	size  int64
	mtime time.Time
}

// entry is a regular file found in this run, known or not.
type entry struct {
	looked
	path   string
	named  bool     // the globs name it
	linked bool     // a path that leads to it is a link itself
	logs   []string // the named paths of which it is, by its name, perhaps a rotated generation
	taken  *file    // the tracked file that it was recognised as

	loaded bool // the rest is set
	head   []byte
	gzip   bool
	err    error
}

// finder collects entries; each inode once.
type finder struct {
	byID    map[id]*entry
	byPath  map[string]*entry // every path seen, several may lead to one entry
	entries []*entry          // as found
	plain   []string          // paths configured by their own name
	named   []string          // paths configured, globs expanded, that lead to a file
	missing []string          // paths configured that lead to nothing
	real    map[string]string // paths configured, and where links there lead, if elsewhere
	dirs    map[string]string // directories of these, and where they lead, if elsewhere
	failed  map[string]bool   // paths that couldn't be looked at: what is known of them stays
	looked  bool              // at least one path could be looked at, whether something is there or not
	errs    []error
	doubts  []string
}

// newFinder makes a finder of about so many files.
func newFinder(many int) *finder {
	return &finder{byID: make(map[id]*entry, many), byPath: make(map[string]*entry, many), real: map[string]string{}, dirs: map[string]string{}, failed: map[string]bool{}}
}

// add looks at path. A file that was found before, by a link or another glob, stays one entry.
func (d *finder) add(path string) (*entry, error) {
	if e := d.byPath[path]; e != nil {
		return e, nil
	}
	at, link, err := look(path)
	if err != nil {
		return nil, err
	}
	e := d.byID[at.id]
	if e == nil {
		e = &entry{looked: at, path: path}
		d.byID[at.id] = e
		d.entries = append(d.entries, e)
	}
	d.byPath[path], e.linked = e, e.linked || link
	return e, nil
}

// bare strips the operation and path that the os package puts before an error.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// doubt notes a warning.
func (d *finder) doubt(format string, args ...any) {
	d.doubts = append(d.doubts, fmt.Sprintf(format, args...))
}

// fail notes why a path couldn't be read.
func (d *finder) fail(path string, err error) {
	d.errs = append(d.errs, fmt.Errorf("log file %s: %w", path, bare(err)))
}

// expand adds what the globs name.
func (d *finder) expand(globs []string) {
	for _, glob := range globs {
		if _, err := os.Lstat(glob); err == nil || !hasMeta(glob) {
			d.plain = append(d.plain, filepath.Clean(glob))
			d.name(glob)
			continue
		}
		paths, err := globbed(glob)
		if err != nil {
			d.errs = append(d.errs, fmt.Errorf("log file glob %s: %w", glob, err))
			continue
		}
		if len(paths) > maxNamed {
			d.errs = append(d.errs, fmt.Errorf("log file glob %s: names %d files, at most %d are followed", glob, len(paths), maxNamed))
			paths = paths[len(paths)-maxNamed:]
		}
		d.nameAll(glob, paths)
	}
}

// nameAll adds a glob's matches. Directories and the like among files are passed over with a doubt; alone, they are an error.
func (d *finder) nameAll(glob string, paths []string) {
	files, others := 0, 0
	for _, path := range paths {
		path = filepath.Clean(path)
		e, err := d.add(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // a link to nothing, or just rotated away
		case err == errNotRegular:
			others++
		default:
			files++
			d.note(path, e, err)
		}
	}
	switch {
	case files == 0 && others > 0:
		d.fail(glob, errNotRegular)
	case files == 0:
		err := noMatch(glob)
		d.looked = d.looked || errors.Is(err, fs.ErrNotExist)
		d.fail(glob, err)
	case others > 0:
		d.doubt("log file glob %s: %d matches are not regular files and are passed over", glob, others)
	}
}

// name adds a path configured.
func (d *finder) name(path string) {
	path = filepath.Clean(path)
	e, err := d.add(path)
	d.note(path, e, err)
}

// note takes down what was found at a path configured.
func (d *finder) note(path string, e *entry, err error) {
	d.looked = d.looked || err == nil || errors.Is(err, fs.ErrNotExist)
	switch {
	case err == nil:
		e.named = true
		d.named = append(d.named, path)
		if real := d.realPath(path, e); real != path && real != "" {
			d.real[path] = real
		}
		return
	case errors.Is(err, fs.ErrNotExist):
		d.missing = append(d.missing, path)
	default:
		d.failed[path] = true
	}
	d.fail(path, err)
}

// realPath is where a path to an entry leads, "" where that is no other path or can't be told. A directory is
// looked at once for all that lies in it.
func (d *finder) realPath(path string, e *entry) string {
	if e.linked {
		real, _ := filepath.EvalSymlinks(path) // "" where it fails
		return real
	}
	dir, base := filepath.Split(path)
	real, known := d.dirs[dir]
	if !known {
		if real, _ = filepath.EvalSymlinks(cmp.Or(dir, ".")); real == filepath.Clean(dir) {
			real = ""
		}
		d.dirs[dir] = real
	}
	if real == "" {
		return ""
	}
	return filepath.Join(real, base)
}

// list adds the entries of dir that want asks for.
func (d *finder) list(dir string, want func(base string) bool) {
	names, err := namesIn(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.doubt("directory %s: %v, so rotated files in it aren't found", dir, bare(err))
	}
	names = slices.DeleteFunc(names, func(base string) bool { return !want(base) })
	slices.Sort(names)
	for _, base := range names {
		_, _ = d.add(filepath.Join(dir, base)) // what vanished or is no file is no candidate
	}
}

// namesIn is what a directory holds, in any order: each of hundreds of logs that lie in one
// looks there for its own.
func namesIn(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
