package file

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// reading is one run over a log's files: it hands over what they hold, once it is known
// which file is which. What it builds on is layered, each layer asking only those below.
type reading struct{ taking }

// taking finds the files that are new.
type taking struct{ matching }

// matching finds known files again.
type matching struct{ absences }

// absences knows what can't be seen any more: files that are gone, and what was in them.
type absences struct{ contents }

// contents knows the files by what they begin with, and which are copies of others.
type contents struct {
	*finder
	opt    Options
	cur    Cursor
	sink   func(feed.Block) error
	files  []*file            // in reading order
	gaps   map[string]*gap    // by log
	byHead map[uint64][]*file // those whose head is a full one, by its hash; nil until it is needed
	byMark map[string][]*file // all, by the first of their marks; nil until it is needed
	head   [headMax]byte      // of the file that is looked at
	stats  Stats
	cutter *feed.Cutter

	compressed *bufio.Reader
	inflater   *gzip.Reader
}

// newReading finds out what there is to read; nothing is handed over yet.
func newReading(opt Options, cur Cursor, sink func(feed.Block) error) *reading {
	if opt.TailBytes <= 0 {
		opt.TailBytes = defaultTail
	}
	r := new(reading)
	r.contents = contents{finder: newFinder(len(cur.Files)), opt: opt, cur: cur, sink: sink, gaps: map[string]*gap{}, cutter: feed.NewCutter(opt.Block, opt.Prefetch)}
	r.stats.Complete = true
	for _, name := range cur.Broken {
		r.gaps[name] = new(gap)
	}
	if cur.Seen && len(cur.Files)+len(cur.Broken) == 0 {
		r.stats.Absent = cur.LastRun
	}
	r.expand(opt.Globs)
	r.recognise()
	r.giveUp()
	r.takeIn()
	for _, f := range r.files {
		f.family = family(f.t.Name)
	}
	slices.SortStableFunc(r.files, compareFiles)
	return r
}

// compareFiles puts the generations of a log in the order in which they were written: known ones as the cursor has them, then new ones, then the living.
func compareFiles(a, b *file) int {
	if c := cmp.Compare(a.family, b.family); c != 0 {
		return c
	}
	if c := compareBool(a.t.Path == a.t.Name, b.t.Path == b.t.Name); c != 0 {
		return c
	}
	if c := compareBool(a.old == nil, b.old == nil); c != 0 || a.old != nil {
		return c
	}
	if c := compareGenerations(filepath.Base(a.t.Path), filepath.Base(b.t.Path)); c != 0 {
		return c
	}
	return a.t.Mtime.Compare(b.t.Mtime)
}

// family is what the generations of a log have in common, also where each has a name of its own (a file a day).
func family(path string) string {
	if names, _ := splitRotated(filepath.Base(path)); len(names) > 0 {
		return filepath.Join(filepath.Dir(path), names[len(names)-1])
	}
	return path
}

// compareBool puts false first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// cursor is what is known now.
func (r *reading) cursor() Cursor {
	next := Cursor{Seen: r.cur.Seen || r.looked, LastRun: r.opt.Now, Broken: r.judgeGaps()}
	r.stats.Broken = next.Broken
	spare := r.files[:0:0]
	for _, f := range r.files {
		named := f.e != nil && f.e.named
		if !named && (f.t.Done || f.t.Ignored || !f.t.Gone.IsZero()) {
			spare = append(spare, f)
		}
	}
	slices.SortStableFunc(spare, func(a, b *file) int { return b.t.Mtime.Compare(a.t.Mtime) })
	forget := map[*file]bool{}
	for _, f := range spare[min(len(spare), maxUnnamed):] {
		forget[f] = true
	}
	next.Files = slices.Grow(next.Files, len(r.files))
	for _, f := range r.files {
		if !forget[f] {
			next.Files = append(next.Files, *f.t)
		}
	}
	return next
}

// report is how it went.
func (r *reading) report() Stats {
	r.stats.Warnings = r.doubts
	return r.stats
}

// failures joins the errors of all paths and files, at most ten.
func (r *reading) failures() error {
	if n := len(r.errs); n > 10 {
		return errors.Join(append(r.errs[:10:10], fmt.Errorf("and %d more log files", n-10))...)
	}
	return errors.Join(r.errs...)
}

