// Package backtest says what the check would have said: it runs the street over past
// instants, one a minute, on a store in memory, and judges each as the check does.
package backtest

import (
	"context"
	"iter"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Verdict is what the check says at the end of a minute, once the minute has settled.
type Verdict struct {
	At     time.Time // the end of the newest due minute
	Status slo.CheckStatus
	Rule   string
	Text   string
}

// Span is verdicts in a row with one status and one rule; the text is that of the first.
type Span struct {
	From, To time.Time
	Status   slo.CheckStatus
	Rule     string
	Text     string
}

// Left is what was left of the error budgets at an instant, by SLI; those of which nothing
// was measured are left out.
type Left struct {
	At       time.Time
	Left     map[sli.Kind]float64
	Measured map[sli.Kind]int // minutes of the period that it rests on
}

// Timeline is what the check would have said of a pipeline.
type Timeline struct {
	Plan    *sli.Plan
	Spans   []Span
	Minutes map[slo.CheckStatus]int
	Pages   int
	Budget  []Left
	Missing []words.Message // what evidence is lacking, and why

	statuses []slo.CheckStatus // minute by minute
	from     time.Time
	streak   int
	attempts int
}

// Left is what was left of the budgets at the end.
func (t *Timeline) Left() Left {
	if len(t.Budget) == 0 {
		return Left{}
	}
	return t.Budget[len(t.Budget)-1]
}

// add goes on with the timeline.
func (t *Timeline) add(v Verdict) {
	t.statuses = append(t.statuses, v.Status)
	t.Minutes[v.Status]++
	if v.Status != slo.Critical {
		t.streak = 0
	} else if t.streak++; t.streak == t.attempts {
		t.Pages++
	}
	if n := len(t.Spans); n > 0 && t.Spans[n-1].Status == v.Status && t.Spans[n-1].Rule == v.Rule {
		t.Spans[n-1].To = v.At.Add(time.Minute)
		return
	}
	t.Spans = append(t.Spans, Span{From: v.At, To: v.At.Add(time.Minute), Status: v.Status, Rule: v.Rule, Text: v.Text})
}

// PagesAWeek is the pages of a mean week.
func (t *Timeline) PagesAWeek() float64 {
	return float64(t.Pages) / (float64(len(t.statuses)) / (7 * 24 * 60))
}

// Stretch is the time that is gone through: a verdict for each minute that ends in
// [From, To).
type Stretch struct{ From, To time.Time }

// Minutes is how many verdicts there are of it.
func (s Stretch) Minutes() int { return s.minutes().Minutes() }

// minutes are the ends of its minutes, as minutes that begin there.
func (s Stretch) minutes() sli.Window {
	return sli.Window{From: sli.MinuteAt(s.From.Add(time.Minute - time.Microsecond)), To: sli.MinuteAt(s.To.Add(time.Minute - time.Microsecond))}
}

// Backtest is a set of pipelines and the time they are gone through.
type Backtest struct {
	Stretch  Stretch
	Now      time.Time      // the run's one clock reading
	Language words.Language // of the check's texts
	Attempts int            // CRITICAL so often in a row is a page
	Store    func() measure.Store
	// Kept is the state of the agent's runs, where there is one: of a pipeline without age and
	// states it holds all that a verdict rests on.
	Kept measure.Store
	// Recorded is what is gone through instead of the state and the sources; nil: they are.
	Recorded *Recorded
	// Posted is asked for what was posted, which is gone through instead of all that; nil: it
	// isn't.
	Posted Posting
	// Progress is told how much of the work is done, of 1; nil: nobody is.
	Progress func(done float64)

	posted *measure.Posted // what is gone through, once it was asked for
}

// History is where what a backtest speaks of comes from.
type History string

// The histories.
const (
	FromState     History = "state"
	FromSources   History = "sources"
	FromRecording History = "recording"
	FromPoints    History = "mackerel"
)

// Setting is a configuration to be tried.
type Setting struct {
	Set      map[string]string // what is other than in the file, by path; empty: nothing
	Pipeline measure.Pipeline
}

// lead is how much earlier a run begins, so that what a verdict rests on is there.
func lead(plan *sli.Plan) time.Duration {
	lead := max(2*indicator.AssessBack, plan.Window+plan.Settle())
	for _, r := range plan.Rules {
		lead = max(lead, r.Window+r.Settle, 4*r.Terms.ExpectEvery, 3*r.Terms.Deadline)
	}
	if plan.Limits.BurnRate {
		for _, r := range plan.Rules {
			for _, burn := range slo.Of(plan, r).BurnRules() {
				lead = max(lead, burn.Long)
			}
		}
	}
	return lead
}

// points is how many times a budget is told.
const points = 60

// walk runs a pipeline at the instants of a stretch, and gives each report to visit with the
// end of the minute that it speaks of.
func (b Backtest) walk(ctx context.Context, p measure.Pipeline, stretch Stretch, visit func(at time.Time, report *sli.Pipeline, now time.Time)) error {
	plan := *p.Plan // what is for explain and for graphs alone isn't asked
	plan.Flows, plan.Alternatives, p.Plan = nil, nil, &plan
	if b.posted != nil {
		run := measure.Run{Store: b.Store(), Pipelines: []measure.Pipeline{p}, History: true}
		return b.posted.Reports(ctx, run, b.instants(p.Plan, stretch), settled(p.Plan, visit))
	}
	if kept, err := b.kept(ctx, p, stretch); err != nil {
		return err
	} else if kept {
		return b.retell(ctx, p, stretch, visit)
	}
	run := measure.Run{Store: b.Store(), Pipelines: []measure.Pipeline{p}, History: true, Decoded: new(measure.Decoded)}
	settle := p.Plan.Sources()
	w := stretch.minutes()
	begin := w.From - warmUp
	run.Since = begin.Start().Add(-lead(p.Plan)) // of the first run, which reads back
	for m := begin; m < w.To; m++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		at := m.Start().In(stretch.From.Location()) // whose zone messages speak in
		run.Now = at.Add(settle)
		report, err := run.Do(ctx)
		if err != nil {
			return err
		}
		run.Since = time.Time{}
		if m >= w.From {
			visit(at, report.Pipelines[0], run.Now)
		}
		if b.Progress != nil && m%64 == 0 {
			b.Progress(float64(m-begin) / float64(w.To-begin))
		}
	}
	return nil
}

