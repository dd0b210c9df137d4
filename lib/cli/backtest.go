package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/backtest"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/mackerelapi"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// backtesting looks at past instants, with other settings and drills.
type backtesting struct{ *program }

// backtest says what the check would have said of a past time. It writes no state.
func (p backtesting) backtest(ctx context.Context) int {
	if p.opt.Recording != "" && p.opt.FromMackerel {
		return p.usage(withHint(errors.New("--recording doesn't go with --from-mackerel"), "leave out one of them"))
	}
	var past *past
	if p.opt.Recording != "" {
		var err error
		if past, err = p.openPast(ctx); err != nil {
			return p.usage(err)
		}
	}
	api, err := pointing(p).client()
	if err != nil {
		return p.usage(err)
	}
	b, lists, drills, err := p.trial()
	if err != nil {
		return p.usage(err)
	}
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	if b.Language, err = p.language(c); err != nil {
		return p.usage(err)
	}
	sets := backtest.Combinations(lists)
	tried := make([]*config.Config, len(sets))
	for i, set := range sets {
		if tried[i], err = p.with(ctx, set); err != nil {
			return p.usage(err)
		}
	}
	if api != nil {
		if err := samePoints(c, sets, tried); err != nil {
			return p.usage(err)
		}
		b.Posted = p.posting(api)
	} else if past != nil {
		b.Recorded = past.recorded(sets)
	} else if b.Kept, err = p.held(c); err != nil {
		return p.usage(err)
	}
	results := make([]backtested, len(c.Pipelines))
	for i, pipeline := range c.Pipelines {
		of := pipelineOf(pipeline)
		settings := []backtest.Setting{{Pipeline: of}}
		for n, set := range sets {
			settings = append(settings, backtest.Setting{Set: set, Pipeline: pipelineOf(tried[n].Pipelines[i])})
		}
		b.Progress = p.env.progress(fmt.Sprintf("backtest %s", of.Plan.Name), float64(i), float64(len(c.Pipelines)))
		rows, err := b.Run(ctx, settings, drills)
		p.env.progressed()
		if err != nil {
			p.voice.fail(fmt.Errorf("backtest: %w", err), "")
			return exitFailed
		}
		results[i] = backtested{plan: of.Plan, own: rows[0], rows: rows[1:], evidence: rows[0].Again && !rows[len(rows)-1].Again}
	}
	page := trialPage{program: p.program, b: b, lang: b.Language}
	if p.opt.JSON {
		err = page.json(results)
	} else {
		err = page.text(results)
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("writing the backtest: %w", err), "")
		return exitFailed
	}
	code := exitOK
	for _, r := range results {
		said := map[string]bool{}
		for _, row := range append([]backtest.Row{r.own}, r.rows...) {
			for _, missing := range row.Missing {
				if text := b.Language.Render(missing); !said[text] {
					said[text] = true
					p.voice.warn(b.Language.Say(words.OfPipeline, r.plan.Name, text), "")
					code = exitFailed
				}
			}
		}
	}
	if past != nil && past.damaged {
		code = exitFailed
	}
	return code
}

// samePoints refuses settings under which other counts would have been posted.
func samePoints(own *config.Config, sets []map[string]string, tried []*config.Config) error {
	for n, c := range tried {
		for i, pipeline := range c.Pipelines {
			if !backtest.SamePoints(own.Pipelines[i].Plan, pipeline.Plan) {
				return withHint(fmt.Errorf("--set %s: points hold what was counted by the values of then, not what others would count", settingText(sets[n])),
					"leave out --from-mackerel where the state or the sources are; check, targets, windows, slo and exclude can be tried")
			}
		}
	}
	return nil
}

