// Package explain shows every number with its formula, its sources and how sure it
// is: as JSON for programs, as text for people.
package explain

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
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
	Name    string   `json:"name"`
	Label   *string  `json:"label,omitempty"`
	State   *string  `json:"state"`
	Verdict verdict  `json:"verdict"`
	SLIs    []result `json:"slis"`
	Age     age      `json:"age"`
	Delay   *summary `json:"delay"`
	Stages  []stage  `json:"stages"`
	Flow    *flow    `json:"flow"`
	Overdue []spell  `json:"overdue"`
}

// spell is a stretch of minutes whose records are overdue.
type spell struct {
	From  string  `json:"from"`
	To    string  `json:"to"`
	Count float64 `json:"count"`
}

type verdict struct {
	Status  string  `json:"status"`
	Rule    *string `json:"rule"`
	Message string  `json:"message"`
}

// result is what the document says of an SLI.
//
// Large: keys of a document.
type result struct {
	Name       string             `json:"name"`
	Status     sli.Status         `json:"status"`
	Reason     *string            `json:"reason,omitempty"` // why it is no value
	Method     string             `json:"method"`
	Scope      sli.Scope          `json:"scope"`
	Population string             `json:"population"`
	Quality    string             `json:"quality"`
	N          *float64           `json:"n"`
	Bounds     bounds             `json:"bounds"`
	Window     window             `json:"window"`
	Since      *string            `json:"since"`
	Valid      float64            `json:"valid"`
	Good       float64            `json:"good"`
	Uncertain  float64            `json:"uncertain"`
	Ratio      *float64           `json:"ratio"`
	Measured   float64            `json:"measured"`
	Excluded   int                `json:"excluded_minutes"`
	Target     float64            `json:"target"`
	Threshold  *float64           `json:"threshold"`
	Budget     *float64           `json:"budget_remaining"`
	Burn       map[string]float64 `json:"burn"`
	Others     []other            `json:"others"`
	Warnings   []string           `json:"warnings"`
	Unposted   *unposted          `json:"unposted,omitempty"`
}

// unposted is what no point of the metric events holds, of the last day.
type unposted struct {
	Valid   float64 `json:"valid"`
	Good    float64 `json:"good"`
	Minutes int     `json:"minutes"`
	Window  window  `json:"window"`
}

type bounds struct {
	Lower  *float64 `json:"lower"`
	Upper  *float64 `json:"upper"`
	Kind   string   `json:"kind"`
	Checks []string `json:"checks"`
}

type window struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

// other is what another method says of the same SLI.
type other struct {
	Method     string     `json:"method"`
	Quality    string     `json:"quality"`
	Valid      float64    `json:"valid"`
	Good       float64    `json:"good"`
	Ratio      *float64   `json:"ratio"`
	Status     sli.Status `json:"status"`
	Reason     *string    `json:"reason,omitempty"`
	Population string     `json:"population"`
	Window     window     `json:"window"`
}

type age struct {
	Seconds    *float64 `json:"seconds"`
	Watermark  *string  `json:"watermark"`
	MeasureLag *float64 `json:"measure_lag"`
}

type summary struct {
	Count uint64   `json:"count"`
	Min   *float64 `json:"min,omitempty"`
	P50   *float64 `json:"p50"` // as the others null where the count is 0
	P90   *float64 `json:"p90"`
	P99   *float64 `json:"p99"`
	Max   *float64 `json:"max"`
}

type stage struct {
	Name      string             `json:"name"`
	Kind      string             `json:"kind"`
	MeanDelay *float64           `json:"mean_delay"`
	Source    source             `json:"source"`
	Inputs    sli.Inputs         `json:"inputs,omitempty"`
	Latency   *summary           `json:"latency"`
	Status    map[string]float64 `json:"status"`
	Methods   map[string]float64 `json:"methods"`
	Reports   *reports           `json:"reports"`
	EMF       []metric           `json:"emf"`
	Probes    map[string]float64 `json:"probes,omitempty"` // known-answer records by their verdicts
}

type reports struct {
	Count      float64  `json:"count"`
	Duration   *summary `json:"duration"`
	Init       *summary `json:"init"`
	ColdStarts float64  `json:"cold_starts"`
	Timeouts   float64  `json:"timeouts"`
	Killed     float64  `json:"killed"`
}

