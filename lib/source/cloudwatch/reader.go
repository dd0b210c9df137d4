// Package cloudwatch reads CloudWatch metrics for all stages of a process in one
// round per account, region and run, and turns them into events, levels and
// summaries. The kinds of AWS stages are tables of metrics over it; the kind
// cloudwatch maps any metric by hand.
package cloudwatch

import (
	"context"
	"slices"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Reader asks for all stages of a process. It connects to nothing before the first
// reading.
type Reader struct {
	patience awsconf.Patience
	mu       sync.Mutex
	accounts map[awsconf.Options]*account
}

// account is one account and region as somebody, with the round that questions can
// still join.
type account struct {
	session *awsconf.Session
	open    *round
}

// NewReader is a reader for the stages of one process.
func NewReader(p awsconf.Patience) *Reader {
	return &Reader{patience: p, accounts: map[awsconf.Options]*account{}}
}

// question is what one reading of one stage wants to know.
type question struct {
	window   sli.Window
	metrics  []Metric
	liveness []Metric // of them, those whose silence needs a history
	look     bool     // … and that history is wanted now
}

// join adds a question to the account's round of this run, and tells whether it is the
// round's first.
func (r *Reader) join(o awsconf.Options, now time.Time, q question) (of *round, begin *stretch, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.account(o)
	if a.open != nil && a.open.now.Equal(now) {
		if begin := a.open.add(q); begin != nil {
			return a.open, begin, false
		}
	}
	a.open, begin = newRound(a.session, now, q)
	return a.open, begin, true
}

// alone is a round of one question, which no other joins.
func (r *Reader) alone(o awsconf.Options, now time.Time, q question) (*round, *stretch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return newRound(r.account(o).session, now, q)
}

func (r *Reader) account(o awsconf.Options) *account {
	a := r.accounts[o]
	if a == nil {
		a = &account{session: awsconf.NewSession(o, r.patience)}
		r.accounts[o] = a
	}
	return a
}

// session is the account's, for questions to other services.
func (r *Reader) session(o awsconf.Options) *awsconf.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.account(o).session
}

// round is one exchange with CloudWatch that answers many questions. What reaches far back is
// asked for in stretches, the oldest first: whoever needs one first triggers it, the others
// wait for it.
type round struct {
	session *awsconf.Session
	now     time.Time

	mu        sync.Mutex
	begin     *stretch // in front of the first, while nobody has asked for that
	questions []question

	fetcher *fetcher
	metrics []Metric     // of all questions
	left    []sli.Window // to be asked for
	err     error        // nothing could be asked
}

func newRound(session *awsconf.Session, now time.Time, q question) (r *round, begin *stretch) {
	r = &round{session: session, now: now, questions: []question{q}}
	r.begin = &stretch{round: r}
	return r, r.begin
}

// add takes a question in, unless the round has begun, and gives the stretch in front of the
// first.
func (r *round) add(q question) (begin *stretch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.begin != nil {
		r.questions = append(r.questions, q)
	}
	return r.begin
}

// stretch is minutes of which each part of the metrics is told in one page. Nobody holds it
// but those who haven't gone on to the next one.
type stretch struct {
	round   *round
	window  sli.Window
	series  map[string]*Series
	history map[string]*Series // of the last one
	skew    time.Duration      // of the host's clock: positive where it is behind
	calls   int                // of the round so far

	once sync.Once
	next *stretch
}

// following is the stretch behind it, nil where it is the last one.
func (s *stretch) following(ctx context.Context) *stretch {
	s.once.Do(func() { s.next = s.round.ask(ctx, s) })
	return s.next
}

// ask asks for what follows a stretch.
func (r *round) ask(ctx context.Context, last *stretch) *stretch {
	if r.fetcher == nil {
		if r.err = r.start(ctx); r.err != nil {
			return nil
		}
	}
	if len(r.left) == 0 {
		return nil
	}
	s := &stretch{round: r, window: r.left[0]}
	r.left = r.left[1:]
	s.series = r.fetcher.fetch(ctx, last.answered(r.metrics), s.window)
	for id, before := range last.series {
		if now := s.series[id]; now != nil {
			now.follow(before)
		} else {
			s.series[id] = before
		}
	}
	if len(r.left) == 0 {
		s.history = r.look(ctx, s)
	}
	s.skew, s.calls = r.fetcher.skew, r.fetcher.calls
	return s
}

// start settles what is asked.
func (r *round) start(ctx context.Context) error {
	r.mu.Lock()
	r.begin = nil
	r.mu.Unlock()
	cfg, err := r.session.Config(ctx, r.now)
	if err != nil {
		return err
	}
	r.fetcher = newFetcher(cfg, r.now)
	var window sli.Window
	for _, q := range r.questions {
		r.metrics = append(r.metrics, q.metrics...)
		if window.Minutes() == 0 {
			window = q.window
		}
		window = sli.Window{From: min(window.From, q.window.From), To: max(window.To, q.window.To)}
	}
	r.metrics = merged(r.metrics)
	r.left = stretches(window, r.metrics)
	return nil
}

// answered are the metrics that haven't failed: whoever wanted one that has reads no further.
func (s *stretch) answered(metrics []Metric) []Metric {
	return slices.DeleteFunc(slices.Clone(metrics), func(m Metric) bool {
		told := s.series[m.identity()]
		return told != nil && told.Err != nil
	})
}

const (
	historyLength = 14 * 24 * time.Hour
	historyPeriod = time.Hour
)

// look asks which of the metrics without a point have had one in two weeks.
func (r *round) look(ctx context.Context, last *stretch) map[string]*Series {
	var silent []Metric
	for _, q := range r.questions {
		for _, m := range q.liveness {
			if s := last.series[m.identity()]; q.look && s.Err == nil && !s.any() {
				m.Period, m.Stats = historyPeriod, []string{SampleCount}
				silent = append(silent, m)
			}
		}
	}
	if len(silent) == 0 {
		return nil
	}
	end := sli.MinuteAt(r.now) + 1
	return r.fetcher.fetch(ctx, merged(silent), sli.Window{From: end - sli.Minute(historyLength/time.Minute), To: end})
}

// merged asks for every metric once, with the statistics of all that want it.
func merged(metrics []Metric) []Metric {
	var out []Metric
	at := map[string]int{}
	for _, m := range metrics {
		i, known := at[m.identity()]
		if !known {
			at[m.identity()] = len(out)
			m.Stats = slices.Clone(m.Stats)
			out = append(out, m)
			continue
		}
		for _, stat := range m.Stats {
			if !slices.Contains(out[i].Stats, stat) {
				out[i].Stats = append(out[i].Stats, stat)
			}
		}
	}
	return out
}
