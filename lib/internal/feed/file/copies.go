package file

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// A copy of a file that is still there holds nothing new, as far as its bytes are those of the other: they are read there. So files that begin alike are
// compared byte by byte, and of a copy only what comes from the first difference on is its own.

// alikeAfter is how many bytes must be the same where less than a full head is: as a rule, there is a time among them.
const alikeAfter = 32

// original is the file that a new one, f, may be a copy of; nil if there is none. Logs that begin with the same few lines are common, and no copies: where less
// than the full head is the same, it must be what was read in earlier runs, or f by its name a generation of the other, and no more than that.
func (r *contents) original(f *file) (best *file) {
	if f.t.HeadLen == 0 {
		return nil
	}
	same := 0 // bytes
	better := func(g *file, n int) bool {
		return g != f && g.e != nil && !g.t.Ignored && !r.apart(f, g) && (best == nil || n > same || n == same && g.t.Offset > best.t.Offset)
	}
	for _, g := range r.ofHead(f) {
		if better(g, 0) {
			best = g
		}
	}
	if best != nil || !r.cur.Seen && len(f.e.logs) == 0 {
		return best
	}
	for _, g := range r.ofMark(f) {
		n := sameLines(f.e.head, g.t.Marks)
		if !better(g, n) {
			continue
		}
		read := g.old != nil && g.old.Offset > 0
		whole := f.t.HeadLen < headMax && f.t.HeadLen <= g.t.HeadLen && (f.e.gzip || g.t.Gzip || f.e.size <= g.e.size)
		switch {
		case read && n >= alikeAfter:
		case whole && (read || slices.Contains(f.e.logs, g.t.Name)) && r.beginsWith(g, f.e):
		default:
			continue
		}
		best, same = g, n
	}
	return best
}

// apart says whether two files are of logs that are each configured by its own name: both count, however alike they are.
func (r *contents) apart(f, g *file) bool {
	return f.t.Name != g.t.Name && slices.Contains(r.plain, f.t.Name) && slices.Contains(r.plain, g.t.Name)
}

// beginsWith says whether the head of g begins with that of e, a shorter one.
func (r *contents) beginsWith(g *file, e *entry) bool {
	return bytes.HasPrefix(g.t.Marks, marks(e.head)) && r.loadHead(g.e) == nil && bytes.HasPrefix(g.e.head, e.head)
}

// ofHead is the files with f's head, if that is a full one.
func (r *contents) ofHead(f *file) []*file {
	if r.byHead == nil {
		r.byHead = map[uint64][]*file{}
		for _, g := range r.files {
			r.noteHead(g)
		}
	}
	return r.byHead[f.t.HeadHash]
}

// ofMark is the files that begin with f's first line, or with what is known of f where that
// is no line.
func (r *contents) ofMark(f *file) []*file {
	if len(f.t.Marks) == 0 {
		return r.files
	}
	if r.byMark == nil {
		r.byMark = map[string][]*file{}
		for _, g := range r.files {
			r.noteMark(g)
		}
	}
	return r.byMark[string(f.t.Marks[:4])]
}

// noteMark makes a file known by the first of its marks.
func (r *contents) noteMark(f *file) {
	if r.byMark != nil && len(f.t.Marks) > 0 {
		first := string(f.t.Marks[:4])
		r.byMark[first] = append(r.byMark[first], f)
	}
}

// noteHead makes a file known by its head.
func (r *contents) noteHead(f *file) {
	if r.byHead != nil && f.t.HeadLen == headMax && !slices.Contains(r.byHead[f.t.HeadHash], f) {
		r.byHead[f.t.HeadHash] = append(r.byHead[f.t.HeadHash], f)
	}
}

// copiesMove notes that copies are now those of another inode.
func (r *contents) copiesMove(from, to id) {
	for _, f := range r.files {
		if f.t.CopyOf == [2]uint64{from.dev, from.inode} {
			f.t.CopyOf = [2]uint64{to.dev, to.inode}
		}
	}
}

