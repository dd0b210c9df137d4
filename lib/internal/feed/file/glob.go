package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// anyDepth is the part of a glob that stands for any number of directories, none among them.
const anyDepth = "**"

// maxWalked bounds the directories that one such part is looked for in.
const maxWalked = 10_000

const separator = string(filepath.Separator)

// hasMeta says whether a path is a glob.
func hasMeta(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// globbed is what a glob names, in order. Directories that can't be read are passed over, and links to directories aren't followed below **.
func globbed(pattern string) ([]string, error) {
	before, after, deep := splitAnyDepth(pattern)
	if !deep {
		return filepath.Glob(pattern)
	}
	if _, err := filepath.Match(after, ""); err != nil {
		return nil, err
	}
	roots, err := filepath.Glob(before)
	if err != nil {
		return nil, err
	}
	var found []string
	walked := 0
	for _, root := range roots {
		err := filepath.WalkDir(root+separator, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && d != nil && d.IsDir():
				return filepath.SkipDir
			case err != nil:
				return nil //nolint:nilerr // what can't be looked at isn't found
			case !d.IsDir():
				if after == "" {
					found = append(found, filepath.Clean(path))
				}
				return nil
			}
			if walked++; walked > maxWalked {
				return fmt.Errorf("has more than %d directories to look through", maxWalked)
			}
			if after == "" {
				return nil
			}
			below, err := globbed(filepath.Join(literal(path), after))
			found = append(found, below...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// splitAnyDepth cuts a glob at its first **.
func splitAnyDepth(pattern string) (before, after string, ok bool) {
	parts := strings.Split(pattern, separator)
	i := slices.Index(parts, anyDepth)
	if i < 0 {
		return pattern, "", false
	}
	before = strings.Join(parts[:i], separator)
	switch {
	case i == 0:
		before = "."
	case before == "":
		before = separator
	}
	return before, strings.Join(parts[i+1:], separator), true
}

// literal is a glob that names one path only.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// globNames says whether a glob names a path.
func globNames(pattern, path string) bool {
	return partsMatch(strings.Split(filepath.Clean(pattern), separator), strings.Split(filepath.Clean(path), separator))
}

func partsMatch(pattern, path []string) bool {
	for i, part := range pattern {
		if part == anyDepth {
			rest := pattern[i+1:]
			if len(rest) == 0 {
				return i < len(path)
			}
			for j := i; j < len(path); j++ {
				if partsMatch(rest, path[j:]) {
					return true
				}
			}
			return false
		}
		if i >= len(path) {
			return false
		}
		if ok, err := filepath.Match(part, path[i]); !ok || err != nil {
			return false
		}
	}
	return len(pattern) == len(path)
}

// noMatch is why a glob matched nothing: usually nothing is there, but globs are silent about directories that may not be read.
func noMatch(pattern string) error {
	dir := filepath.Dir(pattern)
	for hasMeta(dir) {
		dir = filepath.Dir(dir)
	}
	if d, err := os.Open(dir); err == nil {
		d.Close()
	} else if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("nothing matches: %w", fs.ErrNotExist)
}
