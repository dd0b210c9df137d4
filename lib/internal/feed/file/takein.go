package file

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// takeIn adds the files that no cursor knows: what the globs name, and generations that were born and rotated away since the last run.
func (r *taking) takeIn() {
	fresh := slices.DeleteFunc(slices.Clone(r.entries), func(e *entry) bool { return e.taken != nil || !e.named && len(e.logs) == 0 })
	// The living before the rotated, the plain before the compressed: of two copies of the same lines the later one isn't taken.
	slices.SortStableFunc(fresh, func(a, b *entry) int {
		return cmp.Or(compareBool(!a.named, !b.named), cmp.Compare(len(a.logs), len(b.logs)), -a.mtime.Compare(b.mtime))
	})
	unnamed := 0
	for _, e := range fresh {
		switch {
		case e.named:
			r.takeNamed(e)
		case r.opt.Final || !r.cur.Seen && unnamed == maxUnnamed: // to know the newest of those from before the first run is enough
		case r.takeUnnamed(e):
			unnamed++
		}
	}
}

// takeNamed takes in a file that the globs name.
func (r *taking) takeNamed(e *entry) {
	err := r.loadHead(e)
	if err != nil {
		r.fail(e.path, err)
	}
	if err != nil && r.cur.Seen || !r.opt.Final && r.compressing(e) {
		return
	}
	name := e.path
	for _, log := range e.logs {
		if at := r.byPath[log]; at != nil && at.named && at != e {
			name = log
		}
	}
	f := r.take(e, name)
	f.t.Created = r.cur.Seen && r.gaps[name] == nil
	f.t.Waiting = !r.cur.Seen
	if g := r.original(f); g != nil {
		if g.old == nil && !g.t.isCopy() && !g.t.Gzip && !f.t.Gzip && g.e.size < e.size {
			f, g = g, f // the copy is in the making
		}
		f.t.CopyOf = [2]uint64{g.t.Dev, g.t.Inode}
	}
	if err != nil {
		f.e = nil // known from now on, read when it can be
	}
}

// compressing says whether e is gzip data too young to show any content.
func (r *taking) compressing(e *entry) bool {
	return r.cur.Seen && e.gzip && len(e.head) == 0 && r.opt.Now.Sub(e.mtime) < idleAfter
}

// takeUnnamed takes in what looks like a rotated generation of a log: to be read if it can have been born since the last run only, else so that it is known.
func (r *taking) takeUnnamed(e *entry) bool {
	log, born := e.logs[0], false
	for _, name := range e.logs {
		if r.mayBeBorn(e, name) {
			log, born = name, true
			break
		}
	}
	if !born && r.cur.Seen || r.loadHead(e) != nil || r.copyInProgress(e) {
		return false
	}
	born = born && r.rotated(log)
	if len(e.head) == 0 && (e.gzip || !born) { // too young, or without anything to know it by
		return false
	}
	f := r.take(e, log)
	if born {
		f.t.Created = r.gaps[log] == nil
	} else {
		f.t.Ignored, f.t.Done = true, true
	}
	return true
}

// mayBeBorn says whether e was last written after what is known of the log, so that it can be a generation never seen. Both times are the file system's
// where possible: its clock isn't the run's.
func (r *taking) mayBeBorn(e *entry, log string) bool {
	if !r.cur.Seen {
		return false
	}
	var last time.Time
	for _, f := range r.files {
		if f.old != nil && f.t.Name == log && !f.t.Ignored && f.old.Mtime.After(last) {
			last = f.old.Mtime
		}
	}
	if last.IsZero() {
		last = r.cur.LastRun
	}
	return !e.mtime.Before(last.Truncate(time.Second)) // some tools restore times to the second only
}

// rotated says whether files of the log can have moved since the last run: its place holds another file, or one that is back, or one is gone.
func (r *taking) rotated(log string) bool {
	e := r.byPath[log]
	return r.gaps[log] != nil || e == nil || e.taken == nil || e.taken.old == nil || e.taken.old.Path != log || !e.taken.old.Gone.IsZero() || e.taken.old.HeadLen == 0
}

func (r *taking) take(e *entry, name string) *file {
	t := &Tracked{Path: e.path, Real: r.real[e.path], Name: name, Dev: e.dev, Inode: e.inode, Size: e.size, Mtime: e.mtime, Grown: r.opt.Now}
	t.learn(e)
	f := &file{t: t, e: e}
	e.taken = f
	r.files = append(r.files, f)
	r.noteHead(f)
	r.noteMark(f)
	return f
}

// copyInProgress says whether e is a copy being made of a file that is still there: its content is a part of that file's.
func (r *taking) copyInProgress(e *entry) bool {
	for _, f := range r.files {
		if f.e == nil || f.e == e || !slices.Contains(e.logs, f.t.Name) || r.loadHead(f.e) != nil {
			continue
		}
		if len(e.head) > 0 && bytes.HasPrefix(f.e.head, e.head) && (e.gzip || f.e.gzip || e.size <= f.e.size) {
			return true
		}
	}
	return false
}
