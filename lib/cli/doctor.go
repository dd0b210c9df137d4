package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
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
	past := e.state(ctx, c)
	// Every source is asked, whatever the state knows; the numbers are those of the state.
	run := p.newRun(c)
	first, cancel := share(ctx, 3) // the state's history, and peers, are looked at, too
	defer cancel()
	asked, _, err := p.measure(first, run, memory())
	if err != nil {
		return p.usage(err)
	}
	report := asked
	if past != nil {
		second, cancel := share(ctx, 2)
		defer cancel()
		if report, _, err = p.measure(second, p.newRun(c), past); err != nil {
			return p.usage(err)
		}
	}
	for n, pipeline := range report.Pipelines {
		for i, s := range pipeline.Stages {
			told := *asked.Pipelines[n].Stages[i]
			if s.Cell.Tally.Lines > 0 {
				told.Cell, told.Refusal, told.FirstBad, told.Layout = s.Cell, s.Refusal, s.FirstBad, s.Layout
				told.Unmatched, told.Barren, told.Sifted = s.Unmatched, s.Barren, s.Sifted
			}
			e.stage(pipeline, &told)
			if of, ok := run.Pipelines[n].Sources[i].(meeting); ok {
				e.peers(stageName(pipeline, s), of.Peers(ctx))
			}
		}
		for _, r := range pipeline.Results {
			e.result(pipeline, r)
		}
	}
	e.agent()
	return e.sum()
}

// meeting is a source whose peers a run of a command doesn't ask by itself.
type meeting interface {
	Peers(ctx context.Context) []sli.Peer
}

// examination prints a line per point.
type examination struct {
	p              *program
	points, failed int
	open           int // points of which nothing is known
}

// sum is the last line and the exit code.
func (e *examination) sum() int {
	open := ""
	if e.open > 0 {
		open = fmt.Sprintf("; %d more could not be looked at, or can't be told yet", e.open)
	}
	if e.failed > 0 {
		fmt.Fprintf(e.p.env.Stdout, "%d of %d points failed%s\n", e.failed, e.points, open)
		return exitFailed
	}
	fmt.Fprintf(e.p.env.Stdout, "all %d points that were looked at are well%s\n", e.points, open)
	return exitOK
}

func (e *examination) ok(format string, args ...any) {
	e.points++
	fmt.Fprintln(e.p.env.Stdout, "ok    ", sli.Escaped(fmt.Sprintf(format, args...)))
}

func (e *examination) bad(format string, args ...any) {
	e.points++
	e.failed++
	fmt.Fprintln(e.p.env.Stdout, "FAILED", sli.Escaped(fmt.Sprintf(format, args...)))
}

func (e *examination) note(format string, args ...any) {
	fmt.Fprintln(e.p.env.Stdout, "note  ", sli.Escaped(fmt.Sprintf(format, args...)))
}

// unknown is a note on a point of which nothing is known.
func (e *examination) unknown(format string, args ...any) {
	e.open++
	e.note(format, args...)
}

// state tries to write where positions and counts are kept. The agent's user may be
// another one: what is tried is said. It gives the history that is there, nil where there
// is none.
func (e *examination) state(ctx context.Context, c *config.Config) measure.Store {
	dir, err := e.p.stateDir(c)
	if err == nil {
		err = state.Try(ctx, dir)
	}
	if err != nil {
		e.bad("%v; nothing can be kept: windows are read back from the sources, and no events are printed", err)
		return nil
	}
	e.ok("state can be kept in %s by user %d", dir, e.p.env.UID)
	return e.p.recorded(dir)
}

func stageName(p *sli.Pipeline, s *sli.StageReport) string {
	return p.Plan.Name + "/" + s.Stage.Name + " (" + s.Stage.Kind + " " + s.Stage.Facts.Reads + ")"
}

// peers says of each whether it answers.
func (e *examination) peers(name string, peers []sli.Peer) {
	for _, peer := range peers {
		switch {
		case peer.Err != nil:
			e.bad("%s: %v; see that the address is right and that it is up", name, peer.Err)
		case peer.Asked == "":
			e.unknown("%s: %s wasn't asked: %s", name, peer.Name, peer.Why)
		default:
			e.ok("%s: %s %s", name, peer.Name, peer.Asked)
		}
	}
}

func (e *examination) stage(p *sli.Pipeline, s *sli.StageReport) {
	name := stageName(p, s)
	switch {
	case errors.Is(s.Err, fs.ErrNotExist):
		e.bad("%s: %v; correct path:, or say optional: true if it may be missing", name, s.Err)
		return
	case errors.Is(s.Err, fs.ErrPermission):
		e.bad("%s: %v; sudo -u USER %s doctor, as the user that runs mackerel-agent, or let that user read it", name, s.Err, e.p.voice.program)
		return
	case s.Err != nil:
		e.bad("%s: %v", name, s.Err)
		return
	}
	t := s.Cell.Tally
	switch {
	case t.Malformed > 0:
		e.malformed(name, s)
	case t.Lines > 0:
		matched := ""
		if s.Sifts() {
			matched = fmt.Sprintf(", %d match", t.Matched())
		}
		e.ok("%s: %d lines in the window, all can be read%s, format %s", name, t.Lines, matched, s.Layout)
	case !s.Stage.Facts.Proves() || s.Calls > 0:
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

// malformed says how much of a window can't be read: too much is not well, even where it
// is too little in each minute to say so.
func (e *examination) malformed(name string, s *sli.StageReport) {
	t, limit := s.Cell.Tally, s.Stage.Facts.MaxMalformed
	share := float64(t.Parsed) / float64(t.Parsed+t.Malformed)
	text := fmt.Sprintf("%s: %s%% of %d lines can be read; the first bad one: %s", name, digits.Of(100*share, 3), t.Lines, s.FirstBad)
	if s.Refusal != "" || 1-share > limit {
		e.bad("%s; say format: and fields: as the lines are, or raise max_malformed: %s%%", text, digits.Of(100*limit, 3))
		return
	}
	e.ok("%s", text)
}

func (e *examination) result(p *sli.Pipeline, r *sli.Result) {
	name := p.Plan.Name + " " + string(r.Rule.Kind)
	switch r.Status {
	case sli.NotMeasured:
		say := e.bad
		if r.Young || p.Failed() > 0 { // it is no fault, or one that was told
			say = e.unknown
		}
		say("%s: not measured: %s", name, r.Reason)
	case sli.NoTraffic:
		e.ok("%s: no traffic in the last %s: %s", name, sli.FormatDuration(r.Rule.Window), r.Reason)
	case sli.Excluded:
		e.note("%s: excluded in the last %s: %s", name, sli.FormatDuration(r.Rule.Window), r.Reason)
	case sli.Value:
		ratio, _ := r.Counts.Ratio()
		e.ok("%s: %s%%", name, digits.Of(ratio*100, 4))
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
		e.unknown("%s isn't here, so the agent's settings weren't looked at; see that it runs both programs with commands in array form", agentConf)
		return
	case err != nil:
		e.unknown("%s: %v; the agent's settings weren't looked at; see that it runs both programs with commands in array form", agentConf, err)
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
