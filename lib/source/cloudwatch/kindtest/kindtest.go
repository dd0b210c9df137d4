// Package kindtest is a stand-in for AWS in which kinds of stages made of metrics are
// tried: values are put, a stage reads them at a clock's reading, what it said is shown.
package kindtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/recording/recordingtest"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

// Noon is the clock of a world until it is moved.
var Noon = time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC)

// DueSettle is the settle that Ago counts from.
const DueSettle = 180 * time.Second

// Constructor makes a stage of a section, as the registry has it.
type Constructor func(*section.Node, cloudwatch.StageContext) (*cloudwatch.Source, error)

// Mapping is the event source mapping that lives in every World.
const Mapping = "91eaeb7e-c976-1234-9451-8709db01f137"

// World is a stand-in for AWS with a clock and a process that reads it.
type World struct {
	*cwtest.Server
	t      *testing.T
	kinds  map[string]Constructor
	Now    time.Time
	Reader *cloudwatch.Reader
}

// New is a world with some kinds of stages.
func New(t *testing.T, kinds map[string]Constructor) *World {
	t.Helper()
	w := &World{t: t, kinds: kinds, Now: Noon}
	w.Server = cwtest.New(func() time.Time { return w.Now })
	t.Cleanup(w.Close)
	w.Setenv(w.Env()...)
	w.Restart(time.Minute) // a busy machine is no missing credential
	return w
}

// Setenv sets pairs of the environment: NAME=VALUE.
func (w *World) Setenv(pairs ...string) {
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		w.t.Setenv(name, value)
	}
}

// Restart is another process, with so much patience for credentials (0: the usual).
func (w *World) Restart(patience time.Duration) {
	w.Reader = cloudwatch.NewReader(awsconf.Patience{
		Credentials: patience,
		Backoff:     retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil }),
	})
}

// Stage makes a source of a section `kind: {…}`.
func (w *World) Stage(text string) *cloudwatch.Source {
	w.t.Helper()
	source, err := w.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return source
}

// Parse is Stage with its error.
func (w *World) Parse(text string) (*cloudwatch.Source, error) {
	w.t.Helper()
	n, err := section.Parse("f.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		w.t.Fatal(err)
	}
	kind := n.Keys()[0]
	return w.kinds[kind](n.Items()[0], cloudwatch.StageContext{Reader: w.Reader, Wants: cloudwatch.Wants{Capacity: true, Latency: true}})
}

// Heard is what a reading said.
type Heard struct {
	sli.Batch
	Err    error
	Events []sli.Event
}

// Run is one process's run over all sources: told, then asked.
func (w *World) Run(ask sli.Ask, sources []*cloudwatch.Source, cursors [][]byte) []Heard {
	ask.Now = w.Now
	out := make([]Heard, len(sources))
	asks := make([]sli.Ask, len(sources))
	for i, s := range sources {
		asks[i] = ask
		asks[i].Emit = func(e *sli.Event) { out[i].Events = append(out[i].Events, *e) }
		s.Prepare(asks[i], cursors[i])
	}
	for i, s := range sources {
		out[i].Batch, out[i].Err = recordingtest.Read(context.Background(), w.t, s, asks[i], cursors[i])
	}
	return out
}

// Read is a run over one source that must not fail.
func (w *World) Read(s *cloudwatch.Source, ask sli.Ask, cursor []byte) Heard {
	w.t.Helper()
	h := w.Run(ask, []*cloudwatch.Source{s}, [][]byte{cursor})[0]
	if h.Err != nil {
		w.t.Fatal(h.Err)
	}
	return h
}

// Fails is a run over one source that must fail so.
func (w *World) Fails(s *cloudwatch.Source, want string) {
	w.t.Helper()
	h := w.Run(sli.Ask{}, []*cloudwatch.Source{s}, [][]byte{nil})[0]
	if h.Err == nil || h.Err.Error() != want {
		w.t.Errorf("error %v\nwant  %s", h.Err, want)
	}
}

// Ago is the start of the minute so many minutes before the newest due one.
func (w *World) Ago(minutes int) time.Time {
	return (sli.Due(w.Now, DueSettle) - sli.Minute(minutes)).Start()
}

// PutAgo stores values of a minute, visible at once.
func (w *World) PutAgo(m cwtest.Metric, minutesAgo int, values ...float64) {
	w.Put(m, w.Ago(minutesAgo), w.Now.Add(-time.Hour), values...)
}

