package file

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// errStopped says that the context ended between two blocks.
var errStopped = errors.New("stopped at a block border")

// sinkError keeps the caller's own errors apart from those of the file.
type sinkError struct{ error }

// cutter cuts a stream into runs of whole lines. Its buffer is an area that reads go to, at an index congruent to the file offset modulo the page
// (a read one byte off costs 4.5 times the system time), and room in front of it for the partial line carried over from the read before.
//
//	[ … room for MaxLine … carry ][ block … ]
type cutter struct {
	buf      []byte
	spare    [][]byte // as buf, to read ahead into; made when needed
	area     int      // index where the block begins
	block    int      // its length
	prefetch Prefetch // nil: nothing is read ahead
}

func newCutter(block int) *cutter {
	if block <= 0 {
		block = defaultBlock
	}
	block = min((block+page-1)/page*page, MaxLine)
	// Slices of this size begin at a page. Behind the area is room for who looks at lines in
	// words: what lies there doesn't count.
	return &cutter{buf: make([]byte, MaxLine+block+page), area: MaxLine, block: block}
}

// position is where a reading stands: off is the first byte not handed over, the beginning of a line unless skip.
type position struct {
	off  int64
	skip bool
}

// lines is one pass over a stream.
type lines struct {
	position
	read  int64 // offset of the next byte read
	carry []byte
	hole  bool // only NUL bytes so far, since the file's very beginning
	sink  func(Block) error
}

// cut hands the lines of r, which stands at from.off, to sink, and returns where it got. With final an unterminated last line is handed over too.
// read is the offset of the end of what r gave. The error is r's own, a sinkError, or errStopped.
func (c *cutter) cut(ctx context.Context, r io.Reader, from position, final bool, sink func(Block) error) (at position, read int64, err error) {
	l := lines{position: from, read: from.off, hole: from.off == 0 && !from.skip, sink: sink}
	b := blocks{cutter: c, r: r, read: from.off, buf: c.buf}
	defer b.end()
	for err == nil {
		if ctx.Err() != nil {
			return l.position, l.read, errStopped
		}
		var data []byte
		var prefetched any
		fresh := len(l.carry)
		data, prefetched, err = b.next(l.carry)
		l.read = b.read
		if failed := l.take(data, fresh, prefetched); failed != nil {
			return l.position, l.read, sinkError{failed}
		}
	}
	if err != io.EOF {
		return l.position, l.read, err
	}
	if final && len(l.carry) > 0 {
		if err := l.sink(Block{Offset: l.off, Data: l.carry}); err != nil {
			return l.position, l.read, sinkError{err}
		}
		l.position = position{off: l.read, skip: true} // what may yet follow belongs to this line
	}
	return l.position, l.read, nil
}

// fill reads until p is full or r ends.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// take works one read off: data begins with the line carried over, and what was just read, and maybe looked at, begins at fresh.
func (l *lines) take(data []byte, fresh int, prefetched any) error {
	whole := len(data)
	l.carry = nil
	if l.hole {
		data = bytes.TrimLeft(data, "\x00")
		if len(data) == 0 {
			return nil // off stays: where the text begins isn't known yet
		}
		// A writer that doesn't append leaves a hole of NULs in front of its next line when its file is truncated.
		l.hole, l.off, fresh = false, l.read-int64(len(data)), 0
	}
	if l.skip {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			l.off = l.read
			return nil
		}
		l.position = position{off: l.off + int64(end)}
		data, fresh = data[end:], 0
	}
	if end := bytes.IndexByte(data[fresh:], '\n'); fresh > 0 && fresh+end > MaxLine && end >= 0 {
		if err := l.sink(Block{Offset: l.off, Data: data[:MaxLine], Truncated: true}); err != nil {
			return err
		}
		l.off += int64(fresh + end + 1)
		data, fresh = data[fresh+end+1:], 0
	}
	if end := fresh + bytes.LastIndexByte(data[fresh:], '\n') + 1; end > fresh {
		b := Block{Offset: l.off, Data: data[:end]}
		if len(data) == whole {
			b.Prefetched, b.Fresh = prefetched, fresh
		}
		if err := l.sink(b); err != nil {
			return err
		}
		l.off += int64(end)
		data = data[end:]
	}
	if len(data) > MaxLine {
		if err := l.sink(Block{Offset: l.off, Data: data[:MaxLine], Truncated: true}); err != nil {
			return err
		}
		l.position = position{off: l.read, skip: true}
		return nil
	}
	l.carry = data
	return nil
}
