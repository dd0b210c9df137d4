// Package recordingtest holds sources to what a recording promises: it gives back what they
// said.
package recordingtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// said is all that a reading gives.
type said struct {
	Events     []sli.Event
	Minutes    []sli.Minute
	Tallies    []sli.Tally
	Batch      sli.Batch
	Unanswered string
	Err        string
}

// Read asks a source while it is recorded, and tests that the recording, asked the same,
// says the same.
func Read(ctx context.Context, t testing.TB, s recording.Source, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	t.Helper()
	dir := t.TempDir()
	r, err := recording.New(dir, recording.Manifest{Program: "test", At: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	batch, live, failure := listen(ctx, r.Source("p", "s", s), ask, cursor)
	if _, err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, err := recording.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	run, err := recording.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	replayed, ok := run.Source("p", "s")
	if !ok {
		t.Fatal("the source isn't in its recording")
	}
	silent := ask
	silent.Emit, silent.Count = func(*sli.Event) {}, func(sli.Minute, sli.Tally) {}
	_, again, _ := listen(context.Background(), replayed, silent, nil)
	if ctx.Err() != nil { // whose words a run puts in the place of an error
		live.Err, again.Err = "", ""
	}
	if diff := cmp.Diff(live, again, cmpopts.EquateEmpty(), cmp.Transformer("text", text)); diff != "" {
		t.Errorf("the recording says another thing (- live, + recorded):\n%s", diff)
	}
	if live, again := spelled(t, s.Facts()), spelled(t, replayed.Facts()); live != again {
		t.Errorf("the recorded facts are others:\n%s\n%s", live, again)
	}
	if lacking, unasked := run.Lacking(), run.Unasked(); len(lacking)+len(unasked) > 0 {
		t.Errorf("not recorded %q, not asked %q", lacking, unasked)
	}
	return batch, failure
}

// listen asks, passes on what is emitted, and keeps all of it.
func listen(ctx context.Context, s recording.Source, ask sli.Ask, cursor []byte) (sli.Batch, said, error) {
	var all said
	emit, count := ask.Emit, ask.Count
	ask.Emit = func(e *sli.Event) {
		kept := *e
		kept.Method, kept.Observations, kept.EMF = slices.Clone(e.Method), slices.Clone(e.Observations), slices.Clone(e.EMF)
		if !e.HasDelay {
			kept.Delay = 0
		}
		if !e.HasID {
			kept.ID = 0
		}
		all.Events = append(all.Events, kept)
		if emit != nil {
			emit(e)
		}
	}
	ask.Count = func(m sli.Minute, t sli.Tally) {
		all.Minutes, all.Tallies = append(all.Minutes, m), append(all.Tallies, t)
		if count != nil {
			count(m, t)
		}
	}
	batch, err := s.Read(ctx, ask, cursor)
	all.Batch = batch
	all.Batch.Cursor, all.Batch.Unanswered = nil, nil
	if batch.Unanswered != nil {
		all.Unanswered = batch.Unanswered.Error()
	}
	if err != nil {
		all.Err = err.Error()
	}
	return batch, all, err
}

// text is a distribution as it is kept.
func text(d sli.Distribution) string {
	b, err := d.MarshalText()
	return fmt.Sprintf("%s %v", b, err)
}

func spelled(t testing.TB, f sli.Facts) string {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