// kept tells whether the state holds all that the verdicts of a stretch rest on.
func (b Backtest) kept(ctx context.Context, p measure.Pipeline, stretch Stretch) (bool, error) {
	if _, altered := p.Sources[0].(player); altered || b.Kept == nil || p.Plan.HasAge() {
		return false, nil
	}
	run := measure.Run{Now: stretch.To.Add(p.Plan.Settle()), Store: b.Kept, Pipelines: []measure.Pipeline{p}}
	return measure.Holds(ctx, run, stretch.minutes(), lead(p.Plan))
}

// retell gives the reports of a stretch from the state.
func (b Backtest) retell(ctx context.Context, p measure.Pipeline, stretch Stretch, visit func(at time.Time, report *sli.Pipeline, now time.Time)) error {
	run := measure.Run{Store: b.Kept, Pipelines: []measure.Pipeline{p}, History: true}
	return measure.Retell(ctx, run, b.instants(p.Plan, stretch), settled(p.Plan, visit))
}

// instants are when the minutes of a stretch have settled.
func (b Backtest) instants(plan *sli.Plan, stretch Stretch) iter.Seq[time.Time] {
	w, settle := stretch.minutes(), plan.Sources()
	return func(yield func(time.Time) bool) {
		for m := w.From; m < w.To; m++ {
			if b.Progress != nil && m%64 == 0 {
				b.Progress(float64(m-w.From) / float64(w.To-w.From))
			}
			if !yield(m.Start().In(stretch.From.Location()).Add(settle)) {
				return
			}
		}
	}
}

// settled gives visit the reports of such instants.
func settled(plan *sli.Plan, visit func(time.Time, *sli.Pipeline, time.Time)) func(*sli.Pipeline, time.Time) {
	settle := plan.Sources()
	return func(report *sli.Pipeline, now time.Time) { visit(now.Add(-settle), report, now) }
}

