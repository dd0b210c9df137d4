package cwtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

func put(s *Server, namespace string, data ...types.MetricDatum) error {
	_, err := newClient(s).PutMetricData(context.Background(), &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(namespace), MetricData: data,
	})
	return err
}

func TestPublishedDataAreReadBack(t *testing.T) {
	s := startServer(t)
	m := Metric{Namespace: "Test", Name: "delay", Dimensions: map[string]string{"Stage": "store"}}
	datum := types.MetricDatum{
		MetricName: aws.String("delay"), Timestamp: aws.Time(before(1)),
		Dimensions: []types.Dimension{{Name: aws.String("Stage"), Value: aws.String("store")}},
	}
	single, values, set := datum, datum, datum
	single.Value = aws.Float64(4)
	values.Values, values.Counts = []float64{1, 2}, []float64{10, 5}
	set.StatisticValues = &types.StatisticSet{SampleCount: aws.Float64(2), Sum: aws.Float64(6), Minimum: aws.Float64(3), Maximum: aws.Float64(3)}
	if err := put(s, "Test", single, values, set); err != nil {
		t.Fatal(err)
	}
	wantResults(t, ask(t, newClient(s), lastFive(
		metricQuery("n", m, "SampleCount"), metricQuery("sum", m, "Sum"), metricQuery("p", m, "p90"), metricQuery("tc", m, "TC(:2)"))),
		"n Complete 18@-1", "sum Complete 30@-1", "p Complete 3@-1", "tc Complete 15@-1")
}

func TestLargeBodiesArriveCompressed(t *testing.T) {
	s := startServer(t)
	var data []types.MetricDatum
	for i := range 300 {
		data = append(data, types.MetricDatum{MetricName: aws.String(fmt.Sprintf("metric%d", i)), Value: aws.Float64(1), Timestamp: aws.Time(before(1))})
	}
	if err := put(s, "Test", data...); err != nil {
		t.Fatal(err)
	}
	if got := len(s.Requests()[0].Input.(*PutMetricDataInput).MetricData); got != 300 {
		t.Errorf("%d metrics arrived", got)
	}
}

func TestInvalidDataAreRefused(t *testing.T) {
	s := startServer(t)
	one := func() types.MetricDatum { return types.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1)} }
	change := func(f func(*types.MetricDatum)) types.MetricDatum {
		d := one()
		f(&d)
		return d
	}
	cases := map[string]struct {
		namespace string
		datum     types.MetricDatum
		code      string
	}{
		"namespace of a service": {"AWS/Lambda", one(), "InvalidParameterValue"},
		"no value":               {"Test", change(func(d *types.MetricDatum) { d.Value = nil }), "MissingParameter"},
		"two kinds of value":     {"Test", change(func(d *types.MetricDatum) { d.Values = []float64{1} }), "InvalidParameterCombination"},
		"too old":                {"Test", change(func(d *types.MetricDatum) { d.Timestamp = aws.Time(noon.Add(-15 * day)) }), "InvalidParameterValue"},
		"too new":                {"Test", change(func(d *types.MetricDatum) { d.Timestamp = aws.Time(noon.Add(3 * time.Hour)) }), "InvalidParameterValue"},
		"counts too few": {"Test", change(func(d *types.MetricDatum) {
			d.Value, d.Values, d.Counts = nil, []float64{1, 2}, []float64{1}
		}), "InvalidParameterValue"},
		"151 values": {"Test", change(func(d *types.MetricDatum) { d.Value, d.Values = nil, make([]float64, 151) }), "InvalidParameterValue"},
	}
	for name, c := range cases {
		var refused smithy.APIError
		if err := put(s, c.namespace, c.datum); !errors.As(err, &refused) || refused.ErrorCode() != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func TestAWrongUnitFindsNothing(t *testing.T) {
	s := startServer(t)
	s.Put(requests, before(1), noon, 1)
	q := metricQuery("n", requests, "Sum")
	q.MetricStat.Unit = types.StandardUnitSeconds
	wantResults(t, ask(t, newClient(s), lastFive(q)), "n Complete")
}

func TestListingKnowsOnlyMetricsSeenLately(t *testing.T) {
	s := startServer(t)
	named := func(name string) Metric {
		return Metric{Namespace: "Test", Name: name, Dimensions: map[string]string{"Stage": name}}
	}
	s.Put(named("now"), before(1), noon, 1)
	s.Put(named("yesterday"), noon.Add(-day), noon, 1)
	s.Put(named("long_ago"), noon.Add(-15*day), noon, 1)
	s.Put(named("not_yet"), before(1), noon.Add(time.Minute), 1)
	for want, in := range map[string]*cloudwatch.ListMetricsInput{
		"[now yesterday]": {Namespace: aws.String("Test")},
		"[now]":           {RecentlyActive: types.RecentlyActivePt3h},
		"[yesterday]":     {Dimensions: []types.DimensionFilter{{Name: aws.String("Stage"), Value: aws.String("yesterday")}}},
		"[]":              {MetricName: aws.String("other")},
	} {
		out, err := newClient(s).ListMetrics(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, m := range out.Metrics {
			names = append(names, *m.MetricName)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestListingPages(t *testing.T) {
	s := startServer(t)
	for i := range 501 {
		s.Put(Metric{Namespace: "Test", Name: fmt.Sprint(i)}, before(1), noon, 1)
	}
	pages := cloudwatch.NewListMetricsPaginator(newClient(s), &cloudwatch.ListMetricsInput{})
	seen := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		seen += len(page.Metrics)
	}
	if seen != 501 || len(s.Requests()) != 2 {
		t.Errorf("%d metrics in %d pages", seen, len(s.Requests()))
	}
}
