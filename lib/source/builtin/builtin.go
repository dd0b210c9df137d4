// Package builtin lists the kinds of stages there are.
package builtin

import (
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/accesslog"
	"mackerel-plugin-pipeline-sli/lib/source/alb"
	"mackerel-plugin-pipeline-sli/lib/source/applog"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/dynamodb"
	"mackerel-plugin-pipeline-sli/lib/source/ecs"
	"mackerel-plugin-pipeline-sli/lib/source/firehose"
	"mackerel-plugin-pipeline-sli/lib/source/kinesis"
	"mackerel-plugin-pipeline-sli/lib/source/lambda"
	"mackerel-plugin-pipeline-sli/lib/source/prover"
	"mackerel-plugin-pipeline-sli/lib/source/rds"
	"mackerel-plugin-pipeline-sli/lib/source/sqldb"
	"mackerel-plugin-pipeline-sli/lib/source/sqs"
)

// Kinds is every kind of stage. A new source is one line here.
func Kinds() map[string]config.Kind {
	shared := cloudwatch.NewReader(awsconf.Patience{})
	return map[string]config.Kind{
		"access_log": {Options: accesslog.Options{}, New: func(n *section.Node, a config.Around) (config.Evidence, error) {
			return source(accesslog.New(n, a.Zone))
		}},
		"app_log": {Options: applog.Options{}, New: func(n *section.Node, a config.Around) (config.Evidence, error) {
			return source(applog.New(n, a.Zone))
		}},
		"alb":      {Options: alb.Options{}, New: onAWS(shared, alb.New)},
		"ecs":      {Options: ecs.Options{}, New: onAWS(shared, ecs.New)},
		"rds":      {Options: rds.Options{}, New: onAWS(shared, rds.New)},
		"kinesis":  {Options: kinesis.Options{}, New: onAWS(shared, kinesis.New)},
		"lambda":   {Options: lambda.Options{}, New: onAWS(shared, lambda.New)},
		"dynamodb": {Options: dynamodb.Options{}, New: onAWS(shared, dynamodb.New)},
		"sqs":      {Options: sqs.Options{}, New: onAWS(shared, sqs.New)},
		"firehose": {Options: firehose.Options{}, New: onAWS(shared, firehose.New)},
		sli.ProverKind: {Beside: true, Options: prover.Options{}, New: func(n *section.Node, _ config.Around) (config.Evidence, error) {
			return source(prover.New(n, awsconf.Options{}))
		}},
		"cloudwatch": {Options: cloudwatch.Options{}, New: onAWS(shared, cloudwatch.New)},
		"sql": {Options: sqldb.Options{}, New: func(n *section.Node, _ config.Around) (config.Evidence, error) {
			return source(sqldb.New(n))
		}},
	}
}

// onAWS makes stages that share the process's one reader of CloudWatch.
func onAWS(shared *cloudwatch.Reader, make func(*section.Node, cloudwatch.Around) (*cloudwatch.Source, error)) func(*section.Node, config.Around) (config.Evidence, error) {
	return func(n *section.Node, _ config.Around) (config.Evidence, error) {
		return source(make(n, cloudwatch.Around{Reader: shared, Wants: cloudwatch.Wants{Capacity: true, Latency: true}}))
	}
}

// source passes a source on, or nothing beside an error.
func source[S measure.Source](s S, err error) (config.Evidence, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
