package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// settleTime is how late CloudWatch's one-minute metrics are.
const settleTime = 180 * time.Second

// Source reads one stage.
type Source struct {
	stage  Stage
	reader *Reader
	aws    awsconf.Options
	period time.Duration

	mu       sync.Mutex
	prepared []*reading
}

// NewSource completes a stage's Facts and gives it to the reader.
func NewSource(a StageContext, stage Stage) *Source {
	s := &Source{stage: stage, reader: a.Reader, aws: stage.Common.Over(a.AWS), period: time.Duration(stage.Common.Period)}
	f := &s.stage.Facts
	if f.Settle == 0 {
		f.Settle = settleTime
	}
	if stage.Common.Settle > 0 {
		f.Settle, f.SettleInput = time.Duration(stage.Common.Settle), ""
	}
	f.Settle += s.period - time.Minute // a point is there when its whole period is over
	if f.SettleWhy == "" {
		f.SettleWhy = "CloudWatch's metrics come up to 3 minutes late"
	}
	if s.period > time.Minute {
		f.SettleWhy += "; what was counted in " + sli.FormatDuration(s.period) + " is spread evenly over its minutes"
	}
	account := s.aws.String()
	f.Reads = strings.TrimSpace(f.Reads + " " + account)
	f.Scope, f.Replaces = sli.Shared, true
	f.Rule = fmt.Sprintf("period=%s %s", stage.Common.Period, f.Rule)
	f.Permissions = append([]string{getMetricData}, f.Permissions...)
	if s.aws.RoleARN != "" {
		f.Permissions = append(f.Permissions, "sts:AssumeRole "+s.aws.RoleARN)
	}
	f.Round, f.Calls = strings.TrimSpace("cloudwatch "+account), 1
	f.Metrics = Billed(merged(s.metrics(Known{Inputs: stage.Given, Edges: []time.Duration{time.Minute}})))
	return s
}

// Facts are known from the section alone.
func (s *Source) Facts() sli.Facts { return s.stage.Facts }

// metrics are the kind's, each with its period.
func (s *Source) metrics(k Known) []Metric {
	metrics := s.stage.Kind.Metrics(k)
	for i := range metrics {
		if metrics[i].Period == 0 {
			metrics[i].Period = s.period
		}
	}
	return metrics
}

// reading is one question of one run on its way.
type reading struct {
	again   bool
	from    time.Time
	now     time.Time
	before  *position
	window  sli.Window
	known   Known
	metrics []Metric
	round   *round
	at      *stretch // what it has heard last
	first   bool     // of the round: its calls are told as this one's

	told   *minuteAnswer
	unsaid []*stretch // while the stage may turn out to be silent
	cut    error      // why what comes behind window is left to the next reading
}

// Prepare joins the round of this run, so that one call answers for all stages. What
// must be described first can't join: Read asks by itself then.
func (s *Source) Prepare(ask sli.Ask, cursor []byte) {
	r := s.begin(ask, cursor)
	if r.unchanged(ask) || !s.named(r.before) {
		return
	}
	q := s.question(r)
	r.round, r.at, r.first = s.reader.join(s.aws, r.now, q)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prepared = append(slices.DeleteFunc(s.prepared, func(old *reading) bool { return !old.now.Equal(ask.Now) }), r)
}

// take is the reading that Prepare began for this very question.
func (s *Source) take(ask sli.Ask) *reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.prepared {
		if r.again == ask.Again && r.from.Equal(ask.From) && r.now.Equal(ask.Now) {
			s.prepared = slices.Delete(s.prepared, i, i+1)
			return r
		}
	}
	return nil
}

func (s *Source) begin(ask sli.Ask, cursor []byte) *reading {
	r := &reading{again: ask.Again, from: ask.From, now: ask.Now, before: parsePosition(cursor)}
	r.known = r.before.known(s.stage.Given, ask.Edges)
	r.window = s.window(ask, r)
	return r
}

