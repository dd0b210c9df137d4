package backtest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// month is a source of a thousand requests a minute: counts, as a load balancer's metrics
// give them. Every seventh day it fails for a quarter of an hour.
type month struct{}

func (month) Facts() sli.Facts {
	return sli.Facts{Reads: "a month", Signals: []sli.Signal{sli.Request}, Latency: true, Settle: 10 * time.Second, SettleWhy: "a test", Scope: sli.Local, Replaces: true}
}

func (month) Read(_ context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	from := ask.From
	if from.IsZero() {
		from = ask.Now.Add(-20 * time.Minute)
	}
	from = from.Truncate(time.Minute) // whole minutes are told
	for m := sli.MinuteAt(from); m < sli.MinuteAt(ask.Now); m++ {
		bad := 0.0
		if m%(7*24*60) < 15 {
			bad = 300
		}
		at := m.Start().Add(30 * time.Second).UnixMicro()
		ask.Emit(&sli.Event{Time: at, Weight: 990 - bad, Signal: sli.Request, Status: 200, Latency: 50 * time.Millisecond, HasLatency: true})
		ask.Emit(&sli.Event{Time: at, Weight: 10, Signal: sli.Request, Status: 200, Latency: 2 * time.Second, HasLatency: true})
		if bad > 0 {
			ask.Emit(&sli.Event{Time: at, Weight: bad, Signal: sli.Request, Status: 503})
		}
	}
	return sli.Batch{From: from, To: ask.Now, Cursor: []byte("x")}, nil
}

const monthly = `pipelines:
- name: m
  stages: [ { name: front, month: {} } ]
  slis: { availability: { target: 99.9 }, latency: { threshold: 500ms, target: 95 } }
  check: { sli: [availability, latency], burn_rate: true, critical_ratio: 90 }
  slo: { periods: [28d, 35d] } # so that the state still has what the first windows of three days rest on
`

// run is the metric program with that kind of source.
func run(t testing.TB, dir string, now time.Time, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	env := cli.Env{
		Context: context.Background(), Args: append([]string{"--config", filepath.Join(dir, "c.yaml"), "--state-dir", filepath.Join(dir, "state")}, args...),
		Getenv: func(string) (string, bool) { return "", false }, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &complaints,
		Now: func() time.Time { return now }, Zone: time.UTC, UID: os.Getuid(),
	}
	builtin.Into(&env)
	env.Kinds["month"] = config.Kind{Options: struct{}{}, New: func(*section.Node, config.StageContext) (config.Evidence, error) { return month{}, nil }}
	if code := cli.Main(env); code != 0 {
		t.Fatalf("%v: exit %d, %s", args, code, complaints.String())
	}
	return out.String()
}

// TestAMonthFromTheStateSaysWhatTheSourcesSay: a thousand requests a minute, from the state
// and from the sources' counts, and a sweep of twenty settings; `make month` goes through 28
// days of them and prints how long each took.
func TestAMonthFromTheStateSaysWhatTheSourcesSay(t *testing.T) {
	whole, length := os.Getenv("MONTH") != "", 6*time.Hour
	if whole {
		length = 28 * 24 * time.Hour
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c.yaml"), []byte(monthly), 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 3, 4, 22, 0, 0, 0, time.UTC) // two hours before it fails
	end := begin.Add(length)
	args := []string{"backtest", "--json", "--from", begin.Format(time.RFC3339), "--to", end.Format(time.RFC3339)}
	twenty := "check.critical_ratio=50"
	for i := range 19 {
		twenty += fmt.Sprintf(",%d", 51+i)
	}
	timed := func(what string, args ...string) string {
		peak := make(chan uint64)
		stop := make(chan struct{})
		go func() {
			var most uint64
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
				select {
				case <-stop:
					peak <- most
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		}()
		start := time.Now()
		out := run(t, dir, end.Add(time.Hour), args...)
		took := time.Since(start)
		close(stop)
		heap := <-peak
		t.Logf("%s: %v in %v, heap %d MiB", what, length, took.Round(time.Millisecond), heap>>20)
		if heap > 64<<20 {
			t.Errorf("%s: %d MiB, want 64 MiB at most", what, heap>>20)
		}
		return out
	}
	asked := timed("from the sources", args...)
	// The state of an agent that has run since before the longest window of a burn rule.
	for at := begin.Add(-4 * 24 * time.Hour); !at.After(end.Add(time.Hour)); at = at.Add(10 * time.Minute) {
		run(t, dir, at.Add(12*time.Second))
	}
	kept := timed("from the state", args...)
	timed("from the state, twenty settings", append(args, "--set", twenty)...)
	// What rotation keeps of a month: a run every quarter of an hour.
	folder := filepath.Join(dir, "kept")
	if err := os.WriteFile(filepath.Join(dir, "c.yaml"), []byte("record: "+folder+"\n"+monthly), 0o600); err != nil {
		t.Fatal(err)
	}
	for at := begin; !at.After(end); at = at.Add(15 * time.Minute) {
		run(t, dir, at.Add(2*time.Hour+12*time.Second))
	}
	args = append(args[:2:2], "--recording", folder)
	recorded := timed("from a recording", args...)
	timed("from a recording, twenty settings", append(args, "--set", twenty)...)
	if !strings.Contains(recorded, `"history": "recording"`) || !whole && !strings.Contains(statuses(recorded), `"CRITICAL"`) {
		t.Errorf("a recording says\n%s", statuses(recorded))
	}
	if a, b := statuses(asked), statuses(kept); a != b || !strings.Contains(a, `"CRITICAL": `) {
		t.Errorf("the sources say\n%s\nthe state\n%s", a, b)
	}
}

// statuses are the spans of a document and the minutes of each status.
func statuses(document string) string {
	_, rest, _ := strings.Cut(document, `"spans": [`)
	said, _, _ := strings.Cut(rest, `"sweep"`)
	return said
}
