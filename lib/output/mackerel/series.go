// Package mackerel prints a report the way mackerel-agent reads metric plugins:
// `name<TAB>value<TAB>epoch`, and graph definitions.
package mackerel

import (
	"strings"

	mp "github.com/mackerelio/go-mackerel-plugin"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// Prefix begins every metric name unless another is asked for.
const Prefix = "pipeline-sli"

// graph is one graph of one pipeline. Definitions are concrete, without wildcards,
// which the service forgets after some hours without data.
type graph struct {
	name    sli.Graph
	label   string
	unit    string
	metrics []mp.Metrics
}

// graphsOf lists the graphs of a plan with every metric it can print, in order. The
// configuration alone decides; what is printed in a run is a part of it.
func graphsOf(plan *sli.Plan) []graph {
	var kinds, eventCounts, budgets, outlooks, burns []mp.Metrics
	for _, rule := range plan.Rules {
		kind, label := string(rule.Kind), rule.Kind.Label()
		kinds = append(kinds, mp.Metrics{Name: kind, Label: label})
		eventCounts = append(eventCounts,
			mp.Metrics{Name: kind + "_good", Label: label + " good"},
			mp.Metrics{Name: kind + "_valid", Label: label + " valid"})
		budgets = append(budgets, mp.Metrics{Name: kind, Label: label})
		outlooks = append(outlooks,
			mp.Metrics{Name: kind + "_days", Label: label + " days until it is spent"},
			mp.Metrics{Name: kind + "_measured", Label: label + " % of the period measured"})
		for _, length := range slo.Of(plan, rule).BurnGraph() {
			burns = append(burns, mp.Metrics{Name: burnMetric(rule.Kind, length), Label: label + " " + sli.FormatDuration(length)})
		}
	}
	kinds = append(kinds, mp.Metrics{Name: "measured", Label: "Measured"})
	eventCounts = append(eventCounts, mp.Metrics{Name: "minutes", Label: "Minutes"})

	age := []mp.Metrics{{Name: "measure_lag", Label: "Measure lag"}}
	if plan.HasAge() {
		age = append([]mp.Metrics{{Name: "age", Label: "Age"}}, age...)
	}
	all := []graph{
		{sli.GraphSLI, "SLI", mp.UnitPercentage, kinds},
		{sli.GraphAge, "Age", mp.UnitSeconds, age},
		{sli.GraphMeasure, "Measurement", mp.UnitInteger, []mp.Metrics{
			{Name: "up", Label: "Up"}, {Name: "sources_failed", Label: "Sources failed"}, {Name: "minutes_skipped", Label: "Minutes skipped"},
		}},
		{sli.GraphEvents, "Events", mp.UnitInteger, eventCounts},
		{sli.GraphDelay, "Delay", mp.UnitSeconds, delays(plan)},
		{sli.GraphStageDelay, "Mean delay per stage", mp.UnitSeconds, parts(plan)},
		{sli.GraphFlow, "Flow", mp.UnitInteger, flowMetrics(plan)},
		{sli.GraphCapacity, "Capacity used", mp.UnitPercentage, capacities(plan)},
		{sli.GraphProver, "Prover", mp.UnitInteger, proverMetrics(plan)},
		{sli.GraphBudget, "Error budget left", mp.UnitPercentage, budgets},
		{sli.GraphOutlook, "Error budget outlook", mp.UnitFloat, outlooks},
		{sli.GraphLatency, "Latency", mp.UnitSeconds, quantiles(plan.HasLatency())},
		{sli.GraphBurn, "Burn rate", mp.UnitFloat, burns},
		{sli.GraphThrottle, "Throttled", mp.UnitInteger, throttles(plan)},
	}
	var chosen []graph
	for _, g := range all {
		if plan.Graphs[g.name] && len(g.metrics) > 0 {
			chosen = append(chosen, g)
		}
	}
	return chosen
}

// delays are all quantiles where records tell their delay, the median where it is
// estimated from stages.
func delays(plan *sli.Plan) []mp.Metrics {
	if r := plan.Rule(sli.Freshness); r != nil && r.Method == "stages" && !plan.HasDelay() {
		return quantiles(true)[:1]
	}
	return quantiles(plan.HasDelay())
}

func quantiles(known bool) []mp.Metrics {
	if !known {
		return nil
	}
	return []mp.Metrics{{Name: "p50", Label: "p50"}, {Name: "p90", Label: "p90"}, {Name: "p99", Label: "p99"}, {Name: "max", Label: "Max"}}
}

func proverMetrics(plan *sli.Plan) []mp.Metrics {
	if plan.Prover() == nil {
		return nil
	}
	var out []mp.Metrics
	for _, name := range sli.ProverMetrics() {
		out = append(out, mp.Metrics{Name: name, Label: sli.Kind(name).Label()})
	}
	return out
}

func flowMetrics(plan *sli.Plan) []mp.Metrics {
	out := counters(plan, sli.GraphFlow)
	if plan.Path().HasBacklog() {
		out = append(out, mp.Metrics{Name: "backlog", Label: "Backlog"}, mp.Metrics{Name: "unexplained", Label: "Unexplained"})
	}
	return out
}

// counters are the metrics of a graph that are counted since the last point.
func counters(plan *sli.Plan, graph sli.Graph) []mp.Metrics {
	var out []mp.Metrics
	for _, rule := range plan.Flows {
		if g, name := sli.FlowMetric(rule.Kind); g == graph {
			out = append(out, mp.Metrics{Name: name, Label: label(name)})
		}
	}
	return out
}

func throttles(plan *sli.Plan) []mp.Metrics { return counters(plan, sli.GraphThrottle) }

func parts(plan *sli.Plan) []mp.Metrics {
	var out []mp.Metrics
	for _, name := range plan.Path().Parts() {
		out = append(out, mp.Metrics{Name: name, Label: label(name), Stacked: true})
	}
	return out
}

func capacities(plan *sli.Plan) []mp.Metrics {
	var out []mp.Metrics
	for _, s := range plan.Stages {
		for _, limit := range s.Facts.Capacity {
			out = append(out, mp.Metrics{Name: s.Name + "_" + limit, Label: label(s.Name + " " + limit)})
		}
	}
	return out
}

// label is a name as people read it: dead_lettered is Dead lettered.
func label(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// Count is the number of series that a plan can post.
func Count(plan *sli.Plan) int {
	n := 0
	for _, g := range graphsOf(plan) {
		n += len(g.metrics)
	}
	return n
}

func title(plan *sli.Plan) string {
	if plan.Label != "" {
		return plan.Label
	}
	return plan.Name
}
