package lambda

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch"
)

const (
	getConfiguration = "lambda:GetFunctionConfiguration"
	listMappings     = "lambda:ListEventSourceMappings"
	getConcurrency   = "lambda:GetFunctionConcurrency"

	maxMappings = 1_000 // of one function; far beyond AWS's own limits
)

func (f *function) asksTimeout() bool { return f.Timeout == 0 }

func (f *function) asksMapping() bool {
	return f.BatchSize == 0 || f.Parallelization == 0 || f.Filtered == nil || f.EventSourceMapping == auto
}

func (f *function) asksConcurrency() bool { return f.wants.Capacity && f.ReservedConcurrency == 0 }

// Describe asks for the function's timeout and concurrency, and for its mapping.
func (f *function) Describe(ctx context.Context, cfg aws.Config, d *cloudwatch.Description) {
	client := lambda.NewFromConfig(cfg)
	name := aws.String(f.Function)
	if f.asksTimeout() {
		out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name})
		if !d.Failed(getConfiguration+" of "+f.Function, err) {
			d.Inputs[timeout] = float64(aws.ToInt32(out.Timeout))
		}
	}
	if f.asksConcurrency() {
		out, err := client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: name})
		if !d.Failed(getConcurrency+" of "+f.Function, err) && out.ReservedConcurrentExecutions != nil {
			d.Inputs[reserved] = float64(*out.ReservedConcurrentExecutions)
		}
	}
	if f.asksMapping() {
		f.describeMapping(f.mappings(ctx, client, d), d)
	}
}

// mappings lists those that may be meant.
func (f *function) mappings(ctx context.Context, client *lambda.Client, d *cloudwatch.Description) []types.EventSourceMappingConfiguration {
	name := f.Function
	if f.Alias != "" {
		name += ":" + f.Alias
	}
	in := &lambda.ListEventSourceMappingsInput{FunctionName: aws.String(name)}
	var found []types.EventSourceMappingConfiguration
	for len(found) < maxMappings {
		out, err := client.ListEventSourceMappings(ctx, in)
		if d.Failed(listMappings+" of "+name, err) {
			return nil
		}
		for _, m := range out.EventSourceMappings {
			if f.EventSourceMapping == "" || f.EventSourceMapping == auto || strings.EqualFold(f.EventSourceMapping, aws.ToString(m.UUID)) {
				found = append(found, m)
			}
		}
		if in.Marker = out.NextMarker; out.NextMarker == nil {
			break
		}
	}
	if len(found) != 1 {
		d.Errs = append(d.Errs, f.ambiguous(found))
		return nil
	}
	return found
}

func (f *function) ambiguous(found []types.EventSourceMappingConfiguration) error {
	switch {
	case len(found) == 0 && f.EventSourceMapping != "" && f.EventSourceMapping != auto:
		return fmt.Errorf("%s of %s: it has no mapping %s; check the UUID", listMappings, f.Function, f.EventSourceMapping)
	case len(found) == 0:
		return fmt.Errorf("%s of %s: it has no mapping; batch size, batching window and lanes are assumed", listMappings, f.Function)
	}
	var ids []string
	for _, m := range found[:min(len(found), 5)] {
		ids = append(ids, aws.ToString(m.UUID))
	}
	return fmt.Errorf("%s of %s: it has %d mappings; name one, event_source_mapping: %s", listMappings, f.Function, len(found), strings.Join(ids, " or "))
}

func (f *function) describeMapping(found []types.EventSourceMappingConfiguration, d *cloudwatch.Description) {
	for _, m := range found {
		d.Names[mapping] = []string{aws.ToString(m.UUID)}
		if m.BatchSize != nil {
			d.Inputs[batchSize] = float64(*m.BatchSize)
		}
		d.Inputs[batchingWindow] = float64(aws.ToInt32(m.MaximumBatchingWindowInSeconds))
		d.Inputs[parallelization] = float64(max(1, aws.ToInt32(m.ParallelizationFactor)))
		d.Inputs[filtered] = truth(m.FilterCriteria != nil && len(m.FilterCriteria.Filters) > 0)
		if f.EventSourceMapping != "" && !counted(m) {
			d.Errs = append(d.Errs, fmt.Errorf("event_source_mapping %s: its EventCount metrics are off; turn them on by MetricsConfig", aws.ToString(m.UUID)))
		}
	}
}

// counted tells whether the mapping's event counts are on.
func counted(m types.EventSourceMappingConfiguration) bool {
	if m.MetricsConfig == nil {
		return false
	}
	for _, metric := range m.MetricsConfig.Metrics {
		if metric == types.EventSourceMappingMetricEventCount {
			return true
		}
	}
	return false
}
