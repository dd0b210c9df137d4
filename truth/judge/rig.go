package judge

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Log is a file that a world writes.
type Log struct {
	Name  string // of the file
	Lines func(from, to sim.Instant) iter.Seq[sim.Line]
}

// Rig runs both programs over a world, with a clock of its own and real files
// in a folder that is gone after Close.
type Rig struct {
	World *sim.World
	Now   sim.Instant // how far the world has come
	Dir   string      // holds the configuration, the logs and the state
	Width int         // of the terminal that commands believe to write to; 0 none

	logs  []Log
	cloud *cwtest.Server
	env   map[string]string
}

// NewRig makes the folder. The configuration may name files as {{dir}}/NAME and
// the stand-in for the cloud, with all that the world publishes, as {{cloud}}.
func NewRig(w *sim.World, config string, logs ...Log) (*Rig, error) {
	dir, err := os.MkdirTemp("", "pipeline-truth-")
	if err != nil {
		return nil, err
	}
	r := &Rig{World: w, Now: w.Start, Dir: dir, logs: logs, env: map[string]string{
		"MACKEREL_AGENT_PLUGIN_META": "", // as the agent calls
	}}
	if strings.Contains(config, "{{cloud}}") {
		r.cloud = newCloud(w, func() time.Time { return r.Now.Time() })
		config = strings.ReplaceAll(config, "{{cloud}}", r.cloud.URL)
	}
	config = strings.ReplaceAll(config, "{{dir}}", dir)
	err = os.WriteFile(r.path("pipeline-sli.yaml"), []byte(config), 0o600)
	for _, l := range logs {
		err = errors.Join(err, os.WriteFile(r.path(l.Name), nil, 0o600))
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close removes the folder.
func (r *Rig) Close() {
	r.Leave()
	_ = os.RemoveAll(r.Dir)
}

// Leave ends what runs and leaves the folder to be looked at.
func (r *Rig) Leave() {
	if r.cloud != nil {
		r.cloud.Close()
	}
}

func (r *Rig) path(name string) string { return filepath.Join(r.Dir, name) }

// Advance lets the world go on until an instant: lines are written, files are
// rotated.
func (r *Rig) Advance(to sim.Instant) error {
	for _, l := range r.logs {
		if err := r.write(l, to); err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
	}
	if r.cloud != nil {
		publish(r.cloud, r.World, r.Now, to)
	}
	r.Now = to
	return nil
}

func (r *Rig) write(l Log, to sim.Instant) error {
	var text bytes.Buffer
	for c := range r.World.Changes(l.Lines(r.Now, to), r.Now, to) {
		if c.Rotate == nil {
			text.Write(c.Line.Text)
			continue
		}
		if err := errors.Join(r.add(l.Name, &text), r.rotate(l.Name, c.Rotate.Truncate)); err != nil {
			return err
		}
	}
	return r.add(l.Name, &text)
}

func (r *Rig) add(name string, text *bytes.Buffer) error {
	f, err := os.OpenFile(r.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = text.WriteTo(f)
	return errors.Join(err, f.Close())
}

// rotate does what logrotate does: NAME.1 is compressed to NAME.2.gz, an older
// one is forgotten, and NAME becomes NAME.1.
func (r *Rig) rotate(name string, truncate bool) error {
	first := r.path(name + ".1")
	if err := compress(first, r.path(name+".2.gz")); err != nil {
		return err
	}
	if !truncate {
		return errors.Join(os.Rename(r.path(name), first), os.WriteFile(r.path(name), nil, 0o600))
	}
	text, err := os.ReadFile(r.path(name))
	return errors.Join(err, os.WriteFile(first, text, 0o600), os.Truncate(r.path(name), 0))
}

func compress(from, to string) error {
	text, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err2 := z.Write(text)
	return errors.Join(err, err2, z.Close(), os.WriteFile(to, packed.Bytes(), 0o600), os.Remove(from))
}

// Run is what one run of a program printed.
type Run struct {
	Code   int
	Stdout string
	Stderr string
}

func (r *Rig) run(main func(cli.Env) int, agent bool, args ...string) Run {
	var out, doubt bytes.Buffer
	env := cli.Env{
		Context: context.Background(),
		Args:    append(args, "--config", r.path("pipeline-sli.yaml"), "--state-dir", r.path("state")),
		Getenv: func(name string) (string, bool) {
			if name == "MACKEREL_AGENT_PLUGIN_META" && !agent {
				return "", false
			}
			v, ok := r.env[name]
			return v, ok
		},
		Stdin:  strings.NewReader(""),
		Stdout: &out,
		Stderr: &doubt,
		Now:    r.Now.Time,
		Zone:   time.UTC,
		UID:    os.Getuid(),

		Terminal: r.Width,
	}
	builtin.Into(&env)
	code := main(env)
	return Run{code, out.String(), doubt.String()}
}

// Metrics runs the metric program as the agent does.
func (r *Rig) Metrics() (Metrics, error) {
	run := r.run(cli.Main, true)
	m, err := parseMetrics(run.Stdout)
	if err == nil && run.Code == 2 {
		err = errors.New(strings.TrimSpace(run.Stderr))
	}
	return m, err
}

// Check runs the check with options.
func (r *Rig) Check(args ...string) Run { return r.run(cli.Check, false, args...) }

// Command runs a command of the metric program, as a person would.
func (r *Rig) Command(args ...string) Run { return r.run(cli.Main, false, args...) }

// Explain asks for the explanation in figures.
func (r *Rig) Explain() (Explained, error) {
	run := r.Command("explain", "--json")
	var e Explained
	if err := json.Unmarshal([]byte(run.Stdout), &e); err != nil {
		return e, fmt.Errorf("explain --json: %w: %s", err, strings.TrimSpace(run.Stderr))
	}
	return e, nil
}

// Explained are the parts of `explain --json` that are compared with the truth.
type Explained struct {
	Pipelines []struct {
		Name   string
		SLIs   []ExplainedSLI
		Stages []struct {
			Name   string
			Source struct {
				OK                              bool
				Lines, Parsed, Malformed, Blank float64
			}
		}
	}
}

// ExplainedSLI is one SLI of them.
type ExplainedSLI struct {
	Name, Status, Method, Quality, Population string
	Valid, Good, Measured                     float64
	Bounds                                    struct{ Lower, Upper *float64 }
	Window                                    Span
	Others                                    []ExplainedOther
}

// ExplainedOther is what another method says of it.
type ExplainedOther struct {
	Method, Quality, Status, Population string
	Valid, Good                         float64
	Window                              Span
}

// Span is a window of time.
type Span struct{ Start, End time.Time }

// Metric is one printed line's value and time.
type Metric struct {
	Value float64
	At    time.Time
}

// Metrics are the printed lines by name, without the prefix.
type Metrics map[string]Metric

// parseMetrics reads lines as mackerel-agent does; a line it would drop, and a
// name that comes twice, are errors.
func parseMetrics(text string) (Metrics, error) {
	m := Metrics{}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		value, at, ok2 := strings.Cut(rest, "\t")
		v, err := strconv.ParseFloat(value, 64)
		epoch, err2 := strconv.ParseInt(at, 10, 64)
		name, ok3 := strings.CutPrefix(name, "pipeline-sli.")
		if !ok || !ok2 || !ok3 || err != nil || err2 != nil {
			return nil, fmt.Errorf("not a metric line: %q", line)
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("metric %s is printed twice", name)
		}
		m[name] = Metric{v, time.Unix(epoch, 0).UTC()}
	}
	return m, nil
}
