package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// doctor asks every source once and says, point by point, what works: whether it
// answers, whether the log can be read and parsed, whether the state can be kept.
func (p *program) doctor(ctx context.Context) int {
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	e := examination{p: p, lang: lang}
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
			told.Silent, told.Unfinished = min(told.Silent, s.Silent), told.Unfinished && s.Unfinished
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
	lang           words.Language
	points, failed int
	open           int // points of which nothing is known
}

// sum is the last line and the exit code.
func (e *examination) sum() int {
	var open words.Message
	if e.open > 0 {
		open = words.PointsOpen.With(e.open)
	}
	if e.failed > 0 {
		fmt.Fprintln(e.p.env.Stdout, e.lang.Say(words.PointsFailed, e.failed, e.points, open))
		return exitFailed
	}
	fmt.Fprintln(e.p.env.Stdout, e.lang.Say(words.PointsWell, e.points, open))
	return exitOK
}

func (e *examination) ok(text words.Text, args ...any) {
	e.points++
	e.line("ok    ", text, args)
}

func (e *examination) bad(text words.Text, args ...any) {
	e.points++
	e.failed++
	e.line("FAILED", text, args)
}

func (e *examination) note(text words.Text, args ...any) { e.line("note  ", text, args) }

// unknown is a note on a point of which nothing is known.
func (e *examination) unknown(text words.Text, args ...any) {
	e.open++
	e.note(text, args...)
}

// line is what is said of a point. What was said elsewhere is an error among its arguments.
func (e *examination) line(outcome string, text words.Text, args []any) {
	for i, arg := range args {
		if err, ok := arg.(error); ok {
			args[i] = words.Heard(err.Error())
		}
	}
	fmt.Fprintln(e.p.env.Stdout, outcome, sli.Escaped(e.lang.Say(text, args...)))
}

// state tries to write where positions and counts are kept. The agent's user may be
// another one: what is tried is said. It gives the history that is there, nil where there
// is none.
func (e *examination) state(ctx context.Context, c *config.Config) measure.Store {
	dir, err := home{e.p}.stateDir(c)
	if err == nil {
		_, err = opened(dir, func() (struct{}, error) { return struct{}{}, state.Try(ctx, dir) })
	}
	if err != nil {
		e.bad(words.NothingKept, err)
		return nil
	}
	e.ok(words.CanBeKept, dir, e.p.env.UID)
	return home{e.p}.recorded(dir)
}

func stageName(p *sli.Pipeline, s *sli.StageReport) string {
	return p.Plan.Name + "/" + s.Stage.Name + " (" + s.Stage.Kind + " " + s.Stage.Facts.Reads + ")"
}

// peers says of each whether it answers.
func (e *examination) peers(name string, peers []sli.Peer) {
	told := map[string]bool{} // what is one host's fault is told once, though both ends fail by it
	for _, peer := range peers {
		switch {
		case peer.Err != nil && told[peer.Err.Error()]:
			e.points++
			e.failed++
		case peer.Err != nil:
			told[peer.Err.Error()] = true
			e.bad(words.PeerFails, name, peer.Err)
		case peer.Asked == "":
			e.unknown(words.PeerNotAsked, name, peer.Name, words.Heard(peer.Why))
		default:
			e.ok(words.PeerAnswers, name, peer.Name, words.Heard(peer.Asked))
		}
	}
}

