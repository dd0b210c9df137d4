package report

import (
	"fmt"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// nowView is how a pipeline was when the page was made, whatever stretch it shows.
type nowView struct {
	Title   string
	Results [][]string
	Flow    [][]string
	FlowOf  string
	Delay   [][]string
	Stages  *figure
	Numbers markup
}

// moment are the same numbers as machines read them back, under the names that `explain
// --json` has.
type moment struct {
	At    string       `json:"at"`
	SLIs  []judged     `json:"slis"`
	Age   *float64     `json:"age"` // seconds
	Flow  *flow        `json:"flow"`
	Delay *delays      `json:"delay"`
	Means []stageDelay `json:"stages"`
}

type judged struct {
	Name     string             `json:"name"`
	Status   sli.Status         `json:"status"`
	Valid    float64            `json:"valid"`
	Good     float64            `json:"good"`
	Measured float64            `json:"measured"`
	Left     *float64           `json:"budget_remaining"`
	Burn     map[string]float64 `json:"burn"`
}

type flow struct {
	Accepted     float64  `json:"accepted"`
	Done         float64  `json:"done"`
	Filtered     float64  `json:"filtered"`
	Dropped      float64  `json:"dropped"`
	DeadLettered float64  `json:"dead_lettered"`
	Duplicates   float64  `json:"duplicates"`
	Unmatched    float64  `json:"unmatched"`
	Backlog      *float64 `json:"backlog"`
	Unexplained  *float64 `json:"unexplained"`
}

type delays struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

type stageDelay struct {
	Name string   `json:"name"`
	Mean *float64 `json:"mean_delay"`
}

func (p painter) now(r *sli.Pipeline, id string) *nowView {
	v := &nowView{Title: p.say(words.NowTitle, p.made.Format("2006-01-02 15:04:05"))}
	m := moment{At: p.made.Format("2006-01-02T15:04:05Z07:00"), SLIs: []judged{}, Means: []stageDelay{}}
	for _, result := range r.Results {
		v.Results = append(v.Results, p.judged(result))
		j := judged{Name: string(result.Rule.Kind), Status: result.Status, Valid: result.Counts.Valid, Good: result.Counts.Good, Measured: result.Measured,
			Left: result.Budget, Burn: map[string]float64{}}
		for _, b := range result.Burns {
			if b.Measured {
				j.Burn[sli.FormatDuration(b.Length)] = b.Rate
			}
		}
		m.SLIs = append(m.SLIs, j)
	}
	if r.Age != nil {
		m.Age = &r.Age.Seconds
	}
	if f := r.Flow; f != nil {
		m.Flow = &flow{f.Accepted, f.Done, f.Filtered, f.Dropped, f.DeadLettered, f.Duplicates, f.Unmatched, nil, nil}
		if f.HasBacklog {
			m.Flow.Backlog = &f.Backlog
		}
		if f.HasUnexplained {
			m.Flow.Unexplained = &f.Unexplained
		}
		v.FlowOf, v.Flow = p.say(words.NowFlow, p.stretch(f.Window)), p.flow(m.Flow)
	}
	if d := r.Delay; d != nil && d.Delay.Count() > 0 {
		m.Delay = &delays{d.Delay.Count(), d.Delay.Quantile(.5), d.Delay.Quantile(.9), d.Delay.Quantile(.99), d.Delay.Max()}
		v.Delay = [][]string{
			{p.say(words.DelayHalf), seconds(m.Delay.P50)}, {p.say(words.DelayMost), seconds(m.Delay.P90)},
			{p.say(words.DelayNearly), seconds(m.Delay.P99)}, {p.say(words.DelayAll), seconds(m.Delay.Max)},
		}
	}
	for _, s := range r.Stages {
		m.Means = append(m.Means, stageDelay{s.Stage.Name, s.Mean})
	}
	v.Stages = p.stages(r, id)
	v.Numbers = encoded(m)
	return v
}

// stretch is a stretch of time of one day mostly.
func (p painter) stretch(w sli.Window) string {
	return p.clock(w.From) + "–" + w.End().In(p.zone).Format("15:04")
}

var outcomes = map[sli.Status]words.Text{sli.Value: words.StateValue, sli.NoTraffic: words.StateNone, sli.NotMeasured: words.StateMissing, sli.Excluded: words.StateExcluded}

// judged is an SLI over its window.
func (p painter) judged(r *sli.Result) []string {
	ratio := p.say(outcomes[r.Status])
	if share, ok := r.Counts.Ratio(); ok && r.Status == sli.Value {
		ratio = percent(share, r.Rule.Target) + " %"
	}
	var burns []string
	for _, b := range r.Burns {
		if b.Measured {
			burns = append(burns, sli.FormatDuration(b.Length)+"\u00a0"+digits.Of(b.Rate, 3))
		}
	}
	left := "–"
	if r.Budget != nil {
		left = share(*r.Budget)
	}
	return escaped(string(r.Rule.Kind), ratio, digits.Count(r.Counts.Good)+" / "+digits.Count(r.Counts.Valid), p.stretch(r.Window),
		digits.Percent(sli.Percent(r.Measured), 3)+" %", left, strings.Join(burns, " · "))
}

// flow lists what became of the records, without what didn't happen.
func (p painter) flow(f *flow) (rows [][]string) {
	row := func(name words.Text, n *float64, always bool) {
		if n != nil && (always || *n != 0) {
			rows = append(rows, []string{p.say(name), digits.Count(*n)})
		}
	}
	row(words.FlowAccepted, &f.Accepted, true)
	row(words.FlowDone, &f.Done, true)
	row(words.FlowFiltered, &f.Filtered, false)
	row(words.FlowDropped, &f.Dropped, false)
	row(words.FlowDead, &f.DeadLettered, false)
	row(words.FlowDuplicates, &f.Duplicates, false)
	row(words.FlowUnmatched, &f.Unmatched, false)
	row(words.FlowBacklog, f.Backlog, true)
	row(words.FlowMissing, f.Unexplained, true)
	return rows
}

// seconds is a delay, as finely as it is short.
func seconds(v float64) string {
	if v < 1 {
		return digits.Of(v*1000, 3) + "ms"
	}
	if v < 10 {
		return digits.Of(v, 3) + "s"
	}
	return sli.FormatSeconds(v)
}

// mean is a stage's mean delay.
func mean(s *sli.StageReport) string {
	if s.Mean == nil {
		return "–"
	}
	return seconds(*s.Mean)
}

// stages draws what each stage adds to the delay; nil where fewer than two say it.
func (p painter) stages(r *sli.Pipeline, id string) *figure {
	longest, sum, known := 0.0, 0.0, 0
	for _, s := range r.Stages {
		if s.Mean != nil {
			longest, sum, known = max(longest, *s.Mean), sum+*s.Mean, known+1
		}
	}
	if known < 2 || longest <= 0 {
		return nil
	}
	const row, left, right = 22, 220, 120
	g := &chart{height: known*row - axisHeight}
	y := topMargin
	for _, s := range r.Stages {
		if s.Mean == nil {
			continue
		}
		width := *s.Mean / longest * (chartWidth - left - right)
		fmt.Fprintf(&g.body, `<text class="tick" x="%d" y="%d" text-anchor="end">`, left-8, y+14)
		g.text(shortened(s.Stage.Name))
		fmt.Fprintf(&g.body, `</text><rect class="traffic" x="%d" y="%d" width="%s" height="%d"/><text class="tick" x="%s" y="%d">`, left, y+2, num(max(1, width)), row-6, num(left+width+8), y+14)
		g.text(mean(s))
		g.body.WriteString("</text>")
		y += row
	}
	f := &figure{ID: id, Caption: p.say(words.StageChart), Sentence: p.say(words.StageSentence, seconds(sum))}
	f.Drawing = g.drawn(id, f.Caption, f.Sentence)
	return f
}

// shortened is a name as a drawing has room for it.
func shortened(name string) string {
	const most = 30
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return name
}

func (b *builder) now(v nowView) {
	b.element("h3", "", v.Title)
	b.raw(`<script type="application/json" class="moment">`, string(v.Numbers), "</script>")
	b.table(b.say(words.NowSLIs), b.heads([]words.Text{words.ColumnSLI, words.ColumnResult, words.ColumnOfValid, words.ColumnWindow, words.ColumnMeasured, words.ColumnRolling, words.ColumnBurns}), v.Results)
	for _, t := range []struct {
		title   string
		columns []words.Text
		rows    [][]string
	}{
		{v.FlowOf, []words.Text{words.ColumnFate, words.ColumnRecords}, v.Flow},
		{b.say(words.NowDelay), []words.Text{words.ColumnPart, words.ColumnDelay}, v.Delay},
	} {
		if len(t.rows) > 0 {
			b.element("h4", "", t.title)
			b.table(t.title, b.heads(t.columns), t.rows)
		}
	}
	if v.Stages != nil {
		b.figure(*v.Stages)
	}
}
