package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	getMetricData = "cloudwatch:GetMetricData"
	maxQueries    = 500     // of one call
	maxPoints     = 100_800 // of one page of an answer
	maxPages      = 1_000   // of one answer; far beyond what the questions can hold
	maxRepeats    = 2       // of a query that failed by itself
)

// fetcher makes the calls of a round and counts them.
type fetcher struct {
	client *cloudwatch.Client
	now    time.Time
	calls  int
	skew   time.Duration
	dated  bool
}

func newFetcher(cfg aws.Config, now time.Time) *fetcher {
	return &fetcher{client: cloudwatch.NewFromConfig(cfg), now: now}
}

// fetch asks for the metrics over a window. What failed by itself is asked again, all
// statistics of a metric always in one call.
func (f *fetcher) fetch(ctx context.Context, metrics []Metric, w sli.Window) map[string]*Series {
	all := map[string]*Series{}
	for repeat := 0; len(metrics) > 0 && repeat <= maxRepeats; repeat++ {
		var failed []Metric
		for _, part := range parts(metrics) {
			failed = append(failed, f.call(ctx, part, w, all)...)
		}
		metrics = failed
	}
	return all
}

// parts divides metrics into calls of at most maxQueries, about equally many in each: no
// answer is much longer than the others.
func parts(metrics []Metric) [][]Metric {
	all := 0
	for _, m := range metrics {
		all += len(m.Stats)
	}
	calls := max(1, (all+maxQueries-1)/maxQueries)
	share := (all + calls - 1) / calls
	var out [][]Metric
	first, queries := 0, 0
	for i, m := range metrics {
		if queries >= share || queries+len(m.Stats) > maxQueries {
			out = append(out, metrics[first:i])
			first, queries = i, 0
		}
		queries += len(m.Stats)
	}
	return append(out, metrics[first:])
}

// stretches divides a window so that each part of the metrics answers for one with one page.
func stretches(w sli.Window, metrics []Metric) []sli.Window {
	most, common := w.Minutes(), commonPeriod(metrics)
	for _, part := range parts(metrics) {
		perMinute := 0. // points
		for _, m := range part {
			perMinute += float64(len(m.Stats)) / m.Period.Minutes()
		}
		most = min(most, int(maxPoints/max(perMinute, 1)))
	}
	if most >= w.Minutes() {
		return []sli.Window{w}
	}
	step := max(sli.Minute(most)/common*common, common)
	var out []sli.Window
	for from := w.From - w.From%common; from < w.To; from += step {
		out = append(out, sli.Window{From: from, To: min(from+step, w.To)})
	}
	return out
}

// call asks for one part, page by page, and returns what may succeed when asked again.
func (f *fetcher) call(ctx context.Context, metrics []Metric, w sli.Window, all map[string]*Series) (again []Metric) {
	p := f.newPart(metrics, w)
	for page := 0; page < maxPages; page++ {
		out, err := f.client.GetMetricData(ctx, p.input)
		f.calls++
		if awsconf.Invalid(err) && len(metrics) > 1 {
			// One name that can't be must not cost the others: the halves apart.
			half := len(metrics) / 2
			return append(f.call(ctx, metrics[:half], w, all), f.call(ctx, metrics[half:], w, all)...)
		}
		if err != nil {
			p.fail(awsconf.Failure(getMetricData, err))
			break
		}
		f.date(out)
		p.take(out)
		if p.input.NextToken = out.NextToken; out.NextToken == nil {
			break
		}
	}
	return p.finish(all)
}

// date compares the service's clock with the run's, from the first answer.
func (f *fetcher) date(out *cloudwatch.GetMetricDataOutput) {
	server, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok || f.dated {
		return
	}
	f.dated = true
	var elapsed time.Duration
	if at, ok := awsmiddleware.GetResponseAt(out.ResultMetadata); ok {
		// Of a run in another time than the wall's, the elapsed time isn't known.
		if d := at.Sub(f.now); d > 0 && d < time.Minute {
			elapsed = d
		}
	}
	f.skew = server.Sub(f.now) - elapsed
}

