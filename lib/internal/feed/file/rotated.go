package file

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The names that rotation gives, of logrotate, rotatelogs, lumberjack, container runtimes and the like: a number, a date of at least year and month, or
// seconds since 1970, behind the name (access.log.1, access.log-20261122) or within it (access.1.log, access-20261122.log), then perhaps .gz.
const rotationMark = `(\.\d{1,4}|\.old|[._-]\d{4}[._-]?\d{2}(?:[._-]?\d{2}[0-9TZ:+._-]*)?)`

// Made when a name may have one: most directories of a run hold a few plain names.
var (
	markBehind = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(.+?)` + rotationMark + `$`) })
	markWithin = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(.+?)` + rotationMark + `(\.[A-Za-z][A-Za-z0-9]*)$`)
	})
)

// splitRotated takes a base name apart: the names that it may be a rotated generation of, and the mark that says which generation.
func splitRotated(base string) (names []string, mark string) {
	name := strings.TrimSuffix(base, ".gz")
	if name != base {
		names = append(names, name)
	}
	if !mayBeMarked(name) {
		return names, ""
	}
	if m := markBehind().FindStringSubmatch(name); m != nil {
		return append(names, m[1]), m[2]
	}
	if m := markWithin().FindStringSubmatch(name); m != nil {
		return append(names, m[1]+m[3]), m[2]
	}
	return names, ""
}

// mayBeMarked says whether something in a name begins as marks do.
func mayBeMarked(name string) bool {
	for i := 1; i+1 < len(name); i++ {
		if c := name[i]; (c == '.' || c == '_' || c == '-') && ('0' <= name[i+1] && name[i+1] <= '9' || strings.HasPrefix(name[i:], ".old")) {
			return true
		}
	}
	return false
}

// compareGenerations orders files by age as their names tell it, oldest first; 0 if they tell nothing.
func compareGenerations(a, b string) int {
	_, ma := splitRotated(a)
	_, mb := splitRotated(b)
	na, aNumbered := generationNumber(ma)
	nb, bNumbered := generationNumber(mb)
	switch {
	case ma == "" || mb == "" || aNumbered != bNumbered:
		return 0
	case aNumbered:
		return cmp.Compare(nb, na)
	default:
		return strings.Compare(ma, mb)
	}
}

// generationNumber reads marks like .1: the higher, the older.
func generationNumber(mark string) (int, bool) {
	if len(mark) < 2 || len(mark) > 5 {
		return 0, false
	}
	n, err := strconv.Atoi(mark[1:])
	return n, err == nil
}
