package cwtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

var (
	noon     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	requests = Metric{Namespace: "AWS/ApplicationELB", Name: "RequestCount", Dimensions: map[string]string{"LoadBalancer": "app/video/1"}}
	latency  = Metric{Namespace: "AWS/ApplicationELB", Name: "TargetResponseTime", Dimensions: map[string]string{"LoadBalancer": "app/video/1"}}
)

func startServer(t *testing.T) *Server {
	t.Helper()
	s := New(func() time.Time { return noon })
	t.Cleanup(s.Close)
	return s
}

// newClient is the SDK's client, which retries nothing unless told so.
func newClient(s *Server, change ...func(*cloudwatch.Options)) *cloudwatch.Client {
	options := cloudwatch.Options{
		Region: region, BaseEndpoint: aws.String(s.URL), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDSTATIC", "secret", ""),
	}
	return cloudwatch.New(options, change...)
}

func metricQuery(id string, m Metric, stat string) types.MetricDataQuery {
	var dimensions []types.Dimension
	for name, value := range m.Dimensions {
		dimensions = append(dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(value)})
	}
	return types.MetricDataQuery{Id: aws.String(id), MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String(m.Namespace), MetricName: aws.String(m.Name), Dimensions: dimensions},
		Period: aws.Int32(60), Stat: aws.String(stat),
	}}
}

// lastFive asks for the five minutes before noon, oldest first.
func lastFive(queries ...types.MetricDataQuery) *cloudwatch.GetMetricDataInput {
	return &cloudwatch.GetMetricDataInput{
		MetricDataQueries: queries, ScanBy: types.ScanByTimestampAscending,
		StartTime: aws.Time(noon.Add(-5 * time.Minute)), EndTime: aws.Time(noon),
	}
}

// shown is a result in a line: id, status, and value@minutes-before-noon for each point.
func shown(results []types.MetricDataResult) []string {
	var lines []string
	for _, r := range results {
		line := fmt.Sprintf("%s %s", *r.Id, r.StatusCode)
		for i, v := range r.Values {
			line += fmt.Sprintf(" %g@%g", v, r.Timestamps[i].Sub(noon).Minutes())
		}
		lines = append(lines, line)
	}
	return lines
}

