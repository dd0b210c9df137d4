// Package dynamodb is the source that reads a DynamoDB table's metrics.
package dynamodb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of a dynamodb section.
type Options struct {
	cloudwatch.Common
	Table         string             `yaml:"table" required:"true" pattern:"[a-zA-Z0-9_.-]{3,255}" doc:"the table's name"`
	Indexes       section.StringList `yaml:"indexes" pattern:"[a-zA-Z0-9_.-]{3,255}" doc:"global secondary indexes whose capacity is watched" otherwise:"none"`
	Operation     string             `yaml:"operation" enum:"PutItem|UpdateItem|DeleteItem|BatchWriteItem|TransactWriteItems|GetItem|Query|Scan|BatchGetItem" default:"PutItem" doc:"the operation that latency and success speak of"`
	Writes        string             `yaml:"writes" enum:"one_per_record|other" default:"other" doc:"one_per_record: each success is a record that came out"`
	WriteCapacity float64            `yaml:"write_capacity" min:"1" doc:"write units a second" otherwise:"asked of AWS"`
	ReadCapacity  float64            `yaml:"read_capacity" min:"1" doc:"read units a second" otherwise:"asked of AWS"`
	Mode          string             `yaml:"mode" enum:"provisioned|on_demand" doc:"an on-demand table has throttles only" otherwise:"asked of AWS"`
}

const (
	namespace = "AWS/DynamoDB"

	latency      = "SuccessfulRequestLatency"
	systemErrors = "SystemErrors"
	throttled    = "ThrottledRequests"
	written      = "ConsumedWriteCapacityUnits"
	read         = "ConsumedReadCapacityUnits"

	describe      = "dynamodb:DescribeTable"
	writeCapacity = "write_capacity"
	readCapacity  = "read_capacity"
	onePerRecord  = "one_per_record"
	onDemand      = "on_demand"
)

// table reads one table.
type table struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"SuccessfulRequestLatency":   {Zero: true, Why: "no request succeeded"},
	"SystemErrors":               {Zero: true, Why: "none happened"},
	"ThrottledRequests":          {Zero: true, Why: "none happened"},
	"ConsumedWriteCapacityUnits": {Zero: true, Why: "nothing was written"},
	"ConsumedReadCapacityUnits":  {Zero: true, Why: "nothing was read"},
}

// New reads a dynamodb section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	t := &table{wants: a.Wants}
	if err := cloudwatch.Decode(n, &t.Options, &t.Common); err != nil {
		return nil, err
	}
	stage := cloudwatch.Stage{
		Common:   t.Common,
		Kind:     t,
		Given:    t.given(),
		Liveness: []string{latency},
		Facts: sli.Facts{
			Reads:     namespace + " TableName=" + t.Table,
			Rule:      "operation=" + t.Operation + " writes=" + t.Writes,
			Signals:   []sli.Signal{sli.Failed, sli.Throttled},
			Role:      sli.Store,
			Throttles: true,
		},
	}
	f := &stage.Facts
	if t.Writes == onePerRecord {
		f.Signals = append(f.Signals, sli.Done)
	}
	if t.Mode != onDemand {
		for _, u := range t.uses() {
			f.Capacity = append(f.Capacity, u.capacity)
			f.Levels = append(f.Levels, cloudwatch.Utilisation(u.capacity))
		}
	}
	if t.asks() {
		stage.Asks = []string{writeCapacity, readCapacity}
		f.Permissions = []string{describe + " " + t.Common.Over(a.AWS).ARN("dynamodb", "table/"+t.Table)}
	}
	return cloudwatch.NewSource(a, stage), nil
}

// asks tells whether capacities are needed and not configured.
func (t *table) asks() bool {
	return t.wants.Capacity && t.Mode != onDemand && (t.WriteCapacity == 0 || t.ReadCapacity == 0 || len(t.Indexes) > 0)
}

func (t *table) given() sli.Inputs {
	given := sli.Inputs{}
	if t.WriteCapacity > 0 {
		given[writeCapacity] = cloudwatch.Given(true, t.WriteCapacity)
	}
	if t.ReadCapacity > 0 {
		given[readCapacity] = cloudwatch.Given(true, t.ReadCapacity)
	}
	return given
}

