// Package report draws what was measured over a stretch of time as one page that can be
// mailed, printed and kept: no request leaves it, and nothing in it can run but the
// program's own script.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

//go:embed style.css
var style string

//go:embed page.js
var script string

// Page writes the chronicles as one HTML page.
func Page(w io.Writer, head slo.Head, lang words.Language, chronicles []*slo.Chronicle) error {
	tables := 0
	for _, c := range chronicles {
		tables += 2*len(c.Tracks) + 2
	}
	p := painter{made: head.Made, lang: lang, zone: head.Made.Location(), rows: max(leastRows, min(mostRows, allRows/max(1, tables)))}
	b := builder{say: p.say}
	b.top(lang, p.say(words.ReportTitle, p.names(chronicles)), p.span(chronicles))
	var views []pipelineView
	for i, c := range chronicles {
		views = append(views, p.pipeline(c, fmt.Sprintf("p%d", i)))
	}
	b.contents(views)
	b.raw("<main>\n")
	for _, v := range views {
		b.pipeline(v)
	}
	b.explanation()
	b.raw("</main>\n")
	b.bottom(p.say(words.ReportMade, head.Made.Format("2006-01-02 15:04:05"), head.Program), p.say(words.ReportZone, p.zones(chronicles)))
	_, err := io.WriteString(w, b.String())
	return err
}

// span is the stretch that the page speaks of.
func (p painter) span(all []*slo.Chronicle) string {
	if len(all) == 0 {
		return ""
	}
	return p.say(words.ReportSpan, p.from(all[0].Window), p.clock(all[0].Window.To), p.zoneAt(all[0].Window.End()))
}

type pipelineView struct {
	ID, Title string
	Runbook   string
	Config    string
	Results   []resultView
	Figures   []figure
	Now       *nowView // nil where no run told it
	Spending  [][]string
	Reasons   [][]string
	Methods   [][]string
	Stages    [][]string
}

type resultView struct {
	SLI, Question, Result, Target, Verdict, Bad, Rolling, Spent, Interval, Minutes string
	Met                                                                            bool
	Numbers                                                                        markup // as JSON, for machines
}

// figure is a drawing with what it says, and the same as a table.
type figure struct {
	ID, Caption, Sentence string
	Drawing               markup
	Series                markup // JSON: the times and values that a cursor tells
	Keys                  []key  // what its colours say, where the page's legend doesn't
	Head                  []string
	Rows                  [][]string
}

// painter knows the language and zone of the page.
//
// Large: a method for each part of the page; there is hardly any state.
type painter struct {
	made time.Time
	lang words.Language
	zone *time.Location
	rows int // of a table at most
}

func (p painter) say(t words.Text, args ...any) string { return p.lang.Say(t, args...) }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (p painter) names(all []*slo.Chronicle) string {
	if len(all) == 1 {
		return sli.Escaped(all[0].Plan.Title())
	}
	return p.say(words.ReportAll)
}

// zoneAt is the page's zone as it is called at an instant.
func (p painter) zoneAt(t time.Time) string {
	name := t.In(p.zone).Format("MST")
	if full := p.zone.String(); full != "Local" && full != name {
		return full + ", " + name
	}
	return name
}

// zones is the page's zone as it is called in the time that the page shows, up to its making:
// by another name from each instant on at which the clock was set.
func (p painter) zones(all []*slo.Chronicle) string {
	since := p.made
	for _, c := range all {
		if start := c.Window.Start(); start.Before(since) {
			since = start
		}
	}
	text, name := p.zoneAt(since), since.In(p.zone).Format("MST")
	for {
		_, set := since.In(p.zone).ZoneBounds()
		if set.IsZero() || set.After(p.made) {
			return text
		}
		if next := set.In(p.zone).Format("MST"); next != name {
			text, name = p.say(words.ZoneFrom, text, set.In(p.zone).Format("2006-01-02 15:04"), next), next
		}
		since = set
	}
}

// from is the beginning of a stretch that is told with its end and the zone of that.
func (p painter) from(w sli.Window) string {
	return sli.WallFrom(w.Start().In(p.zone), w.End().In(p.zone))
}

// clock is the start of a minute as the page spells times.
func (p painter) clock(m sli.Minute) string { return sli.Wall(m.Start().In(p.zone)) }

// percent is a share as the page spells it, fine enough to tell it from a target and from all.
func percent(share, target float64) string {
	p := sli.Percent(share)
	if text := digits.Beside(p, target, 4); text != "100" {
		return text
	}
	return digits.Percent(p, 4)
}