func (e *examination) stage(p *sli.Pipeline, s *sli.StageReport) {
	name := stageName(p, s)
	switch {
	case errors.Is(s.Err, fs.ErrNotExist):
		e.bad(words.CorrectPath, name, s.Err)
		return
	case errors.Is(s.Err, fs.ErrPermission):
		e.bad(words.AsTheAgent, name, s.Err, e.p.voice.program)
		return
	case s.Err != nil:
		e.bad(words.Named, name, s.Err)
		return
	}
	t := s.Cell.Tally
	minutes := int(s.To.Sub(s.From).Minutes())
	lines, matched := words.Many(digits.Count(float64(t.Lines)), "lines"), words.Message{}
	if s.Sifts() {
		matched = words.SomeMatch.With(t.Matched())
	}
	switch {
	case t.Malformed > 0:
		e.malformed(name, s)
	case 2*t.Skewed > t.Lines:
		e.bad(words.InFuture, name, t.Skewed, lines)
	case t.Lines > 0 && s.Unfinished:
		e.unknown(words.ReadPartly, name, minutes-s.Silent, minutes, lines, matched, s.Layout)
	case t.Lines > 0:
		e.ok(words.AllReadable, name, lines, matched, s.Layout)
	case !s.Stage.Facts.Proves() && s.Silent > 0:
		e.unknown(words.AnswersPartly, name, minutes-s.Silent, minutes)
	case !s.Stage.Facts.Proves() || s.Calls > 0:
		e.ok(words.AnswersQuietly, name)
	}
	for _, w := range s.Warnings {
		e.note(words.Named, name, words.Heard(w))
	}
	switch {
	case s.Unmatched == "":
	case s.Barren:
		e.bad(words.Named, name, words.Heard(s.Unmatched))
	default:
		e.note(words.Named, name, words.Heard(s.Unmatched))
	}
}

// malformed says how much of a window can't be read: too much is not well, even where it
// is too little in each minute to say so. Well is only what was read to its end.
func (e *examination) malformed(name string, s *sli.StageReport) {
	t, limit := s.Cell.Tally, s.Stage.Facts.MaxMalformed
	share := float64(t.Parsed) / float64(t.Parsed+t.Malformed)
	text := words.SomeReadable.With(name, digits.Percent(sli.Percent(share), 3), t.Lines, words.Heard(s.FirstBad))
	if s.Refusal != "" || 1-share > limit {
		e.bad(words.FewReadable, text, digits.Of(100*limit, 3))
		return
	}
	if s.Unfinished {
		e.unknown(words.Itself, text)
		return
	}
	e.ok(words.Itself, text)
}

func (e *examination) result(p *sli.Pipeline, r *sli.Result) {
	name := p.Plan.Name + " " + string(r.Rule.Kind)
	if u := r.Unposted; u != nil {
		e.note(words.Named, name, u.Message(r.Rule.Population, e.p.env.Zone))
	}
	switch r.Status {
	case sli.NotMeasured:
		say := e.bad
		unfinished := func(s *sli.StageReport) bool { return s.Unfinished }
		if r.Young || p.Failed() > 0 || slices.ContainsFunc(p.Stages, unfinished) { // it is no fault, or one that was told
			say = e.unknown
		}
		say(words.NotMeasuredOf, name, words.Heard(r.Reason))
	case sli.NoTraffic:
		e.ok(words.NoTrafficOf, name, r.Window.Wall(e.p.now), words.Heard(r.Reason))
	case sli.Excluded:
		e.note(words.ExcludedOf, name, r.Window.Wall(e.p.now), r.Reason)
	case sli.Value:
		ratio, _ := r.Counts.Ratio()
		e.ok(words.PercentOf, name, digits.Percent(sli.Percent(ratio), 4))
		if r.Doubt != "" {
			e.note(words.Named, name, words.Heard(r.Doubt))
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
		e.unknown(words.AgentAway, agentConf)
		return
	case err != nil:
		e.unknown(words.AgentHidden, agentConf, err)
		return
	}
	for _, setting := range []struct {
		word string
		hint words.Text
	}{
		{"mackerel-plugin-pipeline-sli", words.AddPlugin},
		{"check-pipeline-freshness", words.AddCheck},
		{"use_plugin_timestamp", words.AddTimestamp},
	} {
		if containsSetting(text, setting.word) {
			e.ok(words.AgentNames, agentConf, setting.word)
		} else {
			e.bad(words.AgentLacks, agentConf, setting.word, setting.hint)
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
