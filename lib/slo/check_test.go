package slo

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

var judgeNow = time.Date(2026, 11, 22, 11, 40, 12, 0, time.FixedZone("JST", 9*3600))

// asyncPipeline is a pipeline of a stream and a function in good health; break one
// thing and judge.
func asyncPipeline() *sli.Pipeline {
	plan := &sli.Plan{
		Name: "video", Window: 5 * time.Minute, Period: 28 * 24 * time.Hour,
		Stages: []sli.Stage{
			{Name: "stream", Kind: "kinesis", Facts: sli.Facts{Signals: []sli.Signal{sli.Accepted}, Role: sli.Queue, Settle: 180 * time.Second}},
			{Name: "transform", Kind: "lambda", Facts: sli.Facts{Signals: []sli.Signal{sli.Invocation, sli.Failed, sli.Throttled, sli.Handed, sli.HandFailed}, Role: sli.Worker, Settle: 180 * time.Second}},
		},
	}
	if unfit := indicator.Resolve(plan, indicator.Configured{sli.Freshness: &indicator.Freshness{Threshold: section.Duration(time.Minute), Target: 99}}); unfit != nil {
		panic(unfit[0])
	}
	worker := &sli.StageCell{}
	worker.Signals[sli.Invocation] = 60
	return &sli.Pipeline{
		Plan: plan, HasNewest: true, Newest: sli.MinuteAt(judgeNow) - 4,
		Age:   &sli.Age{Seconds: 2, Basis: "age and work"},
		Ages:  []float64{2, 2, 2},
		State: &sli.State{Name: string(estimate.ProgressCurrent), Progress: estimate.Progress{State: estimate.ProgressCurrent, Since: -1}},
		Results: []*sli.Result{{
			Rule: plan.Rules[0], Status: sli.Value, Measured: 1, Counts: sli.Counts{Valid: 40000, Good: 39990},
		}},
		Stages: []*sli.StageReport{
			{Stage: plan.Stages[0], Cell: &sli.StageCell{}, Due: &sli.StageCell{}},
			{Stage: plan.Stages[1], Cell: &sli.StageCell{}, Due: worker},
		},
	}
}