// warmUp is how many minutes before a stretch runs are made as the agent makes them: what
// a run carries on from the one before, a standstill or a breach, is so by then.
const warmUp = sli.Minute(indicator.AssessBack / time.Minute)

// timelines goes through a stretch once, and judges it by each of some limits.
func (b Backtest) timelines(ctx context.Context, p measure.Pipeline, stretch Stretch, limits []sli.Limits) ([]*Timeline, error) {
	lines := make([]*Timeline, len(limits))
	for i := range lines {
		lines[i] = &Timeline{Plan: p.Plan, Minutes: map[slo.CheckStatus]int{}, from: stretch.minutes().From.Start(), attempts: b.Attempts}
	}
	w := stretch.minutes()
	every := max(1, w.Minutes()/points)
	n := 0
	err := b.walk(ctx, p, stretch, func(at time.Time, report *sli.Pipeline, now time.Time) {
		for i, line := range lines {
			f := slo.Judge(report, limits[i], now)
			line.add(Verdict{At: at, Status: f.Status, Rule: f.Rule, Text: b.Language.Render(f.Message)})
		}
		if n++; n%every == 0 || n == w.Minutes() {
			left := lefts(at, report)
			for _, line := range lines {
				line.Budget = append(line.Budget, left)
			}
		}
	})
	return lines, err
}

func lefts(at time.Time, report *sli.Pipeline) Left {
	l := Left{At: at, Left: map[sli.Kind]float64{}, Measured: map[sli.Kind]int{}}
	for _, r := range report.Results {
		if r.Budget != nil {
			l.Left[r.Rule.Kind], l.Measured[r.Rule.Kind] = *r.Budget, r.History
		}
	}
	return l
}

// evidence asks the sources of a pipeline once for all that a stretch rests on, with counts
// for the thresholds of some plans.
func (b Backtest) evidence(ctx context.Context, p measure.Pipeline, plans []*sli.Plan) []*tape {
	if b.Recorded != nil {
		return b.Recorded.tapes(b, p, plans)
	}
	w := b.Stretch.minutes()
	now := b.Now
	if end := w.To.Start().Add(p.Plan.Settle()); end.Before(now) {
		now = end
	}
	back := time.Duration(0)
	for _, plan := range plans {
		back = max(back, lead(plan))
	}
	ask := sli.Ask{Now: b.Now, From: (w.From - warmUp).Start().Add(-back), Good: good(p.Plan)}
	if now.Before(b.Now) {
		ask.Now, ask.Until = now, now
	}
	tapes := make([]*tape, len(p.Sources))
	asks := make([]sli.Ask, len(p.Sources))
	for i, s := range p.Sources {
		asks[i] = ask
		asks[i].Edges = edges(plans, p.Plan.Stages[i].Name)
		if together, ok := s.(measure.Preparer); ok {
			together.Prepare(asks[i], nil)
		}
	}
	for i, s := range p.Sources {
		tapes[i] = record(ctx, s, asks[i])
	}
	return tapes
}

// edges are the latencies that counts are wanted for at a stage.
func edges(plans []*sli.Plan, stage string) []time.Duration {
	var out []time.Duration
	for _, plan := range plans {
		for _, rule := range plan.All() {
			if rule.Terms.Threshold > 0 && rule.Feeds(stage) && !slices.Contains(out, rule.Terms.Threshold) {
				out = append(out, rule.Terms.Threshold)
			}
		}
	}
	return out
}

// good is what the plan calls a good request.
func good(plan *sli.Plan) sli.Match {
	if r := plan.Rule(sli.Availability); r != nil {
		return r.Terms.Good
	}
	return sli.Match{}
}

// played is the pipeline with its evidence on tapes.
func played(p measure.Pipeline, tapes []*tape) measure.Pipeline {
	sources := make([]sli.Source, len(tapes))
	for i, t := range tapes {
		sources[i] = player{t, t.begins()}
	}
	p.Sources = sources
	return p
}
