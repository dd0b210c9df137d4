// Package check holds the verdicts of check-pipeline-freshness against situations, each
// played minute by minute through the program with files, a state and a clock of its own.
package check

import (
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/judge"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

var update = flag.Bool("update", false, "rewrite docs/verdicts.md and docs/verdicts.ja.md")

func TestMain(m *testing.M) {
	if now := os.Getenv(runNow); now != "" {
		os.Exit(runProgram(now))
	}
	flag.Parse()
	if err := judge.Credentials(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// start is when every world begins.
var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// after is when the check runs, from the end of each minute.
const after = 12 * time.Second

// scenario is a situation with the verdict it must lead to.
type scenario struct {
	name    string
	story   string        // what happens, for the reader of the table
	length  time.Duration // until the verdict; whole minutes
	every   int           // minutes between checks, 0 is 1
	world   sim.Scenario
	faults  string
	config  string                       // names files as {{dir}}/NAME and AWS as {{aws}}
	logs    func(*sim.World) []judge.Log // nil: the front's
	disturb disturbance

	status string
	rule   string // empty: OK
}

// disturbance happens before the check of each minute, counted from 1; undo, if any, is
// called after the check.
type disturbance func(t *testing.T, s *stage, minute int) (undo func())

// stage is where a scenario is played: files, a clock, and AWS where it is asked.
type stage struct {
	*judge.Rig
	cloud *cloud
}

// verdict is what the check said at the end, with the rule that `explain` names.
type verdict struct {
	status, rule, text string
	japanese           string // the text in Japanese
}

// play runs the check after each minute and returns its last verdict.
func (s scenario) play(t *testing.T) verdict {
	t.Helper()
	w := newWorld(t, s.world, s.faults, s.length)
	stage := newStage(t, w, s.config, s.logs)
	var v verdict
	minutes := int(s.length / time.Minute)
	step := max(1, s.every)
	for minute := step; minute <= minutes; minute += step {
		stage.advance(t, w.Start.Add(time.Duration(minute)*time.Minute+after))
		undo := func() {}
		if s.disturb != nil {
			if u := s.disturb(t, stage, minute); u != nil {
				undo = u
			}
		}
		v = parse(t, stage.Check())
		if minute == minutes {
			v.rule = explainedRule(t, stage.Rig)
			said := parse(t, stage.Check("--lang", "ja"))
			inJapanese(t, s, v, said)
			v.japanese = strings.ReplaceAll(said.text, stage.Dir+"/", "/var/log/")
		}
		v.text = strings.ReplaceAll(v.text, stage.Dir+"/", "/var/log/")
		undo()
		if os.Getenv("VERDICTS_TRACE") != "" {
			t.Logf("%d %s %s", minute, v.status, v.text)
		}
	}
	return v
}

func newStage(t *testing.T, w *sim.World, config string, logs func(*sim.World) []judge.Log) *stage {
	t.Helper()
	s := &stage{}
	if strings.Contains(config, "{{aws}}") {
		s.cloud = newCloud(t, w)
		config = strings.ReplaceAll(config, "{{aws}}", s.cloud.URL)
	}
	if logs == nil {
		logs = frontLog
	}
	var err error
	s.Rig, err = judge.NewRig(w, config, logs(w)...)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

func (s *stage) advance(t *testing.T, to sim.Instant) {
	t.Helper()
	must(t, s.Advance(to))
	if s.cloud != nil {
		s.cloud.advance(to)
	}
}

// newWorld simulates a pipeline that goes on for some minutes after the verdict.
func newWorld(t *testing.T, s sim.Scenario, faults string, length time.Duration) *sim.World {
	t.Helper()
	s.Seed, s.Start, s.Length = 7, start, length+5*time.Minute
	if s.Traffic.PerSecond == 0 {
		s.Traffic.PerSecond = 2
	}
	var err error
	if s.Faults, err = sim.ParseFaults(faults, start); err != nil {
		t.Fatal(err)
	}
	w, err := sim.Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// parse takes the check's line apart, and holds it against its exit code.
func parse(t *testing.T, run judge.Run) verdict {
	t.Helper()
	line, rest, _ := strings.Cut(run.Stdout, "\n")
	head, text, ok := strings.Cut(line, ": ")
	status, named := strings.CutPrefix(head, "PipelineFreshness ")
	codes := map[string]int{"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
	if code, known := codes[status]; !ok || !named || !known || code != run.Code || rest != "" {
		t.Fatalf("exit %d with %q; stderr %s", run.Code, run.Stdout, run.Stderr)
	}
	return verdict{status: status, text: text}
}

// explainedRule is the rule that `explain` says has decided, at the same instant.
func explainedRule(t *testing.T, rig *judge.Rig) string {
	t.Helper()
	run := rig.Command("explain", "--json")
	var e struct {
		Pipelines []struct {
			Verdict struct{ Rule *string }
		}
	}
	if err := json.Unmarshal([]byte(run.Stdout), &e); err != nil || len(e.Pipelines) != 1 {
		t.Fatalf("explain: %v in %s; %s", err, run.Stdout, run.Stderr)
	}
	if e.Pipelines[0].Verdict.Rule == nil {
		return ""
	}
	return *e.Pipelines[0].Verdict.Rule
}

// frontLog is the access log of a world.
func frontLog(w *sim.World) []judge.Log {
	return []judge.Log{{Name: "front.log", Lines: func(from, to sim.Instant) iter.Seq[sim.Line] { return w.AccessLog(sim.LTSV, from, to) }}}
}

// bothLogs are the access log, and the application logs of both ends.
func bothLogs(w *sim.World) []judge.Log {
	return append(frontLog(w), judge.Log{Name: "front-app.json", Lines: w.FrontLog},
		judge.Log{Name: "worker.json", Lines: func(from, to sim.Instant) iter.Seq[sim.Line] {
			return w.WorkerLog(sim.RecordLines, from, to)
		}})
}

// written is a log of one's own: lines at their times after the start.
func written(name string, lines map[time.Duration]string) func(*sim.World) []judge.Log {
	return func(*sim.World) []judge.Log {
		return []judge.Log{{Name: name, Lines: func(from, to sim.Instant) iter.Seq[sim.Line] {
			return func(yield func(sim.Line) bool) {
				for _, l := range inOrder(lines) {
					if l.Written >= from && l.Written < to && !yield(l) {
						return
					}
				}
			}
		}}}
	}
}

func inOrder(lines map[time.Duration]string) []sim.Line {
	var out []sim.Line
	for _, at := range slices.Sorted(maps.Keys(lines)) {
		moment := sim.At(start.Add(at))
		out = append(out, sim.Line{Written: moment, Text: []byte(strings.ReplaceAll(lines[at], "TIME", moment.Time().Format(time.RFC3339)) + "\n")})
	}
	return out
}
