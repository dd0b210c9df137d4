package judge

import (
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Way is what one method said of a pipeline's freshness, against two truths.
type Way struct {
	Method, Quality, Population string
	Windows                     int   // in which it gave a value
	Own                         Error // against what it counts, booked as it books; none for levels
	Every                       Error // against all records accepted in the window
}

// Ways are one pipeline's methods for the same SLI.
type Ways struct {
	List    []Way
	Rows    bool   // a database was there
	Explain string // of the freshness, in the midst of trouble
}

// The trouble that methods are compared over, and when explain is kept.
const (
	waysTrouble = "+14m-+19m worker slow x5\n+31m-+35m consumer stopped"
	waysShown   = 37
)

// proverKey is a prover whose records take the ways of simulated ones.
const proverKey = `  prover:
    every: 1m
    deadline: 8m
    inject: {http: {url: "%[1]s", body: '{"id":"{{.ID}}","n":{{.N}}}'}}
    expect: {http: {url: "%[1]s/{{.ID}}", json: {square: "{{.Want}}"}}}
    want: "{{mul .N .N}}"
    visible_at: processed_at
`

// tracesStage looks at traces whose work has been done.
const tracesStage = `  - name: traced
    xray: {filter: 'service("worker")', endpoint_url: "%s", region: us-east-1}
`

// rowsStage judges the rows that were written in the minute.
const rowsStage = `  - name: store
    sql:
      dsn: ${ROWS_DSN}
      query: SELECT count(*) FILTER (WHERE updated_at - accepted_at <= make_interval(secs => :threshold)) AS fresh, count(*) AS total FROM videos WHERE updated_at >= :from AND updated_at < :to
`

// ByEveryWay measures one hour of a pipeline, with trouble in it, by every method at
// once, and compares what a single explain says of each, minute by minute. dsn is a
// PostgreSQL database to keep the store's rows in; without one they are left out.
func ByEveryWay(dsn string) (*Ways, error) {
	scenario := Hour(11)
	var err error
	if scenario.Faults, err = sim.ParseFaults(waysTrouble, scenario.Start); err != nil {
		return nil, err
	}
	w, err := sim.Run(scenario)
	if err != nil {
		return nil, err
	}
	e := &evidence{world: w}
	if err := e.open(dsn); err != nil {
		return nil, err
	}
	defer e.close()
	stages := frontStage + appStages + cloudStages(w, mapped) + fmt.Sprintf(tracesStage, e.traces.URL)
	if e.rows != nil {
		stages += rowsStage
	}
	config := "metrics: full\npipelines:\n- name: video\n  stages:\n" + stages + fmt.Sprintf(proverKey, e.front.URL) +
		"  slis:\n    freshness: {threshold: 60s, target: 99}\n"
	rig, err := NewRig(w, config, logsOf(w, true)...)
	if err != nil {
		return nil, err
	}
	defer rig.Close()
	rig.env["ROWS_DSN"] = dsn
	out := &Ways{Rows: e.rows != nil}
	for n, end := 1, w.Start+minute; end < w.End; n, end = n+1, end+minute {
		if err := e.advance(rig, end+sim.Instant(12*time.Second/time.Microsecond)); err != nil {
			return nil, err
		}
		if _, err := rig.Metrics(); err != nil {
			return nil, err
		}
		explained, err := rig.Explain()
		if err != nil {
			return nil, err
		}
		if n == waysShown {
			out.Explain = freshnessOf(rig.Command("explain").Stdout)
		}
		if n > 2*window { // before that windows reach back beyond the beginning
			out.compare(rig, e, explained.Pipelines[0].SLIs[0])
		}
	}
	return out, nil
}

// freshnessOf is the paragraph of explain about freshness.
func freshnessOf(text string) string {
	for _, paragraph := range strings.Split(text, "\n\n") {
		if strings.HasPrefix(strings.TrimSpace(paragraph), "freshness") {
			return paragraph
		}
	}
	return text
}

// compare takes what one explain says of every method.
func (o *Ways) compare(rig *Rig, e *evidence, s ExplainedSLI) {
	for _, x := range append([]ExplainedOther{{s.Method, s.Quality, s.Status, s.Population, s.Valid, s.Good, s.Window}}, s.Others...) {
		way := o.way(x)
		from, to := sim.At(x.Window.Start), sim.At(x.Window.End)
		every := (&claim{truth: e.arrived()}).span(rig.World.Start, from, to)
		if x.Status != "value" || every.Valid == 0 {
			continue
		}
		way.Windows++
		share := x.Good / x.Valid
		way.Every.take(share, float64(every.Good)/float64(every.Valid), 1)
		if own, ok := e.own(rig, x.Method, from, to); ok && own.Valid > 0 {
			way.Own.take(share, float64(own.Good)/float64(own.Valid), 1)
		}
	}
}

// way is the method's entry.
func (o *Ways) way(x ExplainedOther) *Way {
	for i := range o.List {
		if o.List[i].Method == x.Method {
			return &o.List[i]
		}
	}
	o.List = append(o.List, Way{Method: x.Method, Quality: x.Quality, Population: x.Population})
	return &o.List[len(o.List)-1]
}

// Broken lists methods that say they are exact and aren't, of what they count.
func (o *Ways) Broken() []string {
	var broken []string
	for _, w := range o.List {
		if w.Quality == "exact" && w.Own.N > 0 && w.Own.Worst > 1e-9 {
			broken = append(broken, fmt.Sprintf("freshness by %s is exact, and errs by up to %.3g points of the %s it counts", w.Method, w.Own.Worst, w.Population))
		}
		if w.Windows == 0 {
			broken = append(broken, "freshness by "+w.Method+" gave no value")
		}
	}
	return broken
}

func (p *page) ways(o *Ways) {
	p.text("## One pipeline, every method",
		"One hour in which the worker is slow for five minutes and stands still for four, measured by every method at once; each is read off the same `explain`, minute by minute, as the ratio of its window. "+
			"“Own” compares a method with the very things it counts, booked to the minutes it books them to; “every record” with all that was accepted in the same window. Their difference is no mistake of the method but what it can't see: "+
			"records and rows are booked when they come out, traces are a sample booked when they end and leave out what hasn't come out, the prover has one record a minute.")
	p.head("method", "quality", "population", "windows", "mean error, of its own, points", "mean error, of every record, points", "worst")
	for _, w := range o.List {
		own := "–"
		if w.Own.N > 0 {
			own = points(w.Own.Mean())
		}
		p.row("`"+w.Method+"`", w.Quality, w.Population, fmt.Sprint(w.Windows), own, points(w.Every.Mean()), fmt.Sprintf("%.0f", w.Every.Worst))
	}
	p.gap()
	if !o.Rows {
		p.text("`rows` needs a database: `make truth POSTGRES=DSN`.")
	}
	p.text("Two minutes after the worker went on again `explain` says:", "```\n"+o.Explain+"\n```")
}