func (p painter) pipeline(c *slo.Chronicle, id string) pipelineView {
	v := pipelineView{ID: id, Title: sli.Escaped(c.Plan.Title()), Config: p.say(words.ReportConfig, sli.Escaped(c.Plan.Owner))}
	if strings.HasPrefix(c.Plan.Runbook, "https://") || strings.HasPrefix(c.Plan.Runbook, "http://") {
		v.Runbook = c.Plan.Runbook
	}
	if len(c.Spoken) > 0 {
		v.Figures = append(v.Figures, p.verdicts(c, id+"-said"))
	}
	for i, t := range c.Tracks {
		a := c.Accounts.SLIs[i]
		s := a.Statements[0]
		v.Results = append(v.Results, p.result(t, s))
		v.Spending = append(v.Spending, p.spending(a, s)...)
		v.Reasons = append(v.Reasons, p.reasons(a, s)...)
		v.Figures = append(v.Figures, p.track(c, t, fmt.Sprintf("%s-%d", id, i))...)
	}
	if c.Plan.HasAge() {
		v.Figures = append(v.Figures, p.age(c, id+"-age"))
		if c.Window.Minutes() >= leastHeat {
			v.Figures = append(v.Figures, p.heat(c, id+"-heat"))
		}
	}
	for _, r := range c.Plan.Rules {
		quality := words.QualityGuess
		if r.Quality == sli.Exact {
			quality = words.QualityExact
		}
		v.Methods = append(v.Methods, escaped(string(r.Kind), r.Method+" ("+strings.Join(r.Stages, " + ")+")", p.lang.Render(words.Formula(r.Formula)), p.say(quality), sli.FormatDuration(r.Settle)))
	}
	if c.Report != nil {
		v.Now = p.now(c.Report, id+"-stages")
		for _, s := range c.Report.Stages {
			v.Stages = append(v.Stages, p.stage(s))
		}
	}
	return v
}

func (p painter) stage(s *sli.StageReport) []string {
	answered, trouble := "–", ""
	if !s.To.IsZero() {
		answered = s.To.In(p.zone).Format("2006-01-02 15:04:05")
	}
	if s.Err != nil {
		trouble = p.lang.Render(words.Heard(s.Err.Error()))
	}
	return escaped(s.Stage.Name, s.Stage.Kind, mean(s), answered, trouble)
}

// escaped is a row of a table, of texts that may come from anywhere.
func escaped(row ...string) []string {
	for i, text := range row {
		row[i] = sli.Escaped(text)
	}
	return row
}

// numbers are an SLI's results as machines read them back, under the names that `budget
// --json` has.
type numbers struct {
	Name    string      `json:"name"`
	Target  float64     `json:"target"`
	Valid   float64     `json:"valid"`
	Good    float64     `json:"good"`
	Left    *float64    `json:"left"`      // of the period that ends with the page
	Spent   *float64    `json:"left_here"` // of the page's own minutes
	Minutes slo.Minutes `json:"minutes"`   // of the page
}

func (p painter) result(t *slo.Track, s slo.Statement) resultView {
	target := t.Rule.Target
	v := resultView{
		SLI: string(t.Rule.Kind), Question: p.say(t.Rule.Question), Target: digits.Shortest(target) + " %",
		Minutes: spelled(s.Minutes), Rolling: "–", Spent: "–", Bad: "–", Interval: "–",
	}
	n := numbers{Name: v.SLI, Valid: s.Counts.Valid, Good: s.Counts.Good, Target: target, Minutes: s.Minutes}
	ratio, known := s.Counts.Ratio()
	switch {
	case known:
		v.Result = percent(ratio, target) + " %"
		v.Bad = digits.Count(s.Counts.Bad()) + " / " + digits.Count(s.Counts.Valid)
		v.Met = ratio*100 >= target
		v.Verdict = p.say(words.NotMet)
		if v.Met {
			v.Verdict = p.say(words.Met)
		}
	case s.Minutes.NoTraffic > 0 && s.Minutes.NotMeasured == 0:
		v.Result = p.say(words.StateNone)
	default:
		v.Result = p.say(words.StateMissing)
	}
	if s.Minutes.Measured() > 0 {
		spent := s.Left()
		n.Spent, v.Spent = &spent, share(spent)
	}
	if !math.IsNaN(t.Left) {
		n.Left, v.Rolling = &t.Left, share(t.Left)
	}
	if low, high, ok := s.Interval(); ok {
		v.Interval = percent(low, target) + " … " + percent(high, target) + " %"
	}
	v.Numbers = encoded(n)
	return v
}

