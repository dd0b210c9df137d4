package budget

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// version is of the JSON document; it changes when a member changes its meaning.
const version = 1

type document struct {
	Version   int        `json:"version"`
	At        string     `json:"at"`
	Pipelines []pipeline `json:"pipelines"`
}

type pipeline struct {
	Name  string  `json:"name"`
	Label string  `json:"label,omitempty"`
	SLIs  []entry `json:"slis"`
}

// entry is an SLI's budget over one period.
//
// Large: keys of a document.
type entry struct {
	Name        string             `json:"name"`
	Target      float64            `json:"target"`
	Period      period             `json:"period"`
	Valid       float64            `json:"valid"`
	Good        float64            `json:"good"`
	Left        *float64           `json:"left"`         // null where nothing is measured
	LeftEvents  *float64           `json:"left_events"`  //
	LeftMinutes *float64           `json:"left_minutes"` //
	Burn        map[string]float64 `json:"burn"`         // of measured windows
	Minutes     slo.Minutes        `json:"minutes"`
	Interval    *interval          `json:"interval"` // null where there was nothing to judge
	SpentAt     *string            `json:"spent_at"` // null where it won't be at the present rate
	Worst       []stretch          `json:"worst"`
	Reasons     map[string]int     `json:"reasons"`
	Exempt      map[string]int     `json:"exclusions"`
	Filled      map[string]int     `json:"filled"`
}

type period struct {
	Name string `json:"name,omitempty"`
	From string `json:"from"`
	To   string `json:"to"`
}

type interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

type stretch struct {
	From  string                        `json:"from"`
	To    string                        `json:"to"`
	Bad   float64                       `json:"bad"`
	Share float64                       `json:"share"`
	Stage string                        `json:"stage"`
	Class *string                       `json:"class"` // null where it isn't known
	By    map[string]map[string]float64 `json:"by"`
}

// JSON prints the budgets as one document.
func JSON(w io.Writer, at time.Time, pipelines []slo.Accounts, zone *time.Location) error {
	p := printer{zone}
	doc := document{Version: version, At: p.time(at), Pipelines: []pipeline{}}
	for _, from := range pipelines {
		out := pipeline{Name: from.Plan.Name, Label: from.Plan.Label, SLIs: []entry{}}
		for _, a := range from.SLIs {
			for _, s := range a.Statements {
				out.SLIs = append(out.SLIs, p.entry(a, s))
			}
		}
		doc.Pipelines = append(doc.Pipelines, out)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return err
	}
	_, err := w.Write(sli.EscapedJSON(out.Bytes()))
	return err
}

type printer struct{ zone *time.Location }

func (p printer) time(t time.Time) string { return t.In(p.zone).Format(time.RFC3339) }

func (p printer) entry(a slo.Account, s slo.Statement) entry {
	out := entry{
		Name: string(a.Rule.Kind), Target: a.Rule.Target,
		Period: period{s.Period.Name, p.time(s.Period.Window.Start()), p.time(s.Period.Window.End())},
		Valid:  s.Counts.Valid, Good: s.Counts.Good,
		Burn:    map[string]float64{},
		Minutes: s.Minutes,
		Worst:   []stretch{},
		Reasons: known(s.Reasons), Exempt: known(s.Exempt), Filled: known(s.Filled),
	}
	if s.Minutes.Measured() > 0 {
		left, events, outage := s.Left(), s.LeftEvents(), s.LeftMinutes()
		out.Left, out.LeftEvents, out.LeftMinutes = &left, &events, &outage
	}
	if low, high, ok := s.Interval(); ok {
		out.Interval = &interval{low, high}
	}
	for _, b := range a.Burns {
		if b.Measured {
			out.Burn[sli.FormatDuration(b.Length)] = b.Rate
		}
	}
	if s.Spent.Known {
		at := p.time(s.Spent.At.End())
		out.SpentAt = &at
	}
	for _, w := range s.Stretches {
		one := stretch{From: p.time(w.Window.Start()), To: p.time(w.Window.End()), Bad: w.Bad, Share: w.Share, Stage: w.Stage, By: w.By}
		if w.Class != "" {
			one.Class = &w.Class
		}
		if one.By == nil {
			one.By = map[string]map[string]float64{}
		}
		out.Worst = append(out.Worst, one)
	}
	return out
}

func known(of map[string]int) map[string]int {
	if of == nil {
		return map[string]int{}
	}
	return of
}