// use is a capacity with the metric that consumes it and the input that limits it.
type use struct{ capacity, metric, index, limit string }

// uses are those of the table, then of each index.
func (t *table) uses() []use {
	out := []use{{"write", written, "", writeCapacity}, {"read", read, "", readCapacity}}
	for _, index := range t.Indexes {
		name := strings.ReplaceAll(index, ".", "_") // dots separate metric names
		out = append(out,
			use{name + "_write", written, index, index + " " + writeCapacity},
			use{name + "_read", read, index, index + " " + readCapacity})
	}
	return out
}

func (u use) key() string { return strings.TrimSpace(u.metric + " " + u.index) }

// Metrics are those of the operation, and what was consumed.
func (t *table) Metrics(cloudwatch.Known) []cloudwatch.Metric {
	of := []cloudwatch.Dimension{{Name: "TableName", Value: t.Table}, {Name: "Operation", Value: t.Operation}}
	metrics := []cloudwatch.Metric{
		{Namespace: namespace, Name: latency, Absent: absences[latency], Dimensions: of,
			Stats: []string{cloudwatch.SampleCount, cloudwatch.Average, cloudwatch.Maximum, cloudwatch.Minimum}},
		{Namespace: namespace, Name: systemErrors, Absent: absences[systemErrors], Dimensions: of, Stats: []string{cloudwatch.Sum}},
		{Namespace: namespace, Name: throttled, Absent: absences[throttled], Dimensions: of, Stats: []string{cloudwatch.Sum}},
	}
	if !t.wants.Capacity || t.Mode == onDemand {
		return metrics
	}
	for _, u := range t.uses() {
		m := cloudwatch.Metric{Key: u.key(), Namespace: namespace, Name: u.metric, Absent: absences[u.metric], Stats: []string{cloudwatch.Sum},
			Dimensions: []cloudwatch.Dimension{{Name: "TableName", Value: t.Table}}}
		if u.index != "" {
			m.Dimensions = append(m.Dimensions, cloudwatch.Dimension{Name: "GlobalSecondaryIndexName", Value: u.index})
		}
		metrics = append(metrics, m)
	}
	return metrics
}

// Emit counts the minute.
func (t *table) Emit(m *cloudwatch.Minute) {
	if n, ok := m.Stat(latency, cloudwatch.SampleCount); ok && t.Writes == onePerRecord {
		m.Event(sli.Event{Signal: sli.Done}, n)
	}
	m.Count(sli.Failed, systemErrors)
	m.Count(sli.Throttled, throttled)
	m.Summary("store", latency, time.Millisecond)
	for _, u := range t.uses() {
		limit, _ := m.Input(u.limit) // none on demand
		m.Rate(u.capacity, u.key(), limit)
	}
}

// Describe asks for the capacities of the table and its indexes.
func (t *table) Describe(ctx context.Context, cfg aws.Config, d *cloudwatch.Description) {
	if !t.asks() {
		return
	}
	out, err := dynamodb.NewFromConfig(cfg).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(t.Table)})
	if d.Failed(describe+" of "+t.Table, err) || out.Table == nil {
		return
	}
	if billing := out.Table.BillingModeSummary; billing != nil && billing.BillingMode == types.BillingModePayPerRequest {
		d.Inputs[writeCapacity], d.Inputs[readCapacity] = 0, 0
		return
	}
	capacity := func(prefix string, p *types.ProvisionedThroughputDescription) {
		if p != nil {
			d.Inputs[prefix+writeCapacity] = float64(aws.ToInt64(p.WriteCapacityUnits))
			d.Inputs[prefix+readCapacity] = float64(aws.ToInt64(p.ReadCapacityUnits))
		}
	}
	capacity("", out.Table.ProvisionedThroughput)
	found := map[string]bool{}
	for _, index := range out.Table.GlobalSecondaryIndexes {
		found[aws.ToString(index.IndexName)] = true
		capacity(aws.ToString(index.IndexName)+" ", index.ProvisionedThroughput)
	}
	for _, index := range t.Indexes {
		if !found[index] {
			d.Errs = append(d.Errs, fmt.Errorf("%s: table %s has no index %s; its capacity isn't watched", describe, t.Table, index))
		}
	}
}