// part is one call with its answer so far.
type part struct {
	input   *cloudwatch.GetMetricDataInput
	metrics []Metric
	series  []*Series
	queries []query
	status  []types.StatusCode // per query, of the last page that told of it
}

// query is one statistic of a metric.
type query struct {
	metric int
	stat   string
}

func (f *fetcher) newPart(metrics []Metric, w sli.Window) *part {
	w = aligned(w, metrics)
	p := &part{metrics: metrics, input: &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(w.Start()),
		EndTime:   aws.Time(w.End()),
	}}
	for i, m := range metrics {
		p.series = append(p.series, newSeries(m, w))
		var dimensions []types.Dimension
		for _, d := range m.Dimensions {
			dimensions = append(dimensions, types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)})
		}
		for _, stat := range m.Stats {
			p.input.MetricDataQueries = append(p.input.MetricDataQueries, types.MetricDataQuery{
				Id: aws.String("q" + strconv.Itoa(len(p.queries))),
				MetricStat: &types.MetricStat{
					Metric: &types.Metric{Namespace: aws.String(m.Namespace), MetricName: aws.String(m.Name), Dimensions: dimensions},
					Period: aws.Int32(int32(m.Period / time.Second)), Stat: aws.String(stat),
				},
			})
			p.queries = append(p.queries, query{i, stat})
		}
	}
	p.status = make([]types.StatusCode, len(p.queries))
	return p
}

// aligned widens a window to whole periods of every metric: a period cut short
// would tell a part of its count.
func aligned(w sli.Window, metrics []Metric) sli.Window {
	common := commonPeriod(metrics)
	return sli.Window{From: w.From - w.From%common, To: (w.To + common - 1) / common * common}
}

// commonPeriod is the shortest time that is whole periods of every metric.
func commonPeriod(metrics []Metric) sli.Minute {
	common := sli.Minute(1)
	for _, m := range metrics {
		period := sli.Minute(m.Period / time.Minute)
		common = common / gcd(common, period) * period
	}
	return common
}

func gcd(a, b sli.Minute) sli.Minute {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// take books one page.
func (p *part) take(out *cloudwatch.GetMetricDataOutput) {
	for _, r := range out.MetricDataResults {
		i, err := strconv.Atoi(aws.ToString(r.Id)[min(1, len(aws.ToString(r.Id))):])
		if err != nil || i < 0 || i >= len(p.queries) {
			continue
		}
		q := p.queries[i]
		p.status[i] = r.StatusCode
		for j := range min(len(r.Timestamps), len(r.Values)) {
			v := r.Values[j]
			if !estimate.Countable(v) {
				p.series[q.metric].Err = fmt.Errorf("%s: %s of %s must be between ±2^53 (got %g)", getMetricData, q.stat, p.metrics[q.metric], v)
				continue
			}
			p.series[q.metric].put(q.stat, sli.MinuteAt(r.Timestamps[j]), v)
		}
	}
}

// fail says that the whole part failed.
func (p *part) fail(err error) {
	for _, s := range p.series {
		s.Err = err
	}
}

var errUnfinished = errors.New("was not answered completely")

// finish books the series and returns the metrics that are to be asked again.
func (p *part) finish(all map[string]*Series) (again []Metric) {
	repeat := make([]bool, len(p.metrics))
	for i, q := range p.queries {
		s := p.series[q.metric]
		if s.Err != nil && !repeat[q.metric] {
			continue
		}
		m := p.metrics[q.metric]
		switch p.status[i] {
		case types.StatusCodeComplete:
		case types.StatusCodeForbidden:
			s.Err, repeat[q.metric] = &awsconf.Denied{Action: getMetricData + " of " + m.String()}, false
		case types.StatusCodeInternalError:
			s.Err, repeat[q.metric] = fmt.Errorf("%s: %s: the service had an internal error", getMetricData, m), true
		default: // PartialData without a further page, or no result at all
			s.Err, repeat[q.metric] = fmt.Errorf("%s: %s %w", getMetricData, m, errUnfinished), true
		}
	}
	for i, m := range p.metrics {
		all[m.identity()] = p.series[i]
		if repeat[i] {
			again = append(again, m)
		}
	}
	return again
}
