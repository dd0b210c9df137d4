// Package kinesis is the source that reads a Kinesis data stream's metrics.
package kinesis

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of a kinesis section.
type Options struct {
	cloudwatch.Common
	Stream     string           `yaml:"stream" required:"true" pattern:"[a-zA-Z0-9_.-]{1,128}" doc:"the stream's name"`
	Shards     int              `yaml:"shards" min:"1" doc:"open shards" otherwise:"asked of AWS"`
	Mode       string           `yaml:"mode" enum:"provisioned|on_demand" doc:"an on-demand stream has no write and read capacity" otherwise:"asked of AWS"`
	Retention  section.Duration `yaml:"retention" min:"1d" max:"365d" doc:"how long records are kept" otherwise:"asked of AWS"`
	ShardLevel shards           `yaml:"shard_level" doc:"true, or a list of shard ids: their ages too; enhanced monitoring must be on and is billed" otherwise:"false"`
	Consumer   string           `yaml:"consumer" doc:"the enhanced fan-out consumer whose reading counts"`
	Consumers  int              `yaml:"consumers" min:"1" doc:"how many applications poll the stream; 1 lets what was read count as what came out"`
}

// shards is true, false or a list of shard ids.
type shards struct {
	all bool
	ids section.StringList
}

// UnmarshalSection reads `true`, `false` or a list.
func (s *shards) UnmarshalSection(n *section.Node) error {
	if n.Type() == section.List {
		return n.Decode(&s.ids)
	}
	return n.Decode(&s.all)
}

// DescribeSection says what may stand there.
func (*shards) DescribeSection() (string, map[string]any) {
	return "true | false | list of shard ids", map[string]any{"anyOf": []any{
		map[string]any{"type": "boolean"},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
	}}
}

const (
	namespace = "AWS/Kinesis"

	incoming      = "IncomingRecords"
	incomingBytes = "IncomingBytes"
	refused       = "WriteProvisionedThroughputExceeded"
	failed        = "PutRecords.FailedRecords"
	readRecords   = "GetRecords.Records"
	readBytes     = "GetRecords.Bytes"
	age           = "GetRecords.IteratorAgeMilliseconds"
	pushedBytes   = "SubscribeToShardEvent.Bytes"
	pushedAge     = "SubscribeToShardEvent.MillisBehindLatest"
	shardAge      = "IteratorAgeMilliseconds"

	// Limits of one shard, a second.
	writeRecords   = 1_000
	writeBytes     = 1 << 20
	readBytesLimit = 2 << 20

	describe   = "kinesis:DescribeStreamSummary"
	listShards = "kinesis:ListShards"
	shardIDs   = "shards" // the name under which the open shards are known
	onDemand   = "on_demand"
)

// stream reads one stream.
type stream struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"IncomingRecords":                          {Zero: true, Why: "nothing was put"},
	"IncomingBytes":                            {Zero: true, Why: "nothing was put"},
	"PutRecords.FailedRecords":                 {Zero: true, Why: "nothing was put by PutRecords"},
	"WriteProvisionedThroughputExceeded":       {Zero: true, Why: "nothing was turned away"},
	"GetRecords.Bytes":                         {Zero: true, Why: "nobody polled"},
	"GetRecords.Records":                       {Zero: true, Why: "nobody polled"},
	"GetRecords.IteratorAgeMilliseconds":       {Why: "nobody polled: no age, not an age of 0"},
	"IteratorAgeMilliseconds":                  {Why: "nobody polled: no age, not an age of 0"},
	"SubscribeToShardEvent.Bytes":              {Zero: true, Why: "nothing was pushed"},
	"SubscribeToShardEvent.MillisBehindLatest": {Why: "no subscription: no age, not an age of 0"},
}

