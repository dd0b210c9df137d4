package mackerel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// Lines prints the report's metrics in one write. What was not measured is left out,
// but for the statements about the run itself.
func Lines(out io.Writer, prefix string, report *sli.Report) error {
	var w writer
	var errs []error
	for _, p := range report.Pipelines {
		errs = append(errs, w.whole(prefix, report.At, p))
	}
	_, err := out.Write(w.buf.Bytes())
	return errors.Join(append(errs, err)...)
}

// whole prints a pipeline or, where that panics, nothing of it: the others' lines come.
func (w *writer) whole(prefix string, now time.Time, p *sli.Pipeline) (err error) {
	begun := w.buf.Len()
	defer func() {
		if r := recover(); r != nil {
			w.buf.Truncate(begun)
			err = fmt.Errorf("pipeline %s: internal error: %v", p.Plan.Name, r)
		}
	}()
	w.pipeline(prefix, now, p)
	return nil
}

// writer spells lines of one pipeline at a time, those of the graphs that are chosen.
type writer struct {
	buf    bytes.Buffer
	prefix string
	plan   *sli.Plan
}

func (w *writer) line(graph sli.Graph, metric string, value float64, at time.Time) {
	if !w.plan.Graphs[graph] || math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	for _, part := range []string{w.prefix, ".", string(graph), ".", w.plan.Name, ".", metric, "\t", number(value), "\t"} {
		w.buf.WriteString(part)
	}
	w.buf.WriteString(strconv.FormatInt(at.Unix(), 10))
	w.buf.WriteByte('\n')
}

