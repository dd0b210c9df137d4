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

// justBegun is how long a minute has begun when a client may have what nginx sent in the one before.
const justBegun = time.Second

// counts are of one SLI in one minute, or of many. Doubtful ones, of which valid holds all and good none, may be good.
// Uncertain ones, of which neither holds any, may be anything: good, bad, or not there.
type counts struct{ valid, good, doubtful, uncertain float64 }

func (c counts) plus(d counts) counts {
	return counts{c.valid + d.valid, c.good + d.good, c.doubtful + d.doubtful, c.uncertain + d.uncertain}
}

// admits tells whether what was measured can be the truth c.
func (c counts) admits(measured counts) bool {
	more, better := measured.valid-c.valid, measured.good-c.good
	worse := more - better
	return 0 <= more && more <= c.uncertain &&
		0 <= better && better <= c.doubtful+c.uncertain &&
		-c.doubtful <= worse && worse <= c.uncertain
}

// ratio is good / valid in percent.
func (c counts) ratio() float64 { return 100 * c.good / c.valid }

// minuteOf names the minute of an instant by the seconds since the epoch that it begins at.
func minuteOf(at time.Time) int64 { return at.Truncate(time.Minute).Unix() }

// A history is counts by minute.
type history map[int64]counts

func (h history) add(at time.Time, good bool) {
	m := minuteOf(at)
	one := counts{valid: 1}
	if good {
		one.good = 1
	}
	h[m] = h[m].plus(one)
}

// mark adds to the minute of an instant.
func (h history) mark(at time.Time, c counts) {
	m := minuteOf(at)
	h[m] = h[m].plus(c)
}

// A record is all that is known of an accepted video.
type record struct {
	title                    string
	draft                    bool
	accepted                 time.Time // as the front tells
	visible, skipped, judged time.Time // as the worker tells; zero if never
}

// A book keeps the truth: what clients saw of every request, and what became of every record.
type book struct {
	mu                    sync.Mutex
	availability, latency history
	records               map[string]*record
	handled               int
	requests, lost        int // lost ones were never answered
	crossed               int // requests in two minutes, answered when the second had just begun
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

// accepted books a record as the front took it, whether or not its client ever has the answer.
func (b *book) accepted(p posted, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.of(p.ID)
	r.title, r.draft, r.accepted = p.Title, p.Draft, at
}

// unanswered books a request that its client knows nothing of: nginx may have answered it in its minutes.
func (b *book) unanswered(sent, failed time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	b.lost++
	b.uncertain(sent, failed)
}

// uncertain marks the minutes of a request that nginx may have booked in any of them, or in none.
func (b *book) uncertain(sent, got time.Time) {
	for m := sent.Truncate(time.Minute); !m.After(got); m = m.Add(time.Minute) {
		b.availability.mark(m, counts{uncertain: 1})
		b.latency.mark(m, counts{uncertain: 1})
	}
}

// answered books a request by the client's own clock, and holds what it was told against the front's word.
func (b *book) answered(p posted, sent, got time.Time, status int, answer string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	if minute := got.Truncate(time.Minute); sent.Before(minute) && got.Sub(minute) < justBegun {
		b.crossed++
		b.uncertain(sent, got)
		return
	}
	b.availability.add(got, status < 500)
	if status >= 500 {
		return
	}
	quick := got.Sub(sent) <= latencyThreshold
	b.latency.add(got, quick)
	if !quick && p.Wait < slow { // the time may have passed between nginx and the client
		b.latency.mark(got, counts{doubtful: 1})
	}
	if accepted, err := time.Parse(time.RFC3339Nano, answer); status != 202 || err != nil || !accepted.Equal(b.of(p.ID).accepted) {
		b.failures = append(b.failures, fmt.Errorf("answer %d %q", status, answer))
	}
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

func (b *book) skipped(id string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(id).skipped = at
}

func (b *book) audited(id string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(id).judged = at
}

// histories are the truth of every SLI, given the titles that the table holds at the end.
func (b *book) histories(rows map[string]string) map[string]history {
	b.mu.Lock() // the front may still be at work for a client that got no answer
	defer b.mu.Unlock()
	silent := b.silent()
	freshness, coverage, correctness := history{}, history{}, history{}
	for m, accepted := range silent {
		freshness[m] = counts{valid: accepted}
	}
	for id, r := range b.records {
		if r.draft {
			continue
		}
		delay := r.visible.Sub(r.accepted)
		if !r.accepted.IsZero() {
			coverage.add(r.accepted, !r.visible.IsZero() && delay <= coverageDeadline)
		}
		if _, booked := silent[minuteOf(r.accepted)]; !booked && !r.visible.IsZero() {
			freshness.add(r.visible, delay <= freshnessThreshold)
		}
		if !r.judged.IsZero() {
			correctness.add(r.judged, rows[id] == r.title)
		}
	}
	return map[string]history{"availability": b.availability, "latency": b.latency, "freshness": freshness, "coverage": coverage, "correctness": correctness}
}

// silent finds the minutes in which records were accepted and nothing at all came out, nor was left out on purpose, from
// their start to their end + the threshold, and how many were accepted in each: none of those is fresh, and none of them
// is counted when it comes out.
func (b *book) silent() map[int64]float64 {
	accepted, first := map[int64]float64{}, map[int64]time.Time{}
	for _, r := range b.records {
		if !r.accepted.IsZero() {
			accepted[minuteOf(r.accepted)]++
		}
		for _, out := range []time.Time{r.visible, r.skipped} {
			m := minuteOf(out)
			if was, ok := first[m]; !out.IsZero() && (!ok || out.Before(was)) {
				first[m] = out
			}
		}
	}
	const minute = int64(time.Minute / time.Second)
	for m := range accepted {
		limit := time.Unix(m+minute, 0).Add(freshnessThreshold)
		_, within := first[m]
		next, ok := first[m+minute]
		if within || ok && !next.After(limit) {
			delete(accepted, m)
		}
	}
	return accepted
}
