package file

import (
	"slices"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// gap is a log whose file is gone, perhaps with lines that were never read. What is written from the first line of its next file on is seen. A file that was
// truncated is gone, too: another one may have been given its inode.
type gap struct {
	over bool // the next file's first line was handed over
}

// breakOff notes that lines of t's log may be missing.
func (r *absences) breakOff(t *Tracked) { r.gaps[t.Name] = new(gap) }

// resume notes that what seemed gone is back.
func (r *absences) resume(t *Tracked) { delete(r.gaps, t.Name) }

// followed is the gaps that end with a block of f: the first of the log's next file.
func (r *absences) followed(f *file, b feed.Block) (gaps []*gap) {
	if !b.First || !b.FromStart {
		return nil
	}
	for log, g := range r.gaps {
		if r.follows(f, log) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// follows says whether f can be the next file of a log: of its name, or where nothing has that name, of one that the same glob names.
func (r *absences) follows(f *file, log string) bool {
	return f.t.Name == log || r.byPath[log] == nil && slices.ContainsFunc(r.globsOf(log), func(glob string) bool { return globNames(glob, f.t.Name) })
}

// globsOf is the globs that name a log, none where it is configured by its own name.
func (r *absences) globsOf(log string) []string {
	if slices.Contains(r.plain, log) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.opt.Globs), func(glob string) bool { return !globNames(glob, log) })
}

// goesOnWithout says whether a log may end: it is optional, or not the only one that a glob names.
func (r *absences) goesOnWithout(log string) bool {
	return r.byPath[log] == nil && (r.opt.Optional || r.others(log, func(*entry) bool { return true }))
}

// others says whether a glob that names a log names another one, too, of a kind.
func (r *absences) others(log string, kind func(*entry) bool) bool {
	globs := r.globsOf(log)
	return slices.ContainsFunc(r.entries, func(e *entry) bool {
		return e.named && !slices.Contains(e.logs, log) && kind(e) && slices.ContainsFunc(globs, func(glob string) bool { return globNames(glob, e.path) })
	})
}

// waits says whether nothing is known of a log until the next file's first line: where that file isn't there, and also where it is there and empty, since the
// writer may still have the one open that is gone. Of a glob it is enough that another log is being written.
func (r *absences) waits(log string) bool {
	begun := func(e *entry) bool { return e.taken != nil && e.taken.old != nil && e.taken.old.Offset > e.taken.t.Own }
	if e := r.byPath[log]; e != nil {
		return !begun(e)
	}
	return !r.opt.Optional && !r.others(log, func(e *entry) bool {
		return begun(e) && !e.taken.t.isCopy() && e.taken.t.Name != log && !r.idle(e.taken.t)
	})
}

// judgeGaps says which gaps stay open, and notes what they mean for the time that is spoken of.
func (r *absences) judgeGaps() (open []string) {
	for name, g := range r.gaps {
		switch {
		case g.over:
		case r.waits(name):
			open = append(open, name)
		default:
			r.stats.Unseen = true
			if !r.stats.Complete { // its first line may be what was not reached
				open = append(open, name)
			}
		}
	}
	slices.Sort(open)
	return open
}