// number is the shortest text that reads back as the value, without an exponent.
func number(v float64) string {
	if v == 0 {
		v = 0 // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// pipeline prints the statements about the run, which carry the run's minute, then
// those about minutes, which carry the end of the newest due one.
func (w *writer) pipeline(prefix string, now time.Time, p *sli.Pipeline) {
	w.prefix, w.plan = prefix, p.Plan
	run := sli.MinuteAt(now).Start()

	for _, r := range p.Results {
		if percent, ok := r.Counts.Percent(); ok && r.Status == sli.Value {
			w.line(sli.GraphSLI, string(r.Rule.Kind), percent, sli.Stamp(r.Due, now))
		}
	}
	w.line(sli.GraphSLI, "measured", sli.Percent(p.Measured), run)
	if p.Age != nil {
		w.line(sli.GraphAge, "age", p.Age.Seconds, sli.Stamp(p.Age.Minute, now))
	}
	w.line(sli.GraphAge, "measure_lag", p.MeasureLag(now).Seconds(), run)
	w.measure(p, run)
	w.point(p)
	w.distributions(p, now)
	w.flow(p, now)
	w.stages(p, now)
	for _, r := range p.Results {
		w.history(r, now)
	}
}

func (w *writer) measure(p *sli.Pipeline, run time.Time) {
	up := 1.0
	if p.Failed() > 0 {
		up = 0
	}
	w.line(sli.GraphMeasure, "up", up, run)
	w.line(sli.GraphMeasure, "sources_failed", float64(p.Failed()), run)
	w.line(sli.GraphMeasure, "minutes_skipped", float64(p.Skipped), run)
}

// point prints the pending events point, the same each time until it is acknowledged.
func (w *writer) point(p *sli.Pipeline) {
	if p.Point == nil {
		return
	}
	newest := int64(0)
	for _, part := range p.Point.SLIs {
		at := time.Unix(part.Time, 0)
		switch {
		case p.Plan.Rule(part.Kind) != nil:
			w.line(sli.GraphEvents, string(part.Kind)+"_good", float64(part.Good), at)
			w.line(sli.GraphEvents, string(part.Kind)+"_valid", float64(part.Valid), at)
		case p.Plan.Counts(part.Kind):
			graph, metric := sli.FlowMetric(part.Kind)
			w.line(graph, metric, float64(part.Valid), at)
		default:
			continue // configured no more since the point was fixed
		}
		newest = max(newest, part.Time)
	}
	if newest > 0 {
		w.line(sli.GraphEvents, "minutes", float64(p.Point.Minutes), time.Unix(newest, 0))
	}
}

// flow prints what isn't counted since the last point: the backlog at the newest due
// minute, and what the window's accounting leaves unexplained.
func (w *writer) flow(p *sli.Pipeline, now time.Time) {
	if p.Flow == nil {
		return
	}
	at := sli.Stamp(sli.Due(now, p.Plan.Sources()), now)
	if p.Flow.HasBacklog {
		w.line(sli.GraphFlow, "backlog", math.Round(p.Flow.Backlog), at)
	}
	if p.Flow.HasUnexplained {
		w.line(sli.GraphFlow, "unexplained", math.Round(p.Flow.Unexplained), at)
	}
}

// stages prints each stage's part of the mean delay and how close it is to limits.
func (w *writer) stages(p *sli.Pipeline, now time.Time) {
	for _, s := range p.Stages {
		at := sli.Stamp(sli.Due(now, s.Stage.Facts.Settle), now)
		if s.Mean != nil {
			w.line(sli.GraphStageDelay, s.Stage.Name, *s.Mean, at)
		}
		if s.Due == nil {
			continue
		}
		for _, limit := range s.Stage.Facts.Capacity {
			if used, ok := s.Due.Levels["utilisation_"+limit]; ok {
				w.line(sli.GraphCapacity, s.Stage.Name+"_"+limit, used, at)
			}
		}
	}
}

func (w *writer) distributions(p *sli.Pipeline, now time.Time) {
	for _, r := range p.Results {
		if r.Rule.Kind == sli.Latency && r.Status == sli.Value {
			for _, s := range p.Stages {
				if r.Rule.Feeds(s.Stage.Name) {
					w.quantiles(sli.GraphLatency, &s.Cell.Latency, sli.Stamp(r.Due, now))
				}
			}
		}
		if r.Rule.Kind == sli.Freshness && p.Delay == nil && p.Means != nil && p.Means.Median.Known {
			w.line(sli.GraphDelay, "p50", p.Means.Median.Value, sli.Stamp(r.Due, now))
		}
		if r.Rule.Kind == sli.Freshness && r.Status == sli.Value && p.Delay != nil {
			w.quantiles(sli.GraphDelay, &p.Delay.Delay, sli.Stamp(r.Due, now))
		}
	}
}

func (w *writer) quantiles(graph sli.Graph, d *sli.Distribution, at time.Time) {
	if d.Count() == 0 {
		return
	}
	w.line(graph, "p50", d.Quantile(0.5), at)
	w.line(graph, "p90", d.Quantile(0.9), at)
	w.line(graph, "p99", d.Quantile(0.99), at)
	w.line(graph, "max", d.Max(), at)
}

// history prints the budget, floored at −100 %, its outlook, and burn rates over measured
// windows.
func (w *writer) history(r *sli.Result, now time.Time) {
	at := sli.Stamp(r.Due, now)
	if r.Budget != nil {
		w.line(sli.GraphBudget, string(r.Rule.Kind), max(-100, sli.Percent(*r.Budget)), at)
	}
	if o := r.Outlook; o != nil {
		if o.Falling {
			w.line(sli.GraphOutlook, string(r.Rule.Kind)+"_days", o.Days, at)
		}
		w.line(sli.GraphOutlook, string(r.Rule.Kind)+"_measured", sli.Percent(o.Measured), at)
	}
	for _, length := range slo.Of(w.plan, r.Rule).BurnGraph() {
		if b := r.BurnOver(length); b != nil && b.Measured {
			w.line(sli.GraphBurn, burnMetric(r.Rule.Kind, length), b.Rate, at)
		}
	}
}

// burnMetric is named for the SLI and the window's length.
func burnMetric(kind sli.Kind, length time.Duration) string {
	return string(kind) + "_" + sli.FormatDuration(length)
}
