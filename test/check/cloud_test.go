package check

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// cloud is a stand-in for AWS in which a world's stream, function and table exist.
type cloud struct {
	*cwtest.Server
	world *sim.World
	until sim.Instant // what became visible before is published
}

func newCloud(t *testing.T, w *sim.World) *cloud {
	c := &cloud{world: w, until: w.Start}
	c.Server = cwtest.New(func() time.Time { return c.until.Time() })
	t.Cleanup(c.Close)
	s := w.Scenario
	c.SetStream(sim.StreamName, cwtest.Stream{OpenShards: s.Stream.Shards, Consumers: 1, RetentionHours: 24})
	c.SetFunction(sim.FunctionName, cwtest.Function{Timeout: int(s.Worker.Timeout / time.Second)})
	c.SetMapping(cwtest.EventSourceMapping{UUID: sim.MappingUUID, FunctionName: sim.FunctionName, BatchSize: s.Worker.BatchSize, ParallelizationFactor: s.Worker.Lanes})
	return c
}

// advance publishes what becomes visible until an instant.
func (c *cloud) advance(to sim.Instant) {
	for p := range c.world.Points(c.until, to) {
		m := cwtest.Metric{Namespace: p.Namespace, Name: p.Metric, Dimensions: map[string]string{}}
		for _, d := range p.Dims {
			m.Dimensions[d.Name] = d.Value
		}
		c.PutCounts(m, p.Stamp.Time(), p.Visible.Time(), p.Values, p.Counts)
	}
	c.until = to
}

// function is a pipeline of a front, a stream and a function; stream are further keys of
// the stream's.
func function(stream string) string {
	aws := `, endpoint_url: "{{aws}}", region: us-east-1}
`
	return `pipelines:
- name: video
  stages:
  - name: front
    access_log: {path: "{{dir}}/front.log", format: ltsv, where: {method: POST}}
  - name: stream
    kinesis: {stream: ` + sim.StreamName + `, consumers: 1` + stream + aws + `  - name: transform
    lambda: {function: ` + sim.FunctionName + `, reserved_concurrency: 100, event_source_mapping: ` + sim.MappingUUID + aws + `  slis: {freshness: {threshold: 60s, target: 99}}
`
}

// eight is a stream of eight shards.
var eight = sim.Scenario{Stream: sim.Stream{Shards: 8}, Traffic: sim.Traffic{PerSecond: 8}}

// inCloud does something to the cloud before every check from a minute on.
func inCloud(minute int, do func(c *cloud)) disturbance {
	return func(_ *testing.T, s *stage, m int) func() {
		if m >= minute {
			do(s.cloud)
		}
		return nil
	}
}

// clouds are situations in AWS.
var clouds = []scenario{
	{
		name: "AWS: on time", story: "a stream of eight shards with the default retention, and a function",
		length: 40 * time.Minute, config: function(""), world: eight, status: "OK",
	}, {
		name: "AWS: stopped consumer", story: "for 15 minutes; the function's metrics are simply absent",
		length: 45 * time.Minute, config: function(""), world: eight, faults: "+30m consumer stopped", status: "CRITICAL", rule: "state",
	}, {
		name: "AWS: throttled", story: "the function may not run at all, for 15 minutes",
		length: 45 * time.Minute, config: function(""), world: eight, faults: "+30m throttled to 0", status: "CRITICAL", rule: "state",
	}, {
		name: "AWS: one shard of eight is stuck", story: "on a poison record, for 10 minutes",
		length: 40 * time.Minute, config: function(""), world: eight, faults: "+30m shard 3 poison record", status: "CRITICAL", rule: "state",
	}, {
		name: "AWS: retention running out", story: "for 17 hours the function has been far too slow; records are kept for a day (checked every 10 minutes)",
		length: 17 * time.Hour, every: 10, config: function(""), status: "CRITICAL", rule: "retention",
		world: sim.Scenario{Stream: sim.Stream{Shards: 1}, Traffic: sim.Traffic{PerSecond: 0.2}, Worker: sim.Worker{PerRecord: 20 * time.Second, BatchSize: 2}},
	}, {
		name: "AWS: nothing arrives", story: "for 20 minutes",
		length: 50 * time.Minute, config: function(""), world: eight, faults: "+30m no traffic", status: "OK", rule: "no_traffic",
	}, {
		name: "AWS: source forbidden", story: "for 10 minutes",
		length: 40 * time.Minute, config: function(""), world: eight,
		disturb: inCloud(30, func(c *cloud) { c.Forbid("cloudwatch:GetMetricData") }), status: "UNKNOWN", rule: "lag",
	}, {
		name: "AWS: measurement late", story: "a minute of the function settles after 4 minutes; `max_lag: 2m`",
		length: 40 * time.Minute, config: function("") + "  check: {max_lag: 2m}\n", world: eight, status: "UNKNOWN", rule: "lag",
	}, {
		name: "AWS: this host's clock is wrong", story: "by 5 minutes",
		length: 40 * time.Minute, config: function(""), world: eight,
		disturb: inCloud(30, func(c *cloud) { c.SetDateSkew(5 * time.Minute) }), status: "UNKNOWN", rule: "skew",
	},
}
