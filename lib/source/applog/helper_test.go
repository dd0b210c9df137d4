package applog

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

var now = time.Date(2026, 11, 22, 2, 50, 0, 0, time.UTC)

const stamp = "2026-11-22T02:40:00Z"

// configured makes a source from the text of its section; PATH in it is replaced.
func configured(t testing.TB, text, path string) sli.Source {
	t.Helper()
	s, err := tryConfigured(strings.ReplaceAll(text, "PATH", path))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryConfigured(text string) (sli.Source, error) {
	n, err := section.Parse("test.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, err
	}
	return New(n, time.UTC, awsconf.Options{})
}

// outcome is all that a reading brought.
type outcome struct {
	events []string
	cell   sli.StageCell
	batch  sli.Batch
}

func read(t testing.TB, s sli.Source, ask sli.Ask, cursor []byte) outcome {
	t.Helper()
	var o outcome
	ask.Emit = func(e *sli.Event) {
		o.cell.Count(e)
		o.events = append(o.events, show(e))
	}
	ask.Count = func(_ sli.Minute, tally sli.Tally) { o.cell.Tally.Add(tally) }
	if ask.Now.IsZero() {
		ask.Now = now
	}
	var err error
	if o.batch, err = s.Read(context.Background(), ask, cursor); err != nil {
		t.Fatal(err)
	}
	if n := o.cell.Tally; n.Lines != n.Parsed+n.Malformed+n.Blank {
		t.Errorf("lines don't add up: %+v", n)
	}
	return o
}

// lines reads a log of the given lines to its end.
func lines(t testing.TB, text string, lines ...string) outcome {
	t.Helper()
	path := write(t, strings.Join(lines, "\n")+"\n")
	return read(t, configured(t, text, path), sli.Ask{Final: true}, nil)
}

// show is an event in short: signal, weight, and what it has beside.
func show(e *sli.Event) string {
	out := fmt.Sprintf("%s %g", e.Signal, e.Weight)
	if e.HasDelay {
		out += " delay " + e.Delay.String()
	}
	if e.HasLatency {
		out += " latency " + e.Latency.String()
	}
	if e.Watermark != 0 {
		out += " watermark " + time.UnixMicro(e.Watermark).UTC().Format("15:04:05")
	}
	if e.Should >= 0 {
		out += fmt.Sprintf(" should %g", e.Should)
	}
	if e.Good != sli.NotValid {
		out += " " + [...]string{"", "good", "bad", "uncertain"}[e.Good]
	}
	return strings.TrimSpace(out)
}

// same compares lists, with a hint of the first difference.
func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func write(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "app.log")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