// posting asks Mackerel for what was posted of a pipeline.
func (p backtesting) posting(api *mackerelapi.Client) backtest.Posting {
	return func(ctx context.Context, plan *sli.Plan, w sli.Window) (measure.Posted, error) {
		progress := p.env.progress(fmt.Sprintf("backtest %s: asking Mackerel", plan.Name), 0, 1)
		defer p.env.progressed()
		posted, err := pointing(p).posted(ctx, api, plan, w, plan.Rules, plan.HasAge(), progress)
		if err == nil && posted.Empty() {
			err = withHint(fmt.Errorf("pipeline %s: Mackerel holds no points of that time", plan.Name), "--host-id ID or --service NAME says whose; --metric-key-prefix where it isn't the usual one")
		}
		return posted, err
	}
}

// backtested is what is found of a pipeline.
type backtested struct {
	plan *sli.Plan
	own  backtest.Row // as the file has it
	rows []backtest.Row

	evidence bool // the rows are made of recorded events, own of recorded runs
}

func pipelineOf(p config.Pipeline) measure.Pipeline {
	of := measure.Pipeline{Plan: p.Plan}
	for _, e := range p.Evidence {
		of.Sources = append(of.Sources, e.(sli.Source))
	}
	return of
}

// trial reads the flags of a backtest.
func (p backtesting) trial() (b backtest.Backtest, lists []backtest.List, drills []backtest.Drill, err error) {
	if (p.opt.From == "" || p.opt.To == "") && p.opt.Recording == "" {
		return b, nil, nil, withHint(errors.New("backtest: needs --from and --to"), "backtest --from -7d --to -1m")
	}
	b = backtest.Backtest{Now: p.now, Attempts: p.opt.Attempts, Store: memory}
	for _, of := range []struct {
		flag, text string
		into       *time.Time
	}{{"--from", p.opt.From, &b.Stretch.From}, {"--to", p.opt.To, &b.Stretch.To}} {
		at, err := window(p).typed(of.flag, of.text, p.now)
		if err != nil {
			return b, nil, nil, err
		}
		*of.into = at.In(p.env.Zone)
	}
	switch s := b.Stretch; {
	case !s.To.After(s.From):
		return b, nil, nil, fmt.Errorf("--to: must be after --from (got %s)", p.opt.To)
	case s.Minutes() == 0:
		return b, nil, nil, withHint(fmt.Errorf("--to: no minute ends between --from and --to (got %s to %s)", p.opt.From, p.opt.To), "a verdict speaks of a minute's end")
	case s.To.After(p.now):
		return b, nil, nil, fmt.Errorf("--to: must not be in the future (got %s)", p.opt.To)
	case s.To.Sub(s.From) > maxBacktest:
		return b, nil, nil, fmt.Errorf("--from: at most %s are gone through (got %s to %s)", sli.FormatDuration(maxBacktest), p.opt.From, p.opt.To)
	case p.opt.Attempts < 1:
		return b, nil, nil, fmt.Errorf("--attempts: must be 1 or more (got %d)", p.opt.Attempts)
	}
	for _, text := range p.opt.Set {
		list, err := backtest.ParseList(text)
		if err != nil {
			return b, nil, nil, withHint(fmt.Errorf("--set: %w", err), "--set check.critical_age=5m,10m")
		}
		if section, _, _ := strings.Cut(list.Path, "."); p.opt.Recording != "" && slices.Contains(toldBefore, section) {
			return b, nil, nil, withHint(fmt.Errorf("--set %s: a recording holds what sources answered by the %s of then, not what they would answer by others", list.Path, section),
				"leave out --recording where the sources are")
		}
		if slices.ContainsFunc(lists, func(l backtest.List) bool { return l.Path == list.Path }) {
			return b, nil, nil, withHint(fmt.Errorf("--set %s: is given twice", list.Path), "values of one key are told apart by commas: --set check.critical_age=5m,10m")
		}
		lists = append(lists, list)
	}
	if n := len(backtest.Combinations(lists)); n > maxSettings {
		return b, nil, nil, fmt.Errorf("--set: at most %d combinations are tried (got %d)", maxSettings, n)
	}
	for _, text := range p.opt.Drill {
		d, err := backtest.ParseDrill(text, func(at string) (time.Time, error) {
			t, err := instant(at, p.now, p.env.Zone)
			return t.In(p.env.Zone), err
		}, func(text string) (time.Duration, error) {
			d, err := section.ParseDuration(text)
			return time.Duration(d), err
		})
		switch {
		case err != nil:
			hint := "--drill 'consumer-stop@2026-03-02 12:00,10m'"
			if best, ok := section.Suggest(d.Kind, backtest.DrillKinds()); ok && best != d.Kind {
				hint = fmt.Sprintf("did you mean %s? %s", best, hint)
			}
			return b, nil, nil, withHint(fmt.Errorf("--drill %s: %w", sli.Escaped(text), err), "%s", hint)
		case d.At.Before(b.Stretch.From) || !d.At.Before(b.Stretch.To):
			return b, nil, nil, fmt.Errorf("--drill %s: must begin between --from and --to", sli.Escaped(text))
		case p.opt.FromMackerel && !d.OfPoints():
			return b, nil, nil, withHint(fmt.Errorf("--drill %s: points hold counts; what becomes of records isn't in them", d.Kind), "errors=20%% can be put into points; leave out --from-mackerel where the state or the sources are")
		}
		drills = append(drills, d)
	}
	return b, lists, drills, nil
}

