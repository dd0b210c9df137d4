//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
)

// calls counts what a run asks of CloudWatch for the pipeline front → stream → function →
// table. A first run tells the stand-in which metrics there are, a second one finds their
// points.
func (w *world) calls() (row, error) {
	cloud := cwtest.New(time.Now)
	defer cloud.Close()
	cloud.SetStream("events", cwtest.Stream{OpenShards: 4, Consumers: 1, RetentionHours: 24})
	cloud.SetFunction("transform", cwtest.Function{Timeout: 60})
	cloud.SetMapping(cwtest.EventSourceMapping{UUID: "11111111-2222-3333-4444-555555555555", FunctionName: "transform", BatchSize: 100, ParallelizationFactor: 1})
	config := w.path("cloud.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `aws: { region: us-east-1, endpoint_url: %q }
pipelines:
- name: video
  stages:
  - { name: front, access_log: { path: %q, format: ltsv, start: beginning } }
  - { name: stream, kinesis: { stream: events } }
  - { name: transform, lambda: { function: transform, event_source_mapping: 11111111-2222-3333-4444-555555555555 } }
  - { name: table, dynamodb: { table: table, operation: PutItem, writes: one_per_record } }
  slis:
    availability: { target: 99.9 }
    latency: { threshold: 500ms, target: 99 }
    freshness: { threshold: 60s, target: 99 }
    coverage: { target: 99.9 }
`, cloud.URL, w.path("thousand")), 0o644); err != nil {
		return row{}, err
	}
	run := func(state string) (int, error) {
		before := cloud.Calls()[getMetricData]
		c := exec.Command(w.path("plugin"), "--config", config, "--state-dir", w.path(state))
		c.Env = append(os.Environ(), cloud.Env()...)
		if out, err := c.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("%w\n%.1000s", err, out)
		}
		return cloud.Calls()[getMetricData] - before, nil
	}
	if _, err := run("unknown"); err != nil {
		return row{}, err
	}
	for _, r := range cloud.Requests() {
		asked, ok := r.Input.(*cwtest.GetMetricDataInput)
		if !ok {
			continue
		}
		for _, q := range asked.MetricDataQueries {
			m := cwtest.Metric{Namespace: q.MetricStat.Metric.Namespace, Name: q.MetricStat.Metric.MetricName, Dimensions: map[string]string{}}
			for _, d := range q.MetricStat.Metric.Dimensions {
				m.Dimensions[d.Name] = d.Value
			}
			for minute := w.begin; minute.Before(time.Now().Add(-time.Minute)); minute = minute.Add(time.Minute) {
				cloud.Put(m, minute, minute, 1)
			}
		}
	}
	n, err := run("known")
	if err == nil && n == 0 {
		err = errors.New("the run asked CloudWatch nothing")
	}
	return row{name: "CloudWatch calls of a run, seed topology", must: 1, goal: 1, got: float64(n)}, err
}

const getMetricData = "cloudwatch:GetMetricData"

// allocations are a Go benchmark's, which reads logs of two lengths.
func (w *world) allocations() (row, error) {
	const unit = " allocs/line"
	run := exec.Command("go", "test", "-run", "^$", "-bench", "BenchmarkRead", "-benchtime", "3x", "./lib/source/accesslog")
	out, err := run.CombinedOutput()
	if err != nil {
		return row{}, fmt.Errorf("%w\n%.1000s", err, out)
	}
	r := row{name: "allocations per log line in steady state", exact: true}
	found := false
	for line := range bytes.Lines(out) {
		front, _, ok := strings.Cut(string(line), unit)
		if !ok {
			continue
		}
		fields := strings.Fields(front)
		n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return row{}, err
		}
		r.got, found = max(r.got, n), true
	}
	if !found {
		return row{}, fmt.Errorf("no allocations in\n%.1000s", out)
	}
	return r, nil
}
