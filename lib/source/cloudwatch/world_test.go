package cloudwatch_test

import (
	"testing"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/alb"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
	"mackerel-plugin-pipeline-sli/lib/source/dynamodb"
	"mackerel-plugin-pipeline-sli/lib/source/ecs"
	"mackerel-plugin-pipeline-sli/lib/source/firehose"
	"mackerel-plugin-pipeline-sli/lib/source/kinesis"
	"mackerel-plugin-pipeline-sli/lib/source/lambda"
	"mackerel-plugin-pipeline-sli/lib/source/rds"
	"mackerel-plugin-pipeline-sli/lib/source/sqs"
)

var (
	_ sli.Source       = (*cloudwatch.Source)(nil)
	_ measure.Preparer = (*cloudwatch.Source)(nil)
)

// kinds are the constructors, as the registry has them.
var kinds = map[string]kindtest.Constructor{
	"alb": alb.New, "ecs": ecs.New, "rds": rds.New, "kinesis": kinesis.New, "lambda": lambda.New,
	"dynamodb": dynamodb.New, "sqs": sqs.New, "firehose": firehose.New, "cloudwatch": cloudwatch.New,
}

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, kinds)
}

func ofStream(name string) cwtest.Metric {
	return kindtest.Metric("AWS/Kinesis", name, "StreamName", "video")
}

func ofFunction(name string) cwtest.Metric {
	return kindtest.Metric("AWS/Lambda", name, "FunctionName", "transform")
}

const stream = "kinesis: {stream: video, shards: 2, retention: 1d, mode: provisioned}"
