package file

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
)

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// follower stands for the program that starts anew every minute: its cursor passes through JSON, its clock only through run.
type follower struct {
	t      fataler
	dir    string
	opt    Options
	cur    Cursor
	stats  Stats
	err    error
	blocks []seen
}

// seen is a block kept after the call.
type seen struct {
	Path, Data                  string
	Offset                      int64
	Truncated, First, FromStart bool
	Created                     bool
}

// follow follows globs, relative to a new directory, from their files' beginning.
func follow(t *testing.T, globs ...string) *follower {
	t.Helper()
	f := newFollower(t, t.TempDir(), globs...)
	return f
}

func newFollower(t fataler, dir string, globs ...string) *follower {
	f := &follower{t: t, dir: dir, opt: Options{Start: Beginning, Block: 4096, Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}
	for _, g := range globs {
		f.opt.Globs = append(f.opt.Globs, filepath.Join(dir, g))
	}
	return f
}

// run is one run, a minute later unless told otherwise; it returns the lines handed over, blocks that are truncated lines as "<n bytes".
func (f *follower) run(after ...time.Duration) []string {
	f.t.Helper()
	lines := f.try(context.Background(), nil, after...)
	if f.err != nil {
		f.t.Fatalf("run: %v", f.err)
	}
	if !f.stats.Complete {
		f.t.Fatalf("run: not complete: %+v", f.stats)
	}
	return lines
}

func (f *follower) try(ctx context.Context, sink func(feed.Block) error, after ...time.Duration) []string {
	f.t.Helper()
	f.opt.Now = f.opt.Now.Add(time.Minute)
	for _, d := range after {
		f.opt.Now = f.opt.Now.Add(d - time.Minute)
	}
	stored, err := json.Marshal(f.cur)
	if err != nil {
		f.t.Fatal(err)
	}
	var cur Cursor
	if err := json.Unmarshal(stored, &cur); err != nil {
		f.t.Fatal(err)
	}
	f.blocks = nil
	f.cur, f.stats, f.err = Read(ctx, f.opt, cur, f.collect(sink))
	if again, _ := json.Marshal(cur); !bytes.Equal(again, stored) {
		f.t.Fatalf("the cursor given was changed:\n%s\n%s", stored, again)
	}
	return f.lines()
}

func (f *follower) collect(sink func(feed.Block) error) func(feed.Block) error {
	return func(b feed.Block) error {
		if sink != nil {
			if err := sink(b); err != nil {
				return err
			}
		}
		f.blocks = append(f.blocks, seen{b.Log.Path, string(b.Data), b.Offset, b.Truncated, b.First, b.FromStart, b.Created})
		return nil
	}
}

// again reads back.
func (f *follower) again() []string {
	f.t.Helper()
	f.blocks = nil
	f.stats, f.err = Again(context.Background(), f.opt, f.cur, f.collect(nil))
	if f.err != nil {
		f.t.Fatalf("again: %v", f.err)
	}
	return f.lines()
}

func (f *follower) lines() (lines []string) {
	for _, b := range f.blocks {
		if b.Truncated {
			lines = append(lines, fmt.Sprintf("<%d bytes", len(b.Data)))
			continue
		}
		lines = append(lines, strings.Split(strings.TrimSuffix(b.Data, "\n"), "\n")...)
	}
	return lines
}

func (f *follower) path(name string) string { return filepath.Join(f.dir, name) }

func (f *follower) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// write puts text at the end of a file, which it creates if need be.
func (f *follower) write(name, text string) {
	f.t.Helper()
	h, err := os.OpenFile(f.path(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	f.must(err)
	_, err = h.WriteString(text)
	f.must(err)
	f.must(h.Close())
}

func (f *follower) rename(from, to string) {
	f.t.Helper()
	f.must(os.Rename(f.path(from), f.path(to)))
}

func (f *follower) truncate(name string) {
	f.t.Helper()
	f.must(os.Truncate(f.path(name), 0))
}

func (f *follower) remove(name string) {
	f.t.Helper()
	f.must(os.Remove(f.path(name)))
}

func (f *follower) read(name string) string {
	f.t.Helper()
	data, err := os.ReadFile(f.path(name))
	f.must(err)
	return string(data)
}

// touch sets a file's modification time.
func (f *follower) touch(name string, at time.Time) {
	f.t.Helper()
	f.must(os.Chtimes(f.path(name), at, at))
}

func (f *follower) mtime(name string) time.Time {
	f.t.Helper()
	info, err := os.Stat(f.path(name))
	f.must(err)
	return info.ModTime()
}

// copyTruncate does what logrotate's copytruncate does.
func (f *follower) copyTruncate(from, to string) {
	f.t.Helper()
	f.must(os.WriteFile(f.path(to), []byte(f.read(from)), 0o644))
	f.truncate(from)
}

// compress does what gzip does: a new file with the old one's times.
func (f *follower) compress(from, to string) {
	f.t.Helper()
	at := f.mtime(from)
	f.must(os.WriteFile(f.path(to), zip(f.read(from)), 0o644))
	f.touch(to, at)
	f.remove(from)
}

func zip(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()
}

func (f *follower) tracked(name string) *Tracked {
	f.t.Helper()
	for i := range f.cur.Files {
		if f.cur.Files[i].Path == f.path(name) && f.cur.Files[i].Gone.IsZero() {
			return &f.cur.Files[i]
		}
	}
	f.t.Fatalf("%s isn't tracked", name)
	return nil
}

func want(t *testing.T, got []string, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, got); diff != "" {
		t.Fatalf("lines (-want +got):\n%s", diff)
	}
}

func wantSaid(t *testing.T, said []string, part string) {
	t.Helper()
	if len(said) != 1 || !strings.Contains(said[0], part) {
		t.Fatalf("want one sentence with %q, got %q", part, said)
	}
}

// numbered makes n lines, each unlike all others.
func numbered(name string, n int) (text string, lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s %06d", name, i))
	}
	return strings.Join(lines, "\n") + "\n", lines
}