// Sum adds the weights of a signal in a minute.
func (h Heard) Sum(signal sli.Signal, minute time.Time) float64 {
	var n float64
	for _, e := range h.Events {
		if e.Signal == signal && sli.MinuteOf(e.Time) == sli.MinuteAt(minute) {
			n += e.Weight
		}
	}
	return n
}

// Level is a gauge of a minute.
func (h Heard) Level(name string, minute time.Time) (float64, bool) {
	i := slices.IndexFunc(h.Levels, func(l sli.Level) bool { return l.Name == name && l.Minute == sli.MinuteAt(minute) })
	if i < 0 {
		return 0, false
	}
	return h.Levels[i].Value, true
}

// Summary is a distribution of a minute.
func (h Heard) Summary(name string, minute time.Time) (estimate.Summary, bool) {
	i := slices.IndexFunc(h.Summaries, func(s sli.MinuteSummary) bool { return s.Name == name && s.Minute == sli.MinuteAt(minute) })
	if i < 0 {
		return estimate.Summary{}, false
	}
	return h.Summaries[i].Summary, true
}

// Warned tells whether one of the warnings holds the part.
func (h Heard) Warned(part string) bool {
	return slices.ContainsFunc(h.Warnings, func(warning string) bool { return strings.Contains(warning, part) })
}

// Metric is a metric under its dimensions: name, value, name, value …
func Metric(namespace, name string, dimensions ...string) cwtest.Metric {
	m := cwtest.Metric{Namespace: namespace, Name: name, Dimensions: map[string]string{}}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions[dimensions[i]] = dimensions[i+1]
	}
	return m
}

// Shown is everything that was said of a minute, in lines.
func (h Heard) Shown(minute time.Time) []string {
	var lines []string
	for _, e := range h.Events {
		if sli.MinuteOf(e.Time) != sli.MinuteAt(minute) {
			continue
		}
		line := e.Signal.String()
		if e.Status != 0 {
			line += fmt.Sprintf(" %d", e.Status)
		}
		if e.HasLatency {
			line += fmt.Sprintf(" %gs", e.Latency.Round(time.Millisecond).Seconds())
		}
		lines = append(lines, fmt.Sprintf("%s: %g", line, e.Weight))
	}
	for _, l := range h.Levels {
		if l.Minute == sli.MinuteAt(minute) {
			lines = append(lines, fmt.Sprintf("level %s: %g", l.Name, l.Value))
		}
	}
	for _, s := range h.Summaries {
		if s.Minute == sli.MinuteAt(minute) {
			v := s.Summary
			lines = append(lines, fmt.Sprintf("summary %s: n %g mean %g max %g min %g edges %v", s.Name, v.N, v.Mean, v.Max, v.Min.Value, v.Edges))
		}
	}
	slices.Sort(lines)
	return lines
}

// Counted puts n ones, so that Sum and SampleCount are n.
func (w *World) Counted(n int, m cwtest.Metric) {
	w.PutAgo(m, 0, slices.Repeat([]float64{1}, n)...)
}

// Alive gives every metric that must have been seen a point.
func (w *World) Alive() {
	balancer := []string{"LoadBalancer", "app/front/50dc6c495c0c9188"}
	for _, m := range []cwtest.Metric{
		Metric("AWS/ApplicationELB", "RequestCount", balancer...),
		Metric("AWS/ECS", "CPUUtilization", "ClusterName", "c", "ServiceName", "api"),
		Metric("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "db"),
		Metric("AWS/Kinesis", "IncomingRecords", "StreamName", "video"),
		Metric("AWS/Lambda", "Invocations", "FunctionName", "transform"),
		Metric("AWS/Lambda", "PolledEventCount", "EventSourceMappingUUID", Mapping),
		Metric("AWS/DynamoDB", "SuccessfulRequestLatency", "TableName", "videos", "Operation", "PutItem"),
	} {
		w.PutAgo(m, 0, 1)
	}
	w.SetStream("video", cwtest.Stream{OpenShards: 2})
	w.SetFunction("transform", cwtest.Function{Timeout: 30})
	w.SetMapping(cwtest.EventSourceMapping{UUID: Mapping, FunctionName: "transform", BatchSize: 200, ParallelizationFactor: 2,
		MetricsConfig: map[string]any{"Metrics": []string{"EventCount"}}})
	w.SetTable("videos", cwtest.Table{WriteCapacity: 10, ReadCapacity: 10})
}

// SortedLines compares lines as a set with counts.
var SortedLines = cmp.Transformer("sorted", func(lines []string) map[string]int {
	set := map[string]int{}
	for _, line := range lines {
		set[line]++
	}
	return set
})