func ask(t *testing.T, client *cloudwatch.Client, in *cloudwatch.GetMetricDataInput) *cloudwatch.GetMetricDataOutput {
	t.Helper()
	out, err := client.GetMetricData(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantResults(t *testing.T, out *cloudwatch.GetMetricDataOutput, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, shown(out.MetricDataResults)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func before(minutes int) time.Time { return noon.Add(-time.Duration(minutes) * time.Minute) }

func TestBothProtocolsAnswerAllStatisticsOfAMetric(t *testing.T) {
	s := startServer(t)
	s.Put(latency, before(2), noon, 0.1, 0.2, 0.3, 0.9)
	s.PutCounts(latency, before(1), noon, []float64{0.125, 2}, []float64{98, 2})
	for name, change := range map[string]func(*cloudwatch.Options){"cbor": func(*cloudwatch.Options) {}, "json1.0": overJSON} {
		t.Run(name, func(t *testing.T) {
			out := ask(t, newClient(s, change), lastFive(
				metricQuery("n", latency, "SampleCount"), metricQuery("sum", latency, "Sum"), metricQuery("avg", latency, "Average"),
				metricQuery("min", latency, "Minimum"), metricQuery("max", latency, "Maximum"), metricQuery("p99", latency, "p99"),
				metricQuery("good", latency, "TC(:0.3)"), metricQuery("bad", latency, "TC(0.3:)"), metricQuery("pr", latency, "PR(:0.2)"),
			))
			wantResults(t, out, "n Complete 4@-2 100@-1", "sum Complete 1.5@-2 16.25@-1", "avg Complete 0.375@-2 0.1625@-1",
				"min Complete 0.1@-2 0.125@-1", "max Complete 0.9@-2 2@-1", "p99 Complete 0.9@-2 2@-1",
				"good Complete 3@-2 98@-1", "bad Complete 1@-2 2@-1", "pr Complete 50@-2 98@-1")
			if got := s.Requests()[len(s.Requests())-1].Protocol; got != name {
				t.Errorf("protocol %s, want %s", got, name)
			}
		})
	}
}

func TestAbsentIsNotZero(t *testing.T) {
	s := startServer(t)
	s.Put(requests, before(3), noon, 0)
	other := requests
	other.Dimensions = nil
	out := ask(t, newClient(s), lastFive(metricQuery("zero", requests, "Sum"), metricQuery("wrong_dimensions", other, "Sum")))
	wantResults(t, out, "zero Complete 0@-3", "wrong_dimensions Complete")
}

func TestAPointIsReadableFromItsPublicationOn(t *testing.T) {
	now := noon
	s := New(func() time.Time { return now })
	defer s.Close()
	s.Put(requests, before(2), before(2).Add(time.Minute), 1)
	s.Put(requests, before(2), noon.Add(time.Second), 1, 1)
	client := newClient(s)
	wantResults(t, ask(t, client, lastFive(metricQuery("n", requests, "Sum"))), "n Complete 1@-2")
	now = noon.Add(time.Second)
	wantResults(t, ask(t, client, lastFive(metricQuery("n", requests, "Sum"))), "n Complete 3@-2")
}

func TestStartIsRoundedDownAndInclusiveEndIsExclusive(t *testing.T) {
	s := startServer(t)
	for minutes := 1; minutes <= 6; minutes++ {
		s.Put(requests, before(minutes).Add(30*time.Second), noon, float64(minutes))
	}
	in := lastFive(metricQuery("n", requests, "Sum"))
	in.StartTime, in.EndTime = aws.Time(before(5).Add(59*time.Second)), aws.Time(before(2))
	wantResults(t, ask(t, newClient(s), in), "n Complete 5@-5 4@-4 3@-3")
	in.ScanBy = ""
	wantResults(t, ask(t, newClient(s), in), "n Complete 3@-3 4@-4 5@-5")
}

func TestOldPointsNeedLongPeriods(t *testing.T) {
	s := startServer(t)
	for days, want := range map[int]map[int32]int{
		14:  {60: 2, 300: 1, 3600: 1},
		20:  {60: 0, 300: 1, 3600: 1},
		70:  {60: 0, 300: 0, 3600: 1},
		456: {3600: 0},
	} {
		at := noon.Add(-time.Duration(days) * day)
		s.Put(requests, at, noon, 1)
		s.Put(requests, at.Add(time.Minute), noon, 1)
		for period, points := range want {
			q := metricQuery("n", requests, "Sum")
			q.MetricStat.Period = aws.Int32(period)
			in := lastFive(q)
			in.StartTime, in.EndTime = aws.Time(at), aws.Time(at.Add(time.Hour))
			if got := len(ask(t, newClient(s), in).MetricDataResults[0].Values); got != points {
				t.Errorf("%d days old, period %d: %d points, want %d", days, period, got, points)
			}
		}
	}
}

func TestExtendedStatisticsNeedKnownValuesThatAreNotNegative(t *testing.T) {
	s := startServer(t)
	named := func(name string) Metric { return Metric{Namespace: "Test", Name: name} }
	s.PutStats(named("set"), before(1), noon, StatisticSet{SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2})
	s.PutStats(named("equal"), before(1), noon, StatisticSet{SampleCount: 2, Sum: 4, Minimum: 2, Maximum: 2})
	s.Put(named("negative"), before(1), noon, -1, 5)
	s.Put(named("plain"), before(1), noon, 5)
	s.NoExtended(named("plain"))
	for name, want := range map[string][]string{
		"set":      {"n Complete 2@-1", "p Complete", "tc Complete"},
		"equal":    {"n Complete 2@-1", "p Complete 2@-1", "tc Complete 2@-1"},
		"negative": {"n Complete 2@-1", "p Complete", "tc Complete"},
		"plain":    {"n Complete 1@-1", "p Complete", "tc Complete"},
	} {
		m := named(name)
		wantResults(t, ask(t, newClient(s), lastFive(
			metricQuery("n", m, "SampleCount"), metricQuery("p", m, "p50"), metricQuery("tc", m, "TC(:5)"))), want...)
	}
}

func TestPagesPutTogetherAreTheWholeAnswer(t *testing.T) {
	s := startServer(t)
	for minutes := 1; minutes <= 5; minutes++ {
		s.Put(requests, before(minutes), noon, float64(minutes))
	}
	in := lastFive(metricQuery("a", requests, "Sum"), metricQuery("none", latency, "Sum"), metricQuery("b", requests, "Maximum"))
	in.MaxDatapoints = aws.Int32(4)
	client := newClient(s)
	for i, want := range [][]string{
		{"a PartialData 5@-5 4@-4 3@-3 2@-2"},
		{"a Complete 1@-1", "none Complete", "b PartialData 5@-5 4@-4 3@-3"},
		{"b Complete 2@-2 1@-1"},
	} {
		out := ask(t, client, in)
		wantResults(t, out, want...)
		if last := i == 2; (out.NextToken == nil) != last {
			t.Fatalf("page %d: token %v", i+1, out.NextToken)
		}
		in.NextToken = out.NextToken
	}
	if s.Calls()["cloudwatch:GetMetricData"] != 3 {
		t.Errorf("calls %v", s.Calls())
	}
}

func TestPointsArrivingBetweenPagesMoveNothing(t *testing.T) {
	now := noon
	s := New(func() time.Time { return now })
	defer s.Close()
	s.Put(requests, before(3), noon, 3)
	s.Put(requests, before(2), noon.Add(time.Second), 2)
	s.Put(requests, before(1), noon, 1)
	s.SetPageLimit(1)
	in := lastFive(metricQuery("n", requests, "Sum"))
	out := ask(t, newClient(s), in)
	wantResults(t, out, "n PartialData 3@-3")
	now = noon.Add(time.Minute)
	in.NextToken = out.NextToken
	wantResults(t, ask(t, newClient(s), in), "n Complete 1@-1")
}

func TestAForeignTokenIsRefused(t *testing.T) {
	s := startServer(t)
	s.Put(requests, before(2), noon, 2)
	s.Put(requests, before(1), noon, 1)
	s.SetPageLimit(1)
	out := ask(t, newClient(s), lastFive(metricQuery("n", requests, "Sum")))
	for _, token := range []*string{aws.String("nonsense"), out.NextToken} {
		in := lastFive(metricQuery("m", requests, "Sum"))
		in.NextToken = token
		_, err := newClient(s).GetMetricData(context.Background(), in)
		var invalid *types.InvalidNextToken
		if !errors.As(err, &invalid) {
			t.Errorf("token %q: %v", *token, err)
		}
	}
}

func TestInvalidRequestsAreRefused(t *testing.T) {
	s := startServer(t)
	good := func() *cloudwatch.GetMetricDataInput { return lastFive(metricQuery("n", requests, "Sum")) }
	change := func(f func(*cloudwatch.GetMetricDataInput)) *cloudwatch.GetMetricDataInput {
		in := good()
		f(in)
		return in
	}
	many := good()
	for i := range 500 {
		many.MetricDataQueries = append(many.MetricDataQueries, metricQuery(fmt.Sprintf("n%d", i), requests, "Sum"))
	}
	cases := map[string]*cloudwatch.GetMetricDataInput{
		"501 queries":     many,
		"duplicate id":    lastFive(metricQuery("n", requests, "Sum"), metricQuery("n", requests, "Maximum")),
		"id in capitals":  lastFive(metricQuery("N", requests, "Sum")),
		"id with a dash":  lastFive(metricQuery("n-1", requests, "Sum")),
		"unknown stat":    lastFive(metricQuery("n", requests, "sum")),
		"p101":            lastFive(metricQuery("n", requests, "p101")),
		"start after end": change(func(in *cloudwatch.GetMetricDataInput) { in.StartTime, in.EndTime = in.EndTime, in.StartTime }),
		"empty range":     change(func(in *cloudwatch.GetMetricDataInput) { in.StartTime = in.EndTime }),
		"period 90":       change(func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Period = aws.Int32(90) }),
		"period 0":        change(func(in *cloudwatch.GetMetricDataInput) { in.MetricDataQueries[0].MetricStat.Period = aws.Int32(0) }),
		"no point":        change(func(in *cloudwatch.GetMetricDataInput) { in.MaxDatapoints = aws.Int32(0) }),
		"nothing returned": change(func(in *cloudwatch.GetMetricDataInput) {
			in.MetricDataQueries[0].ReturnData = aws.Bool(false)
		}),
		"expression": change(func(in *cloudwatch.GetMetricDataInput) {
			in.MetricDataQueries[0].MetricStat, in.MetricDataQueries[0].Expression = nil, aws.String("m1+m2")
		}),
		"no queries": lastFive(),
	}
	for name, in := range cases {
		for protocol, change := range map[string]func(*cloudwatch.Options){"cbor": func(*cloudwatch.Options) {}, "json": overJSON} {
			_, err := newClient(s, change).GetMetricData(context.Background(), in)
			var refused smithy.APIError
			if !errors.As(err, &refused) || refused.ErrorCode() != "ValidationError" && refused.ErrorCode() != "ValidationException" {
				if name == "no queries" && err != nil {
					continue // the client itself may refuse
				}
				t.Errorf("%s over %s: %v", name, protocol, err)
			}
		}
	}
	if n := s.BilledMetrics(); n != 0 {
		t.Errorf("%d metrics billed for refused calls", n)
	}
}

func TestFiveStatisticsOfAMetricAreBilledAsOneSixAsTwo(t *testing.T) {
	statistics := []string{"SampleCount", "Sum", "Average", "Minimum", "Maximum", "p99"}
	for n, want := range map[int]int{1: 1, 5: 1, 6: 2} {
		s := startServer(t)
		var queries []types.MetricDataQuery
		for i := range n {
			queries = append(queries, metricQuery(fmt.Sprintf("q%d", i), requests, statistics[i]))
		}
		ask(t, newClient(s), lastFive(append(queries, metricQuery("other", latency, "Sum"))...))
		if got := s.BilledMetrics(); got != want+1 {
			t.Errorf("%d statistics: %d metrics billed, want %d", n, got, want+1)
		}
	}
}

func TestARequestIsRecordedAsSent(t *testing.T) {
	s := startServer(t)
	ask(t, newClient(s), lastFive(metricQuery("n", requests, "TC(:0.5)")))
	got := s.Requests()[0]
	in := got.Input.(*GetMetricDataInput)
	if !in.StartTime.Equal(before(5)) || !in.EndTime.Equal(noon) || in.MetricDataQueries[0].MetricStat.Stat != "TC(:0.5)" {
		t.Errorf("input %+v", in)
	}
	if got.AccessKey != "AKIDSTATIC" || got.Region != region || got.Action != "cloudwatch:GetMetricData" {
		t.Errorf("request %+v", got)
	}
}
