// Package builtin is what the programs have: the kinds of stages there are, and the
// outputs.
package builtin

import (
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/output/budget"
	"mackerel-plugin-pipeline-sli/lib/output/check"
	"mackerel-plugin-pipeline-sli/lib/output/explain"
	"mackerel-plugin-pipeline-sli/lib/output/mackerel"
	"mackerel-plugin-pipeline-sli/lib/output/report"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/accesslog"
	"mackerel-plugin-pipeline-sli/lib/source/alb"
	"mackerel-plugin-pipeline-sli/lib/source/applog"
	"mackerel-plugin-pipeline-sli/lib/source/athena"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
	"mackerel-plugin-pipeline-sli/lib/source/dynamodb"
	"mackerel-plugin-pipeline-sli/lib/source/dynamodbitem"
	"mackerel-plugin-pipeline-sli/lib/source/ecs"
	"mackerel-plugin-pipeline-sli/lib/source/firehose"
	"mackerel-plugin-pipeline-sli/lib/source/kinesis"
	"mackerel-plugin-pipeline-sli/lib/source/lambda"
	"mackerel-plugin-pipeline-sli/lib/source/prover"
	"mackerel-plugin-pipeline-sli/lib/source/rds"
	"mackerel-plugin-pipeline-sli/lib/source/sqldb"
	"mackerel-plugin-pipeline-sli/lib/source/sqs"
	"mackerel-plugin-pipeline-sli/lib/source/xray"
)

// Into gives a program all that is built in. Tests change a field where they must.
func Into(env *cli.Env) {
	env.Kinds = Kinds()
	env.Outputs = cli.Outputs{
		Budget:      budget.Text,
		BudgetJSON:  budget.JSON,
		Lines:       mackerel.Lines,
		Definitions: mackerel.Definitions,
		Series:      mackerel.Count,
		Explain:     explain.Text,
		ExplainJSON: explain.JSON,
		Dashboard:   mackerel.Dashboard,
		Monitors:    mackerel.Monitors,
		Terraform:   mackerel.Terraform,
		Page:        report.Page,
		Markdown:    report.Markdown,
		CSV:         report.CSV,
		Annotations: mackerel.Annotations,
	}
	env.Check = cli.CheckOutput{Line: check.Line, Text: check.Text}
}

// Kinds is every kind of stage. A new source is one line here.
func Kinds() map[string]config.Kind {
	shared := cloudwatch.NewReader(awsconf.Patience{})
	return map[string]config.Kind{
		"access_log": {Options: accesslog.Options{}, New: func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return source(accesslog.New(n, a.Zone, account(a)))
		}},
		"app_log": {Options: applog.Options{}, New: func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return source(applog.New(n, a.Zone, account(a)))
		}},
		"alb":     {Options: alb.Options{}, New: onAWS(shared, alb.New)},
		"ecs":     {Options: ecs.Options{}, New: onAWS(shared, ecs.New)},
		"rds":     {Options: rds.Options{}, New: onAWS(shared, rds.New)},
		"kinesis": {Options: kinesis.Options{}, New: onAWS(shared, kinesis.New)},
		"lambda": {Options: lambda.Options{}, New: onAWS(shared, lambda.New), Further: map[string]config.Further{
			lambda.ReportLog: func(n, of *section.Node, a config.StageContext) (config.Evidence, error) {
				return source(applog.NewReports(n, a.Zone, lambda.Account(of, account(a))))
			},
		}},
		"dynamodb": {Options: dynamodb.Options{}, New: onAWS(shared, dynamodb.New)},
		"sqs":      {Options: sqs.Options{}, New: onAWS(shared, sqs.New)},
		"firehose": {Options: firehose.Options{}, New: onAWS(shared, firehose.New)},
		sli.ProverKind: {Beside: true, Options: prover.Options{}, New: func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return source(prover.New(n, account(a)))
		}},
		"cloudwatch": {Options: cloudwatch.Options{}, New: onAWS(shared, cloudwatch.New)},
		"dynamodb_item": {Options: dynamodbitem.Options{}, New: func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return source(dynamodbitem.New(n, account(a)))
		}},
		"xray": {Options: xray.Options{}, New: func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return source(xray.New(n, account(a)))
		}},
		"athena": {Options: athena.Options{}, New: func(n *section.Node, a config.StageContext) (config.Evidence, error) {
			return source(athena.New(n, account(a)))
		}},
		"sql": {Options: sqldb.Options{}, New: func(n *section.Node, _ config.StageContext) (config.Evidence, error) {
			return source(sqldb.New(n))
		}},
	}
}

// onAWS makes stages that share the process's one reader of CloudWatch.
func onAWS(shared *cloudwatch.Reader, make func(*section.Node, cloudwatch.StageContext) (*cloudwatch.Source, error)) func(*section.Node, config.StageContext) (config.Evidence, error) {
	return func(n *section.Node, a config.StageContext) (config.Evidence, error) {
		return source(make(n, cloudwatch.StageContext{Reader: shared, AWS: account(a), Wants: cloudwatch.Wants{
			Capacity: a.Graphs[sli.GraphCapacity],
			Latency:  a.Latency || a.Graphs[sli.GraphLatency] || a.Graphs[sli.GraphStageDelay],
		}}))
	}
}

// source passes a source on, or nothing beside an error.
func source[S sli.Source](s S, err error) (config.Evidence, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// account is which account and region a stage is in, as far as its surroundings say.
func account(a config.StageContext) awsconf.Options {
	var o awsconf.Options
	for _, outer := range a.AWS {
		o = o.Over(awsconf.Options(outer))
	}
	return o
}
