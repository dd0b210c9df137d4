package main

import (
	"fmt"
	"sync"
	"time"
)

// Objectives, as in the configuration.
const (
	latencyThreshold   = time.Second
	freshnessThreshold = 5 * time.Second
	coverageDeadline   = time.Minute
)

// counts are of one SLI in one minute, or of many. Doubtful ones, of which valid holds all and good none, may be good.
type counts struct{ valid, good, doubtful float64 }

func (c counts) plus(d counts) counts {
	return counts{c.valid + d.valid, c.good + d.good, c.doubtful + d.doubtful}
}

// admits tells whether what was measured can be the truth c.
func (c counts) admits(measured counts) bool {
	return measured.valid == c.valid && c.good <= measured.good && measured.good <= c.good+c.doubtful
}

// ratio is good / valid in percent.
func (c counts) ratio() float64 { return 100 * c.good / c.valid }

// A history is counts by minute, named by the seconds since the epoch that it begins at.
type history map[int64]counts

func (h history) add(at time.Time, good bool) {
	m := at.Truncate(time.Minute).Unix()
	one := counts{valid: 1}
	if good {
		one.good = 1
	}
	h[m] = h[m].plus(one)
}

// doubt marks one that was added as not good.
func (h history) doubt(at time.Time) {
	m := at.Truncate(time.Minute).Unix()
	h[m] = h[m].plus(counts{doubtful: 1})
}

// A record is all that is known of an accepted video.
type record struct {
	title           string
	draft           bool
	accepted        time.Time // as the front answered
	visible, judged time.Time // as the worker tells; zero if never
}

// A book keeps the truth: what clients saw of every request, and what became of every record.
type book struct {
	mu                    sync.Mutex
	availability, latency history
	records               map[string]*record
	handled               int
	crossed               int // requests in two minutes: nginx may book them otherwise
	failures              []error
}

func newBook() *book {
	return &book{availability: history{}, latency: history{}, records: map[string]*record{}}
}

// of is the record, which the worker may know before its client has the answer.
func (b *book) of(id string) *record {
	if b.records[id] == nil {
		b.records[id] = &record{}
	}
	return b.records[id]
}

func (b *book) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = append(b.failures, err)
}

// answered books a request by the client's own clock, and the record if it was accepted.
func (b *book) answered(p posted, sent, got time.Time, status int, answer string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !sent.Truncate(time.Minute).Equal(got.Truncate(time.Minute)) {
		b.crossed++
	}
	b.availability.add(got, status < 500)
	if status >= 500 {
		return
	}
	quick := got.Sub(sent) <= latencyThreshold
	b.latency.add(got, quick)
	if !quick && p.Wait < slow { // the time may have passed between nginx and the client
		b.latency.doubt(got)
	}
	accepted, err := time.Parse(time.RFC3339Nano, answer)
	if status != 202 || err != nil {
		b.failures = append(b.failures, fmt.Errorf("answer %d %q", status, answer))
		return
	}
	r := b.of(p.ID)
	r.title, r.draft, r.accepted = p.Title, p.Draft, accepted
}

// hiccups tells whether the first attempt at the next record fails.
func (b *book) hiccups() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handled++
	return b.handled%100 == 0
}

func (b *book) visible(id string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(id).visible = at
}

func (b *book) audited(id string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(id).judged = at
}

// histories are the truth of every SLI, given the titles that the table holds at the end.
func (b *book) histories(rows map[string]string) map[string]history {
	freshness, coverage, correctness := history{}, history{}, history{}
	for id, r := range b.records {
		if r.draft {
			continue
		}
		delay := r.visible.Sub(r.accepted)
		coverage.add(r.accepted, !r.visible.IsZero() && delay <= coverageDeadline)
		if !r.visible.IsZero() {
			freshness.add(r.visible, delay <= freshnessThreshold)
		}
		if !r.judged.IsZero() {
			correctness.add(r.judged, rows[id] == r.title)
		}
	}
	return map[string]history{"availability": b.availability, "latency": b.latency, "freshness": freshness, "coverage": coverage, "correctness": correctness}
}
