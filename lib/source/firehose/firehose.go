// Package firehose is the source that reads a Firehose delivery stream's metrics.
package firehose

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of a firehose section.
type Options struct {
	cloudwatch.Common
	Stream      string           `yaml:"stream" required:"true" pattern:"[a-zA-Z0-9_.-]{1,64}" doc:"the delivery stream's name"`
	Destination string           `yaml:"destination" enum:"s3|opensearch|redshift|splunk|http" default:"s3" doc:"where it delivers to"`
	Buffering   section.Duration `yaml:"buffering" default:"300s" min:"1s" max:"15m" doc:"its buffering interval: nothing is fresher"`
}

const (
	namespace = "AWS/Firehose"

	incoming  = "IncomingRecords"
	throttled = "ThrottledRecords"

	// settle is longer than elsewhere: metrics may be pushed every five minutes.
	settle = 600 * time.Second
)

// deliveries are the prefixes of a destination's metrics. What goes to Redshift
// passes S3, where its age is told.
var deliveries = map[string]struct{ counts, age string }{
	"s3":         {"DeliveryToS3", "DeliveryToS3"},
	"opensearch": {"DeliveryToAmazonOpenSearchService", "DeliveryToAmazonOpenSearchService"},
	"redshift":   {"DeliveryToRedshift", "DeliveryToS3"},
	"splunk":     {"DeliveryToSplunk", "DeliveryToSplunk"},
	"http":       {"DeliveryToHttpEndpoint", "DeliveryToHttpEndpoint"},
}

// LevelSuccess is the share of attempts that delivered, in percent. A dip isn't a
// loss: they are repeated.
const LevelSuccess = "success"

// delivery reads one delivery stream.
type delivery struct {
	Options
	records, success, age string // names of metrics
}

// New reads a firehose section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	d := &delivery{}
	if err := cloudwatch.Decode(n, &d.Options, &d.Common); err != nil {
		return nil, err
	}
	to := deliveries[d.Destination]
	d.records, d.success, d.age = to.counts+".Records", to.counts+".Success", to.age+".DataFreshness"
	return cloudwatch.NewSource(a, cloudwatch.Stage{
		Common:   d.Common,
		Kind:     d,
		Given:    sli.Inputs{"buffering": cloudwatch.Given(true, time.Duration(d.Buffering).Seconds())},
		Liveness: []string{incoming},
		Facts: sli.Facts{
			Reads:     namespace + " DeliveryStreamName=" + d.Stream,
			Rule:      "destination=" + d.Destination,
			Signals:   []sli.Signal{sli.Accepted, sli.Done, sli.Throttled},
			Levels:    []string{cloudwatch.LevelAge, LevelSuccess, cloudwatch.Utilisation("buffer")},
			OwnAge:    true,
			NoAge:     "records come in, and " + d.age + " has no point",
			Role:      sli.Store,
			Capacity:  []string{"buffer"},
			Throttles: true,
			Settle:    settle,
			SettleWhy: "Firehose may push its metrics every five minutes only",
			Waits:     []sli.Wait{{Why: "the buffering interval", For: time.Duration(d.Buffering)}},
		},
	}), nil
}

// Metrics are what comes in and what is delivered.
func (d *delivery) Metrics(cloudwatch.Known) []cloudwatch.Metric {
	of := func(name, stat string, absent cloudwatch.Absence) cloudwatch.Metric {
		return cloudwatch.Metric{Namespace: namespace, Name: name, Absent: absent, Stats: []string{stat},
			Dimensions: []cloudwatch.Dimension{{Name: "DeliveryStreamName", Value: d.Stream}}}
	}
	return []cloudwatch.Metric{
		of(incoming, cloudwatch.Sum, cloudwatch.Absence{Zero: true, Why: "nothing was put"}),
		of(throttled, cloudwatch.Sum, cloudwatch.Absence{Zero: true, Why: "nothing was turned away"}),
		of(d.records, cloudwatch.Sum, cloudwatch.Absence{Zero: true, Why: "nothing was delivered"}),
		of(d.success, cloudwatch.Average, cloudwatch.Absence{Why: "no attempt"}),
		of(d.age, cloudwatch.Maximum, cloudwatch.Absence{Why: "nothing to deliver: no age, not an age of 0"}),
	}
}

// Emit counts the minute.
func (d *delivery) Emit(m *cloudwatch.Minute) {
	m.Count(sli.Accepted, incoming)
	m.Count(sli.Throttled, throttled)
	m.Count(sli.Done, d.records)
	if v, ok := m.Stat(d.success, cloudwatch.Average); ok {
		m.Level(LevelSuccess, 100*v)
	}
	if seconds, ok := m.Age(cloudwatch.LevelAge, d.age, time.Second); ok {
		m.Use("buffer", seconds, time.Duration(d.Buffering).Seconds())
	} else if n, _ := m.Sum(incoming); n == 0 {
		m.Idle()
	}
}
