package sli

import (
	"fmt"
	"strings"
)

// Graph names one of the graphs a pipeline can have.
type Graph string

// The graphs, as metric names spell them.
const (
	GraphSLI        Graph = "sli"
	GraphAge        Graph = "age"
	GraphMeasure    Graph = "measure"
	GraphEvents     Graph = "events"
	GraphDelay      Graph = "delay"
	GraphStageDelay Graph = "stage_delay"
	GraphFlow       Graph = "flow"
	GraphCapacity   Graph = "capacity"
	GraphBudget     Graph = "budget"
	GraphProver     Graph = "prover"
	GraphLatency    Graph = "latency"
	GraphOutlook    Graph = "budget_outlook"
	GraphBurn       Graph = "burn"
	GraphThrottle   Graph = "throttle"
)

// sets are the named choices of graphs; each holds the one before.
var sets = []struct {
	name   string
	graphs []Graph
}{
	{"minimal", []Graph{GraphSLI, GraphAge}},
	{"standard", []Graph{GraphMeasure, GraphEvents, GraphDelay, GraphStageDelay, GraphFlow, GraphCapacity, GraphBudget, GraphProver}},
	{"full", []Graph{GraphOutlook, GraphLatency, GraphBurn, GraphThrottle}},
}

// Graphs is a choice of graphs.
type Graphs map[Graph]bool

// ParseGraphs reads `metrics:`, set names and graph names.
func ParseGraphs(words []string) (Graphs, error) {
	out := Graphs{}
	for _, word := range words {
		if !out.take(word) {
			return nil, fmt.Errorf("no set or graph of that name (got %q)", word)
		}
	}
	return out, nil
}

func (g Graphs) take(word string) bool {
	found := false
	var upTo []Graph
	for _, set := range sets {
		upTo = append(upTo, set.graphs...)
		if set.name == word {
			for _, graph := range upTo {
				g[graph] = true
			}
			return true
		}
		for _, graph := range set.graphs {
			if string(graph) == word {
				g[graph] = true
				found = true
			}
		}
	}
	return found
}

// GraphWords are the words that ParseGraphs takes.
func GraphWords() []string {
	var words []string
	for _, set := range sets {
		words = append(words, set.name)
	}
	for _, set := range sets {
		for _, graph := range set.graphs {
			words = append(words, string(graph))
		}
	}
	return words
}

const ThrottlePrefix = "throttle_"

// FlowMetric is the graph and metric that a flow rule of that kind is posted as.
func FlowMetric(kind Kind) (Graph, string) {
	if stage, ok := strings.CutPrefix(string(kind), ThrottlePrefix); ok {
		return GraphThrottle, stage
	}
	if metric, ok := isProverMetric(kind); ok {
		return GraphProver, metric
	}
	if kind == Kind(Duplicate.String()) {
		return GraphFlow, "duplicates"
	}
	return GraphFlow, string(kind)
}

const (
	ProverPrefix   = "prover_"
	ProverInjected = "injected"
)

// ProverMetrics are the counts of the prover graph, in order. The sum of all but the
// first is the first.
func ProverMetrics() []string {
	names := []string{ProverInjected}
	for _, v := range ProbeVerdicts {
		names = append(names, string(v))
	}
	return names
}

// isProverMetric tells which flow kinds the prover graph shows, and as what.
func isProverMetric(kind Kind) (string, bool) { return strings.CutPrefix(string(kind), ProverPrefix) }