// spelled are minutes by outcome, in the order of the column's head.
func spelled(m slo.Minutes) string {
	return strings.Join([]string{count(m.Value), count(m.NoTraffic), count(m.NotMeasured), count(m.Excluded)}, " · ")
}

// mostStretches is how many of the worst stretches are told one by one.
const mostStretches = 20

// spending lists what spent the budgets, the worst first; the last row is the rest, so
// that they add up.
func (p painter) spending(a slo.Account, s slo.Statement) (rows [][]string) {
	all, rest, share := s.Stretches, 0.0, 0.0
	for i, w := range all {
		if i >= mostStretches {
			rest, share = rest+w.Bad, share+w.Share
			continue
		}
		class := w.Class
		if class == "" {
			class = "–"
		}
		var by []string
		for _, name := range slices.Sorted(maps.Keys(w.By)) {
			var values []string
			for _, value := range slo.ByFrequency(w.By[name]) {
				values = append(values, value+" "+digits.Count(w.By[name][value]))
			}
			by = append(by, name+": "+strings.Join(values, ", "))
		}
		rows = append(rows, escaped(string(a.Rule.Kind), p.clock(w.Window.From), p.clock(w.Window.To), digits.Count(w.Bad), digits.Percent(sli.Percent(w.Share), 3)+" %", w.Stage, class, strings.Join(by, "; ")))
	}
	if rest > 0 {
		rows = append(rows, []string{string(a.Rule.Kind), p.say(words.Others, len(all)-mostStretches), "", digits.Count(rest), digits.Percent(sli.Percent(share), 3) + " %", "", "", ""})
	}
	return rows
}

// reasons lists why minutes are not measured or excluded.
func (p painter) reasons(a slo.Account, s slo.Statement) (rows [][]string) {
	for _, of := range []struct {
		outcome words.Text
		why     map[string]int
	}{{words.StateMissing, s.Reasons}, {words.StateExcluded, s.Exempt}, {words.StateFilled, s.Filled}} {
		for _, why := range slices.Sorted(maps.Keys(of.why)) {
			rows = append(rows, escaped(string(a.Rule.Kind), p.say(of.outcome), count(of.why[why]), p.lang.Render(words.Heard(why))))
		}
	}
	return rows
}

func count(n int) string { return digits.Count(float64(n)) }

// encoded is JSON that may stand in a page.
func encoded(v any) markup {
	text, err := json.Marshal(v) // escapes <, > and &, U+2028 and U+2029
	if err != nil {
		panic(err) // numbers and strings of ours
	}
	return markup(sli.EscapedJSON(text))
}

// series are what a cursor over a drawing tells: values of buckets, null where there is
// none, and how far the wall clock is from UTC, from which bucket on.
type series struct {
	Start   int64      `json:"start"` // epoch seconds
	Step    int        `json:"step"`  // seconds
	Offsets [][2]int   `json:"offsets"`
	Values  []*float64 `json:"values"`
	Unit    string     `json:"unit"`
}

func (p painter) series(c *slo.Chronicle, unit string, at func(i int) float64) markup {
	s := series{Start: c.Window.Start().Unix(), Step: c.Width * 60, Unit: unit}
	for i := range c.Ages {
		_, offset := c.Bucket(i).Start().In(p.zone).Zone()
		if n := len(s.Offsets); n == 0 || s.Offsets[n-1][1] != offset {
			s.Offsets = append(s.Offsets, [2]int{i, offset})
		}
		var value *float64
		if v := at(i); !math.IsNaN(v) {
			v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
			value = &v
		}
		s.Values = append(s.Values, value)
	}
	return encoded(s)
}

// mostRows bounds a table; beyond, rows stand for several buckets. Where a page has many
// tables each is shorter, so that it opens without a pause.
const (
	mostRows  = 48
	leastRows = 12
	allRows   = 3000
)

// grouped calls with runs of bucket indexes, as many as a table has rows.
func (p painter) grouped(n int, row func(from, to int)) {
	size := max(1, (n+p.rows-1)/p.rows)
	for from := 0; from < n; from += size {
		row(from, min(n, from+size))
	}
}

// track draws an SLI: its ratio, its traffic, what its minutes were, and its budget.
func (p painter) track(c *slo.Chronicle, t *slo.Track, id string) []figure {
	kind := string(t.Rule.Kind)
	return []figure{p.ratio(c, t, id, kind), p.traffic(c, t, id, kind), p.budget(c, t, id, kind)}
}

