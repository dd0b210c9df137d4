package loglines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed/file"
)

// feed is where lines come from.
type feed interface {
	// read hands what is new since the cursor, or with ask.Again once more what it has
	// passed, to sink.
	read(ctx context.Context, ask Ask, cursor []byte, sink func(file.Block) error) (fed, error)
	// String names what is read.
	String() string
}

// fed is what a feed says beside the lines.
type fed struct {
	cursor []byte
	files  []file.Tracked // that are known now, with their notes
	calls  int            // requests made to a service
	stats  file.Stats
	// byTime says that everything from Ask.From on was asked for, not what there is of
	// some files.
	byTime bool
	// failed is why it is an answer for no minute, although everything that could be read was.
	failed error
	// looked is from when on late events were looked for, where they are.
	looked time.Time
	// reached is up to when everything was read, where a reading by time stopped early.
	reached time.Time
}

// position reads a cursor into what a feed keeps.
func position(of feed, cursor []byte, into any) error {
	if cursor == nil {
		return nil
	}
	if err := json.Unmarshal(cursor, into); err != nil {
		return fmt.Errorf("%s: the position in the state can't be read: %w", of, err)
	}
	return nil
}

// files is the feed of local files.
type files struct{ *Options }

func (f files) String() string { return strings.Join(f.Path, ", ") }

func (f files) read(ctx context.Context, ask Ask, cursor []byte, sink func(file.Block) error) (fed, error) {
	var cur file.Cursor
	if err := position(f, cursor, &cur); err != nil {
		return fed{}, err
	}
	opt := file.Options{Globs: f.Path, Now: ask.Now, Optional: f.Optional, Final: ask.Final, Start: f.start(ask), Prefetch: ask.prefetch}
	if ask.Again {
		stats, err := file.Again(ctx, opt, cur, sink)
		return fed{files: cur.Files, stats: stats, failed: f.tolerate(err)}, nil
	}
	next, stats, err := file.Read(ctx, opt, cur, sink)
	out := fed{files: next.Files, stats: stats, failed: f.tolerate(err)}
	out.cursor, err = json.Marshal(next)
	return out, err
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
