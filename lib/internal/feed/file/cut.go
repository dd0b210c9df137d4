package file

import (
	"context"
	"io"
)

// Position is where the reading of a stream stands: at the beginning of a line, unless
// Skip: then what lies before the next newline belongs to a line that was passed.
type Position struct {
	Offset int64 `json:"offset"`
	Skip   bool  `json:"skip,omitempty"`
}

// Cutter cuts streams into lines, one after the other, in the same memory.
type Cutter struct{ *cutter }

// NewCutter makes a Cutter.
func NewCutter() Cutter { return Cutter{newCutter(0)} }

// Cut hands the lines of a finished stream to sink in blocks, the last one also without
// its newline, and returns where it got. r stands at from.Offset. When ctx ends it
// stops at a block's border with ctx's error; other errors are r's or sink's own.
func (c Cutter) Cut(ctx context.Context, r io.Reader, from Position, sink func(offset int64, data []byte, truncated bool) error) (Position, error) {
	at, _, err := c.cut(ctx, r, position{from.Offset, from.Skip}, true, func(b Block) error { return sink(b.Offset, b.Data, b.Truncated) })
	if refused, ok := err.(sinkError); ok {
		err = refused.error
	}
	if err == errStopped {
		err = ctx.Err()
	}
	return Position{at.off, at.skip}, err
}
