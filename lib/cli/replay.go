package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// replaying makes runs anew from what was recorded.
type replaying struct{ *program }

// replay makes recorded runs once more from what they were told, and prints what they
// printed, or what explain or the check would have said at that instant.
func (p replaying) replay(ctx context.Context) int {
	as := ""
	if len(p.words) > 1 {
		if as = p.words[1]; as != "explain" && as != "check" && as != "raw" {
			return p.usage(unknownWord(as, []string{"explain", "check", "raw"}))
		}
	}
	if p.opt.JSON && as != "explain" {
		return p.usage(withHint(errors.New("--json goes with the explanation of a recorded run"), "replay %s explain --json", p.words[0]))
	}
	files, err := recording.Find(p.words[0])
	if err != nil {
		return p.usage(fmt.Errorf("replay: %w", err))
	}
	code := exitOK
	for _, file := range files {
		run, err := recording.Open(file)
		if err != nil {
			p.voice.fail(fmt.Errorf("replay: %w", err), "")
			code = exitFailed
			continue
		}
		if as == "raw" {
			if err := p.raw(run); err != nil {
				p.voice.fail(fmt.Errorf("replay: %s: %w", file, err), "")
				code = exitFailed
			}
			continue
		}
		if err := p.again(ctx, run, as); err != nil {
			p.voice.fail(fmt.Errorf("replay: %s: %w", file, err), "")
			code = exitFailed
			continue
		}
		for _, text := range run.Lacking() {
			p.voice.warn(fmt.Sprintf("%s: asked for, and not recorded: %s", file, text), "")
			code = exitFailed
		}
		for _, text := range run.Unasked() {
			p.voice.warn(fmt.Sprintf("%s: recorded, and never asked for: %s", file, text), "")
			code = exitFailed
		}
	}
	return code
}

// raw prints the lines and answers that a recording keeps, each under where it was read. On
// a terminal what would steer it is escaped; elsewhere they are as they were read.
func (p replaying) raw(run *recording.Run) error {
	if !run.Manifest.Raw {
		return errors.New("no lines and answers are kept in it; record DIR --raw keeps them")
	}
	lang, err := p.language(new(config.Config))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.env.Stdout)
	last := ""
	for _, r := range run.Raw() {
		if name := r.Stage + ": " + r.Name; name != last {
			fmt.Fprintf(out, "== %s\n", sli.Escaped(name))
			last = name
		}
		for line := range bytes.Lines(r.Text) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			if p.env.Terminal > 0 {
				line = []byte(sli.Escaped(string(line)))
			}
			fmt.Fprintf(out, "%s\n", line)
		}
		if r.Cut {
			fmt.Fprintln(out, lang.Say(words.ReplayMore, sli.Escaped(r.Stage)))
		}
	}
	return out.Flush()
}

const checkName = "check-pipeline-freshness"

// again makes a recorded run.
func (p replaying) again(ctx context.Context, run *recording.Run, as string) error {
	env := p.env
	env.Zone = run.Location()
	env.Now = func() time.Time { return run.At }
	env.Kinds = replayedKinds(p.env.Kinds, run.Source)
	env.Getenv = func(name string) (string, bool) {
		if name == "NO_COLOR" {
			return p.env.Getenv(name)
		}
		return nothingSet(name)
	}
	once := program{env: env, voice: p.voice, now: run.At.In(env.Zone), replayed: run}
	once.given, once.only = frames(run), run.Pipelines()
	if byCheck := run.Program == checkName; as == "check" || byCheck && as == "" {
		check := checkProgram{program: once}
		if byCheck {
			check.typed = run.Typed
			if err := json.Unmarshal(run.Options, &check.opt); err != nil {
				return err
			}
			if err := check.validate(); err != nil {
				return err
			}
		}
		check.opt.Lang = cmp.Or(p.opt.Lang, check.opt.Lang)
		check.judge(ctx)
		return nil
	}
	if err := json.Unmarshal(run.Options, &once.opt); err != nil {
		return err
	}
	once.set, once.opt.Take, once.opt.Lang = run.Typed, run.Take, cmp.Or(p.opt.Lang, once.opt.Lang)
	if as == "explain" {
		once.opt.JSON = p.opt.JSON
		once.explain(ctx)
		return nil
	}
	if once.opt.Prefix == "" {
		once.opt.Prefix = p.opt.Prefix
	}
	measuring{&once}.metrics(ctx)
	return nil
}

// replayedKinds are kinds of stages that are what is recorded of them, whatever their
// sections say.
func replayedKinds(kinds map[string]config.Kind, recorded func(pipeline, stage string) (recording.Source, bool)) map[string]config.Kind {
	find := func(at *section.Node, pipeline, stage string) (config.Evidence, error) {
		if s, ok := recorded(pipeline, stage); ok {
			return s, nil
		}
		return nil, at.Errorf("", "nothing is recorded of stage %s of pipeline %s", stage, pipeline)
	}
	replayed := map[string]config.Kind{}
	for name, kind := range kinds {
		kind.New = func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return find(n, a.Pipeline, a.Stage)
		}
		further := map[string]config.Further{}
		for key := range kind.Further {
			further[key] = func(n, _ *section.Node, a config.StageContext) (config.Evidence, error) {
				return find(n, a.Pipeline, a.Stage+"."+key)
			}
		}
		kind.Further = further
		replayed[name] = kind
	}
	return replayed
}
