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
func (r *Reader) join(o awsconf.Options, now time.Time, q question) (of *round, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.account(o)
	if a.open != nil && a.open.now.Equal(now) && a.open.add(q) {
		return a.open, false
	}
	a.open = &round{session: a.session, now: now, questions: []question{q}}
	return a.open, true
}

// alone is a round of one question, which no other joins.
func (r *Reader) alone(o awsconf.Options, now time.Time, q question) *round {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &round{session: r.account(o).session, now: now, questions: []question{q}}
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

// round is one exchange with CloudWatch that answers many questions: the first that
// needs an answer triggers it, the others wait for it.
type round struct {
	session *awsconf.Session
	now     time.Time
	once    sync.Once

	mu        sync.Mutex
	started   bool
	questions []question

	// Known when it has happened:
	err     error // nothing could be asked
	series  map[string]*Series
	history map[string]*Series
	skew    time.Duration // of the host's clock: positive where it is behind
	calls   int
}

// add takes a question in, unless the round has begun.
func (r *round) add(q question) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		r.questions = append(r.questions, q)
	}
	return !r.started
}

// happen asks, once.
func (r *round) happen(ctx context.Context) {
	r.once.Do(func() {
		r.mu.Lock()
		r.started = true
		r.mu.Unlock()
		r.ask(ctx)
	})
}

func (r *round) ask(ctx context.Context) {
	cfg, err := r.session.Config(ctx, r.now)
	if err != nil {
		r.err = err
		return
	}
	f := newFetcher(cfg, r.now)
	var window sli.Window
	var metrics []Metric
	for _, q := range r.questions {
		metrics = append(metrics, q.metrics...)
		if window.Minutes() == 0 {
			window = q.window
		}
		window = sli.Window{From: min(window.From, q.window.From), To: max(window.To, q.window.To)}
	}
	r.series = f.fetch(ctx, merged(metrics), window)
	r.history = r.look(ctx, f)
	r.skew, r.calls = f.skew, f.calls
}

const (
	historyLength = 14 * 24 * time.Hour
	historyPeriod = time.Hour
)

// look asks which of the metrics without a point have had one in two weeks.
func (r *round) look(ctx context.Context, f *fetcher) map[string]*Series {
	var silent []Metric
	for _, q := range r.questions {
		for _, m := range q.liveness {
			if s := r.series[m.identity()]; q.look && s.Err == nil && !s.any() {
				m.Period, m.Stats = historyPeriod, []string{SampleCount}
				silent = append(silent, m)
			}
		}
	}
	if len(silent) == 0 {
		return nil
	}
	end := sli.MinuteAt(r.now) + 1
	return f.fetch(ctx, merged(silent), sli.Window{From: end - sli.Minute(historyLength/time.Minute), To: end})
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
