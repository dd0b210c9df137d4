package athena

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/polling"
)

const action = "athena:StartQueryExecution"

// execution runs queries of one reading.
type execution struct {
	*Source
	client  *athena.Client
	calls   int
	scanned int64 // bytes
}

// run has Athena answer a query and hands every row to sink. A query that the run can't
// wait for is stopped, so that it costs no more.
func (x *execution) run(ctx context.Context, query string, sink func([]types.Datum) error) error {
	o := x.options
	in := &athena.StartQueryExecutionInput{
		QueryString:           &query,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &o.Database},
		WorkGroup:             &o.Workgroup,
	}
	if o.Output != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &o.Output}
	}
	x.calls++
	started, err := x.client.StartQueryExecution(ctx, in)
	if err != nil {
		return x.refused(err)
	}
	err = polling.Until(ctx, x.pause, func() (bool, error) { return x.look(ctx, started.QueryExecutionId) })
	if err != nil && ctx.Err() != nil {
		stopping, done := polling.Stopping(ctx)
		defer done()
		x.calls++
		// The reading has failed already; a query that goes on only costs.
		_, _ = x.client.StopQueryExecution(stopping, &athena.StopQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		return awsconf.Failure(action, ctx.Err())
	}
	if err != nil {
		return err
	}
	return x.rows(ctx, started.QueryExecutionId, sink)
}

// look asks how far a query is.
func (x *execution) look(ctx context.Context, id *string) (done bool, err error) {
	x.calls++
	out, err := x.client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: id})
	if err != nil {
		return false, awsconf.Failure("athena:GetQueryExecution", err)
	}
	q := out.QueryExecution
	if q == nil || q.Status == nil {
		return false, errors.New("athena:GetQueryExecution: an answer without a state")
	}
	switch q.Status.State {
	case types.QueryExecutionStateSucceeded:
		if q.Statistics != nil {
			x.scanned += aws.ToInt64(q.Statistics.DataScannedInBytes)
		}
		return true, nil
	case types.QueryExecutionStateFailed:
		return true, x.failed(aws.ToString(q.Status.StateChangeReason))
	case types.QueryExecutionStateCancelled:
		return true, errors.New("athena: the query was cancelled by someone else, or by a limit of workgroup " + x.options.Workgroup)
	}
	return false, nil
}

// rows reads an answer page by page; its first row names the columns.
func (x *execution) rows(ctx context.Context, id *string, sink func([]types.Datum) error) error {
	pages := athena.NewGetQueryResultsPaginator(x.client, &athena.GetQueryResultsInput{QueryExecutionId: id})
	for header := true; pages.HasMorePages(); {
		x.calls++
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awsconf.Failure("athena:GetQueryResults", err)
		}
		if page.ResultSet == nil {
			continue
		}
		for _, row := range page.ResultSet.Rows {
			if header {
				header = false
				continue
			}
			if err := sink(row.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused says why a query was not begun.
func (x *execution) refused(err error) error {
	var invalid *types.InvalidRequestException
	if !errors.As(err, &invalid) {
		return awsconf.Failure(action, err)
	}
	reason := strings.ToLower(invalid.ErrorMessage())
	switch {
	case strings.Contains(reason, "output location"), strings.Contains(reason, "output bucket"):
		return fmt.Errorf("athena: workgroup %s says no place for results that can be written to; give output: s3://BUCKET/PREFIX/", x.options.Workgroup)
	case strings.Contains(reason, "workgroup"):
		return fmt.Errorf("athena: workgroup %s isn't there, or may not be used; check workgroup: and region", x.options.Workgroup)
	}
	return awsconf.Failure(action, err)
}

// failed says why a query that was begun came to nothing. reason is Athena's.
func (x *execution) failed(reason string) error {
	o, low := x.options, strings.ToLower(reason)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(low, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("column_not_found", "cannot be resolved"):
		return fmt.Errorf("athena: %s.%s lacks a column (%s); create it as the manual shows, and name its partition: columns", o.Database, o.Table, awsconf.Plain(reason))
	case has("access denied", "accessdenied", "insufficient permissions", "not authorized"):
		return &awsconf.Denied{Action: "athena: what the query needs of s3 or glue (see iam-policy)"}
	case has("table_not_found", "schema_not_found", "entitynotfound") || has("does not exist") && has("table", "schema", "database"):
		return fmt.Errorf("athena: no table %s.%s; check database:, table: and region, and create it as the manual shows", o.Database, o.Table)
	case has("bytes scanned limit", "query exhausted"):
		return fmt.Errorf("athena: the query scans more than workgroup %s allows; give it partition: and files: to keep to", o.Workgroup)
	case has("throttl", "slowdown", "too_many_requests", "resource limit"):
		return fmt.Errorf("athena: no room to run the query (%s); the next run asks again", awsconf.Plain(reason))
	}
	return awsconf.Failure("athena", &smithy.GenericAPIError{Code: "the query failed", Message: reason})
}
