package alb

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/cwtest"
	"mackerel-plugin-pipeline-sli/lib/source/cloudwatch/kindtest"
)

func newWorld(t *testing.T) *kindtest.World {
	t.Helper()
	return kindtest.New(t, map[string]kindtest.Constructor{"alb": New})
}

func TestBalancerCountsAnswersByClassAndTime(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric {
		return kindtest.Metric("AWS/ApplicationELB", name, "LoadBalancer", "app/front/50dc6c495c0c9188")
	}
	w.Counted(95, of("RequestCount"))
	w.Counted(90, of("HTTPCode_Target_2XX_Count"))
	w.Counted(3, of("HTTPCode_Target_4XX_Count"))
	w.Counted(2, of("HTTPCode_Target_5XX_Count"))
	w.Counted(5, of("HTTPCode_ELB_5XX_Count"))
	w.Counted(8, of("HTTPCode_ELB_4XX_Count")) // the load balancer's own refusals aren't valid requests
	w.PutCounts(of("TargetResponseTime"), w.Ago(0), kindtest.Noon.Add(-time.Hour), []float64{0.5, 2}, []float64{94, 1})
	s := w.Stage("alb: {load_balancer: app/front/50dc6c495c0c9188}")
	h := w.Read(s, sli.Ask{Edges: []time.Duration{500 * time.Millisecond}}, nil)
	if diff := cmp.Diff([]string{
		"answers 0.5s: 94", "answers 0.5s: 1", // a nanosecond beyond the threshold
		"requests 200: 90", "requests 400: 3", "requests 500: 2", "requests 503: 5",
		"summary latency: n 95 mean 0.5157894736842106 max 2 min 0.5 edges [{0.5 94}]",
	}, h.Shown(w.Ago(0)), kindtest.SortedLines); diff != "" {
		t.Error(diff)
	}
	latency := indicator.AnswerLatency(500 * time.Millisecond)
	var counts sli.Counts
	for _, e := range h.Events {
		counts.Count(latency(&e), e.Weight)
	}
	if want := (sli.Counts{Valid: 95, Good: 94}); counts != want {
		t.Errorf("latency counts %+v, want %+v", counts, want)
	}
}

// TestConfiguredGoodJudgesWholeClasses: a class is judged with one voice or not at all.
func TestConfiguredGoodJudgesWholeClasses(t *testing.T) {
	w := newWorld(t)
	of := func(name string) cwtest.Metric {
		return kindtest.Metric("AWS/ApplicationELB", name, "LoadBalancer", "app/front/50dc6c495c0c9188")
	}
	for _, name := range []string{"RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count"} {
		w.Counted(1, of(name))
	}
	s := w.Stage("alb: {load_balancer: app/front/50dc6c495c0c9188}")
	for condition, want := range map[string]map[int]sli.Verdict{
		"<400": {200: sli.Good, 400: sli.Bad, 500: sli.Bad},
		"!429": {200: sli.Good, 400: sli.Uncertain, 500: sli.Good},
	} {
		good, err := sli.ParseMatch(map[string][]string{"status": {condition}})
		if err != nil {
			t.Fatal(err)
		}
		got := map[int]sli.Verdict{}
		for _, e := range w.Read(s, sli.Ask{Good: good}, nil).Events {
			if e.Signal == sli.Request {
				got[e.Status] = e.Good
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", condition, diff)
		}
	}
}

// TestMetricWithoutExtendedStatistics: no TC is not a TC of 0. What the extremes prove
// is said, the rest is uncertain, and estimates go on without edges.
func TestMetricWithoutExtendedStatistics(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	response := kindtest.Metric("AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", "app/front/50dc6c495c0c9188")
	w.NoExtended(response)
	w.PutAgo(response, 0, 0.1, 0.9)
	w.PutAgo(response, 1, 0.1, 0.2)
	w.PutAgo(response, 2, 0.8, 0.9)
	h := w.Read(w.Stage("alb: {load_balancer: app/front/50dc6c495c0c9188}"), sli.Ask{Edges: []time.Duration{500 * time.Millisecond}}, nil)
	for minutes, want := range []string{"answers: 2", "answers 0.5s: 2", "answers 0.5s: 2"} {
		if got := h.Shown(w.Ago(minutes)); !slices.Contains(got, want) {
			t.Errorf("%d minutes ago: %q", minutes, got)
		}
	}
	if !h.Warned("AWS/ApplicationELB TargetResponseTime LoadBalancer=app/front/50dc6c495c0c9188 has values but no TC(:0.5)") {
		t.Errorf("warnings %q", h.Warnings)
	}
}

// TestBalancersNameIsResolvedOnce, by hand-signed query.
func TestBalancersNameIsResolvedOnce(t *testing.T) {
	w := newWorld(t)
	w.Alive()
	w.SetLoadBalancer("front", cwtest.LoadBalancer{ID: "50dc6c495c0c9188"})
	s := w.Stage("alb: {load_balancer: front}")
	h := w.Read(s, sli.Ask{}, nil)
	if h.Unanswered != nil || h.Calls != 2 {
		t.Errorf("unanswered %v, %d calls", h.Unanswered, h.Calls)
	}
	w.Now = w.Now.Add(7 * time.Hour)
	w.Alive()
	if h = w.Read(s, sli.Ask{}, h.Cursor); h.Calls != 1 {
		t.Errorf("later %d calls", h.Calls)
	}
	w.Fails(w.Stage("alb: {load_balancer: back}"), "AWS/ApplicationELB LoadBalancer=back: "+
		"elasticloadbalancing:DescribeLoadBalancers of back: there is no such resource; check its name and region")
}