type metric struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Unit      string  `json:"unit"`
	Count     float64 `json:"count"`
	Sum       float64 `json:"sum"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
}

// source is what the document says of a stage.
//
// Large: keys of a document.
type source struct {
	OK        bool     `json:"ok"`
	Error     *string  `json:"error"`
	Scope     string   `json:"scope"`
	From      *string  `json:"from"`
	To        *string  `json:"to"`
	Settle    float64  `json:"settle"`
	Lines     int64    `json:"lines"`
	Parsed    int64    `json:"parsed"`
	Matched   int64    `json:"matched"` // of them those that conditions let through
	Malformed int64    `json:"malformed"`
	Blank     int64    `json:"blank"`
	Late      int64    `json:"late"`
	Skewed    int64    `json:"skewed"`
	Skipped   int64    `json:"skipped"`
	Bytes     int64    `json:"bytes"`
	Calls     int      `json:"calls"`
	Looked    *string  `json:"late_events_from,omitempty"`
	Format    *string  `json:"format,omitempty"`
	FirstBad  *string  `json:"first_malformed,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
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

// JSON prints the report as one document. Members are null where not measured.
func JSON(w io.Writer, report *sli.Report, zone *time.Location) error {
	p := printer{at: report.At, zone: zone}
	doc := document{Version: version, At: p.time(report.At), Pipelines: []pipeline{}}
	for _, from := range report.Pipelines {
		doc.Pipelines = append(doc.Pipelines, p.pipeline(from))
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

// printer turns a report into the document.
type printer struct {
	at   time.Time
	zone *time.Location
}

func (p printer) time(t time.Time) string { return t.In(p.zone).Format(time.RFC3339) }

func (p printer) pipeline(from *sli.Pipeline) pipeline {
	finding := slo.Judge(from, from.Plan.Limits, p.at.In(p.zone))
	out := pipeline{
		Name:    from.Plan.Name,
		Label:   text(from.Plan.Label),
		Verdict: verdict{finding.Status.String(), text(finding.Rule), from.Plan.Name + ": " + finding.Message.String()},
		SLIs:    []result{},
		Stages:  []stage{},
		Overdue: []spell{},
	}
	if from.State != nil {
		out.State = &from.State.Name
	}
	for _, r := range from.Results {
		out.SLIs = append(out.SLIs, p.result(r))
	}
	if from.HasNewest {
		lag := from.MeasureLag(p.at).Seconds()
		out.Age.MeasureLag = &lag
	}
	if from.Age != nil {
		watermark := p.time(from.Age.Watermark)
		out.Age.Seconds, out.Age.Watermark = &from.Age.Seconds, &watermark
	}
	if from.Delay != nil {
		out.Delay = summaryOf(&from.Delay.Delay, false)
	}
	for _, s := range from.Stages {
		out.Stages = append(out.Stages, p.stage(s))
	}
	if f := from.Flow; f != nil {
		out.Flow = &flow{f.Accepted, f.Done, f.Filtered, f.Dropped, f.DeadLettered, f.Duplicates, f.Unmatched,
			known(f.Backlog, f.HasBacklog), known(f.Unexplained, f.HasUnexplained)}
		for _, o := range f.Overdue {
			out.Overdue = append(out.Overdue, spell{p.time(o.Start()), p.time(o.End()), o.Count})
		}
	}
	return out
}

func (p printer) result(r *sli.Result) result {
	out := result{
		Name: string(r.Rule.Kind), Status: r.Status, Reason: text(r.Reason), Method: r.Rule.Method, Scope: r.Rule.Scope,
		Population: r.Rule.Population, Quality: r.Rule.Quality,
		Bounds: bounds{r.Bounds.Lower, r.Bounds.Upper, r.Bounds.Kind, emptied(r.Bounds.Checks)},
		Window: p.window(r),
		Valid:  r.Counts.Valid, Good: r.Counts.Good, Uncertain: r.Counts.Uncertain,
		Measured: r.Measured, Excluded: r.Excluded, Target: r.Rule.Target, Budget: r.Budget,
		Burn: map[string]float64{}, Others: []other{}, Warnings: emptied(r.Warnings),
	}
	if out.Bounds.Kind == "" {
		out.Bounds.Kind = "none"
	}
	if r.Rule.Bound != nil {
		out.N = &r.Counts.Valid
	}
	if r.HasSince {
		since := p.time(r.Since.Start())
		out.Since = &since
	}
	out.Ratio = ratio(r)
	for _, o := range r.Alternatives {
		out.Others = append(out.Others, other{o.Rule.Method, o.Rule.Quality, o.Counts.Valid, o.Counts.Good, ratio(o), o.Status, text(o.Reason), o.Rule.Population, p.window(o)})
	}
	if r.Rule.Terms.Threshold > 0 {
		seconds := r.Rule.Terms.Threshold.Seconds()
		out.Threshold = &seconds
	}
	if u := r.Unposted; u != nil {
		out.Unposted = &unposted{u.Counts.Valid, u.Counts.Good, u.Minutes, window{p.time(u.Window.Start()), p.time(u.Window.End())}}
	}
	for _, b := range r.Burns {
		if b.Measured {
			out.Burn[sli.FormatDuration(b.Length)] = b.Rate
		}
	}
	return out
}

func (p printer) window(r *sli.Result) window {
	return window{p.time(r.Window.Start()), p.time(r.Window.End())}
}

// ratio is nil where there is no value.
func ratio(r *sli.Result) *float64 {
	ratio, ok := r.Counts.Ratio()
	if !ok || r.Status != sli.Value {
		return nil
	}
	return &ratio
}

// looked is from when on late events were looked for.
func (p printer) looked(s *sli.StageReport) *string {
	if s.Looked.IsZero() {
		return nil
	}
	at := p.time(s.Looked)
	return &at
}

func (p printer) stage(s *sli.StageReport) stage {
	t := s.Cell.Tally
	out := stage{
		Name: s.Stage.Name, Kind: s.Stage.Kind, MeanDelay: s.Mean, Inputs: s.Inputs,
		Source: source{
			OK: s.Err == nil, Scope: string(s.Stage.Facts.Scope), From: p.instant(s.From), To: p.instant(s.To),
			Settle: s.Stage.Facts.Settle.Seconds(),
			Lines:  t.Lines, Parsed: t.Parsed, Matched: t.Matched(), Malformed: t.Malformed, Blank: t.Blank, Late: t.Late, Skewed: t.Skewed,
			Skipped: s.Skipped, Bytes: t.Bytes, Calls: s.Calls, Looked: p.looked(s),
			Format: text(s.Layout), FirstBad: text(s.FirstBad), Warnings: s.Doubts(),
		},
		Latency: latencyOf(s),
	}
	if s.Err != nil {
		message := s.Err.Error()
		out.Source.Error = &message
	}
	if s.Stage.Facts.Gives(sli.Request) {
		out.Status = map[string]float64{"other": s.Cell.Status[0]}
		for class := 1; class < len(s.Cell.Status); class++ {
			out.Status[string(rune('0'+class))+"xx"] = s.Cell.Status[class]
		}
		out.Methods = map[string]float64{}
		for name, n := range s.Cell.Methods.Map() {
			out.Methods[name] = n
		}
	}
	if r := s.Cell.Reports; r != nil {
		out.Reports = &reports{r.Count, summaryOf(&r.Duration, true), summaryOf(&r.Init, true), r.ColdStarts, r.Timeouts, r.Killed}
	}
	for _, m := range s.Cell.EMF {
		out.EMF = append(out.EMF, metric(m))
	}
	out.Probes = probes(s)
	return out
}

func (p printer) instant(t time.Time) *string {
	if t.Unix() <= 0 {
		return nil
	}
	s := p.time(t)
	return &s
}

// latencyOf is how long the log's lines say that something took, connections too; a count
// of 0 where there were no requests that could have said it.
func latencyOf(s *sli.StageReport) *summary {
	took, facts := s.Cell.Durations(), s.Stage.Facts
	if took.Count() == 0 && s.Err == nil && facts.Latency && facts.Gives(sli.Request) && s.Cell.Signals[sli.Request] == 0 {
		return new(summary)
	}
	return summaryOf(took, true)
}

// summaryOf is nil where the stage has no durations of that kind.
func summaryOf(d *sli.Distribution, withMin bool) *summary {
	if d.Count() == 0 {
		return nil
	}
	s := &summary{Count: d.Count(), P50: new(d.Quantile(0.5)), P90: new(d.Quantile(0.9)), P99: new(d.Quantile(0.99)), Max: new(d.Max())}
	if withMin {
		s.Min = new(d.Min())
	}
	return s
}

func known(v float64, is bool) *float64 {
	if !is {
		return nil
	}
	return &v
}

func text(s string) *string {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return &s
}

func emptied(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
