package judge

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// newCloud is a stand-in for the cloud in which the world's pipeline exists.
func newCloud(w *sim.World, clock func() time.Time) *cwtest.Server {
	s := cwtest.New(clock)
	s.SetStream(sim.StreamName, cwtest.Stream{OpenShards: w.Scenario.Stream.Shards, Consumers: 1,
		RetentionHours: int(w.Scenario.Stream.Retention / time.Hour)})
	return s
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