func (p painter) ratio(c *slo.Chronicle, t *slo.Track, id, kind string) figure {
	shown, target := t.Buckets, t.Rule.Target
	low, worst, at, below, known := target, 1.0, 0, 0, 0
	var line []point
	for i, b := range shown {
		r, ok := b.Counts.Ratio()
		if !ok {
			line = append(line, gap)
			continue
		}
		span := c.Bucket(i)
		line = append(line, point{float64(span.From), r * 100}, point{float64(span.To), r * 100})
		known++
		if r*100 < target {
			below++
		}
		if known == 1 || b.Ratios.Least < worst {
			worst, at = b.Ratios.Least, i
		}
		low = min(low, b.Ratios.Least*100)
	}
	low = max(0, low-(100-low)*0.1)
	g := newChart(c.Window, p.zone, 150, low, 100)
	g.scale(decimal, asPercent)
	g.axis()
	for i, b := range shown {
		if b.Ratios.Known() && b.Ratios.Least < b.Ratios.Most {
			g.bar("band", c.Bucket(i), b.Ratios.Least*100, b.Ratios.Most*100)
		}
		if b.Ratios.Known() && b.Ratios.Least*100 < target {
			g.bar("bad", c.Bucket(i), b.Ratios.Least*100, target)
		}
	}
	g.path("line", line)
	g.level("target", target, p.say(words.TargetLine, digits.Shortest(target)))
	f := figure{ID: id + "-ratio", Caption: p.say(words.RatioChart, kind, words.Heard(t.Rule.Population)), Sentence: p.say(words.RatioNone)}
	switch {
	case below > 0 || known > 0 && worst*100 < target:
		f.Sentence = p.say(words.RatioBelow, digits.Shortest(target), below, known, percent(worst, target), p.clock(c.Bucket(at).From))
	case known > 0:
		f.Sentence = p.say(words.RatioNever, digits.Shortest(target))
	}
	f.Drawing = g.drawn(f.ID, f.Caption, f.Sentence)
	f.Series = p.series(c, "%", func(i int) float64 {
		if r, ok := shown[i].Counts.Ratio(); ok {
			return r * 100
		}
		return math.NaN()
	})
	f.Head = []string{p.say(words.ColumnFrom), p.say(words.ColumnResult), p.say(words.ColumnWorst), p.say(words.ColumnGood), p.say(words.ColumnValid), p.say(words.ColumnMinutes)}
	p.grouped(len(shown), func(from, to int) {
		b := slo.Together(shown[from:to])
		result, least := "–", "–"
		if r, ok := b.Counts.Ratio(); ok {
			result, least = percent(r, target)+" %", percent(b.Ratios.Least, target)+" %"
		}
		f.Rows = append(f.Rows, []string{p.clock(c.Bucket(from).From), result, least, digits.Count(b.Counts.Good), digits.Count(b.Counts.Valid),
			spelled(b.Minutes)})
	})
	return f
}

// perMinute is a bucket's valid events by its measured minutes.
func perMinute(b slo.Bucket) float64 {
	if n := b.Minutes.Measured(); n > 0 {
		return b.Counts.Valid / float64(n)
	}
	return math.NaN()
}

// traffic draws the events a minute, and beneath them what the minutes were.
func (p painter) traffic(c *slo.Chronicle, t *slo.Track, id, kind string) figure {
	shown := t.Buckets
	most, valid := 0.0, 0.0
	for _, b := range shown {
		if v := perMinute(b); v > most {
			most = v
		}
		valid += b.Counts.Valid
	}
	const height, band = 80, 10
	g := newChart(c.Window, p.zone, height, -max(1, most)*band/(height-band), max(1, most))
	for _, v := range []float64{0, max(1, most)} {
		fmt.Fprintf(&g.body, `<text class="tick" x="%d" y="%s" dy="4" text-anchor="end">%s</text>`, leftMargin-6, num(g.y(v)), digits.Of(v, 3))
	}
	g.axis()
	for i, b := range shown {
		if v := perMinute(b); v > 0 {
			g.bar("traffic", c.Bucket(i), 0, v)
		}
		if class := outcome(b); class != "" {
			g.bar(class, c.Bucket(i), g.low, 0)
		}
	}
	f := figure{ID: id + "-traffic", Caption: p.say(words.TrafficChart, kind), Sentence: p.say(words.TrafficSentence, digits.Count(valid), digits.Of(most, 4))}
	f.Drawing = g.drawn(f.ID, f.Caption, f.Sentence)
	f.Series = p.series(c, "/min", func(i int) float64 { return perMinute(shown[i]) })
	return f
}

