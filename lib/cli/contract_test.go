package cli_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLinesAreExactlyThese(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.file("access.log", h.steady())
	h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
	got := h.plugin()
	// The window is 11:35–11:40; the events point holds its last minute only.
	want := `pipeline-sli.sli.video.availability	98.33333333333333	1795347600
pipeline-sli.sli.video.latency	98.30508474576271	1795347600
pipeline-sli.sli.video.measured	100	1795347600
pipeline-sli.age.video.measure_lag	12	1795347600
pipeline-sli.measure.video.up	1	1795347600
pipeline-sli.measure.video.sources_failed	0	1795347600
pipeline-sli.measure.video.minutes_skipped	0	1795347600
pipeline-sli.events.video.availability_good	59	1795347600
pipeline-sli.events.video.availability_valid	60	1795347600
pipeline-sli.events.video.latency_good	58	1795347600
pipeline-sli.events.video.latency_valid	59	1795347600
`
	first := strings.SplitAfter(got.out, "\n")[:strings.Count(want, "\n")]
	if diff := cmp.Diff(want, strings.Join(first, "")); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	if got.code != 0 || got.complaints != "" {
		t.Errorf("want exit 0 and silence, got %d: %s", got.code, got.complaints)
	}
}

var line = regexp.MustCompile(`^([-a-zA-Z0-9_]+(?:\.[-a-zA-Z0-9_]+)+)\t(-?[0-9]+(?:\.[0-9]+)?)\t([0-9]{10})$`)

// names checks every line of a run and returns the metrics in it.
func names(t *testing.T, a answer) []string {
	t.Helper()
	var out []string
	for text := range strings.Lines(a.out) {
		m := line.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		if m == nil {
			t.Errorf("not a metric line: %q", text)
			continue
		}
		if slices.Contains(out, m[1]) {
			t.Errorf("%s is printed twice", m[1])
		}
		out = append(out, m[1])
	}
	return out
}

// defined are the metrics that a META run announces.
func defined(t *testing.T, a answer) []string {
	t.Helper()
	header, document, _ := strings.Cut(a.out, "\n")
	if header != "# mackerel-agent-plugin" {
		t.Errorf("want the header first, got %q", header)
	}
	var d struct {
		Graphs map[string]struct {
			Label, Unit string
			Metrics     []struct{ Name, Label string }
		}
	}
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatalf("definitions: %v in %s", err, document)
	}
	var out []string
	for graph, g := range d.Graphs {
		if g.Label == "" || g.Unit == "" || strings.ContainsAny(graph, "*#") {
			t.Errorf("%s: wants a label, a unit and no wildcard", graph)
		}
		for _, m := range g.Metrics {
			if m.Label == "" {
				t.Errorf("%s.%s: wants a label", graph, m.Name)
			}
			out = append(out, graph+"."+m.Name)
		}
	}
	slices.Sort(out)
	return out
}

func TestEveryNamePrintedIsDefinedAndEveryDefinedNameIsPrinted(t *testing.T) {
	for _, prefix := range []string{"pipeline-sli", "a.b_c-1"} {
		h := newHost(t)
		h.config(minimal)
		h.file("access.log", h.steady())
		h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
		promised := defined(t, h.plugin("-metric-key-prefix", prefix))
		h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
		h.plugin()
		// Burn rates over three days need a day and a half of history.
		for range 37 {
			h.now = h.now.Add(time.Hour)
			h.file("access.log", h.steady())
			h.plugin()
		}
		printed := names(t, h.plugin("--metric-key-prefix="+prefix))
		for _, name := range printed {
			if !slices.Contains(promised, name) {
				t.Errorf("%s is printed and not defined", name)
			}
		}
		for _, name := range promised {
			if !slices.Contains(printed, name) && !strings.Contains(name, ".burn.") && !strings.HasSuffix(name, "_days") && !strings.Contains(name, ".events.") && !strings.Contains(name, ".flow.") {
				t.Errorf("%s is defined and never printed", name)
			}
		}
	}
}

func TestMetaTouchesNothing(t *testing.T) {
	h := newHost(t)
	h.config(strings.Replace(minimal, "access_log: { path: LOG }", "access_log: { path: /nowhere/at/all.log }", 1))
	h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
	if a := h.plugin(); a.code != 0 || a.complaints != "" || len(defined(t, a)) == 0 {
		t.Errorf("want definitions without asking the world, got %+v", a)
	}
	if _, err := os.Stat(h.path("state")); !os.IsNotExist(err) {
		t.Errorf("want no state, got %v", err)
	}
	h.config("pipelines: [{ name: 'a b' ")
	a := h.plugin()
	if a.out != "# mackerel-agent-plugin\n{\"graphs\":{}}\n" || a.code != 2 || a.complaints == "" {
		t.Errorf("a broken file: want an empty document, exit 2 and a complaint, got %+v", a)
	}
}

