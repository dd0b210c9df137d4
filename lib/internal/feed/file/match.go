package file

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// file is a tracked file in this run.
type file struct {
	t   *Tracked // as the next cursor will know it
	old *Tracked // as the cursor knew it; nil if it is new
	e   *entry   // where it is; nil if it isn't to be found
	log feed.Log // as its blocks name it

	family  string                  // of its name, see family
	entered bool                    // this reading begins in its middle
	enough  context.CancelCauseFunc // ends its reading at the next block
	dropped bool                    // it was a copy that has taken its original's place
}

// recognise finds the entries of the files known: by inode, then, for what isn't where its inode was, by the hash of its head.
func (r *matching) recognise() {
	known := make([]file, len(r.cur.Files)) // thousands of files, each in memory of its own, are dear to collect
	tracked := slices.Clone(r.cur.Files)
	r.files = slices.Grow(r.files, len(known))
	for i := range known {
		old, t := &r.cur.Files[i], &tracked[i]
		known[i] = file{t: t, old: old}
		r.files = append(r.files, &known[i])
		for _, path := range []string{t.Path, t.Real} {
			if path != "" && r.byID[id{t.Dev, t.Inode}] == nil {
				if _, err := r.add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && err != errNotRegular {
					r.failed[path] = true
				}
			}
		}
	}
	r.findGenerations()
	gone := func(t *Tracked) bool { return !t.Gone.IsZero() }
	here := func(t *Tracked) bool { return !gone(t) && t.HeadLen > 0 }
	r.claimByInode(here)
	r.searchAll()
	r.claimByInode(here)
	r.claimByHead(here)
	r.claimByInode(func(t *Tracked) bool { return !gone(t) && t.HeadLen == 0 })
	r.claimByInode(gone) // what vanished comes back only where nothing else fits
	r.claimByHead(gone)
}

// findGenerations lists the directories of all logs for files that look like rotated generations, and notes of which logs.
func (r *matching) findGenerations() {
	dirs := map[string]bool{}
	for path := range r.origins() {
		dir, _ := filepath.Split(path)
		dirs[dir] = true
	}
	logs := sync.OnceValue(func() map[string][]string { // by origin
		logs := map[string][]string{}
		for path, log := range r.origins() {
			if !slices.Contains(logs[path], log) {
				logs[path] = append(logs[path], log)
			}
		}
		return logs
	})
	of := func(dir, base string) (found []string) {
		names, _ := splitRotated(base)
		for _, name := range names {
			found = append(found, logs()[filepath.Join(dir, name)]...)
		}
		return found
	}
	for dir := range dirs {
		r.list(cmp.Or(dir, "."), func(base string) bool { return of(dir, base) != nil })
	}
	for _, e := range r.entries {
		e.logs = of(filepath.Split(e.path))
	}
}

// origins are the paths that generations' names may derive from, and the logs that these would be of.
func (r *matching) origins() iter.Seq2[string, string] {
	return func(yield func(path, log string) bool) {
		for _, paths := range [][]string{r.named, r.missing} {
			for _, path := range paths {
				if !yield(path, path) {
					return
				}
			}
		}
		for path, real := range r.real {
			if !yield(real, path) {
				return
			}
			dir, base := filepath.Split(real)
			names, _ := splitRotated(base)
			for _, name := range names { // a link to today's file: yesterday's is its sibling
				if !yield(filepath.Join(dir, name), path) {
					return
				}
			}
		}
		for _, f := range r.files {
			if !yield(f.t.Name, f.t.Name) || f.t.Real != "" && !yield(f.t.Real, f.t.Name) {
				return
			}
		}
	}
}

// claimByInode gives the files of a kind the entries that have their inode, if the head fits.
func (r *matching) claimByInode(kind func(*Tracked) bool) {
	for _, f := range r.files {
		if f.e != nil || !kind(f.t) {
			continue
		}
		if e := r.byID[id{f.t.Dev, f.t.Inode}]; e != nil && e.taken == nil && r.same(f.t, e) {
			r.claim(f, e)
		}
	}
}

// searchAll looks at every file in the directories of those that have only now gone from their place, whatever it is called.
func (r *matching) searchAll() {
	searched := map[string]bool{}
	for _, f := range r.files {
		if f.e != nil || f.t.Ignored || !f.t.Gone.IsZero() {
			continue
		}
		for _, path := range []string{f.t.Name, f.t.Path, f.t.Real} {
			if dir := filepath.Dir(path); path != "" && !searched[dir] {
				searched[dir] = true
				r.list(dir, func(string) bool { return true })
			}
		}
	}
}

