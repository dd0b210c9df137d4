// Package lambda is the source that reads the metrics of a Lambda function and of the
// event source mapping that feeds it.
package lambda

import (
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of a lambda section.
type Options struct {
	cloudwatch.Common
	Function            string           `yaml:"function" required:"true" pattern:"[a-zA-Z0-9_-]{1,140}" doc:"the function's name"`
	Alias               string           `yaml:"alias" pattern:"[a-zA-Z0-9_-]+" doc:"only this alias of it"`
	Timeout             section.Duration `yaml:"timeout" min:"1s" max:"15m" doc:"the function's timeout; its metrics are late by as much" otherwise:"asked of AWS, else 60s"`
	BatchSize           int              `yaml:"batch_size" min:"1" max:"10000" doc:"records of a batch, at most" otherwise:"asked of AWS, else 100"`
	BatchingWindow      section.Duration `yaml:"batching_window" min:"0s" max:"5m" doc:"how long a batch is gathered" otherwise:"asked of AWS, else 0s"`
	Parallelization     int              `yaml:"parallelization_factor" min:"1" max:"10" doc:"batches of one shard at a time" otherwise:"asked of AWS"`
	Filtered            *bool            `yaml:"filtered" doc:"whether the mapping has filter criteria" otherwise:"asked of AWS"`
	EventSourceMapping  string           `yaml:"event_source_mapping" pattern:"auto|[0-9a-fA-F-]{36}" hint:"auto, or the mapping's UUID; it is told by: aws lambda list-event-source-mappings" doc:"the mapping's UUID, or auto where the function has one only; its EventCount metrics must be on and are billed"`
	AgeIncludesDuration bool             `yaml:"age_includes_duration" doc:"whether IteratorAge contains the duration" default:"false"`
	ReportLog           *section.Node    `yaml:"report_log" doc:"where the function's log lies, as app_log has it: cloudwatch_logs or path, …; its REPORT lines tell invocations one by one"`
	ReservedConcurrency int              `yaml:"reserved_concurrency" min:"1" doc:"the function's concurrency limit" otherwise:"asked of AWS"`
}

const (
	namespace = "AWS/Lambda"

	invocations = "Invocations"
	errorCount  = "Errors"
	throttles   = "Throttles"
	age         = "IteratorAge"
	duration    = "Duration"
	concurrency = "ConcurrentExecutions"
	polled      = "PolledEventCount"

	// Names of inputs.
	timeout         = "timeout"
	batchSize       = "batch_size"
	batchingWindow  = "batching_window"
	parallelization = "parallelization_factor"
	filtered        = "filtered"
	reserved        = "reserved_concurrency"
	includes        = "age_includes_duration"

	auto    = "auto"
	mapping = "mapping" // the name under which the mapping's UUID is known

	assumedTimeout   = 60 * time.Second
	assumedBatchSize = 100
	publication      = 180 * time.Second
	shortThreshold   = 20 * time.Second
)

// eventCounts are a mapping's metrics with their signals.
var eventCounts = []struct {
	metric string
	signal sli.Signal
}{
	{polled, sli.Polled},
	{"FilteredOutEventCount", sli.Filtered},
	{"InvokedEventCount", sli.Handed},
	{"FailedInvokeEventCount", sli.HandFailed},
	{"DroppedEventCount", sli.Dropped},
	{"OnFailureDestinationDeliveredEventCount", sli.DeadLettered},
}

// ReportLog is the key that names the function's log.
const ReportLog = "report_log"

// Account is where the function of a section is, in an account that its surroundings name.
func Account(n *section.Node, around awsconf.Options) awsconf.Options {
	var o Options
	_ = n.Decode(&o) // what is wrong with it New says
	return o.Common.Over(around)
}

// function reads one function.
type function struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"Invocations":            {Zero: true, Why: "not invoked"},
	"Errors":                 {Zero: true, Why: "no invocation, or none failed"},
	"Throttles":              {Zero: true, Why: "no attempt to invoke"},
	"IteratorAge":            {Why: "not invoked: no age, not an age of 0"},
	"Duration":               {Why: "not invoked"},
	"ConcurrentExecutions":   {Why: "not invoked"},
	"PolledEventCount":       {Why: "the mapping is off or its metrics aren't opted in; empty polls write 0"},
	"FilteredOutEventCount":  {Zero: true, With: polls, Why: "nothing was filtered"},
	"InvokedEventCount":      {Zero: true, With: polls, Why: "nothing was handed over"},
	"FailedInvokeEventCount": {Zero: true, With: polls, Why: "nothing failed"},
	"DroppedEventCount":      {Zero: true, With: polls, Why: "nothing was given up"},
	"OnFailureDestinationDeliveredEventCount": {Zero: true, With: polls, Why: "nothing was put aside"},
}