func TestNotMeasuredIsSaidAndNeverANumber(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
	a := h.plugin()
	if got := names(t, a); !slices.Equal(got, []string{
		"pipeline-sli.sli.video.measured", "pipeline-sli.age.video.measure_lag",
		"pipeline-sli.measure.video.up", "pipeline-sli.measure.video.sources_failed", "pipeline-sli.measure.video.minutes_skipped",
	}) {
		t.Errorf("want only what is said of the run, got %q", got)
	}
	if a.code != 1 || !strings.Contains(a.complaints, "access.log") || !strings.Contains(a.complaints, "not measured") {
		t.Errorf("want exit 1 and why, got %+v", a)
	}
	if a := h.check("--sli", "availability", "--critical-ratio", "99"); a.code != 3 || !strings.HasPrefix(a.out, "PipelineFreshness UNKNOWN: video: ") {
		t.Errorf("want UNKNOWN, got %+v", a)
	}
}

func TestNoTrafficIsZerosWithoutARatio(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.file("access.log", strings.Split(h.steady(), "\n")[0]+"\n")
	h.now = h.now.Add(20 * time.Minute)
	h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
	a := h.plugin()
	for _, want := range []string{"events.video.availability_valid\t0\t", "events.video.latency_good\t0\t", "sli.video.measured\t100\t"} {
		if !strings.Contains(a.out, want) {
			t.Errorf("want %q in\n%s", want, a.out)
		}
	}
	if strings.Contains(a.out, "sli.video.availability\t") || a.code != 0 {
		t.Errorf("no traffic has no ratio and is no failure: %+v", a)
	}
	if a := h.check("--sli", "availability", "--critical-ratio", "99"); a.code != 0 || a.out != "PipelineFreshness OK: video: no traffic\n" {
		t.Errorf("want OK, got %+v", a)
	}
	if a := h.check("--sli", "availability", "--critical-ratio", "99", "--no-traffic", "critical", "--status-as", "critical=warning"); a.code != 1 {
		t.Errorf("want the status asked for, got %+v", a)
	}
}

func TestOnlyARunByTheAgentTakesAPoint(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.file("access.log", h.steady())
	events := func(a answer) bool { return strings.Contains(a.out, "\npipeline-sli.events.") }
	for _, args := range [][]string{nil, {"--peek", "--take"}, {"--at", "-1m", "--take"}} {
		if events(h.plugin(args...)) {
			t.Errorf("%q took a point", args)
		}
	}
	if !events(h.plugin("--take")) || events(h.plugin("--take")) {
		t.Error("want one point in the first run with --take and none in the same minute again")
	}
}

func TestBadUsageIsRefusedWithItsOwnExitCode(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.file("access.log", h.steady())
	for _, args := range [][]string{
		{"explian"}, {"--no-such-flag"}, {"--metric-key-prefix", "a..b"}, {"--metric-key-prefix", "a b"}, {"--timeout", "soon"}, {"--at", "tomorrow"},
		{"--at", "2999-01-01 00:00"}, {"--pipeline", "\x1b[31mred"}, {"export"}, {"export", "--from", "-1m", "--to", "-2m"}, {"--json"}, {"explain", "more"},
		{"--access-log", "x"}, {"--name", "x"}, {"--config", "/nowhere.yaml"}, {"--config", h.path("*.none")}, {"--config", h.dir},
	} {
		if a := h.plugin(args...); a.code != 2 || a.out != "" || a.complaints == "" {
			t.Errorf("%q: want exit 2 and a complaint, got %+v", args, a)
		}
	}
	for _, args := range [][]string{
		{"explain"}, {"--no-such-flag"}, {"--critical-ratio", "NaN"}, {"--critical-ratio", "-1"}, {"--warning-ratio", "0.99"}, {"--warning-ratio", "Inf"}, {"--critical-ratio", "100"},
		{"-c", "1m", "-w", "2m"}, {"--sli", "freshness"}, {"--sli", "latency"}, {"--status-as", "ok"}, {"--missing", "bad"}, {"-t", "0"}, {"--pipeline", "\x1b[31mred"}, {"--config", "/nowhere.yaml"},
	} {
		if a := h.check(args...); a.code != 3 || !strings.HasPrefix(a.out, "PipelineFreshness UNKNOWN: ") || strings.Count(a.out, "\n") != 1 {
			t.Errorf("check %q: want exit 3 and one line, got %+v", args, a)
		}
	}
	for _, args := range [][]string{{"--help"}, {"--version"}, {"-h"}} {
		if a, c := h.plugin(args...), h.check(args...); a.code != 0 || c.code != 0 || a.out == "" || c.out == "" {
			t.Errorf("%q: want exit 0 and text, got %+v %+v", args, a, c)
		}
	}
}