// Every wording of the check, with what leads to it.
func TestVerdicts(t *testing.T) {
	frozen := func(p *sli.Pipeline) {
		p.State = &sli.State{Name: "FROZEN", Reason: "arrivals and no activity for 8m", Since: sli.MinuteAt(judgeNow) - 8, HasSince: true,
			Progress: estimate.Progress{State: estimate.ProgressFrozen, Rule: estimate.RuleSilence, Pending: 1204, Age: estimate.Some(492)}}
		p.Age.Seconds, p.Ages = 492, []float64{432, 492}
		p.Stages[1].Due = &sli.StageCell{}
		p.Stages[1].Due.Signals[sli.Throttled] = 412
	}
	for _, c := range []struct {
		name   string
		change func(*sli.Pipeline, *sli.Limits)
		want   string
	}{
		{"on time", func(*sli.Pipeline, *sli.Limits) {}, "OK: fresh"},
		{"on time, without counts", func(p *sli.Pipeline, _ *sli.Limits) { p.State.Progress.ByAgesOnly = true }, "OK: fresh as far as ages show"},
		{"slow", func(p *sli.Pipeline, _ *sli.Limits) { p.Age.Seconds, p.Ages = 70, []float64{30, 70} },
			"WARNING age: oldest record not yet visible is 1m10s old, limit 1m (estimate, by age and work)"},
		{"very slow", func(p *sli.Pipeline, _ *sli.Limits) { p.Age.Seconds, p.Ages = 301, []float64{301} },
			"CRITICAL age: oldest record not yet visible is 5m1s old, limit 5m (estimate, by age and work)"},
		{"at the limit exactly", func(p *sli.Pipeline, _ *sli.Limits) { p.Age.Seconds, p.Ages = 60, []float64{60} }, "OK: fresh"},
		{"just under the limit again: not yet recovered", func(p *sli.Pipeline, _ *sli.Limits) { p.Age.Seconds, p.Ages = 58, []float64{70, 58} },
			"WARNING age: oldest record not yet visible is 58s old, within the limit of 1m again; the breach ends below 54s, or after two minutes in a row within it (estimate, by age and work)"},
		{"two minutes within the limit: recovered", func(p *sli.Pipeline, _ *sli.Limits) { p.Age.Seconds, p.Ages = 58, []float64{70, 58, 58} }, "OK: fresh"},
		{"well under the limit: recovered at once", func(p *sli.Pipeline, _ *sli.Limits) { p.Age.Seconds, p.Ages = 54, []float64{70, 54} }, "OK: fresh"},
		{"stopped consumer", func(p *sli.Pipeline, _ *sli.Limits) { frozen(p) },
			"CRITICAL state: FROZEN: 1,204 records accepted since 11:32 JST, none processed; transform was not invoked (throttled 412/min); oldest is 8m12s, limit 5m"},
		{"losing", func(p *sli.Pipeline, _ *sli.Limits) {
			p.State = &sli.State{Name: "LOSING", Reason: "the age grows by 12s a minute", Progress: estimate.Progress{State: estimate.ProgressLosing, Rule: estimate.RuleAgeGrows, AgeSlope: estimate.Some(12), Age: estimate.Some(40)}}
		}, "WARNING state: LOSING: records wait longer and longer; oldest is 2s, limit 5m"},
		{"draining leaves the verdict alone", func(p *sli.Pipeline, _ *sli.Limits) { p.State.Name = "DRAINING" }, "OK: fresh"},
		{"nothing arrives, nothing owed", func(p *sli.Pipeline, _ *sli.Limits) {
			p.State.Name, p.Results[0].Status, p.Results[0].Counts = "IDLE", sli.NoTraffic, sli.Counts{}
		}, "OK no_traffic: no traffic"},
		{"no traffic, not allowed", func(p *sli.Pipeline, l *sli.Limits) {
			p.State.Name, p.Results[0].Status, l.NoTraffic = "IDLE", sli.NoTraffic, "WARNING"
		}, "WARNING no_traffic: no traffic"},
		{"retention running out", func(p *sli.Pipeline, _ *sli.Limits) {
			p.State.Retention = 24 * time.Hour
			p.Age.Seconds, p.Ages = 13*3600, []float64{13 * 3600}
		}, "CRITICAL retention: records may be lost: the oldest is 13h old of 24h retention"},
		{"retention at its default and healthy", func(p *sli.Pipeline, _ *sli.Limits) { p.State.Retention = 24 * time.Hour }, "OK: fresh"},
		{"one failure among ten proves nothing", func(p *sli.Pipeline, l *sli.Limits) {
			l.CriticalRatio, p.Results[0].Counts = 99, sli.Counts{Valid: 10, Good: 9}
		}, "OK: fresh"},
		{"an estimate alone may only warn", func(p *sli.Pipeline, l *sli.Limits) {
			l.CriticalRatio, p.Results[0].Counts = 99, sli.Counts{Valid: 1000, Good: 800}
		}, "WARNING ratio: freshness 80% is below 99%: 200 records bad in 5m (estimate, n=1,000, nothing proven agrees)"},
		{"an estimate with a proven bound", func(p *sli.Pipeline, l *sli.Limits) {
			upper := 0.9
			l.CriticalRatio, p.Results[0].Counts, p.Results[0].Bounds.Upper = 99, sli.Counts{Valid: 1000, Good: 800}, &upper
		}, "CRITICAL ratio: freshness 80% is below 99%: 200 records bad in 5m (estimate, n=1,000)"},
		{"source forbidden", func(p *sli.Pipeline, _ *sli.Limits) {
			p.Newest -= 30
			p.Age, p.State = nil, nil
			p.Stages[1].Err = errText("cloudwatch ap-northeast-1: access denied for cloudwatch:GetMetricData")
		}, "UNKNOWN lag: not measured: stage transform: cloudwatch ap-northeast-1: access denied for cloudwatch:GetMetricData"},
		{"measurement late", func(p *sli.Pipeline, _ *sli.Limits) { p.Newest -= 6 },
			"UNKNOWN lag: not measured: the newest complete minute ended 9m12s ago, limit 6m"},
		{"missing is allowed", func(p *sli.Pipeline, l *sli.Limits) { p.Newest -= 6; l.Missing = "OK" }, "OK not_measured: not measured"},
		{"a proven breach beats UNKNOWN", func(p *sli.Pipeline, _ *sli.Limits) { p.Newest -= 6; frozen(p) },
			"CRITICAL state: FROZEN: 1,204 records accepted since 11:32 JST, none processed; transform was not invoked (throttled 412/min); oldest is 8m12s, limit 5m"},
		{"nothing owed is known, age is not", func(p *sli.Pipeline, _ *sli.Limits) { p.Age, p.Ages = nil, nil }, "UNKNOWN not_measured: age not measured"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, limits := asyncPipeline(), sli.Limits{}
			c.change(p, &limits)
			f := Judge(p, limits, judgeNow)
			got := f.Status.String() + ": " + f.Message.String()
			if f.Rule != "" {
				got = f.Status.String() + " " + f.Rule + ": " + f.Message.String()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

type errText string

func (e errText) Error() string { return string(e) }

// A pipeline that has neither an age nor a rule is not OK by default.
func TestNothingToJudgeIsUnknown(t *testing.T) {
	plan := &sli.Plan{Name: "web", Window: 5 * time.Minute, Period: 28 * 24 * time.Hour,
		Stages: []sli.Stage{{Name: "front", Kind: "access_log", Facts: sli.Facts{Signals: []sli.Signal{sli.Request, sli.Accepted}}}}}
	if unfit := indicator.Resolve(plan, indicator.Configured{sli.Availability: &indicator.Availability{Target: 99.9}}); unfit != nil {
		t.Fatal(unfit[0])
	}
	f := Judge(&sli.Pipeline{Plan: plan}, sli.Limits{}, judgeNow)
	if f.Status != Unknown || !strings.Contains(f.Message.String(), "--sli") {
		t.Errorf("got %v: %s", f.Status, f.Message.String())
	}
}

// The burn-rate rules against a computation of their own: for each rule of the
// workbook's table, both windows summed minute by minute, and for the slow ones the
// binomial tail summed term by term.
func TestBurnRatesAgainstAReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.SampledFrom([]int{28, 30}).Draw(t, "period")
		target := rapid.SampledFrom([]float64{99, 99.9}).Draw(t, "target")
		const history = 3 * 24 * 60
		calm := rapid.Float64Range(0, 0.02).Draw(t, "share of bad, before")
		storm := rapid.Float64Range(0, 0.5).Draw(t, "share of bad, at the end")
		length := rapid.IntRange(0, history).Draw(t, "minutes of trouble")
		traffic := rapid.SampledFrom([]float64{0.02, 1, 500}).Draw(t, "records a minute")
		valid, bad := make([]float64, history), make([]float64, history)
		for i := range valid {
			valid[i] = math.Floor(float64(i+1)*traffic) - math.Floor(float64(i)*traffic)
			share := calm
			if i >= history-length {
				share = storm
			}
			bad[i] = math.Round(valid[i] * share)
		}
		sum := func(minutes int) (v, b float64) {
			for i := history - minutes; i < history; i++ {
				v, b = v+valid[i], b+bad[i]
			}
			return v, b
		}

		// The reference; the worst status wins.
		want := OK
		for _, rule := range []struct {
			long, short int
			tenths      int // of the factor for 30 days
			page        bool
		}{{60, 5, 144, true}, {360, 30, 60, true}, {1440, 120, 30, false}, {4320, 360, 10, false}} {
			// In whole numbers, as a rate may be the factor itself.
			scaled := float64(max(300, rule.tenths*days))
			perMille, factor := math.Round((100-target)*10), scaled/300
			within := func(v, b float64) bool { return 300*1000*b <= scaled*perMille*v }
			lv, lb := sum(rule.long)
			sv, sb := sum(rule.short)
			allowed := (100 - target) / 100
			if lv == 0 || sv == 0 || within(lv, lb) || within(sv, sb) {
				continue
			}
			if factor < 2 && tail(lb, lv, factor*allowed) >= 0.001 {
				continue
			}
			status := Warning
			if rule.page && lb >= 2 {
				status = Critical
			}
			if status.WorseThan(want) {
				want = status
			}
		}

		p := asyncPipeline()
		p.Plan.Period = time.Duration(days) * 24 * time.Hour
		r := p.Results[0]
		r.Rule.Target = target
		for _, rule := range Of(p.Plan, r.Rule).BurnRules() {
			for _, l := range []time.Duration{rule.Long, rule.Short} {
				v, b := sum(int(l / time.Minute))
				c := sli.Counts{Valid: v, Good: v - b}
				r.Burns = append(r.Burns, sli.Burn{Length: l, Rate: Of(p.Plan, r.Rule).Burn(c), Counts: c, Measured: true})
			}
		}
		if f := Judge(p, sli.Limits{BurnRate: true}, judgeNow); f.Status != want {
			t.Fatalf("got %v (%s), want %v", f.Status, f.Message.String(), want)
		}
	})
}

// tail is P(X ≥ k) for X binomial (n, p), term by term.
func tail(k, n, p float64) float64 {
	log, sum := n*math.Log1p(-p), 0.0
	for i := 0.0; i <= n; i++ {
		if i >= k {
			sum += math.Exp(log)
		}
		log += math.Log((n-i)/(i+1)) + math.Log(p/(1-p))
	}
	return sum
}

// Rules whose windows aren't filled keep silent; only when none can speak is that said.
func TestBurnRulesWithoutHistoryAreSilent(t *testing.T) {
	p := asyncPipeline()
	if f := Judge(p, sli.Limits{BurnRate: true}, judgeNow); f.Status != Unknown || f.Rule != "burn_rate" {
		t.Errorf("without any history: %v %s", f.Status, f.Message.String())
	}
	p.Results[0].Burns = []sli.Burn{
		{Length: time.Hour, Rate: 0, Measured: true}, {Length: 5 * time.Minute, Rate: 0, Measured: true},
		{Length: 6 * time.Hour, Rate: 99}, {Length: 30 * time.Minute, Rate: 99, Measured: true},
	}
	if f := Judge(p, sli.Limits{BurnRate: true}, judgeNow); f.Status != OK {
		t.Errorf("with one rule that can speak: %v %s", f.Status, f.Message.String())
	}
}