// setApart reads of a copy what is its own.
func (r *reading) setApart(ctx context.Context, f *file) error {
	t := f.t
	if f.e == nil || t.Done {
		return nil
	}
	own := true
	if others := r.candidates(f); len(others) > 0 {
		err := r.pass(ctx, f, func(h *os.File, info os.FileInfo) error {
			if info.Size() != t.Size {
				t.Grown = r.opt.Now
			}
			t.Size, t.Mtime, t.Waiting = info.Size(), info.ModTime(), false
			best, err := r.nearest(ctx, h, f, others)
			if own = err == nil && !best.whole && best.to <= best.of.t.Offset; best.to <= best.of.t.Offset { // else the other is yet to be read so far
				t.Offset = best.to
			}
			t.CopyOf = [2]uint64{best.of.t.Dev, best.of.t.Inode}
			t.Done = err == nil && best.whole && (t.Gzip || r.idle(t))
			return err
		})
		if err != nil {
			return err
		}
	}
	if !own {
		return nil
	}
	t.CopyOf, t.Own = [2]uint64{}, t.Offset
	return r.forward(ctx, f)
}

// candidates is the files that f may be a copy of: the one that it was found to be, and before it was compared all that have its head.
func (r *contents) candidates(f *file) (others []*file) {
	if e := r.byID[id{f.t.CopyOf[0], f.t.CopyOf[1]}]; e != nil && e.taken != nil {
		others = append(others, e.taken)
	}
	if f.t.Offset == 0 {
		others = append(others, r.ofHead(f)...)
	}
	return slices.DeleteFunc(others, func(g *file) bool { return g == f || g.e == nil || g.t.Ignored || r.apart(f, g) })
}

// likeness is up to where the lines of a file are also those of another, and whether that is all of it.
type likeness struct {
	of    *file
	to    int64
	whole bool
}

// nearest is the greatest of a file's likenesses.
func (r *contents) nearest(ctx context.Context, h *os.File, f *file, others []*file) (best likeness, err error) {
	for _, g := range others {
		l, err := r.compare(ctx, h, f, g)
		if best.of == nil || l.to > best.to || l.to == best.to && l.whole {
			best = l
		}
		if err != nil {
			return best, err
		}
	}
	return best, nil
}

// compare compares f, of which h is open, with g, from where f was compared to.
func (r *contents) compare(ctx context.Context, h *os.File, f, g *file) (likeness, error) {
	l := likeness{of: g, to: f.t.Offset}
	_ = r.loadHead(g.e) // why it can't be read is said by opening it
	other, _, err := g.e.open()
	if err != nil {
		return l, err
	}
	defer other.Close()
	mine, err := contentFrom(h, f.t.Gzip, l.to)
	if err != nil {
		l.whole = errors.Is(err, errGzip) // in the making
		return l, nil
	}
	theirs, err := contentFrom(other, g.t.Gzip, l.to)
	if err != nil {
		return l, nil //nolint:nilerr // there is nothing to compare with
	}
	const block = 256 << 10
	a, b := make([]byte, block), make([]byte, block)
	for at := l.to; ctx.Err() == nil; {
		n, end := feed.Fill(mine, a) // before the other, which may grow
		m, _ := feed.Fill(theirs, b[:n])
		same := 0
		for same < m && a[same] == b[same] {
			same++
		}
		if i := bytes.LastIndexByte(a[:same], '\n'); i >= 0 {
			l.to = at + int64(i) + 1
		}
		at += int64(same)
		if same < n && !r.stands(g.e, other) {
			return l, errReplaced // what f has more than the other was in it, too
		}
		if same < n || end != nil {
			l.whole = same == n
			return l, nil
		}
	}
	return l, context.Cause(ctx)
}

// contentFrom is the content of h from an offset on, decompressed by an inflater of its own.
func contentFrom(h *os.File, compressed bool, offset int64) (io.Reader, error) {
	if !compressed {
		return io.NewSectionReader(h, offset, 1<<62), nil
	}
	if _, err := h.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(h)
	if err != nil {
		return nil, gzipError(err)
	}
	if _, err := io.CopyN(io.Discard, z, offset); err != nil {
		return nil, gzipError(err)
	}
	return z, nil
}
