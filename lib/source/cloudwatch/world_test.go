package cloudwatch_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/alb"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/dynamodb"
	"mackerel-plugin-pipeline-sli/lib/source/ecs"
	"mackerel-plugin-pipeline-sli/lib/source/firehose"
	"mackerel-plugin-pipeline-sli/lib/source/kinesis"
	"mackerel-plugin-pipeline-sli/lib/source/lambda"
	"mackerel-plugin-pipeline-sli/lib/source/rds"
	"mackerel-plugin-pipeline-sli/lib/source/sqs"
)

var (
	_ measure.Source   = (*cloudwatch.Source)(nil)
	_ measure.Preparer = (*cloudwatch.Source)(nil)
)

// kinds are the constructors, as the registry has them.
var kinds = map[string]func(*section.Node, cloudwatch.Around) (*cloudwatch.Source, error){
	"alb": alb.New, "ecs": ecs.New, "rds": rds.New, "kinesis": kinesis.New, "lambda": lambda.New,
	"dynamodb": dynamodb.New, "sqs": sqs.New, "firehose": firehose.New, "cloudwatch": cloudwatch.New,
}

// noon is the clock of a world until it is moved.
var noon = time.Date(2026, 11, 22, 12, 0, 30, 0, time.UTC)

// due is the newest due minute at noon for a settle of 180 s.
const dueSettle = 180 * time.Second

// world is a stand-in for AWS with a clock and a process that reads it.
type world struct {
	*cwtest.Server
	t      *testing.T
	now    time.Time
	reader *cloudwatch.Reader
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: noon}
	w.Server = cwtest.New(func() time.Time { return w.now })
	t.Cleanup(w.Close)
	w.setenv(w.Env()...)
	w.restart(0)
	return w
}

func (w *world) setenv(pairs ...string) {
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		w.t.Setenv(name, value)
	}
}

// restart is another process, with so much patience for credentials (0: the usual).
func (w *world) restart(patience time.Duration) {
	w.reader = cloudwatch.NewReader(awsconf.Patience{
		Credentials: patience,
		Backoff:     retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil }),
	})
}

// stage makes a source of a section `kind: {…}`.
func (w *world) stage(text string) *cloudwatch.Source {
	w.t.Helper()
	source, err := w.parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return source
}

func (w *world) parse(text string) (*cloudwatch.Source, error) {
	w.t.Helper()
	n, err := section.Parse("f.yaml", []byte(text), func(string) (string, bool) { return "", false })
	if err != nil {
		w.t.Fatal(err)
	}
	kind := n.Keys()[0]
	return kinds[kind](n.Items()[0], cloudwatch.Around{Reader: w.reader, Wants: cloudwatch.Wants{Capacity: true, Latency: true}})
}

// heard is what a reading said.
type heard struct {
	sli.Batch
	err    error
	events []sli.Event
}

// run is one process's run over all sources: told, then asked.
func (w *world) run(ask sli.Ask, sources []*cloudwatch.Source, cursors [][]byte) []heard {
	ask.Now = w.now
	out := make([]heard, len(sources))
	asks := make([]sli.Ask, len(sources))
	for i, s := range sources {
		asks[i] = ask
		asks[i].Emit = func(e *sli.Event) { out[i].events = append(out[i].events, *e) }
		s.Prepare(asks[i], cursors[i])
	}
	for i, s := range sources {
		out[i].Batch, out[i].err = s.Read(context.Background(), asks[i], cursors[i])
	}
	return out
}

// read is a run over one source that must not fail.
func (w *world) read(s *cloudwatch.Source, ask sli.Ask, cursor []byte) heard {
	w.t.Helper()
	h := w.run(ask, []*cloudwatch.Source{s}, [][]byte{cursor})[0]
	if h.err != nil {
		w.t.Fatal(h.err)
	}
	return h
}

// fails is a run over one source that must fail so.
func (w *world) fails(s *cloudwatch.Source, want string) {
	w.t.Helper()
	h := w.run(sli.Ask{}, []*cloudwatch.Source{s}, [][]byte{nil})[0]
	if h.err == nil || h.err.Error() != want {
		w.t.Errorf("error %v\nwant  %s", h.err, want)
	}
}

// ago is the start of the minute so many minutes before the newest due one.
func (w *world) ago(minutes int) time.Time {
	return (sli.Due(w.now, dueSettle) - sli.Minute(minutes)).Start()
}

// put stores values of a minute, visible at once.
func (w *world) put(m cwtest.Metric, minutesAgo int, values ...float64) {
	w.Put(m, w.ago(minutesAgo), w.now.Add(-time.Hour), values...)
}

// sum adds the weights of a signal in a minute.
func (h heard) sum(signal sli.Signal, minute time.Time) float64 {
	var n float64
	for _, e := range h.events {
		if e.Signal == signal && sli.MinuteOf(e.Time) == sli.MinuteAt(minute) {
			n += e.Weight
		}
	}
	return n
}

// level is a gauge of a minute.
func (h heard) level(name string, minute time.Time) (float64, bool) {
	i := slices.IndexFunc(h.Levels, func(l sli.Level) bool { return l.Name == name && l.Minute == sli.MinuteAt(minute) })
	if i < 0 {
		return 0, false
	}
	return h.Levels[i].Value, true
}

func (h heard) summary(name string, minute time.Time) (sli.Summary, bool) {
	i := slices.IndexFunc(h.Summaries, func(s sli.MinuteSummary) bool { return s.Name == name && s.Minute == sli.MinuteAt(minute) })
	if i < 0 {
		return sli.Summary{}, false
	}
	return h.Summaries[i].Summary, true
}

func (h heard) warned(part string) bool {
	return slices.ContainsFunc(h.Warnings, func(warning string) bool { return strings.Contains(warning, part) })
}

func metric(namespace, name string, dimensions ...string) cwtest.Metric {
	m := cwtest.Metric{Namespace: namespace, Name: name, Dimensions: map[string]string{}}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions[dimensions[i]] = dimensions[i+1]
	}
	return m
}

func ofStream(name string) cwtest.Metric { return metric("AWS/Kinesis", name, "StreamName", "video") }

func ofFunction(name string) cwtest.Metric {
	return metric("AWS/Lambda", name, "FunctionName", "transform")
}

const stream = "kinesis: {stream: video, shards: 2, retention: 1d, mode: provisioned}"
