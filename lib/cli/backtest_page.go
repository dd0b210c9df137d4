package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/backtest"
	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// trialPage shows what a backtest found.
type trialPage struct {
	*program
	b    backtest.Backtest
	lang words.Language
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
		Name    string           `json:"name"`
		History backtest.History `json:"history"`
		Untold  []string         `json:"untold,omitempty"` // rules of the check that the history can't tell of
		Spans   []backtestSpan   `json:"spans"`
		Minutes map[string]int   `json:"minutes"`
		Missing []string         `json:"missing,omitempty"`
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
		History      backtest.History     `json:"history"`
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
		PagedAfter *float64       `json:"paged_after"` // seconds; null: nobody is called
		Status     *string        `json:"status"`
		Spans      []backtestSpan `json:"spans"`
	}
	backtestBudget struct {
		At       string               `json:"at"`
		Left     map[sli.Kind]float64 `json:"left"`
		Measured map[sli.Kind]int     `json:"measured_minutes"` // of the period
	}
)

// json writes what is found as a document.
func (p trialPage) json(results []backtested) error {
	stamp := func(t time.Time) string { return t.In(p.env.Zone).Format(time.RFC3339) }
	d := backtestDocument{Version: 1, From: stamp(p.b.Stretch.From), To: stamp(p.b.Stretch.To), Sweep: []backtestRow{}}
	for _, r := range results {
		of := backtestPipeline{Name: r.plan.Name, History: r.own.History, Minutes: minutesOf(r.own.Timeline)}
		if of.History == backtest.FromPoints {
			of.Untold = backtest.Untold(r.plan)
		}
		for _, m := range r.own.Missing {
			of.Missing = append(of.Missing, p.lang.Render(m))
		}
		of.Spans = p.spansOf(r.own.Spans)
		d.Pipelines = append(d.Pipelines, of)
		for _, row := range r.rows {
			out := backtestRow{Pipeline: r.plan.Name, History: row.History, Set: row.Setting.Set, Drills: []backtestDrill{}, Pages: row.Pages, PagesPerWeek: row.PagesAWeek(),
				Minutes: minutesOf(row.Timeline), Left: row.Left().Left}
			for _, f := range row.Drills {
				drill := backtestDrill{Drill: f.Drill.Text, Spans: p.spansOf(f.Spans)}
				if f.Is {
					after, status := f.After.Seconds(), f.Status.String()
					drill.FoundAfter, drill.Status = &after, &status
				}
				if f.Pages {
					after := f.PagedAfter.Seconds()
					drill.PagedAfter = &after
				}
				out.Drills = append(out.Drills, drill)
			}
			for _, l := range row.Budget {
				out.Budget = append(out.Budget, backtestBudget{stamp(l.At), l.Left, l.Measured})
			}
			d.Sweep = append(d.Sweep, out)
		}
	}
	e := json.NewEncoder(p.env.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func (p trialPage) spansOf(spans []backtest.Span) []backtestSpan {
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

// text writes what is found for people.
func (p trialPage) text(results []backtested) error {
	var out strings.Builder
	say := func(t words.Text, args ...any) { out.WriteString("  " + p.lang.Say(t, args...) + "\n") }
	at := func(t time.Time) string { return sli.Wall(t.In(p.env.Zone)) }
	for i, r := range results {
		if i > 0 {
			out.WriteString("\n")
		}
		stretch := p.b.Stretch
		out.WriteString(p.lang.Say(words.BacktestOf, r.plan.Name, sli.WallFrom(stretch.From, stretch.To), stretch.To.Format("2006-01-02 15:04"), stretch.To.Format("MST")) + "\n")
		p.history(r, say)
		var minutes []string
		for _, s := range statuses {
			minutes = append(minutes, fmt.Sprintf("%s %s", s, digits.Count(float64(r.own.Minutes[s]))))
		}
		say(words.BacktestMinutes, strings.Join(minutes, ", "))
		say(words.BacktestPages, p.b.Attempts, r.own.Pages, digits.Of(r.own.PagesAWeek(), 3))
		if left := p.leftText(r.own.Left(), r.plan); left != "" {
			say(words.BacktestLeft, left)
		}
		calm := 0
		for _, s := range r.own.Spans {
			if s.Status == slo.OK {
				calm++
				continue
			}
			var rule words.Message
			if s.Rule != "" {
				rule = words.BacktestRule.With(s.Rule)
			}
			say(words.BacktestSpan, at(s.From), at(s.To), s.Status, rule, sli.Escaped(s.Text))
		}
		if calm == len(r.own.Spans) {
			say(words.AllCalm)
		}
		if len(r.own.Spans) == 1 && r.own.Spans[0].Rule == "nothing" && len(r.plan.Rules) > 0 {
			say(words.NothingJudged, r.plan.Rules[0].Kind)
		}
		if len(p.opt.Set) > 0 || len(p.opt.Drill) > 0 {
			out.WriteString("\n")
			for _, line := range words.Table(p.sweep(r)) {
				out.WriteString("  " + line + "\n")
			}
			p.notes(r, say)
		}
	}
	_, err := fmt.Fprint(p.env.Stdout, out.String())
	return err
}

// history says what is spoken of.
func (p trialPage) history(r backtested, say func(words.Text, ...any)) {
	switch r.own.History {
	case backtest.FromState:
		say(words.BacktestState)
	case backtest.FromSources:
		say(words.BacktestSources)
	case backtest.FromRecording:
		say(words.BacktestFrom, sli.Escaped(p.opt.Recording))
	case backtest.FromPoints:
		if p.opt.Service != "" {
			say(words.BacktestPoints, words.PointsOfService.With(p.opt.Service))
		} else {
			say(words.BacktestPoints, words.PointsOfHost.With(p.opt.HostID))
		}
		if r.plan.Path().HasState() {
			say(words.BacktestUntold)
		}
	}
}

// notes are what the table is to be read with.
func (p trialPage) notes(r backtested, say func(words.Text, ...any)) {
	if len(p.opt.Drill) > 0 {
		if best, after := soonest(r.rows); best != nil {
			say(words.SoonestOf, settingText(best.Setting.Set), sli.FormatDuration(after))
		} else {
			say(words.SoonestNone)
		}
		say(words.TableIsOf)
	}
	if most := mostPages / p.b.Stretch.To.Sub(p.b.Stretch.From).Hours() * 24 * 30; most > 1 {
		if slices.ContainsFunc(r.rows, func(row backtest.Row) bool { return row.Pages == 0 }) {
			say(words.PagesProveLess, sli.FormatDuration(p.b.Stretch.To.Sub(p.b.Stretch.From).Round(time.Minute)), digits.Of(most, 2))
		}
	}
	if r.evidence {
		say(words.TableEvents)
	}
	if r.own.History == backtest.FromState && slices.ContainsFunc(r.rows, func(row backtest.Row) bool { return row.History == backtest.FromSources }) {
		say(words.TableSources)
	}
}

// mostPages is how many pages a time without one may have had in the mean: with more than
// that a time without any is rarer than one in twenty (ln 20).
const mostPages = 2.996

// soonest is the setting that pages of all drills soonest, of those with under one page a
// month, and how long the slowest takes; nil where there is none.
func soonest(rows []backtest.Row) (best *backtest.Row, after time.Duration) {
	for i, row := range rows {
		if row.PagesAWeek()*30/7 >= 1 {
			continue
		}
		slowest, all := time.Duration(0), true
		for _, f := range row.Drills {
			all = all && f.Pages
			slowest = max(slowest, f.PagedAfter)
		}
		if all && (best == nil || slowest < after) {
			best, after = &rows[i], slowest
		}
	}
	return best, after
}

// settingText is what a setting changes.
func settingText(set map[string]string) string {
	var texts []string
	for _, path := range slices.Sorted(maps.Keys(set)) {
		texts = append(texts, path+"="+set[path])
	}
	return strings.Join(texts, " ")
}

// leftText is what is left, with the time that was measured: a stretch is gone through with
// what its verdicts rest on, which is less than the period of a budget.
func (p trialPage) leftText(left backtest.Left, plan *sli.Plan) string {
	var texts []string
	for _, r := range plan.Rules {
		if v, ok := left.Left[r.Kind]; ok {
			texts = append(texts, p.lang.Say(words.BacktestLeftOf, string(r.Kind), digits.Percent(sli.Percent(v), 4), sli.FormatDuration(time.Duration(left.Measured[r.Kind])*time.Minute)))
		}
	}
	return strings.Join(texts, ", ")
}

// sweep is a line for each setting: what is set, how soon it finds each incident, how often
// it pages.
func (p trialPage) sweep(r backtested) [][]string {
	paths := slices.Sorted(maps.Keys(r.rows[0].Setting.Set))
	head := slices.Clone(paths)
	for _, f := range r.rows[0].Drills {
		head = append(head, f.Drill.Text)
	}
	head = append(head, p.lang.Say(words.ColumnPages), p.lang.Say(words.ColumnMonth), slo.Critical.String(), slo.Warning.String())
	unknown := slices.ContainsFunc(r.rows, func(row backtest.Row) bool { return row.Minutes[slo.Unknown] > 0 })
	if unknown {
		head = append(head, slo.Unknown.String())
	}
	for _, rule := range r.plan.Rules {
		head = append(head, p.lang.Say(words.ColumnLeft, rule.Kind))
	}
	lines := [][]string{head}
	for _, row := range r.rows {
		var line []string
		for _, path := range paths {
			line = append(line, row.Setting.Set[path])
		}
		for _, f := range row.Drills {
			text := p.lang.Say(words.CellLost)
			switch {
			case f.Pages:
				text = p.lang.Say(words.CellPaged, f.Status, sli.FormatDuration(f.After), sli.FormatDuration(f.PagedAfter))
			case f.Is:
				text = p.lang.Say(words.CellFound, f.Status, sli.FormatDuration(f.After))
			}
			line = append(line, text)
		}
		line = append(line, fmt.Sprint(row.Pages), digits.Of(row.PagesAWeek()*30/7, 3),
			p.lang.Say(words.CellMinutes, row.Minutes[slo.Critical]), p.lang.Say(words.CellMinutes, row.Minutes[slo.Warning]))
		if unknown {
			line = append(line, p.lang.Say(words.CellMinutes, row.Minutes[slo.Unknown]))
		}
		for _, rule := range r.plan.Rules {
			text := "-"
			if v, ok := row.Left().Left[rule.Kind]; ok {
				text = p.lang.Say(words.Share, digits.Percent(sli.Percent(v), 4))
			}
			line = append(line, text)
		}
		lines = append(lines, line)
	}
	return lines
}
