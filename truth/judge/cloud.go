package judge

import (
	"errors"
	"os"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// newCloud is a stand-in for the cloud in which the world's pipeline exists.
func newCloud(w *sim.World, clock func() time.Time) *cwtest.Server {
	s := cwtest.New(clock)
	s.SetStream(sim.StreamName, cwtest.Stream{OpenShards: w.Scenario.Stream.Shards, Consumers: 1,
		RetentionHours: int(w.Scenario.Stream.Retention / time.Hour)})
	s.SetFunction(sim.FunctionName, cwtest.Function{Timeout: int(w.Scenario.Worker.Timeout / time.Second)})
	mapping := cwtest.EventSourceMapping{UUID: sim.MappingUUID, FunctionName: sim.FunctionName, BatchSize: w.Scenario.Worker.BatchSize,
		MaximumBatchingWindowInSeconds: int(w.Scenario.Worker.Window / time.Second), ParallelizationFactor: w.Scenario.Worker.Lanes}
	if w.Scenario.Worker.MappingDrops > 0 {
		mapping.FilterCriteria = map[string]any{"Filters": []any{map[string]any{"Pattern": "{}"}}}
	}
	s.SetMapping(mapping)
	return s
}

// Credentials puts into the process's environment what clients of the cloud look
// for there: keys that open nothing, and no files and no services to ask for others.
func Credentials() error {
	s := cwtest.New(func() time.Time { return day })
	defer s.Close()
	var errs []error
	for _, pair := range s.Env() {
		if name, value, _ := strings.Cut(pair, "="); name != "AWS_ENDPOINT_URL" {
			errs = append(errs, os.Setenv(name, value))
		}
	}
	return errors.Join(errs...)
}

// publish puts what becomes visible in [from, to).
func publish(s *cwtest.Server, w *sim.World, from, to sim.Instant) {
	for p := range w.Points(from, to) {
		m := cwtest.Metric{Namespace: p.Namespace, Name: p.Metric, Dimensions: map[string]string{}}
		for _, d := range p.Dims {
			m.Dimensions[d.Name] = d.Value
		}
		s.PutCounts(m, p.Stamp.Time(), p.Visible.Time(), p.Values, p.Counts)
	}
}
