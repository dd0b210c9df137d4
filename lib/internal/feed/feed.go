// Package feed is what all that lines come from has in common: a stream is cut into blocks
// of whole lines, a long one is read ahead on another core, and a Block says which Log it
// is of. What lies within says how files, objects and groups are found and followed.
package feed

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"time"
)

// MaxLine is the length, without its newline, of the longest line handed over whole, in bytes.
const MaxLine = 1 << 20

// Log is what a block is of: a file, or all objects of a bucket, or a group. Within one
// reading it is known by its pointer.
type Log struct {
	Path  string      // where it lies
	Name  string      // the name under which it was, or is, written; Path differs from it once it was rotated
	Mtime time.Time   // when it was last written to
	File  fs.FileInfo // what was opened; nil where it is no file of this host
	Note  Note        // what the caller keeps of it between runs; the caller may set it, all else is read-only
}

// Note is what a caller keeps of a log from run to run. While the log is read it is what the
// caller holds; it is spelled once, when it is kept.
type Note struct {
	Held any             // spelled as JSON; nil: Text
	Text json.RawMessage // as an earlier run has kept it
}

// IsZero tells whether nothing is kept.
func (n Note) IsZero() bool { return n.Held == nil && len(n.Text) == 0 }

// MarshalJSON spells what is kept.
func (n Note) MarshalJSON() ([]byte, error) {
	if n.Held == nil {
		return n.Text, nil
	}
	return json.Marshal(n.Held)
}

// UnmarshalJSON takes what was kept, unread.
func (n *Note) UnmarshalJSON(text []byte) error {
	n.KeepJSON(bytes.Clone(text))
	return nil
}

// KeepJSON takes what was kept, unread, and leaves it where it stands.
func (n *Note) KeepJSON(text []byte) { *n = Note{Text: text} }

// Block is a run of whole lines of one log; valid only during the call.
type Block struct {
	Log        *Log
	Offset     int64  // of Data[0] in the decompressed log
	Data       []byte // whole lines, each with its '\n'; the very last of a finished log may lack it
	Truncated  bool   // Data is only the beginning of one line longer than MaxLine
	First      bool   // the first block of this log in this reading
	FromStart  bool   // this reading of the log began at its very beginning
	Created    bool   // the log was seen to begin: nothing that belongs before its first line can have been missed
	Entered    bool   // this reading entered the log in its middle: what lies before was passed over
	Follows    bool   // the log follows one that is gone: lines older than its first one may be missing
	Prefetched any    // what Prefetch made of the bytes that begin at Data[Fresh]; nil: nothing
	Fresh      int    // see Prefetched
	At         int64  // the time of lines that carry none, in µs since the epoch, where the feed knows it
}

// Prefetch is given what was read, from anywhere to anywhere in a stream, on another core
// and before the lines that lie there are handed over. What it makes of that comes with
// them as Block.Prefetched. It must not keep the bytes, and ends soon once the lines are
// waited for.
type Prefetch func(data []byte, waited func() bool) any

// Stats says how a reading went.
type Stats struct {
	Bytes    int64    // decompressed bytes passed, all logs
	Complete bool     // everything there was, was read
	Lost     []string // what can't be read any more, a sentence each
	Warnings []string // doubts, a sentence each
}
