// Package cases holds situations, each with what the programs must say of it: logs
// written to a directory, programs run at instants, their answers taken apart. A file
// holds the situations of one kind.
package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// noon is what all seconds of the situations count from: a Monday.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// noonPlus is n seconds after noon.
func noonPlus(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Second))) }

// stamp is n seconds after noon, as logs write it.
func stamp(n float64) string {
	return noon.Add(time.Duration(n * float64(time.Second))).Format("2006-01-02T15:04:05.999Z07:00")
}

// host is where the programs run: a directory with logs, c.yaml and a state.
type host struct {
	t    *testing.T
	dir  string
	env  map[string]string
	zone *time.Location

	explained int
}

func newHost(t *testing.T) *host {
	t.Helper()
	return &host{t: t, dir: t.TempDir(), env: map[string]string{}, zone: time.UTC}
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

// file writes a file anew.
func (h *host) file(name, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(h.path(name)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(h.path(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// lines appends lines to a log.
func (h *host) lines(name string, lines ...string) {
	h.t.Helper()
	f, err := os.OpenFile(h.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := f.WriteString(strings.Join(slices.Concat(lines, []string{""}), "\n")); err != nil {
		h.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// config writes c.yaml; DIR in it is the host's directory.
func (h *host) config(text string) { h.file("c.yaml", strings.ReplaceAll(text, "DIR", h.dir)) }

// answer is what a program printed, and its exit code.
type answer struct {
	out, complaints string
	code            int
}

func (h *host) program(at float64, main func(cli.Env) int, args ...string) answer {
	h.t.Helper()
	return h.bare(at, main, append([]string{"--config", h.path("c.yaml"), "--state-dir", h.path("state")}, args...)...)
}

// bare is a program without the host's configuration and state.
func (h *host) bare(at float64, main func(cli.Env) int, args ...string) answer {
	h.t.Helper()
	var out, complaints bytes.Buffer
	env := cli.Env{
		Context: context.Background(),
		Args:    args,
		Getenv:  func(name string) (string, bool) { v, ok := h.env[name]; return v, ok },
		Stdin:   strings.NewReader(""),
		Stdout:  &out,
		Stderr:  &complaints,
		Now:     func() time.Time { return noon.Add(time.Duration(at * float64(time.Second))) },
		Zone:    h.zone,
		UID:     os.Getuid(),
	}
	builtin.Into(&env)
	code := main(env)
	return answer{strings.ReplaceAll(out.String(), h.dir+"/", ""), strings.ReplaceAll(complaints.String(), h.dir+"/", ""), code}
}

// run is the metric program, or a command of it, n seconds after noon.
func (h *host) run(at float64, args ...string) answer {
	h.t.Helper()
	return h.program(at, cli.Main, args...)
}

// check is the check's line.
func (h *host) check(at float64, args ...string) string {
	h.t.Helper()
	a := h.program(at, cli.Check, args...)
	line, rest, _ := strings.Cut(a.out, "\n")
	codes := []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}
	if rest != "" || a.code > 3 || !strings.HasPrefix(line, "PipelineFreshness "+codes[a.code]+": ") {
		h.t.Fatalf("exit %d with %q; stderr %s", a.code, a.out, a.complaints)
	}
	return strings.TrimPrefix(line, "PipelineFreshness ")
}

// metrics are what a run prints, without the prefix and the times.
func (h *host) metrics(at float64, args ...string) map[string]string {
	h.t.Helper()
	values := map[string]string{}
	a := h.run(at, args...)
	for line := range strings.Lines(a.out) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			h.t.Fatalf("not a metric line: %q", line)
		}
		values[strings.TrimPrefix(fields[0], "pipeline-sli.")] = fields[1]
	}
	return values
}

// explained is `explain --json`, as far as the situations look at it.
type explained struct {
	State   *string
	Verdict struct {
		Status  string
		Rule    *string
		Message string
	}
	SLIs []judged
	Age  struct {
		Seconds    *float64
		MeasureLag *float64 `json:"measure_lag"`
	}
	Stages []struct {
		Name   string
		Source map[string]any
		Status map[string]float64
	}
	Flow    map[string]any
	Overdue []spell
	raw     string
}

// spell is a stretch of minutes with records that are overdue.
type spell struct {
	From, To string
	Count    float64
}

type judged struct {
	Name, Status, Reason string
	Valid, Good          float64
	Uncertain, Measured  float64
	Ratio                *float64
	Warnings             []string
	Since                *string
	Quality, Method      string
	Bounds               struct {
		Lower, Upper *float64
		Kind         string
	}
	Budget *float64           `json:"budget_remaining"`
	Burn   map[string]float64 `json:"burn"`
}

// explain is the first pipeline as `explain --json` shows it, n seconds after noon.
func (h *host) explain(at float64, args ...string) explained {
	h.t.Helper()
	a := h.run(at, append([]string{"explain", "--json"}, args...)...)
	var document struct{ Pipelines []explained }
	if err := json.Unmarshal([]byte(a.out), &document); err != nil || len(document.Pipelines) == 0 {
		h.t.Fatalf("explain: %v in %q; %s", err, a.out, a.complaints)
	}
	document.Pipelines[0].raw = a.out
	if h.explained++; len(args) == 0 && h.explained <= 2 { // of the others there are many
		h.again(at, a)
	}
	return document.Pipelines[0]
}

// again holds the promise of a recording in every situation that is explained: made from
// one, the explanation is the same.
func (h *host) again(at float64, explained answer) {
	h.t.Helper()
	dir := h.t.TempDir()
	if a := h.run(at, "record", dir); a.code != 0 {
		h.t.Fatalf("record: exit %d: %s", a.code, a.complaints)
	}
	a := h.run(at+7200, "replay", dir, "explain", "--json")
	if a.out != explained.out || strings.Contains(a.complaints, "recorded") {
		h.t.Errorf("a recording of %v says another thing: %s\n%s", at, a.complaints, firstDifference(explained.out, a.out))
	}
}

// firstDifference is the first lines that two texts differ in.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i == len(y) {
			return x[i] + " is missing"
		}
		if x[i] != y[i] {
			return x[i] + "\nis now\n" + y[i]
		}
	}
	return "more behind the end"
}

// sli is one SLI of a pipeline.
func (e explained) sli(name string) judged {
	for _, s := range e.SLIs {
		if s.Name == name {
			return s
		}
	}
	return judged{}
}

// counts are an SLI's counts in one text: good/valid and what is uncertain.
func (j judged) counts() string {
	text := fmt.Sprintf("%v/%v", j.Good, j.Valid)
	if j.Uncertain != 0 {
		text += fmt.Sprintf(" uncertain %v", j.Uncertain)
	}
	return text
}

// stateName is the pipeline's state, "" where it has none.
func (e explained) stateName() string {
	if e.State == nil {
		return ""
	}
	return *e.State
}

// age is the pipeline's age in seconds, -1 where it isn't measured.
func (e explained) age() float64 {
	if e.Age.Seconds == nil {
		return -1
	}
	return *e.Age.Seconds
}

// oneLog is configuration W: one access log, a.log, of a format, with what its
// section and the pipeline hold besides.
func oneLog(format, section, pipeline string) string {
	return fmt.Sprintf(`
pipelines:
  - name: v
    stages: [ { name: front, access_log: { path: DIR/a.log, format: %s, %s } } ]
    %s
`, format, section, pipeline)
}

// frontAndWorker is configuration F: accepted at the front, done by a worker, with ids
// or without, and the SLIs as told.
func frontAndWorker(ids bool, section, pipeline string) string {
	front, worker := "", ""
	if ids {
		front, worker = ", fields: { id: id }", ", id: id"
	}
	if section != "" {
		section = ", " + section
	}
	return fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json%[3]s%[1]s } }
      - name: worker
        app_log:
          { path: DIR/worker.json, format: json%[3]s, fields: { time: ts, accepted_at: acc%[2]s },
            events: [ { match: { msg: done }, is: done }, { match: { msg: dropped }, is: dropped }, { match: { msg: dlq }, is: dead_lettered },
                      { match: { msg: failed }, is: failed }, { match: { msg: filtered }, is: filtered } ] }
    %[4]s
`, front, worker, section, pipeline)
}

// request is a line of front.json: a write answered with a status at n.
func request(n float64, status int, id string) string {
	return fmt.Sprintf(`{"time":"%s","method":"POST","uri":"/videos","status":%d,"request_time":0.05,"id":"%s"}`, stamp(n), status, id)
}

// worked is a line of worker.json: what became at n of a record accepted at acc.
func worked(n float64, msg, id string, acc float64) string {
	return fmt.Sprintf(`{"ts":"%s","msg":"%s","id":"%s","acc":"%s"}`, stamp(n), msg, id, stamp(acc))
}

// each calls do at from, from+step, … before to, with a running number.
func each(from, to, step float64, do func(n float64, i int)) {
	for i := 0; from+float64(i)*step < to; i++ {
		do(from+float64(i)*step, i)
	}
}

// seconds is a number of seconds as a duration.
func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