// claimByHead gives the files of a kind that are still missing the copies made of them, compressed or not.
func (r *matching) claimByHead(kind func(*Tracked) bool) {
	for _, f := range r.files {
		if f.e != nil || f.dropped || !kind(f.t) {
			continue
		}
		generation := func(e *entry) bool { return slices.Contains(e.logs, f.t.Name) || r.byPath[f.t.Name] == e }
		var best *entry
		for _, e := range r.entries {
			if r.isCopy(f.t, e) && (best == nil || cmp.Or(compareBool(generation(e), generation(best)), compareBool(best.gzip, e.gzip), cmp.Compare(e.size, best.size)) > 0) {
				best = e // one that rotation made; one that is complete, as gzip may still be at work; the fullest
			}
		}
		if best == nil {
			continue
		}
		finished := f.t.Done && f.t.Path != f.t.Name
		if r.claim(f, best); !finished && !generation(best) {
			r.breakOff(f.t) // a copy made for another reason needn't have its last lines
		}
	}
}

// isCopy says whether e, which has another inode, goes on from what was read of t. A file that took t's own place is one only if some lines are the same, or all
// of it is what t was: logs that begin with the same few bytes are common.
func (r *matching) isCopy(t *Tracked, e *entry) bool {
	switch {
	case e.taken != nil && !e.taken.t.isCopy() || e.mtime.Before(t.Mtime.Truncate(time.Second)): // some tools restore times to the second only
		return false
	case e.id == id{t.Dev, t.Inode} || r.loadHead(e) != nil:
		return false
	case r.byPath[t.Name] == e && t.HeadLen < alikeAfter && e.size != t.Size:
		return false
	case r.byPath[t.Name] == e && !e.gzip && e.size < t.Offset: // what is left of it
		return r.begins(t, e) && (len(e.head) == headMax || sameLines(e.head, t.Marks) == len(e.head))
	}
	return (e.gzip || e.size >= t.Offset && e.holdsTail(t)) && r.same(t, e)
}

// same says whether e's content begins as t's does. Where that can't be told, its inode counts.
func (r *matching) same(t *Tracked, e *entry) bool {
	if t.HeadLen == 0 || t.Done && t.Gone.IsZero() && unchanged(t, e) || r.quiet(t, e) {
		return true
	}
	if r.loadHead(e) != nil {
		return true
	}
	if !t.Gone.IsZero() && !e.gzip && e.size < t.Offset {
		return false
	}
	return r.begins(t, e)
}

// begins says whether e, of which the head is loaded, has t's head or, t's own file, was cut back to its first lines.
func (r *contents) begins(t *Tracked, e *entry) bool {
	if len(e.head) >= t.HeadLen && hashHead(e.head[:t.HeadLen]) == t.HeadHash {
		return true
	}
	own := e.id == id{t.Dev, t.Inode} || r.byPath[t.Name] == e && e.size < t.Offset
	return own && t.Gone.IsZero() && !e.gzip && sameLines(e.head, t.Marks) >= alikeAfter
}

func unchanged(t *Tracked, e *entry) bool {
	return e.id == id{t.Dev, t.Inode} && e.size == t.Size && e.mtime.Equal(t.Mtime)
}

// stamped is the coarsest that a file system stamps what is written to a file.
const stamped = 2 * time.Second

// quiet says whether a file that was read to its end is as it was: it wasn't written to since,
// nor, by the same stamp, just after it was read. It needn't be opened.
func (r *matching) quiet(t *Tracked, e *entry) bool {
	return unchanged(t, e) && t.Gone.IsZero() && t.Offset == t.Size && t.HeadLen > 0 && !t.Skip && !t.Partial && !t.Waiting && !t.Ignored && !t.isCopy() &&
		t.Mtime.Before(r.cur.LastRun.Add(-stamped))
}

