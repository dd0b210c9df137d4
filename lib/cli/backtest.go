package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/backtest"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/internal/state"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// backtesting looks at past instants, with other settings and drills.
type backtesting struct{ *program }

// backtest says what the check would have said of a past time. It writes no state.
func (p backtesting) backtest(ctx context.Context) int {
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
	if b.Kept, err = p.held(c); err != nil {
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
		results[i] = backtested{plan: of.Plan, own: rows[0], rows: rows[1:]}
	}
	if p.opt.JSON {
		err = p.backtestJSON(b.Stretch, results)
	} else {
		err = p.backtestText(b, results)
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("writing the backtest: %w", err), "")
		return exitFailed
	}
	code := exitOK
	for _, r := range results {
		for _, text := range r.own.Missing {
			p.voice.warn("pipeline "+r.plan.Name+": "+text, "")
			code = exitFailed
		}
	}
	return code
}

// backtested is what is found of a pipeline.
type backtested struct {
	plan *sli.Plan
	own  backtest.Row // as the file has it
	rows []backtest.Row
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
	if p.opt.From == "" || p.opt.To == "" {
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
			return b, nil, nil, withHint(fmt.Errorf("--drill: %w (got %q)", err, text), "--drill '%s'", "consumer-stop@2026-03-02 12:00,10m")
		case d.At.Before(b.Stretch.From) || !d.At.Before(b.Stretch.To):
			return b, nil, nil, fmt.Errorf("--drill: must begin between --from and --to (got %q)", text)
		}
		drills = append(drills, d)
	}
	return b, lists, drills, nil
}

const (
	maxBacktest = 400 * 24 * time.Hour
	maxSettings = 1000
)

// with is the configuration with some values of its pipelines changed.
func (p backtesting) with(ctx context.Context, set map[string]string) (*config.Config, error) {
	var puts []config.Put
	for _, path := range slices.Sorted(maps.Keys(set)) {
		for _, name := range chosen(p.opt.Pipeline) {
			puts = append(puts, config.Put{Pipeline: name, Path: strings.Split(path, "."), Value: set[path], From: "--set " + path})
		}
	}
	return p.changed(ctx, puts)
}

