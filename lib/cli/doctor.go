package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// doctor asks every source once and says, point by point, what works: whether it
// answers, whether the log can be read and parsed, whether the state can be kept.
func (p *program) doctor(ctx context.Context) int {
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	e := examination{p: p}
	e.state(ctx, c)
	run := p.newRun(c)
	report, _, err := p.measure(ctx, run, memory())
	if err != nil {
		return p.usage(err)
	}
	for _, pipeline := range report.Pipelines {
		for _, s := range pipeline.Stages {
			e.stage(pipeline, s)
		}
		for _, r := range pipeline.Results {
			e.result(pipeline, r)
		}
	}
	e.agent()
	if e.failed > 0 {
		fmt.Fprintf(p.env.Stdout, "%d of %d points failed\n", e.failed, e.points)
		return exitFailed
	}
	fmt.Fprintf(p.env.Stdout, "all %d points are well\n", e.points)
	return exitOK
}

// examination prints a line per point.
type examination struct {
	p              *program
	points, failed int
}

func (e *examination) ok(format string, args ...any) {
	e.points++
	fmt.Fprintln(e.p.env.Stdout, "ok    ", printable(fmt.Sprintf(format, args...)))
}

func (e *examination) bad(format string, args ...any) {
	e.points++
	e.failed++
	fmt.Fprintln(e.p.env.Stdout, "FAILED", printable(fmt.Sprintf(format, args...)))
}

func (e *examination) note(format string, args ...any) {
	fmt.Fprintln(e.p.env.Stdout, "note  ", printable(fmt.Sprintf(format, args...)))
}

// state tries to write where positions and counts are kept. The agent's user may be
// another one: what is tried is said.
func (e *examination) state(ctx context.Context, c *config.Config) {
	dir, err := e.p.stateDir(c)
	if err == nil {
		err = state.Try(ctx, dir)
	}
	if err != nil {
		e.bad("%v; nothing can be kept: windows are read back from the sources, and no events are printed", err)
		return
	}
	e.ok("state can be kept in %s by user %d", dir, e.p.env.UID)
}

func (e *examination) stage(p *sli.Pipeline, s *sli.StageReport) {
	name := p.Plan.Name + "/" + s.Stage.Name + " (" + s.Stage.Kind + " " + s.Stage.Facts.Reads + ")"
	if s.Err != nil {
		e.bad("%s: %v", name, s.Err)
		return
	}
	t := s.Cell.Tally
	switch {
	case t.Malformed > 0:
		share := 100 * float64(t.Parsed) / float64(t.Parsed+t.Malformed)
		say := e.ok
		if s.Refusal != "" {
			say = e.bad
		}
		say("%s: %s%% of %d lines can be read; the first bad one: %s", name, sli.Digits(share, 3), t.Lines, s.FirstBad)
	case t.Lines > 0:
		matched := ""
		if s.Sifts() {
			matched = fmt.Sprintf(", %d match", t.Matched())
		}
		e.ok("%s: %d lines in the window, all can be read%s, format %s", name, t.Lines, matched, s.Layout)
	default:
		e.ok("%s: answers; nothing happened in the window", name)
	}
	for _, w := range s.Warnings {
		e.note("%s: %s", name, w)
	}
	switch {
	case s.Unmatched == "":
	case s.Barren:
		e.bad("%s: %s", name, s.Unmatched)
	default:
		e.note("%s: %s", name, s.Unmatched)
	}
}

func (e *examination) result(p *sli.Pipeline, r *sli.Result) {
	name := p.Plan.Name + " " + string(r.Rule.Kind)
	switch r.Status {
	case sli.NotMeasured:
		say := e.bad
		if r.Young || p.Failed() > 0 { // it is no fault, or one that was told
			say = e.note
		}
		say("%s: not measured: %s", name, r.Reason)
	case sli.NoTraffic:
		e.ok("%s: no traffic in the last %s: %s", name, sli.Span(r.Rule.Window), r.Reason)
	case sli.Excluded:
		e.note("%s: excluded in the last %s: %s", name, sli.Span(r.Rule.Window), r.Reason)
	case sli.Value:
		ratio, _ := r.Counts.Ratio()
		e.ok("%s: %s%%", name, sli.Digits(ratio*100, 4))
		if r.Doubt != "" {
			e.note("%s: %s", name, r.Doubt)
		}
	}
}

// agentConf is where packaged agents have their settings.
const agentConf = "/etc/mackerel-agent/mackerel-agent.conf"

// agent looks at what can be seen of the agent's settings.
func (e *examination) agent() {
	text, err := readBounded(agentConf)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.note("%s isn't here, so the agent's settings weren't looked at; see that it runs both programs with commands in array form", agentConf)
		return
	case err != nil:
		e.note("%s: %v; the agent's settings weren't looked at; see that it runs both programs with commands in array form", agentConf, err)
		return
	}
	for _, setting := range []struct{ word, hint string }{
		{"mackerel-plugin-pipeline-sli", "add [plugin.metrics.pipeline-sli] with command = [\"mackerel-plugin-pipeline-sli\"]"},
		{"check-pipeline-freshness", "add [plugin.checks.pipeline-freshness-NAME] with command = [\"check-pipeline-freshness\"]"},
		{"use_plugin_timestamp", "add use_plugin_timestamp = true, so that values carry their own minute (agent 0.87.0 or newer)"},
	} {
		if containsSetting(text, setting.word) {
			e.ok("%s names %s", agentConf, setting.word)
		} else {
			e.bad("%s doesn't name %s: %s", agentConf, setting.word, setting.hint)
		}
	}
}

// containsSetting tells whether a line of a TOML file that is no comment has the word.
func containsSetting(text []byte, word string) bool {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") && strings.Contains(line, word) {
			return true
		}
	}
	return false
}
