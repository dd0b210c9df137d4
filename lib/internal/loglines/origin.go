package loglines

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

// origin is where lines come from: files, objects or a group, each read by its feed.
type origin interface {
	// read hands what is new since a position (a cursor), or with ask.Again once more what it has
	// passed, to sink.
	read(ctx context.Context, ask Ask, at []byte, sink func(feed.Block) error) (fed, error)
	// String names what is read.
	String() string
}

// fed is what an origin says beside the lines.
type fed struct {
	feed.Stats
	cursor []byte
	notes  []feed.Note // of all logs that are known now
	calls  int         // requests made to a service
	// byTime says that everything from Ask.From on was asked for, not what there is of
	// some files.
	byTime bool
	// failed is why it is an answer for no minute, although everything that could be read was.
	failed error
	// looked is from when on late events were looked for, where they are.
	looked time.Time
	// reached is up to when everything was read, where a reading by time stopped early.
	reached time.Time

	// Of files:
	paused    bool      // what was written after Ask.Pause was left
	behind    []string  // the paths of those that weren't read to their ends
	broken    []string  // the logs of which nothing is known until a next file has a line
	absent    time.Time // where nothing was ever found before: when it was last looked in vain
	unseen    bool      // lines written before this reading may be missing
	untouched time.Time // when the one was written to that hasn't been for the longest time; zero where there is none
}

// files is the origin of local files.
type files struct{ *Options }

func (f files) String() string { return strings.Join(f.Path, ", ") }

func (f files) read(ctx context.Context, ask Ask, at []byte, sink func(feed.Block) error) (fed, error) {
	var cur file.Cursor
	if err := position(f, at, &cur); err != nil {
		return fed{}, err
	}
	opt := file.Options{Globs: f.Path, Now: ask.Now, Optional: f.Optional, Final: ask.Final, Start: f.start(ask), Enough: ask.enough(), Prefetch: ask.prefetch}
	if ask.Again {
		stats, err := file.Again(ctx, opt, cur, sink)
		return f.fed(cur, stats, err), nil
	}
	next, stats, err := file.Read(ctx, opt, cur, sink)
	out := f.fed(next, stats, err)
	out.cursor, err = cursor(&next)
	return out, err
}

func (f files) fed(cur file.Cursor, stats file.Stats, err error) fed {
	out := fed{Stats: stats.Stats, broken: stats.Broken, paused: stats.Paused, absent: stats.Absent, unseen: stats.Unseen, failed: f.tolerate(err)}
	for _, s := range stats.Files {
		if !s.Complete {
			out.behind = append(out.behind, s.Path)
		}
	}
	out.notes = slices.Grow(out.notes, len(cur.Files))
	for i := range cur.Files {
		t := &cur.Files[i]
		out.notes = append(out.notes, t.Note)
		if t.Size > 0 && !t.Ignored && (out.untouched.IsZero() || t.Mtime.Before(out.untouched)) {
			out.untouched = t.Mtime
		}
	}
	return out
}

// tolerate passes over a missing file that may be missing.
func (f files) tolerate(err error) error {
	if f.Optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (f files) start(ask Ask) file.Start {
	switch {
	case ask.Final || f.Start == "beginning":
		return file.Beginning
	case f.Start == "end":
		return file.End
	}
	return file.Tail
}