// toldBefore are the keys of a pipeline that shape what its sources answer.
var toldBefore = []string{"stages", "prover", "aws"}

const (
	maxBacktest = 400 * 24 * time.Hour
	maxSettings = 1000
)

// with is the configuration with some values of its pipelines changed.
func (p backtesting) with(ctx context.Context, set map[string]string) (*config.Config, error) {
	return p.changed(ctx, putsOf(set, p.opt.Pipeline))
}

// putsOf are the values of a setting, for some pipelines.
func putsOf(set map[string]string, pipelines []string) []config.Put {
	var puts []config.Put
	for _, path := range slices.Sorted(maps.Keys(set)) {
		for _, name := range chosen(pipelines) {
			puts = append(puts, config.Put{Pipeline: name, Path: strings.Split(path, "."), Value: set[path], From: "--set " + path})
		}
	}
	return puts
}

// changed is the configuration with something put into it.
func (p backtesting) changed(ctx context.Context, puts []config.Put) (*config.Config, error) {
	l := loader{env: p.env, common: p.opt.common, sourceless: p.opt.sourceless, given: p.given, only: p.only}
	sources, err := l.sources()
	if err != nil {
		return nil, err
	}
	for i := range sources {
		sources[i].Puts = puts
	}
	return l.read(ctx, sources)
}

// chosen are the pipelines that a flag speaks of; the empty name stands for every one.
func chosen(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// held is a copy of the state in memory, nil where there is none that can be read.
func (p backtesting) held(c *config.Config) (measure.Store, error) {
	dir, err := home(p).stateDir(c)
	if err != nil {
		return nil, nil //nolint:nilerr // without a state directory the sources say all
	}
	s, err := opened(dir, func() (state.Store, error) { return state.OpenReadOnly(dir) })
	if err != nil {
		return nil, nil //nolint:nilerr // nor without a state that can be read
	}
	copied, err := state.Copy(context.Background(), s)
	if err != nil {
		return nil, err
	}
	return store{copied}, nil
}

// progress shows on a terminal's stderr how far long work has come.
func (e Env) progress(what string, before, all float64) func(float64) {
	if e.Progress == 0 {
		return nil
	}
	said := -1
	return func(done float64) {
		if percent := int(100 * (before + done) / all); percent != said {
			said = percent
			fmt.Fprintf(e.Stderr, "\r\x1b[K%s: %d%%", what, percent)
		}
	}
}

// progressed takes it away again.
func (e Env) progressed() {
	if e.Progress > 0 {
		fmt.Fprint(e.Stderr, "\r\x1b[K")
	}
}