// outcome is how a bucket is marked: by the worst that one of its minutes was.
func outcome(b slo.Bucket) string {
	switch {
	case b.Minutes.NotMeasured > 0:
		return "missing"
	case b.Minutes.Excluded > 0:
		return "excluded"
	case b.Minutes.Value > 0:
		return "value"
	case b.Minutes.NoTraffic > 0:
		return "none"
	}
	return "" // to come
}

func (p painter) budget(c *slo.Chronicle, t *slo.Track, id, kind string) figure {
	rolling, spent := t.Rolling, t.Spent
	low := 0.0
	for i := range rolling {
		for _, v := range []float64{rolling[i], spent[i]} {
			if !math.IsNaN(v) {
				low = min(low, v)
			}
		}
	}
	low = max(low, -3) // deeper is told in words
	g := newChart(c.Window, p.zone, 120, low*100, 100)
	g.scale(decimal, asPercent)
	g.axis()
	g.level("zero", 0, "")
	for _, l := range []struct {
		class  string
		values []float64
		first  float64 // where the page begins
	}{{"line", rolling, math.NaN()}, {"line dashed", spent, 1}} {
		points := []point{{float64(c.Window.From), l.first * 100}}
		if math.IsNaN(slo.Newest(l.values)) {
			continue
		}
		for i, v := range l.values {
			points = append(points, point{float64(c.Bucket(i).To), v * 100})
		}
		g.path(l.class, points)
	}
	f := figure{ID: id + "-budget", Caption: p.say(words.BudgetChart, kind)}
	f.Sentence = p.say(words.RatioNone)
	if !math.IsNaN(slo.Newest(rolling)) {
		f.Sentence = p.say(words.BudgetSentence, sli.FormatDuration(t.Objective.Period), share(t.Left), share(slo.Newest(spent)))
	}
	f.Drawing = g.drawn(f.ID, f.Caption, f.Sentence)
	f.Series = p.series(c, "%", func(i int) float64 { return rolling[i] * 100 })
	f.Head = []string{p.say(words.ColumnUpTo), p.say(words.ColumnRolling), p.say(words.ColumnSpent)}
	p.grouped(len(rolling), func(_, to int) {
		f.Rows = append(f.Rows, []string{p.clock(c.Bucket(to - 1).To), share(rolling[to-1]), share(spent[to-1])})
	})
	return f
}

// share is a part of a whole in percent.
func share(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return digits.Percent(sli.Percent(v), 4) + " %"
}

func (p painter) age(c *slo.Chronicle, id string) figure {
	most, at := 0.0, -1
	for i, a := range c.Ages {
		if a.Known() && a.Most >= most {
			most, at = a.Most, i
		}
	}
	limit := slo.CriticalAge(c.Plan).Seconds()
	g := newChart(c.Window, p.zone, 110, 0, 1.15*max(1, most, min(limit, 3*most)))
	g.scale(sexagesimal, asSeconds)
	g.axis()
	for i, a := range c.Ages {
		if !a.Known() {
			continue
		}
		g.bar("traffic", c.Bucket(i), 0, a.Most)
		if limit > 0 && a.Most > limit {
			g.bar("bad", c.Bucket(i), limit, a.Most)
		}
	}
	if limit > 0 {
		g.level("target", limit, "critical_age "+sli.FormatSeconds(limit))
	}
	f := figure{ID: id, Caption: p.say(words.AgeChart), Sentence: p.say(words.AgeNone)}
	if at >= 0 {
		f.Sentence = p.say(words.AgeSentence, sli.FormatSeconds(most), p.clock(c.Bucket(at).From))
	}
	f.Drawing = g.drawn(f.ID, f.Caption, f.Sentence)
	f.Series = p.series(c, "s", func(i int) float64 { return c.Ages[i].Most })
	f.Head = []string{p.say(words.ColumnFrom), p.say(words.ColumnAge)}
	p.grouped(len(c.Ages), func(from, to int) {
		oldest := "–"
		if r := slo.Widest(c.Ages[from:to]); r.Known() {
			oldest = sli.FormatSeconds(r.Most)
		}
		f.Rows = append(f.Rows, []string{p.clock(c.Bucket(from).From), oldest})
	})
	return f
}