// New reads a kinesis section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	s := &stream{wants: a.Wants}
	if err := cloudwatch.Decode(n, &s.Options, &s.Common); err != nil {
		return nil, err
	}
	stage := cloudwatch.Stage{
		Common:   s.Common,
		Kind:     s,
		Given:    s.given(),
		Liveness: []string{incoming},
		Proofs:   []string{refused, failed},
		Facts: sli.Facts{
			Reads:     namespace + " StreamName=" + s.Stream,
			Rule:      fmt.Sprintf("consumer=%s consumers=%d shard_level=%v", s.Consumer, s.Consumers, s.ShardLevel),
			Signals:   []sli.Signal{sli.Accepted, sli.Throttled, sli.Failed},
			Levels:    []string{cloudwatch.LevelAge},
			Role:      sli.Queue,
			Throttles: true,
		},
	}
	f := &stage.Facts
	f.NoAge = age + " has no point: nobody polls the stream"
	switch {
	case s.Consumer != "":
		f.OwnAge, f.NoAge = true, pushedAge+" of "+s.Consumer+" has no point: it has no subscription"
	case s.Consumers != 1:
		f.AgeDoubt = "the stream's age is that of whoever reads it last"
	}
	if s.Consumers == 1 {
		f.Signals = append(f.Signals, sli.Received)
	}
	f.Capacity = s.capacity()
	for _, name := range f.Capacity {
		f.Levels = append(f.Levels, cloudwatch.Utilisation(name))
	}
	arn := s.Common.Over(a.AWS).ARN("kinesis", "stream/"+s.Stream)
	if s.Shards == 0 || s.Retention == 0 || s.Mode == "" {
		stage.Asks = []string{"shards", "retention", onDemand}
		f.Permissions = append(f.Permissions, describe+" "+arn)
	}
	if s.ShardLevel.all {
		stage.Names = []string{shardIDs}
		f.Permissions = append(f.Permissions, listShards+" "+arn)
	}
	return cloudwatch.NewSource(a, stage), nil
}