// last says whether nothing more can come after f's unterminated line.
func (r *reading) last(f *file) bool {
	t := f.t
	if r.opt.Final {
		return true
	}
	newer := r.byPath[t.Name]
	superseded := newer != nil && newer != f.e
	return (t.Gzip || superseded) && r.idle(t)
}

func (r *absences) idle(t *Tracked) bool { return r.opt.Now.Sub(t.Grown) >= idleAfter }

// errEnough says that a file was left where Options.Enough was told of it.
var errEnough = errors.New("enough")

// enough tells whether f was read as far as is wanted now.
func (r *reading) enough(f *file) bool { return r.opt.Enough != nil && r.opt.Enough(f.t.Note) }

// leave leaves what is unread of f, if anything, to a later reading.
func (r *reading) leave(f *file) {
	if f.e != nil && !f.t.Ignored && !f.t.Done {
		r.stats.Paused, r.stats.Complete = true, false
	}
}

// forward reads f on from where it was left.
func (r *reading) forward(ctx context.Context, f *file) error {
	t := f.t
	if f.e == nil || t.Ignored || t.Done && !(t.Partial && r.last(f)) {
		return nil
	}
	if !f.e.loaded && r.quiet(t, f.e) {
		t.Done = r.idle(t)
		return nil
	}
	return r.pass(ctx, f, func(h *os.File, info os.FileInfo) error {
		size := info.Size()
		if !t.Gzip && size < t.Offset {
			return errReplaced // truncated this moment: the next run sees what became of it
		}
		if size != t.Size {
			t.Grown = r.opt.Now
		}
		t.Size, t.Mtime, t.Done, t.Partial = size, info.ModTime(), false, false
		if err := r.begin(ctx, f, h); err != nil || t.Ignored {
			return err
		}
		if t.Gzip {
			size = math.MaxInt64 // of content: as much as there is
		}
		r.checkTail(t, h)
		within, enough := context.WithCancelCause(ctx)
		defer enough(nil)
		if !t.Gzip {
			f.enough = enough
		}
		at, read, err := r.cut(within, f, h, feed.Position{Offset: t.Offset, Skip: t.Skip}, size, r.last(f))
		moved := at.Offset != t.Offset
		if t.Offset, t.Skip = at.Offset, at.Skip; !t.Gzip && (moved || t.Tail == 0) {
			t.Tail = tail(h, t.Offset)
		}
		if !r.stands(f.e, h) { // it was cut back while it was read
			if moved {
				t.Tail = 0 // of what stands there now
			}
			return cmp.Or(err, errReplaced)
		}
		if err == nil {
			t.Partial = read > at.Offset && !at.Skip
			t.Done = t.Gzip || r.idle(t)
		} else if errors.Is(err, errGzip) {
			t.Done = true // until it changes
			err = fmt.Errorf("%w after %d bytes of content", err, read)
		}
		return err
	})
}

// checkTail makes sure that what was read of a file is still in front of what is to be read.
func (r *reading) checkTail(t *Tracked, h *os.File) {
	if t.Tail == 0 || t.Gzip || tail(h, t.Offset) == t.Tail {
		return
	}
	t.Skip, t.Tail = !endsLine(h, t.Offset), 0
	r.lose("%s was cut back and has grown beyond byte %d again; it is read on from there, and what else was written to it since the last run is lost", t.Path, t.Offset)
}

// begin applies Options.Start to a file there before the first run.
func (r *reading) begin(ctx context.Context, f *file, h *os.File) error {
	t := f.t
	if !t.Waiting || r.opt.Start == Beginning {
		t.Waiting = false
		return nil
	}
	tail, size := r.opt.TailBytes, t.Size
	if r.opt.Start == End || t.Mtime.Before(r.opt.Since) {
		tail = 0
	}
	if t.Gzip && tail == 0 {
		t.Waiting, t.Ignored, t.Done = false, true, true
		return nil
	}
	if t.Gzip {
		z, err := r.inflate(h)
		if err == nil {
			size, err = r.cutter.Skip(ctx, z, math.MaxInt64)
		}
		if err != nil && !errors.Is(err, errGzip) { // damage is met again, and said, where it lies
			return err
		}
	}
	if size > tail && size-tail > t.Offset {
		f.entered = true
		t.Offset, t.Skip = size-tail-1, true // one byte before, so that a line beginning just there is whole
	}
	t.Waiting = false
	return nil
}

