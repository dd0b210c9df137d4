package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// slis are in the order of the table.
var slis = []string{"availability", "latency", "freshness", "coverage", "correctness"}

// A comparison is one SLI, as measured and as it was, in the minutes that were told.
type comparison struct {
	method          string
	minutes         int
	truth, measured counts
	differing       []difference
	worst           float64 // points
	events          counts  // Σ of the plugin's points
	eventsTruth     counts  // of the same minutes
}

// A difference is a minute in which what was measured can't be the truth.
type difference struct {
	minute          time.Time
	truth, measured counts
}

func (c comparison) agrees() bool {
	return c.minutes > 0 && len(c.differing) == 0 && c.truth.valid > 0 && c.eventsTruth.admits(c.events) && c.events.valid > 0
}

// compare holds what the suite said of an SLI against its truth.
func (s *suite) compare(sli string, truth history) comparison {
	var c comparison
	var since time.Time
	for _, w := range s.windows {
		if w.Name != sli || w.Since == nil {
			continue
		}
		if c.method, since = w.Method, *w.Since; w.Status == "not_measured" {
			continue
		}
		was, is := truth[w.Window.Start.Unix()], counts{valid: w.Valid, good: w.Good}
		c.minutes++
		c.truth, c.measured = c.truth.plus(was), c.measured.plus(is)
		if !was.admits(is) {
			c.differing = append(c.differing, difference{w.Window.Start, was, is})
			if points := math.Abs(was.ratio() - is.ratio()); !(points <= c.worst) {
				c.worst = points
			}
		}
	}
	c.events = counts{valid: sum(s.events[sli+"_valid"]), good: sum(s.events[sli+"_good"])}
	var last int64
	for at := range s.events[sli+"_valid"] {
		last = max(last, at)
	}
	for m, was := range truth {
		if since.Unix() <= m && m < last {
			c.eventsTruth = c.eventsTruth.plus(was)
		}
	}
	return c
}

func sum(points map[int64]float64) (total float64) {
	for _, v := range points {
		total += v
	}
	return total
}

// alarmedWithin is how long after its end a fault may be alarmed of: some show only when a deadline has passed.
const alarmedWithin = 3 * time.Minute

// An alarm is what the check made of a fault.
type alarm struct {
	verdict *verdict      // nil if there was none
	after   time.Duration // since the fault began
	speaks  bool          // of the fault: the check words only its worst finding
}

// alarm finds the first alarm from a fault's beginning to some minutes after its end, rather one that speaks of it.
func (b *box) alarm(f fault) (a alarm) {
	for i := range b.suite.verdicts {
		v := &b.suite.verdicts[i]
		since := v.at.Sub(b.script.began)
		if since < f.from || since > f.to+alarmedWithin || (v.status != "WARNING" && v.status != "CRITICAL") {
			continue
		}
		speaks := slices.ContainsFunc(f.words, func(word string) bool { return strings.Contains(v.text, word) })
		if a.verdict == nil || speaks && !a.speaks {
			a = alarm{v, since - f.from, speaks}
		}
	}
	return a
}

// lostPercent is the share of requests without an answer above which a run says nothing.
const lostPercent = 1

// judge makes the page, and tells whether everything measured is true and every fault was alarmed of.
func (b *box) judge(h *host) (text string, agrees bool) {
	rows, err := b.rows(context.Background())
	if err != nil {
		h.Fatal(err)
	}
	for _, err := range b.book.failures {
		h.Error(err)
	}
	if b.book.lost*100 > b.book.requests*lostPercent {
		h.Error(fmt.Sprintf("%d of %d requests weren't answered", b.book.lost, b.book.requests))
	}
	truths := b.book.histories(rows)
	p := &page{}
	p.title(b)
	agrees = true
	var differing []string
	p.head("SLI", "method", "minutes", "truth: good / valid", "measured: good / valid", "minutes that differ", "worst error, points", "Σ `events`: good / valid", "truth of those")
	for _, sli := range slis {
		c := b.suite.compare(sli, truths[sli])
		agrees = agrees && c.agrees()
		p.row(sli, c.method, fmt.Sprint(c.minutes), c.truth.String(), c.measured.String(), fmt.Sprint(len(c.differing)), fmt.Sprintf("%.3g", c.worst), c.events.String(), c.eventsTruth.String())
		for _, d := range c.differing {
			differing = append(differing, fmt.Sprintf("%s in the minute from %s: measured %s, truth %s.", sli, clock(d.minute.Sub(b.script.began)), d.measured, d.truth))
		}
	}
	p.lines(differing)
	p.records(b, rows)
	p.alarms()
	for _, f := range b.script.faults {
		a := b.alarm(f)
		agrees = agrees && (a.verdict != nil || len(f.words) == 0)
		p.alarm(f, a)
	}
	p.verdicts(b)
	return p.b.String(), agrees
}