func (s *stream) given() sli.Inputs {
	given := sli.Inputs{}
	if s.Shards > 0 {
		given["shards"] = cloudwatch.Given(true, float64(s.Shards))
	}
	if s.Retention > 0 {
		given["retention"] = cloudwatch.Given(true, time.Duration(s.Retention).Seconds())
	}
	if s.Mode != "" {
		given[onDemand] = cloudwatch.Given(true, truth(s.Mode == onDemand))
	}
	if s.Consumers > 0 {
		given["consumers"] = cloudwatch.Given(true, float64(s.Consumers))
	}
	return given
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (s *stream) capacity() []string {
	if s.Mode == onDemand {
		return []string{"retention"}
	}
	return []string{"write_records", "write_bytes", "read_bytes", "retention"}
}

// Metrics are those of the stream, of its consumer and of its shards.
func (s *stream) Metrics(k cloudwatch.Known) []cloudwatch.Metric {
	of := func(name, stat string, more ...cloudwatch.Dimension) cloudwatch.Metric {
		dimensions := append([]cloudwatch.Dimension{{Name: "StreamName", Value: s.Stream}}, more...)
		return cloudwatch.Metric{Namespace: namespace, Name: name, Absent: absences[name], Dimensions: dimensions, Stats: []string{stat}}
	}
	metrics := []cloudwatch.Metric{
		of(incoming, cloudwatch.Sum),
		of(refused, cloudwatch.Sum),
		of(failed, cloudwatch.Sum),
	}
	consumer := cloudwatch.Dimension{Name: "ConsumerName", Value: s.Consumer}
	if s.Consumer != "" {
		metrics = append(metrics, of(pushedAge, cloudwatch.Maximum, consumer))
	} else {
		metrics = append(metrics, of(age, cloudwatch.Maximum))
	}
	if s.Consumers == 1 {
		metrics = append(metrics, of(readRecords, cloudwatch.Sum))
	}
	if s.wants.Capacity && s.Mode != onDemand {
		metrics = append(metrics, of(incomingBytes, cloudwatch.Sum))
		if s.Consumer != "" {
			metrics = append(metrics, of(pushedBytes, cloudwatch.Sum, consumer))
		} else {
			metrics = append(metrics, of(readBytes, cloudwatch.Sum))
		}
	}
	for _, id := range s.shards(k) {
		m := of(shardAge, cloudwatch.Maximum, cloudwatch.Dimension{Name: "ShardId", Value: id})
		m.Key = id
		metrics = append(metrics, m)
	}
	return metrics
}

// shards are the ids of the shards that are watched one by one.
func (s *stream) shards(k cloudwatch.Known) []string {
	switch ids := k.Names[shardIDs]; {
	case len(s.ShardLevel.ids) > 0:
		return s.ShardLevel.ids
	case !s.ShardLevel.all:
		return nil
	case len(ids) > 0:
		return ids
	}
	// Before they are known, only their number counts.
	unknown := make([]string, max(1, s.Shards))
	for i := range unknown {
		unknown[i] = fmt.Sprintf("shard %d", i)
	}
	return unknown
}

// Emit counts the minute.
func (s *stream) Emit(m *cloudwatch.Minute) {
	m.Count(sli.Accepted, incoming)
	m.Count(sli.Throttled, refused)
	m.Count(sli.Failed, failed)
	if s.Consumers == 1 {
		m.Count(sli.Received, readRecords)
	}
	of, bytes := age, readBytes
	if s.Consumer != "" {
		of, bytes = pushedAge, pushedBytes
	}
	if seconds, ok := m.Age(cloudwatch.LevelAge, of, time.Millisecond); ok {
		retention, _ := m.Input("retention")
		m.Use("retention", seconds, retention)
	}
	for _, id := range s.shards(m.Known) {
		m.Age(cloudwatch.LevelAge+":"+id, id, time.Millisecond)
	}
	if demand, _ := m.Input(onDemand); demand == 1 {
		return
	}
	shards, _ := m.Input("shards")
	m.Rate("write_records", incoming, writeRecords*shards)
	m.Rate("write_bytes", incomingBytes, writeBytes*shards)
	m.Rate("read_bytes", bytes, readBytesLimit*shards)
}

// Describe asks for shards, mode and retention, and for the ids of the open shards
// where they are watched one by one.
func (s *stream) Describe(ctx context.Context, cfg aws.Config, d *cloudwatch.Description) {
	client := kinesis.NewFromConfig(cfg)
	if s.Shards == 0 || s.Retention == 0 || s.Mode == "" {
		out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(s.Stream)})
		if !d.Failed(describe+" of "+s.Stream, err) && out.StreamDescriptionSummary != nil {
			summary := out.StreamDescriptionSummary
			d.Inputs["shards"] = float64(aws.ToInt32(summary.OpenShardCount))
			d.Inputs["retention"] = (time.Duration(aws.ToInt32(summary.RetentionPeriodHours)) * time.Hour).Seconds()
			mode := summary.StreamModeDetails
			d.Inputs[onDemand] = truth(mode != nil && mode.StreamMode == types.StreamModeOnDemand)
		}
	}
	if s.ShardLevel.all {
		s.list(ctx, client, d)
	}
}

// maxShards bounds how many shards are watched one by one: each is a billed metric.
const maxShards = 1_000

func (s *stream) list(ctx context.Context, client *kinesis.Client, d *cloudwatch.Description) {
	in := &kinesis.ListShardsInput{StreamName: aws.String(s.Stream)}
	var open []string
	for {
		out, err := client.ListShards(ctx, in)
		if d.Failed(listShards+" of "+s.Stream, err) {
			return
		}
		for _, shard := range out.Shards {
			if shard.SequenceNumberRange == nil || shard.SequenceNumberRange.EndingSequenceNumber == nil {
				open = append(open, aws.ToString(shard.ShardId))
			}
		}
		if out.NextToken == nil || len(open) >= maxShards {
			d.Names[shardIDs] = open[:min(len(open), maxShards)]
			return
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}
