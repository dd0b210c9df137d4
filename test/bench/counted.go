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
)

// calls counts what a run asks of CloudWatch for the pipeline front → stream → function →
// table. A first run tells the stand-in which metrics there are, a second one finds their
// points.
func (w *world) calls() (row, error) {
	cloud := newCloud(time.Now)
	defer cloud.Close()
	config := w.path("cloud.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, cloudConfig, cloud.URL, fmt.Sprintf("access_log: { path: %q, format: ltsv, start: beginning }", w.path("thousand"))), 0o644); err != nil {
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
	publish(cloud, w.begin)
	n, err := run("known")
	if err == nil && n == 0 {
		err = errors.New("the run asked CloudWatch nothing")
	}
	return row{name: "CloudWatch calls of a run, seed topology", must: 1, goal: 1, got: float64(n)}, err
}

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
