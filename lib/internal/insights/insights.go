// Package insights has CloudWatch Logs Insights count the events of a log group: it runs
// queries, and writes the parts of them that all have in common.
package insights

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/polling"
)

const (
	// MostRows is how many rows an answer may have; one with so many may have been cut off.
	MostRows = 10_000

	action = "logs:StartQuery"
)

// Client is what is needed of CloudWatch Logs.
type Client interface {
	StartQuery(context.Context, *cloudwatchlogs.StartQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartQueryOutput, error)
	GetQueryResults(context.Context, *cloudwatchlogs.GetQueryResultsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetQueryResultsOutput, error)
	StopQuery(context.Context, *cloudwatchlogs.StopQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StopQueryOutput, error)
}

// Question is one query.
type Question struct {
	Group    string // a name or an ARN
	Query    string
	From, To time.Time // whole seconds, both inclusive
}

// Row is the fields of one row; those without a value are missing.
type Row map[string]string

// Answer is what a query came to.
type Answer struct {
	Rows    []Row
	Scanned int64 // bytes
	Calls   int
}

// Ask runs a query to its end. One that ctx doesn't allow to wait for is stopped, so that it
// takes up no room. The Answer says what was spent on an error, too.
func Ask(ctx context.Context, client Client, pause polling.Pause, q Question) (Answer, error) {
	in := &cloudwatchlogs.StartQueryInput{QueryString: &q.Query, StartTime: aws.Int64(q.From.Unix()), EndTime: aws.Int64(q.To.Unix()), Limit: aws.Int32(MostRows)}
	if strings.HasPrefix(q.Group, "arn:") {
		in.LogGroupIdentifiers = []string{strings.TrimSuffix(q.Group, ":*")}
	} else {
		in.LogGroupName = &q.Group
	}
	a := Answer{Calls: 1}
	started, err := client.StartQuery(ctx, in)
	if err != nil {
		return a, awsconf.Failure(action+" of "+q.Group, err)
	}
	err = polling.Until(ctx, pause, func() (bool, error) {
		a.Calls++
		out, err := client.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: started.QueryId})
		if err != nil {
			return false, awsconf.Failure("logs:GetQueryResults", err)
		}
		return a.take(out)
	})
	if err != nil && ctx.Err() != nil {
		stopping, done := polling.Stopping(ctx)
		defer done()
		a.Calls++
		// The reading has failed already; a query that goes on only takes up room.
		_, _ = client.StopQuery(stopping, &cloudwatchlogs.StopQueryInput{QueryId: started.QueryId})
		return a, awsconf.Failure(action+" of "+q.Group, ctx.Err())
	}
	return a, err
}

// take reads an answer once it is whole: rows of a query that still runs are in part.
func (a *Answer) take(out *cloudwatchlogs.GetQueryResultsOutput) (done bool, err error) {
	switch out.Status {
	case types.QueryStatusScheduled, types.QueryStatusRunning, types.QueryStatusUnknown:
		return false, nil
	case types.QueryStatusComplete:
	case types.QueryStatusTimeout:
		return true, errors.New("logs insights: the query ran into its time limit; give filter: or streams_prefix: a smaller part")
	default:
		return true, fmt.Errorf("logs insights: the query ended as %s; try it in the console", awsconf.Plain(string(out.Status)))
	}
	if out.Statistics != nil {
		a.Scanned = int64(out.Statistics.BytesScanned)
	}
	for _, fields := range out.Results {
		row := Row{}
		for _, f := range fields {
			if f.Value != nil {
				row[aws.ToString(f.Field)] = *f.Value
			}
		}
		a.Rows = append(a.Rows, row)
	}
	return true, nil
}

// USDPerByte is the price of scanning. https://aws.amazon.com/cloudwatch/pricing/
const USDPerByte = 0.005 / 1e9

// Price says what counting costs.
const Price = "USD 0.005 per GB that Logs Insights scans, each minute once; explain shows what a query scans"

// Layout says what a reading was like that scanned so many bytes.
func Layout(scanned int64) string {
	const minutesPerMonth = 30 * 24 * 60
	return fmt.Sprintf("counted by Logs Insights; the last reading scanned %.1f MB, about USD %.2f a month if each does",
		float64(scanned)/1e6, float64(scanned)*USDPerByte*minutesPerMonth)
}
