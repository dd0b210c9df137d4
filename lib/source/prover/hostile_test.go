package prover_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// Whatever the store answers: nothing crashes, hangs, leaks or counts as correct.
func TestNoAnswerOfTheStoreCanHurt(t *testing.T) {
	body := func(text string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(text)) }
	}
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		verdict string
	}{
		"empty":   {body(""), "uncertain"},
		"no JSON": {body("\x1b[31m\x9b{{{ " + secret), "uncertain"},
		"deep":    {body(strings.Repeat("[", 1<<19)), "uncertain"},
		"endless": {func(rw http.ResponseWriter, _ *http.Request) { endless(rw) }, "uncertain"},
		"slow":    {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "uncertain"},
		"redirect": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "uncertain"},
		"hijacked":         {func(rw http.ResponseWriter, _ *http.Request) { garbage(rw) }, "uncertain"},
		"an object":        {body(`{"video":{"square":{"a":1}}}`), "wrong"},
		"a list":           {body(`{"video":{"square":[1]}}`), "wrong"},
		"a long number":    {body(`{"video":{"square":1` + strings.Repeat("0", 1<<16) + `}}`), "wrong"},
		"a huge exponent":  {body(`{"video":{"square":1e999999999}}`), "wrong"},
		"a text":           {body(`{"video":{"square":"\u001b[2J\u009b"}}`), "wrong"},
		"null":             {body(`{"video":{"square":null}}`), "missing"},
		"another document": {body(`[1,2,3]`), "missing"},
		"strange times":    {body(`{"video":{"square":0,"processed_at":"` + strings.Repeat("9", 1<<16) + `","applied":"NaN"}}`), "wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.answer = c.answer
			w.prover = "    visible_at: video.processed_at\n    applied: video.applied\n"
			if name == "slow" { // else time decides nothing
				w.prover += "    timeout: 500ms\n"
			}
			w.prover += "    every: 10m\n    grace: 1m\n" // one record
			got := sums{}
			for _, later := range []time.Duration{0, 30 * time.Second, 30 * time.Second, 4*time.Minute + 30*time.Second, 2 * time.Minute} {
				w.step(later)
				got.take(w.metric())
			}
			e := w.run(cli.Main, "explain", "--json")
			if !strings.Contains(e.out, fmt.Sprintf("%q: 1", c.verdict)) || len(w.ids()) != 1 || got["events.correctness_good"] > 0 {
				t.Errorf("not %s: %v\n%s", c.verdict, got, e.out)
			}
			w.run(cli.Main, "explain")
		})
	}
}

func endless(rw http.ResponseWriter) {
	chunk := bytes.Repeat([]byte("x"), 1<<16)
	for {
		if _, err := rw.Write(chunk); err != nil {
			return
		}
	}
}

func garbage(rw http.ResponseWriter) {
	c, _, err := rw.(http.Hijacker).Hijack()
	if err == nil {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 \x1b[31m%s\r\n\r\n", secret)
		_ = c.Close()
	}
}

func TestRecordsAreMarkedAndLeftOutOfOtherSLIs(t *testing.T) {
	w := newWorld(t)
	for range 4 {
		w.metric()
		w.step(time.Minute)
	}
	for _, s := range w.records {
		if s.agent != "pipeline-sli-prover" || !strings.HasPrefix(s.id, "pipeline-sli-prover-") {
			t.Errorf("record %s of agent %s", s.id, s.agent)
		}
	}
	if v := w.metric().values(); v["sli.availability"] != 0 {
		t.Errorf("the prover's requests count as users': availability %v", v["sli.availability"])
	}
}

func TestNothingElseSends(t *testing.T) {
	w := newWorld(t)
	w.metric("--no-inject")
	w.step(time.Minute)
	if err := os.WriteFile(filepath.Join(w.state(), "no-inject"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.metric()
	if err := os.Remove(filepath.Join(w.state(), "no-inject")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--no-inject"}, {"--peek"}, {"--at", "-10m"}, {"explain"}, {"explain", "--json"}, {"explain", "--all"}, {"validate"}, {"export", "--from", "-60m", "--to", "-0m"}} {
		w.run(cli.Main, args...)
	}
	w.run(cli.Check)
	w.run(func(e cli.Env) int {
		e.Getenv = func(name string) (string, bool) {
			return map[string]string{"MACKEREL_AGENT_PLUGIN_META": "1", "SECRET": secret}[name], true
		}
		return cli.Main(e)
	})
	if n := len(w.ids()); n != 0 {
		t.Errorf("%d records were sent", n)
	}
	w.metric()
	if n := len(w.ids()); n != 1 {
		t.Errorf("%d records were sent by the metric program, want 1", n)
	}
}

func TestWithoutStateNothingIsSent(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(w.state(), nil, 0o600); err != nil { // no directory
		t.Fatal(err)
	}
	w.metric()
	w.step(time.Minute)
	w.metric()
	if n := len(w.ids()); n != 0 {
		t.Errorf("%d records were sent", n)
	}
}

func TestTwoHostsAreTwoProvers(t *testing.T) {
	w := newWorld(t)
	counted := map[string]sums{"a": {}, "b": {}}
	for range 12 {
		for host, s := range counted {
			w.host = host
			s.take(w.metric())
		}
		w.step(time.Minute)
	}
	w.once()
	if a, b := counted["a"]["prover.correct"], counted["b"]["prover.correct"]; len(w.ids()) != 24 || a < 3 || a != b {
		t.Errorf("%d records of two hosts, %v and %v counted", len(w.ids()), a, b)
	}
}

func TestJudgedRecordsAreCleanedUp(t *testing.T) {
	w := newWorld(t)
	w.prover = fmt.Sprintf("    cleanup: { http: { url: '%s/videos/{{.ID}}', headers: { Authorization: 'Bearer ${SECRET}' } } }\n", w.url)
	for range 6 {
		w.metric()
		w.step(time.Minute)
	}
	seen := map[string]bool{}
	for _, id := range w.deletes {
		seen[id] = true
	}
	if len(w.deletes) != 5 || len(seen) != 5 {
		t.Errorf("deleted %v", w.deletes)
	}
}

func TestSilentSlotsAreNotMeasured(t *testing.T) {
	w := newWorld(t)
	for range 12 {
		w.metric()
		w.step(time.Minute)
	}
	w.step(3 * time.Hour) // the host is off
	for range 9 {
		w.metric()
		w.step(time.Minute)
	}
	var found bool
	for line := range strings.Lines(w.run(cli.Main, "explain").out) {
		found = found || strings.Contains(line, "correctness") && strings.Contains(line, "not measured")
	}
	if !found {
		t.Error("minutes without a record count as measured")
	}
}

func TestAFrontThatIsDownCostsAvailability(t *testing.T) {
	for status, bad := range map[int]float64{503: 1, 403: 0, 302: 0} {
		w := newWorld(t)
		w.fate = func(string) fate { return fate{status: status} }
		w.metric("--no-inject")
		got := sums{}
		for range 5 {
			w.step(time.Minute)
			got.take(w.metric())
		}
		if v := got["events.availability_valid"]; (v > 2) != (bad == 1) || got["events.availability_good"] != 0 {
			t.Errorf("status %d: %v", status, got)
		}
		if n := len(w.ids()); n != 5 {
			t.Errorf("status %d: %d records sent, want 5", status, n)
		}
	}
}