// window is the minutes a question covers: the last 15 due ones, longer where the
// last answer lies farther back or history is asked for.
func (s *Source) window(ask sli.Ask, r *reading) sli.Window {
	w := sli.Ending(sli.Due(ask.Now, s.settle(r.known)), latePoints)
	switch {
	case !ask.From.IsZero():
		w.From = min(w.From, sli.MinuteAt(ask.From))
	case r.before.HasAsked && !ask.Final:
		w.From = min(w.From, r.before.Asked+1)
	default:
		w.From = min(w.From, sli.MinuteAt(ask.Now.Add(-firstReach)))
	}
	w.From = max(w.From, sli.MinuteAt(ask.Now.Add(-farthestBehind)))
	w.From -= w.From % sli.Minute(s.period/time.Minute)
	return w
}

// settle is when a minute's points are there, by what is known of the stage.
func (s *Source) settle(k Known) time.Duration {
	f := s.stage.Facts
	wait, _ := k.Input(f.SettleInput) // none of that name where nothing is waited for
	return f.Settle + time.Duration(wait*float64(time.Second))
}

// unchanged tells whether the newest due minute was answered already, by another
// program's run a moment ago.
func (r *reading) unchanged(ask sli.Ask) bool {
	return r.before.HasAsked && r.before.Asked == r.window.To-1 && !ask.Again && !ask.Final && ask.From.IsZero()
}

// named tells whether every name that metrics need is known.
func (s *Source) named(p *position) bool {
	return !slices.ContainsFunc(s.stage.Names, func(name string) bool { return len(p.Names[name]) == 0 })
}

// question is what a reading wants to know of metrics.
func (s *Source) question(r *reading) question {
	r.metrics = s.metrics(r.known)
	q := question{window: r.window, metrics: r.metrics, look: r.before.lookDue(r.now)}
	if s.hasEarly(r) {
		q.window.To++
	}
	for _, m := range r.metrics {
		if s.stage.shows(m) && !slices.Contains(r.before.Seen, m.key()) {
			q.liveness = append(q.liveness, m)
		}
	}
	return q
}

func (s Stage) shows(m Metric) bool { return slices.Contains(s.Liveness, m.key()) }

// Read answers for the minutes that were due. It makes no call when they were
// answered already, and shares its calls with all other stages of the process.
func (s *Source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	r := s.take(ask)
	if r == nil {
		r = s.begin(ask, cursor)
	}
	p := r.before
	if r.unchanged(ask) {
		return sli.Batch{Unchanged: true, Unanswered: p.silence(), Warnings: p.Doubts, Cursor: cursor}, nil
	}
	var batch sli.Batch
	if r.round == nil {
		if !s.named(p) {
			if err := s.describe(ctx, r, &batch); err != nil {
				return batch, err
			}
			if !s.named(p) {
				return batch, fmt.Errorf("%s: %s", s.stage.Facts.Reads, strings.Join(p.Doubts, "; "))
			}
		}
		// The others' round may have begun or not: who asks later than they asks alone, so that
		// what was called doesn't go by who is quicker.
		r.round, r.at = s.reader.alone(s.aws, r.now, s.question(r))
		r.first = true
	}
	return batch, s.listen(ctx, ask, r, &batch)
}

// describeTime bounds what a stage asks beside metrics: they matter more.
const describeTime = 5 * time.Second

// describe asks AWS for what isn't configured. What can't be found out costs only
// itself: its assumption stands, with a warning.
func (s *Source) describe(ctx context.Context, r *reading, batch *sli.Batch) error {
	describer, ok := s.stage.Kind.(Describer)
	if !ok {
		return nil
	}
	cfg, err := s.reader.session(s.aws).Config(ctx, r.now)
	if err != nil {
		return err
	}
	d := &Description{Known: r.known, Now: r.now, Inputs: map[string]float64{}, Names: map[string][]string{}}
	short, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	describer.Describe(short, cfg, d)
	batch.Calls += d.Calls
	r.before.described(d, r.now)
	r.known = r.before.known(s.stage.Given, r.known.Edges)
	return nil
}