// polls has a point in every minute in which a mapping with its metrics on lives.
var polls = []string{"PolledEventCount"}

// New reads a lambda section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	f := &function{wants: a.Wants}
	if err := cloudwatch.Decode(n, &f.Options, &f.Common); err != nil {
		return nil, err
	}
	stage := cloudwatch.Stage{
		Common:   f.Common,
		Kind:     f,
		Given:    f.given(n),
		Liveness: []string{invocations},
		Proofs:   []string{throttles},
		Facts: sli.Facts{
			Reads:     f.reads(),
			Rule:      fmt.Sprintf("mapping=%s", f.EventSourceMapping),
			Signals:   []sli.Signal{sli.Invocation, sli.Failed, sli.Throttled},
			Levels:    []string{cloudwatch.Utilisation("concurrency")},
			Role:      sli.Worker,
			Capacity:  []string{"concurrency"},
			Throttles: true,
			Settle:    publication + time.Duration(f.Timeout),
			SettleWhy: "an invocation's points are stamped when it began and written when it ended, then up to 3 minutes late",
		},
	}
	if f.Timeout == 0 {
		stage.Facts.SettleInput = timeout
	}
	if f.BatchingWindow > 0 {
		stage.Facts.Waits = []sli.Wait{{Why: "the batching window", For: time.Duration(f.BatchingWindow)}}
	}
	if f.EventSourceMapping != "" {
		for _, c := range eventCounts {
			stage.Facts.Signals = append(stage.Facts.Signals, c.signal)
		}
		stage.Facts.Levels = append(stage.Facts.Levels, LevelPolled)
		stage.Liveness = append(stage.Liveness, polled)
	}
	f.asks(a, &stage)
	return cloudwatch.NewSource(a, stage), nil
}

// LevelPolled is the level that stands in every minute whose event counts are known:
// the records that the mapping polled. Where it is missing the counts say nothing.
const LevelPolled = "polled"

func (f *function) reads() string {
	reads := namespace + " FunctionName=" + f.Function
	if f.Alias != "" {
		reads += ":" + f.Alias
	}
	return reads
}

// asks adds what Describe has to find out and the permissions for it.
func (f *function) asks(a cloudwatch.StageContext, stage *cloudwatch.Stage) {
	p := &stage.Facts.Permissions
	arn := f.Common.Over(a.AWS).ARN("lambda", "function:"+f.Function)
	if f.asksTimeout() {
		stage.Asks = append(stage.Asks, timeout)
		*p = append(*p, getConfiguration+" "+arn)
	}
	if f.asksMapping() {
		stage.Asks = append(stage.Asks, batchSize, batchingWindow, parallelization, filtered)
		*p = append(*p, listMappings) // knows no resource
	}
	if f.asksConcurrency() {
		stage.Asks = append(stage.Asks, reserved)
		*p = append(*p, getConcurrency+" "+arn)
	}
	if f.EventSourceMapping == auto {
		stage.Names = []string{mapping}
	}
}

func (f *function) given(n *section.Node) sli.Inputs {
	given := sli.Inputs{
		timeout:        cloudwatch.Given(f.Timeout > 0, assumedTimeout.Seconds()),
		batchSize:      cloudwatch.Given(f.BatchSize > 0, assumedBatchSize),
		batchingWindow: cloudwatch.Given(f.window(n), time.Duration(f.BatchingWindow).Seconds()),
		includes:       cloudwatch.Given(true, truth(f.AgeIncludesDuration)),
	}
	if f.Timeout > 0 {
		given[timeout] = cloudwatch.Given(true, time.Duration(f.Timeout).Seconds())
	}
	if f.BatchSize > 0 {
		given[batchSize] = cloudwatch.Given(true, float64(f.BatchSize))
	}
	if f.Parallelization > 0 {
		given[parallelization] = cloudwatch.Given(true, float64(f.Parallelization))
	}
	if f.Filtered != nil {
		given[filtered] = cloudwatch.Given(true, truth(*f.Filtered))
	}
	if f.ReservedConcurrency > 0 {
		given[reserved] = cloudwatch.Given(true, float64(f.ReservedConcurrency))
	}
	return given
}

