package feed

import (
	"bytes"
	"context"
	"io"
	"math"
)

const (
	defaultBlock = 256 << 10
	page         = 4096
	// shortest is what is read at once of a stream of some lines.
	shortest = 4 << 10
	// room is what there is for the line carried over; a longer one is put together apart.
	room = 64 << 10
)

// Cutter cuts streams into blocks of whole lines, one after the other, in the same memory. Its buffer is an area that reads go to, at an index congruent to the file offset modulo the page
// (a read one byte off costs 4.5 times the system time), and room in front of it for the partial line carried over from the read before.
//
//	[ … room … carry ][ block … ]
//
// Of a short stream less is enough: hundreds of logs may be read at once, of some lines each.
type Cutter struct {
	buf      []byte   // made when needed
	spare    [][]byte // as buf, to read ahead into; made when needed
	long     []byte   // where a line is put together that is longer than the room; made when one comes
	area     int      // index where the block begins
	block    int      // its length
	most     int      // the longest that it may be
	prefetch Prefetch // nil: nothing is read ahead
}

// NewCutter makes a Cutter that reads so many bytes at once, rounded up to whole pages, at most 1 MiB; 0 means 256 KiB. Long streams are read ahead for
// prefetch, if there is one.
func NewCutter(block int, prefetch Prefetch) *Cutter {
	if block <= 0 {
		block = defaultBlock
	}
	return &Cutter{most: min((block+page-1)/page*page, MaxLine), prefetch: prefetch}
}

// Fit makes room for a stream of at most so many bytes.
func (c *Cutter) Fit(length int64) {
	area, block := room, c.most
	if length < int64(block-page) {
		short := shortest
		for short < int(length)+page {
			short *= 2
		}
		if short < block {
			area, block = short, short // all of it is read at once, and carried at most
		}
	}
	if c.area < area || c.block < block {
		// Slices of this size begin at a page. Behind the area is room for who looks at lines in
		// words: what lies there doesn't count.
		c.buf, c.spare, c.area, c.block = make([]byte, area+block+page), nil, area, block
	}
}

// fitAny makes room for a stream of any length, unless it is known to be a short one.
func (c *Cutter) fitAny() {
	if c.buf == nil {
		c.Fit(math.MaxInt64)
	}
}

// Position is where the reading of a stream stands: Offset is the first byte not handed over, the beginning of a line unless Skip: then what lies before the
// next newline belongs to a line that was passed.
type Position struct {
	Offset int64 `json:"offset"`
	Skip   bool  `json:"skip,omitempty"`
}

// lines is one pass over a stream.
type lines struct {
	Position
	read  int64 // offset of the next byte read
	carry []byte
	hole  bool // only NUL bytes so far, since the file's very beginning
	sink  func(Block) error
}

// Cut hands the lines of r, which stands at from.Offset, to sink, and returns where it got. With final an unterminated last line is handed over too.
// read is the offset of the end of what r gave. When ctx ends it stops at a block's border; the error is ctx's cause then, else r's or sink's own.
func (c *Cutter) Cut(ctx context.Context, r io.Reader, from Position, final bool, sink func(Block) error) (at Position, read int64, err error) {
	c.fitAny()
	l := lines{Position: from, read: from.Offset, hole: from == Position{}, sink: sink}
	b := blocks{Cutter: c, r: r, read: from.Offset, buf: c.buf}
	defer b.end()
	for err == nil {
		if ctx.Err() != nil {
			return l.Position, l.read, context.Cause(ctx)
		}
		var data []byte
		var prefetched any
		fresh := len(l.carry)
		data, prefetched, err = b.next(l.carry)
		l.read = b.read
		if failed := l.take(data, fresh, prefetched); failed != nil {
			return l.Position, l.read, failed
		}
	}
	if err != io.EOF {
		return l.Position, l.read, err
	}
	if final && len(l.carry) > 0 {
		if err := l.sink(Block{Offset: l.Offset, Data: l.carry}); err != nil {
			return l.Position, l.read, err
		}
		l.Position = Position{Offset: l.read, Skip: true} // what may yet follow belongs to this line
	}
	return l.Position, l.read, nil
}

// Skip passes over n bytes of r and returns how many there were; fewer only at r's end, or where an error says why.
func (c *Cutter) Skip(ctx context.Context, r io.Reader, n int64) (passed int64, err error) {
	c.fitAny()
	for passed < n && err == nil {
		if ctx.Err() != nil {
			return passed, context.Cause(ctx)
		}
		var m int
		m, err = Fill(r, c.buf[c.area:c.area+int(min(int64(c.block), n-passed))])
		passed += int64(m)
	}
	if err == io.EOF {
		err = nil
	}
	return passed, err
}

// Fill reads until p is full or r ends.
func Fill(r io.Reader, p []byte) (n int, err error) {
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
		l.hole, l.Offset, fresh = false, l.read-int64(len(data)), 0
	}
	if l.Skip {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			l.Offset = l.read
			return nil
		}
		l.Position = Position{Offset: l.Offset + int64(end)}
		data, fresh = data[end:], 0
	}
	if end := bytes.IndexByte(data[fresh:], '\n'); fresh > 0 && fresh+end > MaxLine && end >= 0 {
		if err := l.sink(Block{Offset: l.Offset, Data: data[:MaxLine], Truncated: true}); err != nil {
			return err
		}
		l.Offset += int64(fresh + end + 1)
		data, fresh = data[fresh+end+1:], 0
	}
	if end := fresh + bytes.LastIndexByte(data[fresh:], '\n') + 1; end > fresh {
		b := Block{Offset: l.Offset, Data: data[:end]}
		if len(data) == whole {
			b.Prefetched, b.Fresh = prefetched, fresh
		}
		if err := l.sink(b); err != nil {
			return err
		}
		l.Offset += int64(end)
		data = data[end:]
	}
	if len(data) > MaxLine {
		if err := l.sink(Block{Offset: l.Offset, Data: data[:MaxLine], Truncated: true}); err != nil {
			return err
		}
		l.Position = Position{Offset: l.read, Skip: true}
		return nil
	}
	l.carry = data
	return nil
}