// members are the paths of a document's members, arrays by their first element.
func members(prefix string, v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			into[prefix+name] = true
			members(prefix+name+".", child, into)
		}
	case []any:
		if len(v) > 0 {
			members(prefix, v[0], into)
		}
	}
}

func TestExplainJSONHasEveryMemberOfTheContract(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	want := map[string]bool{}
	for group, list := range map[string]string{
		"":                          "version at pipelines",
		"pipelines.":                "name state verdict slis age delay stages flow",
		"pipelines.verdict.":        "status rule message",
		"pipelines.slis.":           "name status method scope population quality n bounds window since valid good uncertain ratio measured target threshold budget_remaining burn others warnings",
		"pipelines.slis.bounds.":    "lower upper kind checks",
		"pipelines.slis.window.":    "start end",
		"pipelines.age.":            "seconds watermark measure_lag",
		"pipelines.stages.":         "name kind mean_delay source latency status methods reports emf",
		"pipelines.stages.source.":  "ok error scope from to settle lines parsed malformed blank late skewed skipped bytes calls",
		"pipelines.stages.status.":  "1xx 2xx 3xx 4xx 5xx other",
		"pipelines.stages.latency.": "count min p50 p90 p99 max",
		"pipelines.stages.methods.": "POST",
	} {
		for _, name := range strings.Fields(list) {
			want[group+name] = true
		}
	}
	for _, measured := range []bool{false, true} {
		if measured {
			h.file("access.log", h.steady())
		}
		for _, args := range [][]string{{"explain", "--json"}, {"explain", "--json", "--all"}} {
			a := h.plugin(args...)
			var document map[string]any
			if err := json.Unmarshal([]byte(a.out), &document); err != nil {
				t.Fatalf("%v in %s", err, a.out)
			}
			got := map[string]bool{}
			members("", document, got)
			for name := range want {
				if !got[name] && (measured || !strings.Contains(name, "latency.") && !strings.Contains(name, "methods.")) {
					t.Errorf("%q measured=%v: no member %s", args, measured, name)
				}
			}
			first := document["pipelines"].([]any)[0].(map[string]any)["slis"].([]any)[0].(map[string]any)
			if status := first["status"]; (status == "value") != measured || (first["ratio"] != nil) != measured {
				t.Errorf("%q: want a ratio only where measured, got %v %v", args, status, first["ratio"])
			}
			if wantCode := map[bool]int{false: 1, true: 0}[measured]; a.code != wantCode {
				t.Errorf("%q: want exit %d, got %d", args, wantCode, a.code)
			}
		}
	}
	if _, err := os.Stat(h.path("state")); !os.IsNotExist(err) {
		t.Errorf("a command must not make a state, got %v", err)
	}
}

func TestExplainAllSpeaksOfTheWholeLog(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.file("access.log", h.steady())
	a := h.plugin("explain", "--json", "--all")
	var d struct {
		Pipelines []struct {
			SLIs   []struct{ Valid, Good, Measured float64 }
			Stages []struct {
				Source  struct{ Lines, Parsed int }
				Latency struct{ Count int }
				Status  map[string]float64
			}
		}
	}
	if err := json.Unmarshal([]byte(a.out), &d); err != nil {
		t.Fatal(err)
	}
	p := d.Pipelines[0]
	if p.SLIs[0].Valid != 600 || p.SLIs[0].Good != 590 || p.SLIs[1].Valid != 590 || p.SLIs[1].Good != 580 {
		t.Errorf("SLIs: %+v", p.SLIs)
	}
	if s := p.Stages[0]; s.Source.Lines != 600 || s.Source.Parsed != 600 || s.Latency.Count != 600 || s.Status["5xx"] != 10 {
		t.Errorf("stage: %+v", s)
	}
}

func TestExportHasEveryDueMinuteOnce(t *testing.T) {
	h := newHost(t)
	h.config(minimal)
	h.file("access.log", h.steady())
	h.plugin()
	a := h.plugin("export", "--from", "-60m", "--to", "-0m")
	if n := strings.Count(a.out, "events.video.availability_valid\t60\t"); n != 9 || a.code != 0 {
		t.Errorf("want the nine whole minutes of the log, got %d in\n%s%s", n, a.out, a.complaints)
	}
}
