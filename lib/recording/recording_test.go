package recording

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// spring is a source that says the same whatever it is asked.
type spring struct {
	events int
	err    error
}

func (spring) Facts() sli.Facts {
	return sli.Facts{Reads: "a spring", Signals: []sli.Signal{sli.Request}}
}

func (s spring) Read(ctx context.Context, ask sli.Ask, _ []byte) (sli.Batch, error) {
	for i := range s.events {
		ask.Emit(&sli.Event{Time: int64(i), Weight: 1, Signal: sli.Request, Status: 200})
	}
	if errors.Is(s.err, context.Canceled) {
		<-ctx.Done()
		return sli.Batch{}, ctx.Err()
	}
	return sli.Batch{Cursor: []byte("position")}, s.err
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func ask(from time.Time) sli.Ask {
	return sli.Ask{Now: noon, From: from, Emit: func(*sli.Event) {}, Count: func(sli.Minute, sli.Tally) {}}
}

func recorded(t *testing.T, ctx context.Context, s Source, asks ...sli.Ask) *Run {
	t.Helper()
	return recordedUpTo(t, ctx, MaxRun, s, asks...)
}

// recordedUpTo is what a recording of so many bytes of events holds of some questions to a source.
func recordedUpTo(t *testing.T, ctx context.Context, bytes int64, s Source, asks ...sli.Ask) *Run {
	t.Helper()
	dir := t.TempDir()
	r, err := New(dir, Manifest{Program: "test", At: noon, Zone: "Asia/Tokyo"})
	if err != nil {
		t.Fatal(err)
	}
	r.left = bytes
	w := r.Source("p", "s", s)
	for _, a := range asks {
		_, _ = w.Read(ctx, a, nil) // what it fails with is recorded
	}
	summary, err := r.Close(ctx)
	if err != nil {
		t.Fatal(err)
	}
	run, err := Open(summary.File)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestWhatIsNotRecordedOrNotAskedIsNamed(t *testing.T) {
	run := recorded(t, t.Context(), spring{events: 3}, ask(noon), ask(noon.Add(-time.Hour)))
	s, _ := run.Source("p", "s")
	for _, from := range []time.Time{noon, noon.Add(-time.Minute)} {
		_, err := s.Read(t.Context(), ask(from), nil)
		if (err == nil) != from.Equal(noon) {
			t.Errorf("from %v: %v", from, err)
		}
	}
	if got := strings.Join(run.Lacking(), "; "); got != "pipeline p: stage s: what is new from 2026-03-02T11:59:00Z on" {
		t.Errorf("lacking %q", got)
	}
	if got := strings.Join(run.Unasked(), "; "); got != "pipeline p: stage s: what is new from 2026-03-02T11:00:00Z on" {
		t.Errorf("unasked %q", got)
	}
}

func TestARunThatWasStoppedSaysSoOnceMore(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("no answer within 20s (--timeout)"))
	for _, s := range []spring{{err: context.Canceled}, {}} {
		var asks []sli.Ask
		if s.err != nil {
			asks = append(asks, ask(noon))
		}
		run := recorded(t, ctx, s, asks...)
		again, _ := run.Source("p", "s")
		if _, err := again.Read(t.Context(), ask(noon), nil); err == nil || err.Error() != "no answer within 20s (--timeout)" {
			t.Errorf("asked %d times: %v", len(asks), err)
		}
		if lacking := run.Lacking(); len(lacking) > 0 {
			t.Errorf("lacking %q", lacking)
		}
	}
}

func TestTooManyEventsAreNoPartOfThem(t *testing.T) {
	run := recordedUpTo(t, t.Context(), 1000, spring{events: 1000}, ask(noon))
	s, _ := run.Source("p", "s")
	if _, err := s.Read(t.Context(), ask(noon), nil); err == nil || !strings.Contains(err.Error(), "cut at 64 MiB") {
		t.Errorf("got %v", err)
	}
}

func TestADamagedRecordingIsRefused(t *testing.T) {
	whole, err := os.ReadFile(recorded(t, t.Context(), spring{events: 100}, ask(noon)).File)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.run")
	for n := range whole {
		if err := os.WriteFile(file, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a recording", n, len(whole))
		}
	}
}

func TestOldRecordingsMakeRoom(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("2026030%dT120000Z-x.run", i)), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "20200101.txt"), make([]byte, 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		most  int
		bytes int64
		left  int
	}{{5, 1000, 5}, {5, 399, 3}, {2, 1000, 2}, {2, 10, 1}} {
		if err := rotate(dir, c.most, c.bytes); err != nil {
			t.Fatal(err)
		}
		left, err := names(dir)
		if err != nil || len(left) != c.left || !strings.HasSuffix(left[len(left)-1], "20260305T120000Z-x.run") {
			t.Errorf("at most %d, %d bytes: %q (%v)", c.most, c.bytes, left, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "20200101.txt")); err != nil {
		t.Errorf("what is no recording is gone: %v", err)
	}
}

func TestTwoRunsOfAnInstantAreKeptApart(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		r, err := New(dir, Manifest{Program: "test", At: noon})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := Find(dir); err != nil || len(found) != 3 {
		t.Errorf("%q, %v", found, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%d files (%v)", len(entries), err)
	}
}
