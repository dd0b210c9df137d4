package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/backtest"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// past is recorded runs in the place of the world.
type past struct {
	program *program
	files   []string
	kinds   map[string]config.Kind    // of the world
	newest  map[string]*recording.Run // by pipeline
	typed   bool                      // a file names the configuration
	own     map[string]*sli.Plan      // of the newest run, by pipeline
	checks  map[string]checkProgram   // the newest check so far, by pipeline
	setups  map[string]*setup
	sets    []map[string]string
	damaged bool
	told    map[string]bool // files that can't be read
}

// setup is a configuration as runs had it, under every setting.
type setup struct {
	own      *config.Config   // as it was recorded; nil: it can't be read
	settings []*config.Config // nil where a setting isn't possible
	counts   map[counted]bool // whether a setting counts as the runs did, once it was looked at
}

// counted is a pipeline under a setting.
type counted struct {
	pipeline string
	setting  int
}

// sameCounts tells whether a setting counts of a pipeline what the runs counted.
func (s *setup) sameCounts(pipeline string, setting int) bool {
	key := counted{pipeline, setting}
	same, known := s.counts[key]
	if !known {
		same = backtest.SameCounts(pipelineIn(s.own, pipeline).Plan, pipelineIn(s.settings[setting], pipeline).Plan)
		s.counts[key] = same
	}
	return same
}

// openPast puts the program into the place and the time of recorded runs: their zone, their
// configuration unless a file is named, and the newest run's clock.
func (p backtesting) openPast(ctx context.Context) (*past, error) {
	files, err := recording.Find(p.opt.Recording)
	if err != nil {
		return nil, fmt.Errorf("--recording: %w", err)
	}
	t := &past{program: p.program, files: files, kinds: p.env.Kinds, newest: map[string]*recording.Run{}, typed: len(p.opt.Config) > 0, own: map[string]*sli.Plan{}, checks: map[string]checkProgram{}, setups: map[string]*setup{}, told: map[string]bool{}}
	newest, oldest, err := t.ends()
	if err != nil {
		return nil, err
	}
	zone := p.env.Zone
	p.env.Zone, p.env.Kinds = newest.Location(), replayedKinds(t.kinds, func(pipeline, stage string) (recording.Source, bool) {
		if run := t.newest[pipeline]; run != nil {
			return run.Source(pipeline, stage)
		}
		return nil, false
	})
	if t.typed {
		if err := t.compare(ctx, zone); err != nil {
			return nil, err
		}
	} else {
		p.given, p.only = frames(newest), slices.Sorted(maps.Keys(t.newest))
	}
	settle := time.Duration(0)
	for _, plan := range t.own {
		settle = max(settle, plan.Sources())
	}
	if p.opt.From == "" {
		p.opt.From = (sli.Due(oldest.At, settle) + 1).Start().In(p.env.Zone).Format(time.RFC3339)
	}
	p.now = p.env.Now().In(p.env.Zone)
	if p.opt.To == "" {
		to := (sli.Due(newest.At, settle) + 2).Start()
		if to.After(p.now) { // the newest run is of this minute
			to = p.now
		}
		p.opt.To = to.In(p.env.Zone).Format(time.RFC3339Nano)
	}
	return t, nil
}

// looked is how many of the newest runs are looked at for pipelines that others don't have:
// a check may be of one alone.
const looked = 64

// ends are the newest and the oldest run that can be read.
func (t *past) ends() (newest, oldest *recording.Run, err error) {
	for i := range t.files {
		run := t.open(t.files[len(t.files)-1-i])
		if run == nil {
			continue
		}
		if newest == nil {
			newest = run
		} else if i >= looked {
			break
		}
		var own *config.Config
		for _, name := range run.Pipelines() {
			if t.newest[name] != nil {
				continue
			}
			if own == nil {
				if own, err = t.read(run, nil); err != nil {
					return nil, nil, fmt.Errorf("%s: %w", run.File, err)
				}
			}
			t.newest[name], t.own[name] = run, pipelineIn(own, name).Plan
		}
		if names := run.Pipelines(); len(names) > 0 && t.checks[names[0]].opt.Timeout == 0 {
			t.noteCheck(run)
		}
	}
	for i := 0; i < len(t.files) && oldest == nil; i++ {
		oldest = t.open(t.files[i])
	}
	if newest == nil {
		return nil, nil, fmt.Errorf("--recording: %s: none of its recordings can be read", t.program.opt.Recording)
	}
	return newest, oldest, nil
}

// open reads a recorded run; nil where it can't be read, which is said.
func (t *past) open(file string) *recording.Run {
	run, err := recording.Open(file)
	if err != nil {
		if !t.told[file] {
			t.program.voice.warn(err.Error(), "")
		}
		t.damaged, t.told[file] = true, true
		return nil
	}
	return run
}

// frames is the configuration of a recorded run.
func frames(run *recording.Run) []config.Source {
	var out []config.Source
	for _, f := range run.Configuration {
		out = append(out, config.Source{Name: f.Name, Path: f.Path, Text: []byte(f.Text)})
	}
	return out
}