// window tells whether the batching window is configured: 0s is a value too.
func (f *function) window(n *section.Node) bool {
	_, ok := n.Get(batchingWindow)
	return ok
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Metrics are those of the function and of its mapping. The statistics are what
// estimates are worth most by, five of a metric at most.
func (f *function) Metrics(k cloudwatch.Known) []cloudwatch.Metric {
	dimensions := []cloudwatch.Dimension{{Name: "FunctionName", Value: f.Function}}
	if f.Alias != "" {
		dimensions = append(dimensions, cloudwatch.Dimension{Name: "Resource", Value: f.Function + ":" + f.Alias})
	}
	of := func(name string, stats ...string) cloudwatch.Metric {
		return cloudwatch.Metric{Namespace: namespace, Name: name, Absent: absences[name], Dimensions: dimensions, Stats: stats}
	}
	metrics := []cloudwatch.Metric{
		of(invocations, cloudwatch.Sum),
		of(errorCount, cloudwatch.Sum),
		of(throttles, cloudwatch.Sum),
		of(age, ageStats(k.Edges)...),
		of(duration, workStats(k.Edges)...),
	}
	if f.wants.Capacity {
		metrics = append(metrics, of(concurrency, cloudwatch.Maximum))
	}
	if f.EventSourceMapping == "" {
		return metrics
	}
	dimensions = []cloudwatch.Dimension{{Name: "EventSourceMappingUUID", Value: f.mapping(k)}}
	for _, c := range eventCounts {
		metrics = append(metrics, of(c.metric, cloudwatch.Sum))
	}
	return metrics
}

func (f *function) mapping(k cloudwatch.Known) string {
	if names := k.Names[mapping]; f.EventSourceMapping == auto && len(names) > 0 {
		return names[0]
	}
	return f.EventSourceMapping
}

// ageStats are the statistics of IteratorAge for a threshold T: below 20 s a second
// edge is worth more than the minimum.
func ageStats(edges []time.Duration) []string {
	stats := []string{cloudwatch.SampleCount, cloudwatch.Average, cloudwatch.Maximum}
	if len(edges) == 0 {
		return append(stats, cloudwatch.Minimum)
	}
	t := slices.Max(edges)
	if t < shortThreshold {
		return append(stats, cloudwatch.Within(t/2, time.Millisecond), cloudwatch.Within(t, time.Millisecond))
	}
	return append(stats, cloudwatch.Minimum, cloudwatch.Within(t, time.Millisecond))
}

// workStats are the statistics of Duration; its minimum can disprove that the age
// contains it.
func workStats(edges []time.Duration) []string {
	stats := []string{cloudwatch.SampleCount, cloudwatch.Average, cloudwatch.Maximum, cloudwatch.Minimum}
	if len(edges) > 0 {
		stats = append(stats, cloudwatch.Within(slices.Max(edges)/4, time.Millisecond))
	}
	return stats
}

// Emit counts the minute.
func (f *function) Emit(m *cloudwatch.Minute) {
	m.Count(sli.Invocation, invocations)
	m.Count(sli.Failed, errorCount)
	m.Count(sli.Throttled, throttles)
	m.Summary("age", age, time.Millisecond)
	m.Summary("work", duration, time.Millisecond)
	if most, ok := m.Stat(concurrency, cloudwatch.Maximum); ok {
		limit, _ := m.Input(reserved)
		m.Use("concurrency", most, limit)
	}
	if f.EventSourceMapping == "" {
		return
	}
	for _, c := range eventCounts {
		m.Count(c.signal, c.metric)
	}
	if v, ok := m.Sum(polled); ok {
		m.Level(LevelPolled, v)
	}
}