// changed is the configuration with something put into it.
func (p backtesting) changed(ctx context.Context, puts []config.Put) (*config.Config, error) {
	l := loader{env: p.env, common: p.opt.common, sourceless: p.opt.sourceless, given: p.given}
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

// The document of backtest --json.
type (
	backtestDocument struct {
		Version   int                `json:"version"`
		From      string             `json:"from"`
		To        string             `json:"to"`
		Pipelines []backtestPipeline `json:"pipelines"`
		Sweep     []backtestRow      `json:"sweep"`
	}
	backtestPipeline struct {
		Name    string         `json:"name"`
		Spans   []backtestSpan `json:"spans"`
		Minutes map[string]int `json:"minutes"`
		Missing []string       `json:"missing,omitempty"`
	}
	backtestSpan struct {
		From   string  `json:"from"`
		To     string  `json:"to"`
		Status string  `json:"status"`
		Rule   *string `json:"rule"`
		Text   string  `json:"text"`
	}
	backtestRow struct {
		Pipeline     string               `json:"pipeline"`
		Set          map[string]string    `json:"set"`
		Drills       []backtestDrill      `json:"drills"`
		Pages        int                  `json:"pages"`
		PagesPerWeek float64              `json:"pages_per_week"`
		Minutes      map[string]int       `json:"minutes"`
		Left         map[sli.Kind]float64 `json:"left"`
		Budget       []backtestBudget     `json:"budget"`
	}
	backtestDrill struct {
		Drill      string         `json:"drill"`
		FoundAfter *float64       `json:"found_after"` // seconds
		Status     *string        `json:"status"`
		Spans      []backtestSpan `json:"spans"`
	}
	backtestBudget struct {
		At   string               `json:"at"`
		Left map[sli.Kind]float64 `json:"left"`
	}
)

func (p backtesting) backtestJSON(stretch backtest.Stretch, results []backtested) error {
	stamp := func(t time.Time) string { return t.In(p.env.Zone).Format(time.RFC3339) }
	d := backtestDocument{Version: 1, From: stamp(stretch.From), To: stamp(stretch.To), Sweep: []backtestRow{}}
	for _, r := range results {
		of := backtestPipeline{Name: r.plan.Name, Minutes: minutesOf(r.own.Timeline), Missing: r.own.Missing}
		of.Spans = p.spansOf(r.own.Spans)
		d.Pipelines = append(d.Pipelines, of)
		for _, row := range r.rows {
			out := backtestRow{Pipeline: r.plan.Name, Set: row.Setting.Set, Drills: []backtestDrill{}, Pages: row.Pages, PagesPerWeek: row.PagesAWeek(),
				Minutes: minutesOf(row.Timeline), Left: row.Left()}
			for _, f := range row.Drills {
				drill := backtestDrill{Drill: f.Drill.Text, Spans: p.spansOf(f.Spans)}
				if f.Is {
					after, status := f.After.Seconds(), f.Status.String()
					drill.FoundAfter, drill.Status = &after, &status
				}
				out.Drills = append(out.Drills, drill)
			}
			for _, l := range row.Budget {
				out.Budget = append(out.Budget, backtestBudget{stamp(l.At), l.Left})
			}
			d.Sweep = append(d.Sweep, out)
		}
	}
	e := json.NewEncoder(p.env.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func (p backtesting) spansOf(spans []backtest.Span) []backtestSpan {
	out := []backtestSpan{}
	for _, s := range spans {
		span := backtestSpan{From: s.From.In(p.env.Zone).Format(time.RFC3339), To: s.To.In(p.env.Zone).Format(time.RFC3339), Status: s.Status.String(), Text: s.Text}
		if s.Rule != "" {
			span.Rule = &s.Rule
		}
		out = append(out, span)
	}
	return out
}

var statuses = []slo.CheckStatus{slo.OK, slo.Warning, slo.Critical, slo.Unknown}

func minutesOf(t *backtest.Timeline) map[string]int {
	out := map[string]int{}
	for _, s := range statuses {
		out[s.String()] = t.Minutes[s]
	}
	return out
}

func (p backtesting) backtestText(b backtest.Backtest, results []backtested) error {
	var out strings.Builder
	const layout = "2006-01-02 15:04"
	at := func(t time.Time) string { return t.In(p.env.Zone).Format(layout) }
	for i, r := range results {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "%s from %s to %s %s, as the check would have said\n", r.plan.Name, at(b.Stretch.From), at(b.Stretch.To), b.Stretch.To.Format("MST"))
		var minutes []string
		for _, s := range statuses {
			minutes = append(minutes, fmt.Sprintf("%s %s", s, digits.Count(float64(r.own.Minutes[s]))))
		}
		fmt.Fprintf(&out, "  minutes: %s\n", strings.Join(minutes, ", "))
		fmt.Fprintf(&out, "  pages (CRITICAL in %d checks in a row): %d, %s a week\n", b.Attempts, r.own.Pages, digits.Of(r.own.PagesAWeek(), 3))
		if left := leftText(r.own.Left(), r.plan); left != "" {
			fmt.Fprintf(&out, "  left of the budgets at the end: %s\n", left)
		}
		calm := 0
		for _, s := range r.own.Spans {
			if s.Status == slo.OK {
				calm++
				continue
			}
			rule := ""
			if s.Rule != "" {
				rule = " by " + s.Rule
			}
			fmt.Fprintf(&out, "  %s to %s %s%s: %s\n", at(s.From), at(s.To), s.Status, rule, sli.Escaped(s.Text))
		}
		if calm == len(r.own.Spans) {
			out.WriteString("  nothing but OK\n")
		}
		if len(p.opt.Set) > 0 || len(p.opt.Drill) > 0 {
			out.WriteString("\n")
			table(&out, p.sweep(r))
			if len(p.opt.Drill) > 0 {
				out.WriteString("  pages, minutes and budgets are those without the drills; a drill that begins while the check is CRITICAL anyway is not found\n")
			}
		}
	}
	_, err := fmt.Fprint(p.env.Stdout, out.String())
	return err
}

func leftText(left map[sli.Kind]float64, plan *sli.Plan) string {
	var texts []string
	for _, r := range plan.Rules {
		if v, ok := left[r.Kind]; ok {
			texts = append(texts, fmt.Sprintf("%s %s%%", r.Kind, digits.Of(sli.Percent(v), 4)))
		}
	}
	return strings.Join(texts, ", ")
}

// sweep is a line for each setting: what is set, how soon it finds each incident, how often
// it pages.
func (p backtesting) sweep(r backtested) [][]string {
	var paths []string
	for path := range r.rows[0].Setting.Set {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	var head []string
	head = append(head, paths...)
	for _, f := range r.rows[0].Drills {
		head = append(head, f.Drill.Text)
	}
	head = append(head, "pages", "a month", "CRITICAL", "WARNING")
	for _, rule := range r.plan.Rules {
		head = append(head, "left "+string(rule.Kind))
	}
	lines := [][]string{head}
	for _, row := range r.rows {
		var line []string
		for _, path := range paths {
			line = append(line, row.Setting.Set[path])
		}
		for _, f := range row.Drills {
			text := "not found"
			if f.Is {
				text = f.Status.String() + " after " + sli.FormatDuration(f.After)
			}
			line = append(line, text)
		}
		line = append(line, fmt.Sprint(row.Pages), digits.Of(row.PagesAWeek()*30/7, 3), fmt.Sprintf("%d min", row.Minutes[slo.Critical]), fmt.Sprintf("%d min", row.Minutes[slo.Warning]))
		for _, rule := range r.plan.Rules {
			text := "-"
			if v, ok := row.Left()[rule.Kind]; ok {
				text = digits.Of(sli.Percent(v), 4) + "%"
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	return lines
}

// table writes lines with their columns below each other.
func table(out *strings.Builder, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], len([]rune(text)))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, text := range line {
			fmt.Fprintf(&b, "  %s%s", text, strings.Repeat(" ", widths[i]-len([]rune(text))))
		}
		out.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	}
}