// read is the configuration of a recorded run, with something put into it.
func (t *past) read(run *recording.Run, puts []config.Put) (*config.Config, error) {
	sources := frames(run)
	for i := range sources {
		sources[i].Puts = puts
	}
	reader := config.Reader{Kinds: replayedKinds(t.kinds, run.Source), Getenv: nothingSet, Zone: run.Location(), Only: run.Pipelines()}
	return reader.Read(sources)
}

// nothingSet is an environment without variables: a recording has them filled in.
func nothingSet(string) (string, bool) { return "", false }

// compare says which stages of the file aren't what they were recorded as.
func (t *past) compare(ctx context.Context, zone *time.Location) error {
	p := *t.program
	p.env.Kinds, p.env.Zone = t.kinds, zone
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return err
	}
	for _, pipeline := range c.Pipelines {
		own := t.own[pipeline.Plan.Name]
		if own == nil {
			continue // which reading it once more refuses
		}
		for _, stage := range pipeline.Plan.Stages {
			if was := own.Stage(stage.Name); was != nil && (was.Kind != stage.Kind || was.Facts.Rule != stage.Facts.Rule) {
				t.program.voice.warn(lang.Say(words.OfPipeline, own.Name, lang.Say(words.AnotherRule, stage.Name)), "")
				t.damaged = true
			}
		}
	}
	return nil
}

// recorded is what a backtest speaks from, under some settings; the first of all is what the
// configuration has.
func (t *past) recorded(sets []map[string]string) *backtest.Recorded {
	t.sets = append([]map[string]string{nil}, sets...)
	return &backtest.Recorded{
		Files: t.files, Open: t.open, Again: t.again, Store: func(run *recording.Run) measure.Store { return remembered{run.Store()} },
		Own: func(pipeline string) *sli.Plan { return t.own[pipeline] },
	}
}

// again is a pipeline of a recorded run under a setting.
func (t *past) again(ctx context.Context, run *recording.Run, pipeline string, setting int) (backtest.Again, error) {
	t.noteCheck(run)
	of, err := t.setup(ctx, run)
	if err != nil {
		return backtest.Again{}, err
	}
	recorded, tried := pipelineIn(of.own, pipeline), pipelineIn(of.settings[setting], pipeline)
	if recorded == nil || tried == nil || !slices.Contains(run.Pipelines(), pipeline) || (setting > 0 || t.typed) && !of.sameCounts(pipeline, setting) {
		return backtest.Again{}, nil
	}
	a := backtest.Again{Pipeline: pipelineOf(*tried), Limits: tried.Plan.Limits, Is: true, Checked: run.Program == checkName}
	for i, stage := range tried.Plan.Stages {
		a.Pipeline.Sources[i], a.Is = run.Source(pipeline, stage.Name)
		if !a.Is {
			return backtest.Again{}, nil
		}
	}
	if check, ok := t.checks[pipeline]; ok {
		check.typed = slices.DeleteFunc(slices.Clone(check.typed), func(flag string) bool {
			_, tried := t.sets[setting]["check."+strings.ReplaceAll(flag, "-", "_")]
			return tried
		})
		if !slices.Contains(check.typed, "sli") {
			check.opt.SLI = nil
		}
		a.Limits, err = check.limits(tried.Plan)
	}
	return a, err
}

func pipelineIn(c *config.Config, name string) *config.Pipeline {
	if c == nil {
		return nil
	}
	i := slices.IndexFunc(c.Pipelines, func(p config.Pipeline) bool { return p.Plan.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Pipelines[i]
}

// setup is the configuration of a run under every setting; runs in a row mostly have the same.
func (t *past) setup(ctx context.Context, run *recording.Run) (*setup, error) {
	name := run.Setup()
	if known := t.setups[name]; known != nil {
		return known, nil
	}
	of := &setup{counts: map[counted]bool{}}
	own, err := t.read(run, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", run.File, err)
	}
	of.own = own
	for _, set := range t.sets {
		var c *config.Config
		if t.typed {
			p := backtesting{t.program}
			c, err = p.with(ctx, set)
		} else {
			c, err = t.read(run, putsOf(set, t.program.opt.Pipeline))
		}
		if err != nil && len(set) == 0 {
			return nil, err
		} else if err != nil {
			c = nil // an older configuration may not know what the newest does
		}
		of.settings = append(of.settings, c)
	}
	t.setups[name] = of
	return of, nil
}

// noteCheck keeps the flags of the newest check of each pipeline: they are part of what it
// said.
func (t *past) noteCheck(run *recording.Run) {
	if run.Program != checkName {
		return
	}
	check := checkProgram{program: *t.program, typed: run.Typed}
	if json.Unmarshal(run.Options, &check.opt) != nil || check.validate() != nil {
		return
	}
	for _, name := range run.Pipelines() {
		t.checks[name] = check
	}
	if p := t.program; p.opt.Lang == "" {
		p.opt.Lang = check.opt.Lang
	}
}
