// Package sqs is the source that reads an SQS queue's metrics.
package sqs

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

// Options are the keys of an sqs section.
type Options struct {
	cloudwatch.Common
	Queue           string           `yaml:"queue" required:"true" pattern:"[a-zA-Z0-9_-]{1,75}(\\.fifo)?" doc:"the queue's name"`
	DeadLetterQueue string           `yaml:"dead_letter_queue" pattern:"[a-zA-Z0-9_-]{1,75}(\\.fifo)?" doc:"the name of the queue that takes what was given up; its backlog is watched"`
	Retention       section.Duration `yaml:"retention" min:"60s" max:"14d" doc:"how long messages are kept" otherwise:"asked of AWS"`
	FIFO            *bool            `yaml:"fifo" doc:"whether it is a FIFO queue" otherwise:"by its name"`
}

const (
	namespace = "AWS/SQS"

	age         = "ApproximateAgeOfOldestMessage"
	visible     = "ApproximateNumberOfMessagesVisible"
	inFlight    = "ApproximateNumberOfMessagesNotVisible"
	sent        = "NumberOfMessagesSent"
	received    = "NumberOfMessagesReceived"
	deleted     = "NumberOfMessagesDeleted"
	deadLetters = "dead_letters" // key and level: messages waiting in the dead-letter queue

	getURL        = "sqs:GetQueueUrl"
	getAttributes = "sqs:GetQueueAttributes"
	retention     = "retention"

	// Messages that may be in flight.
	standardFlight = 120_000
	fifoFlight     = 20_000
)

// queue reads one queue.
type queue struct {
	Options
	wants cloudwatch.Wants
}

// absences is what a minute without a point means; what isn't listed says nothing. An
// absent count is zero only where the service is known to leave zeros out; an absent
// gauge is never zero.
var absences = map[string]cloudwatch.Absence{
	"NumberOfMessagesSent":                  {Zero: true, Why: "a queue without activity stops reporting after 6 h"},
	"NumberOfMessagesReceived":              {Zero: true, Why: "a queue without activity stops reporting after 6 h"},
	"NumberOfMessagesDeleted":               {Zero: true, Why: "a queue without activity stops reporting after 6 h"},
	"ApproximateAgeOfOldestMessage":         {Why: "a queue without activity stops reporting after 6 h"},
	"ApproximateNumberOfMessagesVisible":    {Why: "a queue without activity stops reporting after 6 h"},
	"ApproximateNumberOfMessagesNotVisible": {Why: "a queue without activity stops reporting after 6 h"},
}

// New reads an sqs section.
func New(n *section.Node, a cloudwatch.StageContext) (*cloudwatch.Source, error) {
	q := &queue{wants: a.Wants}
	if err := cloudwatch.Decode(n, &q.Options, &q.Common); err != nil {
		return nil, err
	}
	stage := cloudwatch.Stage{
		Common:   q.Common,
		Kind:     q,
		Given:    sli.Inputs{"fifo": cloudwatch.Given(true, q.fifo())},
		Liveness: []string{age},
		Facts: sli.Facts{
			Reads:    namespace + " QueueName=" + q.Queue,
			Signals:  []sli.Signal{sli.Sent, sli.Received, sli.Deleted},
			Levels:   []string{cloudwatch.LevelAge, cloudwatch.LevelBacklog, cloudwatch.Utilisation(retention), cloudwatch.Utilisation("inflight")},
			NoAge:    age + " has no point, though the queue's other metrics have",
			AgeDoubt: age + " is approximate",
			Role:     sli.Queue,
			Capacity: []string{retention, "inflight"},
		},
	}
	if q.DeadLetterQueue != "" {
		stage.Facts.Levels = append(stage.Facts.Levels, deadLetters)
	}
	if q.Retention > 0 {
		stage.Given[retention] = cloudwatch.Given(true, time.Duration(q.Retention).Seconds())
	} else {
		stage.Asks = []string{retention}
		arn := q.Common.Over(a.AWS).ARN("sqs", q.Queue)
		stage.Facts.Permissions = []string{getURL + " " + arn, getAttributes + " " + arn}
	}
	return cloudwatch.NewSource(a, stage), nil
}

// fifo is 1 for a FIFO queue.
func (q *queue) fifo() float64 {
	if q.FIFO != nil && *q.FIFO || q.FIFO == nil && strings.HasSuffix(q.Queue, ".fifo") {
		return 1
	}
	return 0
}

// Metrics are those of the queue and the backlog of its dead-letter queue.
func (q *queue) Metrics(cloudwatch.Known) []cloudwatch.Metric {
	of := func(name, stat string) cloudwatch.Metric {
		return cloudwatch.Metric{Namespace: namespace, Name: name, Absent: absences[name], Stats: []string{stat},
			Dimensions: []cloudwatch.Dimension{{Name: "QueueName", Value: q.Queue}}}
	}
	metrics := []cloudwatch.Metric{
		of(age, cloudwatch.Maximum),
		of(visible, cloudwatch.Maximum),
		of(sent, cloudwatch.Sum),
		of(received, cloudwatch.Sum),
		of(deleted, cloudwatch.Sum),
	}
	if q.wants.Capacity {
		metrics = append(metrics, of(inFlight, cloudwatch.Maximum))
	}
	if q.DeadLetterQueue != "" {
		m := of(visible, cloudwatch.Maximum)
		m.Key, m.Dimensions = deadLetters, []cloudwatch.Dimension{{Name: "QueueName", Value: q.DeadLetterQueue}}
		metrics = append(metrics, m)
	}
	return metrics
}

// Emit counts the minute. The counts are approximate: good for flow, never for
// coverage.
func (q *queue) Emit(m *cloudwatch.Minute) {
	m.Count(sli.Sent, sent)
	m.Count(sli.Received, received)
	m.Count(sli.Deleted, deleted)
	if seconds, ok := m.Age(cloudwatch.LevelAge, age, time.Second); ok {
		limit, _ := m.Input(retention)
		m.Use(retention, seconds, limit)
	} else if !m.Any(age, visible, sent, received, deleted) {
		m.Idle() // inactive: its metrics have stopped
	}
	if v, ok := m.Stat(visible, cloudwatch.Maximum); ok {
		m.Level(cloudwatch.LevelBacklog, v)
	}
	if v, ok := m.Stat(deadLetters, cloudwatch.Maximum); ok {
		m.Level(deadLetters, v)
	}
	if v, ok := m.Stat(inFlight, cloudwatch.Maximum); ok {
		limit := float64(standardFlight)
		if q.fifo() == 1 {
			limit = fifoFlight
		}
		m.Use("inflight", v, limit)
	}
}

// Describe asks for the retention.
func (q *queue) Describe(ctx context.Context, cfg aws.Config, d *cloudwatch.Description) {
	if q.Retention > 0 {
		return
	}
	client := sqs.NewFromConfig(cfg)
	at, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(q.Queue)})
	if d.Failed(getURL+" of "+q.Queue, err) {
		return
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: at.QueueUrl,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameMessageRetentionPeriod}})
	if d.Failed(getAttributes+" of "+q.Queue, err) {
		return
	}
	seconds, err := strconv.ParseFloat(out.Attributes[string(types.QueueAttributeNameMessageRetentionPeriod)], 64)
	if err == nil && seconds > 0 {
		d.Inputs[retention] = seconds
	}
}
