package recording

import (
	"context"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/raw"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// wordy is a source that reads texts.
type wordy struct {
	spring
	texts []string
}

func (s wordy) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	if keep := raw.Of(ctx); keep != nil {
		for _, text := range s.texts {
			keep("a.log", []byte(text))
		}
	}
	return s.spring.Read(ctx, ask, cursor)
}

// TestTextsAreKeptAsFarAsThereIsRoom, in whole lines, and nothing that comes after a gap.
func TestTextsAreKeptAsFarAsThereIsRoom(t *testing.T) {
	for _, c := range []struct {
		name     string
		raw      bool
		all      int // bytes of the run
		of       int // and of each stage
		texts    []string
		want     string // of the first stage
		cut      bool
		stages   int
		cutStage int // how many of the stages are cut
	}{
		{"none are wanted", false, 99, 99, []string{"a\n"}, "", false, 1, 0},
		{"all", true, 99, 99, []string{"a\n", "", "bc"}, "a\nbc", false, 1, 0},
		{"no more than just that", true, 99, 4, []string{"a\n", "b\n"}, "a\nb\n", false, 1, 0},
		{"whole lines", true, 99, 7, []string{"a\nb\nc\ndd\ne\n"}, "a\nb\nc\n", true, 1, 1},
		{"after a gap nothing", true, 99, 5, []string{"a\nlonger\n", "b\n"}, "a\n", true, 1, 1},
		{"not even a line", true, 99, 1, []string{"longer\n"}, "", true, 1, 1},
		{"a stage leaves room for the other", true, 99, 4, []string{"a\nb\nc\n"}, "a\nb\n", true, 2, 2},
		{"a run", true, 3, 99, []string{"a\n"}, "a\n", false, 2, 1},
	} {
		r, err := New(t.TempDir(), Manifest{Program: "test", At: noon, Raw: c.raw})
		if err != nil {
			t.Fatal(err)
		}
		r.rawAll = c.all
		for i := range c.stages {
			w := r.Source("p", string(rune('a'+i)), wordy{texts: c.texts})
			if c.raw {
				r.rawLeft[i] = c.of
			}
			_, _ = w.Read(t.Context(), ask(noon), nil)
		}
		summary, err := r.Close(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		run, err := Open(summary.File)
		if err != nil {
			t.Fatal(err)
		}
		got, cut, bytes, cutStages := "", false, 0, 0
		for _, text := range run.Raw() {
			bytes += len(text.Text)
			if text.Cut {
				cutStages++
			}
			if strings.HasSuffix(text.Stage, "stage a") {
				got, cut = got+string(text.Text), cut || text.Cut
			}
			if text.Name != "a.log" {
				t.Errorf("%s: a text of %q", c.name, text.Name)
			}
		}
		if got != c.want || cut != c.cut || summary.Raw != bytes || cutStages != c.cutStage {
			t.Errorf("%s: %q, cut %v, %d stages cut, %d bytes (%d said)", c.name, got, cut, cutStages, bytes, summary.Raw)
		}
	}
}