// claim settles that f is at e.
func (r *matching) claim(f *file, e *entry) {
	t := f.t
	if !t.Gone.IsZero() {
		r.resume(t)
	}
	if e.taken != nil {
		e.taken.e, e.taken.dropped = nil, true
	}
	f.e, e.taken, t.Gone = e, f, time.Time{}
	finished := t.Done && t.Path != t.Name // nothing was written to it any more: a copy of it holds nothing new
	if moved := e.id != (id{t.Dev, t.Inode}); moved && !finished {
		t.Done, t.Grown = false, r.opt.Now
	} else if moved || t.Ignored {
		t.Size, t.Mtime = e.size, e.mtime
	} else if !unchanged(t, e) {
		t.Done = false
	}
	if t.Grown.After(r.opt.Now) { // the clock was ahead once
		t.Grown = r.opt.Now
	}
	if e.id != (id{t.Dev, t.Inode}) {
		r.copiesMove(id{t.Dev, t.Inode}, e.id)
	}
	t.Dev, t.Inode = e.dev, e.inode
	if r.byPath[t.Path] != e {
		t.Path = e.path
	}
	t.Real = r.real[t.Path]
	if !t.Done && !r.quiet(t, e) {
		_ = r.loadHead(e) // why it can't be read is said when it is opened to be read
	}
	if !t.Done && !e.gzip && e.err == nil {
		r.cutBack(t, e)
	}
	t.learn(e)
}

// cutBack goes on at the end of what is left of a file, if it was cut back.
func (r *matching) cutBack(t *Tracked, e *entry) {
	to, skip := e.size, false
	if n := min(t.HeadLen, len(e.head)); t.HeadLen > 0 && e.loaded && (n < t.HeadLen || hashHead(e.head[:n]) != t.HeadHash) {
		if known := marks(e.head); len(known) < 4*maxMarks || !bytes.HasPrefix(t.Marks, known) {
			to = int64(sameLines(e.head, t.Marks)) // what stands behind is new
		}
	} else if e.size < t.Offset {
		skip = !e.endsLine()
	}
	if to < t.Offset {
		r.lose("%s was cut back from %d to %d bytes; it is read on from there, and what was written to it since the last run, if anything, is lost", t.Path, t.Offset, to)
		t.Offset, t.Own, t.Skip, t.Tail = to, min(t.Own, to), skip, 0
	}
}

// learn takes over what e's head, if it was read, tells of t.
func (t *Tracked) learn(e *entry) {
	if e.loaded && e.err == nil {
		t.Gzip, t.HeadLen, t.HeadHash = e.gzip, len(e.head), hashHead(e.head)
		t.Marks = marks(e.head)
	}
}

// succeeded says whether the log's next file was read already when f, which bears another name by now, was seen last: that its writer went on in f till the end
// is a doubt, and no reason to know nothing of the log.
func (r *matching) succeeded(f *file) bool {
	return f.t.Path != f.t.Name && slices.ContainsFunc(r.files, func(g *file) bool {
		return g != f && g.old != nil && g.t.Name == f.t.Name && !g.t.isCopy() && g.old.Offset > 0 && g.old.Grown.After(f.t.Grown)
	})
}

// giveUp says what is lost with the files that weren't found, and forgets those of no further use.
func (r *matching) giveUp() {
	r.files = slices.DeleteFunc(r.files, func(f *file) bool {
		t := f.t
		if f.dropped {
			return true
		}
		if f.e != nil || r.failed[t.Path] || r.failed[t.Name] {
			return false
		}
		if !t.Gone.IsZero() || t.Ignored {
			return r.opt.Now.Sub(t.Gone) >= goneFor
		}
		t.Gone = r.opt.Now
		unread := !t.Done || t.Partial || t.Path == t.Name && !t.Gzip && !r.goesOnWithout(t.Name)
		if t.isCopy() {
			return true // it held nothing of its own
		}
		if unread || t.HeadLen == 0 && !(t.Done && r.goesOnWithout(t.Name)) {
			switch known := t.Size <= t.Offset && r.succeeded(f); {
			case !known:
				r.breakOff(t)
			case t.HeadLen == 0: // by which a packed copy could be known: any new generation may be one
				r.gaps[t.Name] = &gap{over: true}
			}
		}
		switch {
		case t.Size == 0:
		case t.Waiting:
			r.lose("%s vanished before it was read", t.Path)
		case unread && t.Gzip:
			r.lose("%s vanished before its end was read", t.Path)
		case unread && t.Size > t.Offset:
			r.lose("%s was removed or truncated with %d bytes unread, and no copy of it was found", t.Path, t.Size-t.Offset)
		case unread:
			r.doubt("%s was removed or truncated, and no copy of it was found: what was written to it after the last run, if anything, is lost", t.Path)
		}
		return t.HeadLen == 0
	})
}
