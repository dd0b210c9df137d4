// Package file reads the complete lines of log files that are followed over the runs of a program that starts anew every minute.
//
// A log is a name under which a writer writes. What lies there changes: the file is renamed and begun anew, copied and truncated, compressed, or a link
// is turned to another one. So a file is known by its inode and by a hash of its first KiB, never by its name, and one reading goes
//
//	expand the globs → recognise the files known → search what has gone (same directory: inode, then hash) → take in what is new → read, oldest first
//
// A line is handed over once: the Cursor says how far each file was read, and the caller keeps it together with what it made of the lines.
// What can't be had any more (a file truncated or deleted before it was read) is said in Stats.Lost.
package file

import (
	"context"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

const (
	// headMax is how many bytes at a file's beginning tell it from others.
	headMax = 1 << 10
	// idleAfter is how long a file that was rotated away must not have grown before nothing more is expected in it.
	idleAfter = 10 * time.Minute
	// goneFor is how long a file that vanished stays known, lest it is read again when it comes back.
	goneFor = 24 * time.Hour
	// maxNamed bounds the files that globs may name: each of them must stay known.
	maxNamed = 20_000
	// maxUnnamed bounds the finished, foreign and vanished files that stay known beside those.
	maxUnnamed = 64

	defaultTail = 64 << 20
)

// Cursor is what is known of the files read so far. The zero Cursor is that of a first run.
type Cursor struct {
	Files   []Tracked `json:"files,omitempty"` // oldest generation first
	Seen    bool      `json:"seen,omitempty"`  // a run has looked before: what is new now is read from its beginning
	LastRun time.Time `json:"last_run,omitzero"`
	// Broken are the logs whose file is gone, perhaps with lines never read, and whose next one has had no line yet.
	Broken []string `json:"broken,omitempty"`
}

// Tracked is one file known: one generation of a log.
//
// Large: the keys of a file in a position; every release reads what the one before wrote.
type Tracked struct {
	Path  string `json:"path"`           // where it was last seen
	Real  string `json:"real,omitempty"` // where links at Path lead, if elsewhere
	Name  string `json:"name"`           // the name under which it was, or is, written; Path differs from it once it was rotated
	Dev   uint64 `json:"dev"`
	Inode uint64 `json:"inode"`
	// HeadHash is over the first HeadLen (decompressed) bytes, at most 1024; they grow with the file. With HeadLen 0 the inode alone identifies it.
	HeadLen  int    `json:"head_len,omitempty"`
	HeadHash uint64 `json:"head_hash,omitempty"`
	Marks    []byte `json:"marks,omitempty"` // of the head's lines, see marks
	// Offset is where the next reading begins, in decompressed bytes: just after a newline, unless Skip.
	Offset  int64     `json:"offset"`
	Skip    bool      `json:"skip,omitempty"` // what lies between Offset and the next newline belongs to a line already handed over, or never to be
	Tail    uint32    `json:"tail,omitempty"` // hash of the last bytes before Offset, at most 1024; 0: not known
	Size    int64     `json:"size"`           // bytes on disk when it was last read
	Mtime   time.Time `json:"mtime,omitzero"` // modification time when it was last read
	Gzip    bool      `json:"gzip,omitempty"`
	Grown   time.Time `json:"grown,omitzero"`    // the run (Options.Now) that last saw it grow
	Created bool      `json:"created,omitempty"` // it was seen to begin: nothing that belongs before its first line can have been missed
	Partial bool      `json:"partial,omitempty"` // an unterminated last line waits at Offset
	Done    bool      `json:"done,omitempty"`    // read to its end: left closed unless it changes
	Waiting bool      `json:"waiting,omitempty"` // there at the first run and not begun yet: Options.Start still applies
	Ignored bool      `json:"ignored,omitempty"` // known and never read: it was there before the first run, or is another log's
	CopyOf  [2]uint64 `json:"copy_of,omitzero"`  // device and inode of the file that has all that was seen of this one: it is read there
	Own     int64     `json:"own,omitempty"`     // what lies before it was another file's, too, and was read there
	Gone    time.Time `json:"gone,omitzero"`     // the run that first didn't find it
	Note    feed.Note `json:"note,omitzero"`     // the caller's own
}

func (t *Tracked) isCopy() bool { return t.CopyOf != [2]uint64{} }

// Start says what a first run does with the files that it finds.
type Start int

const (
	// Tail reads at most Options.TailBytes from each file's end, from the first whole line on.
	Tail Start = iota
	// End reads only what is written later.
	End
	// Beginning reads everything.
	Beginning
)

// Options say what is read and how.
type Options struct {
	Globs     []string  // paths or globs (filepath.Match, and ** for any number of directories)
	Now       time.Time // the run's clock
	Start     Start
	TailBytes int64     // decompressed bytes of each file for Tail and Again; 0 means 64 MiB
	Since     time.Time // Tail and Again pass over files last modified before it; zero means none
	Optional  bool      // a file that is missing is none that failed: nothing is written
	Final     bool      // hand over an unterminated last line too: nothing more will be written
	// Enough tells of a file by its note whether a backlog was read far enough in its log: the rest of it, and what follows it there, is left to a later reading.
	// Compressed files are read whole all the same: to go on in one it would be inflated once more. Nil: all is read.
	Enough   func(feed.Note) bool
	Prefetch feed.Prefetch // given what was read of a long file ahead of its lines; nil: nothing is read ahead
	Block    int           // bytes per read, rounded up to whole pages, at most 1 MiB; 0 means 256 KiB
}

// FileStat says how the reading of one file went.
type FileStat struct {
	Path     string
	Bytes    int64 // decompressed bytes passed in this reading
	Complete bool  // read to its end as it was when opened
}

// Stats says how a reading went.
type Stats struct {
	feed.Stats            // Complete: every file that could be opened was read to its end
	Files      []FileStat // the files that had to be opened, in reading order
	Absent     time.Time  // of a log of which nothing was ever found: the run that last looked in vain
	Unseen     bool       // lines written before this reading may be missing, of a log that is seen from now on
	Paused     bool       // Options.Enough has left something to a later reading
	Broken     []string   // the logs of which nothing is known until a next file has a line
}

// Read hands every complete line written since cur to sink, oldest generation first, and returns the next cursor; cur itself isn't changed.
//
// When ctx ends it stops at a block's border and returns what was reached, with Complete false in Stats and no error. An error of sink stops it too: the cursor
// returned stands before the block refused. Errors of single paths and files (errors.Is: fs.ErrNotExist, fs.ErrPermission) are joined and
// returned after everything else was read; the cursor is good then as well.
func Read(ctx context.Context, opt Options, cur Cursor, sink func(feed.Block) error) (Cursor, Stats, error) {
	r := newReading(opt, cur, sink)
	enough := map[string]bool{} // by family
	for _, f := range r.files {
		if f.t.isCopy() {
			continue // until the others are read
		}
		if enough[f.family] = enough[f.family] || r.enough(f); enough[f.family] {
			r.leave(f)
			continue
		}
		if err := r.forward(ctx, f); err != nil {
			return r.cursor(), r.report(), err
		}
	}
	for _, f := range r.files {
		if f.t.isCopy() && !enough[f.family] {
			if err := r.setApart(ctx, f); err != nil {
				return r.cursor(), r.report(), err
			}
		}
	}
	return r.cursor(), r.report(), r.failures()
}

// Again hands over once more what cur has already passed: of each file at most TailBytes before the cursor's offset, and nothing beyond it. The last line of
// a file lacks its newline where the cursor stands within it (Tracked.Skip). Stats and errors are Read's; Lost names the files that are gone.
func Again(ctx context.Context, opt Options, cur Cursor, sink func(feed.Block) error) (Stats, error) {
	r := newReading(opt, cur, sink)
	for _, f := range r.files {
		if err := r.back(ctx, f); err != nil {
			return r.report(), err
		}
	}
	return r.report(), r.failures()
}
