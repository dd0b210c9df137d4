// Package recipes holds the tests of the recipes that need a cloud.
package recipes

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

var update = flag.Bool("update", false, "record the recipes anew")

const (
	recipe  = "examples/kinesis-lambda-dynamodb"
	mapping = "14e0db71-5d35-4eb5-b481-8945cf9d10c2"
)

var (
	tokyo = zone("Asia/Tokyo")
	begin = time.Date(2026, 4, 15, 10, 0, 0, 0, tokyo) // of the front's log: ten records a minute
	stops = time.Date(2026, 4, 15, 10, 57, 0, 0, tokyo)
	now   = time.Date(2026, 4, 15, 11, 8, 12, 0, tokyo)
)

// TestTheStreamsRecipeSaysWhatItsRecordingSays runs the recipe in a stand-in for AWS in which the
// function is no longer invoked from 10:57 on, and compares what it says with its recording.
func TestTheStreamsRecipeSaysWhatItsRecordingSays(t *testing.T) {
	t.Chdir("../..")
	w := cwtest.New(func() time.Time { return now })
	t.Cleanup(w.Close)
	for _, pair := range w.Env() {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
	happens(w)
	kept := filepath.Join(recipe, "recording")
	if *update {
		if err := os.RemoveAll(kept); err != nil {
			t.Fatal(err)
		}
		run(t, "record", kept)
	}
	if diff := cmp.Diff(run(t, "explain"), run(t, "replay", kept, "explain")); diff != "" {
		t.Errorf("-live +recorded; record it anew with: go test ./test/recipes -update\n%s", diff)
	}
}

// happens puts what AWS would have said.
func happens(w *cwtest.Server) {
	w.SetStream("video-events", cwtest.Stream{OpenShards: 1, Consumers: 0, RetentionHours: 24})
	w.SetFunction("video-transform", cwtest.Function{Timeout: 60})
	w.SetMapping(cwtest.EventSourceMapping{UUID: mapping, FunctionName: "video-transform", BatchSize: 100, ParallelizationFactor: 1,
		MetricsConfig: map[string]any{"Metrics": []string{"EventCount"}}})
	w.SetTable("videos", cwtest.Table{})
	for at := begin; at.Before(now); at = at.Add(time.Minute) {
		put := func(n int, value float64, namespace, name string, dimensions ...string) {
			w.PutCounts(kindtest.Metric(namespace, name, dimensions...), at, at.Add(2*time.Minute), []float64{value}, []float64{float64(n)})
		}
		put(10, 1, "AWS/Kinesis", "IncomingRecords", "StreamName", "video-events")
		if !at.Before(stops) {
			continue
		}
		put(10, 900, "AWS/Lambda", "IteratorAge", "FunctionName", "video-transform")
		put(10, 250, "AWS/Lambda", "Duration", "FunctionName", "video-transform")
		put(10, 1, "AWS/Lambda", "Invocations", "FunctionName", "video-transform")
		put(10, 0, "AWS/Lambda", "Errors", "FunctionName", "video-transform")
		for _, name := range []string{"PolledEventCount", "InvokedEventCount"} {
			put(10, 1, "AWS/Lambda", name, "EventSourceMappingUUID", mapping)
		}
		put(10, 4, "AWS/DynamoDB", "SuccessfulRequestLatency", "TableName", "videos", "Operation", "PutItem")
	}
}

// run is the program at the recipe's instant.
func run(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if args[0] != "replay" {
		args = append([]string{"--config", filepath.Join(recipe, "pipeline-sli.yaml"), "--state-dir", t.TempDir()}, args...)
	}
	env := cli.Env{
		Context: context.Background(), Args: args,
		Getenv: func(string) (string, bool) { return "", false },
		Stdin:  strings.NewReader(""), Stdout: &out, Stderr: &complaints,
		Now: func() time.Time { return now }, Zone: tokyo, UID: os.Getuid(),
	}
	builtin.Into(&env)
	if code := cli.Main(env); code != 0 {
		t.Fatalf("%v: exit status %d: %s", args, code, complaints.String())
	}
	return out.String()
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // it is built in
	}
	return z
}
