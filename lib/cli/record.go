package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// keeping keeps what sources answer in a run.
type keeping struct{ *program }

// record makes a run, as the metric program's, and keeps what it was told.
func (p keeping) record(ctx context.Context) int {
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	dir := p.words[0]
	p.keep(c, dir, recorded{options: p.opt, raw: p.opt.Raw})
	if p.recorder == nil {
		return exitFailed // which was said
	}
	report, _, err := p.measure(ctx, p.newRun(c), home(p).store(c, true))
	summary, failed := p.recorder.Close(ctx)
	switch {
	case err != nil:
		return p.usage(err)
	case failed != nil:
		p.voice.fail(fmt.Errorf("record: %w", failed), "")
		return exitFailed
	}
	p.doubts(report)
	fmt.Fprintln(p.env.Stdout, lang.Say(words.Recorded, summary.File, summary.Sources, summary.Answers, summary.Events, (summary.Bytes+1023)>>10))
	if p.opt.Raw {
		fmt.Fprintln(p.env.Stdout, lang.Say(words.RecordedRaw, (summary.Raw+1023)>>10, summary.File))
	}
	return exitOK
}

// recorded is what a recording says of a run beside what sources answered.
type recorded struct {
	options any
	typed   []string
	take    bool
	inject  bool
	raw     bool // the texts that sources read are kept, too
}

// keep begins to record the run in a directory. A run goes on without where that fails.
func (p keeping) keep(c *config.Config, dir string, run recorded) {
	if p.replayed != nil {
		return
	}
	m := recording.Manifest{
		Made: Version, Program: strings.TrimPrefix(p.voice.program, "mackerel-plugin-"), At: p.now, Zone: p.zone(),
		Typed: run.typed, Take: run.take, Inject: run.inject, Raw: run.raw,
	}
	var err error
	switch o := run.options.(type) {
	case metricOptions:
		o.Config, o.StateDir, o.sourceless = nil, "", sourceless{}
		m.Options, err = json.Marshal(o)
	case checkOptions:
		o.Config, o.StateDir, o.sourceless = nil, "", sourceless{}
		m.Options, err = json.Marshal(o)
	}
	if err == nil {
		m.Configuration, err = p.frames()
	}
	if err == nil {
		p.recorder, err = recording.New(dir, m)
	}
	if err != nil {
		p.recorder = nil
		p.voice.warn(fmt.Sprintf("this run isn't recorded: %v", err), "")
	}
}

// kept ends the recording of a run.
func (p keeping) kept(ctx context.Context) {
	if p.recorder == nil {
		return
	}
	if _, err := p.recorder.Close(ctx); err != nil {
		p.voice.warn(fmt.Sprintf("this run isn't recorded: %v", err), "")
	}
}

// frames are the configuration's files without the sections of stages.
func (p keeping) frames() ([]recording.File, error) {
	l := loader{env: p.env, common: p.opt.common, sourceless: p.opt.sourceless}
	sources, err := l.sources()
	reader := config.Reader{Kinds: p.env.Kinds, Getenv: p.env.Getenv, Zone: p.env.Zone}
	var files []recording.File
	for _, source := range sources {
		text, failed := reader.Frame(source)
		if failed != nil {
			return nil, failed
		}
		files = append(files, recording.File{Name: source.Name, Path: source.Path, Text: text})
	}
	return files, err
}

// zone is the name of the host's zone, empty where it isn't known.
func (p keeping) zone() string {
	name := p.env.Zone.String()
	if name != time.Local.String() {
		return name
	}
	if name, _ = p.env.Getenv("TZ"); name != "" {
		return strings.TrimPrefix(name, ":")
	}
	if link, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, found := strings.Cut(filepath.ToSlash(link), "zoneinfo/"); found {
			return name
		}
	}
	return ""
}

// witnessed is a source as the run asks it.
func (p *program) witnessed(pipeline, stage string, s sli.Source) sli.Source {
	if p.recorder == nil {
		return s
	}
	return p.recorder.Source(pipeline, stage, s)
}

// watched is a state as the run reads it.
func (p home) watched(s measure.Store) measure.Store {
	if p.recorder == nil {
		return s
	}
	return remembered{p.recorder.Store(recordable{s})}
}

// recordable is a state as a recording wants it.
type recordable struct{ measure.Store }

func (s recordable) View(ctx context.Context, f func(recording.Tx) error) error {
	return s.Store.View(ctx, func(tx measure.Tx) error { return f(tx) })
}

func (s recordable) Update(ctx context.Context, f func(recording.Tx) error) error {
	return s.Store.Update(ctx, func(tx measure.Tx) error { return f(tx) })
}

// remembered is the state of a recording as measure wants it.
type remembered struct{ recording.Store }

func (s remembered) View(ctx context.Context, f func(measure.Tx) error) error {
	return s.Store.View(ctx, func(tx recording.Tx) error { return f(tx) })
}

func (s remembered) Update(ctx context.Context, f func(measure.Tx) error) error {
	return s.Store.Update(ctx, func(tx recording.Tx) error { return f(tx) })
}