// back hands over again what was read of f.
func (r *reading) back(ctx context.Context, f *file) error {
	t := f.t
	if t.Ignored || t.Waiting || t.isCopy() || t.Offset == t.Own || t.Mtime.Before(r.opt.Since) {
		return nil
	}
	if f.e == nil {
		r.lose("%s is gone: its lines can't be read again", t.Path)
		return nil
	}
	return r.pass(ctx, f, func(h *os.File, _ os.FileInfo) error {
		from := feed.Position{Offset: t.Own}
		if t.Offset-t.Own > r.opt.TailBytes {
			from, f.entered = feed.Position{Offset: t.Offset - r.opt.TailBytes - 1, Skip: true}, true
		}
		_, _, err := r.cut(ctx, f, h, from, t.Offset, t.Skip)
		return err
	})
}

// sinkError keeps the caller's own errors apart from those of the file.
type sinkError struct{ error }

// pass opens f for do and notes how that went. Only errors of the sink are returned.
func (r *reading) pass(ctx context.Context, f *file, do func(*os.File, os.FileInfo) error) error {
	before := r.stats.Bytes
	err := context.Cause(ctx)
	if err == nil {
		var h *os.File
		var info os.FileInfo
		if h, info, err = f.e.open(); err == nil {
			f.log.File = info
			if err = r.confirm(f, h); err == nil {
				err = do(h, info)
			}
			h.Close()
		}
	}
	var refused sinkError
	r.stats.Files = append(r.stats.Files, FileStat{Path: f.t.Path, Bytes: r.stats.Bytes - before, Complete: err == nil || err == errEnough})
	r.stats.Complete = r.stats.Complete && err == nil
	switch {
	case errors.As(err, &refused):
		return refused.error
	case err == errEnough:
		r.stats.Paused = true
	case err != nil && err != context.Cause(ctx) && err != errReplaced && !errors.Is(err, fs.ErrNotExist): // what was moved this moment the next run finds
		r.fail(f.t.Path, err)
	}
	return nil
}

// cut hands over the lines of h between two offsets of its content.
func (r *reading) cut(ctx context.Context, f *file, h *os.File, from feed.Position, to int64, final bool) (at feed.Position, read int64, err error) {
	r.cutter.Fit(to - from.Offset)
	var content io.Reader = io.NewSectionReader(h, from.Offset, to-from.Offset)
	if f.t.Gzip {
		z, err := r.inflate(h)
		if err != nil {
			return from, from.Offset, err
		}
		if passed, err := r.cutter.Skip(ctx, z, from.Offset); err != nil || passed < from.Offset {
			return from, passed, err
		}
		content = io.LimitReader(z, to-from.Offset)
	}
	f.log.Path, f.log.Name, f.log.Mtime, f.log.Note = f.t.Path, f.t.Name, f.t.Mtime, f.t.Note
	first := true
	at, read, err = r.cutter.Cut(ctx, content, from, final, func(b feed.Block) error {
		if !r.stands(f.e, h) {
			return errReplaced
		}
		b.Log, b.First, b.FromStart, b.Created, b.Entered = &f.log, first, from == feed.Position{}, f.t.Created, f.entered
		followed := r.followed(f, b)
		b.Follows, first = len(followed) > 0, false
		if err := r.sink(b); err != nil {
			return sinkError{err}
		}
		f.t.Note = f.log.Note
		if f.enough != nil && r.enough(f) {
			f.enough(errEnough)
		}
		for _, g := range followed {
			g.over = true
		}
		return nil
	})
	r.stats.Bytes += read - from.Offset
	return at, read, err
}

// lose notes what can't be read any more.
func (r *absences) lose(format string, args ...any) {
	r.stats.Lost = append(r.stats.Lost, fmt.Sprintf(format, args...))
}
