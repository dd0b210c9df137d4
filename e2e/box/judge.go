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
	differ          int     // minutes
	worst           float64 // points
	events          counts  // Σ of the plugin's points
	eventsTruth     counts  // of the same minutes
}

func (c comparison) agrees() bool {
	return c.minutes > 0 && c.differ == 0 && c.truth.valid > 0 && c.eventsTruth.admits(c.events) && c.events.valid > 0
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
			c.differ++
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

// An alarm is what the check made of a fault.
type alarm struct {
	first, last *verdict
	firedAfter  time.Duration // since the fault began
	lastedAfter time.Duration // since it ended; negative if before
}

// alarm finds the check's runs that speak of a fault, up to the next fault that they could speak of, too.
func (b *box) alarm(f fault) (a alarm) {
	until := time.Duration(math.MaxInt64)
	for _, g := range b.script.faults {
		if g.from > f.from && slices.Equal(g.words, f.words) {
			until = min(until, g.from)
		}
	}
	for i := range b.suite.verdicts {
		v := &b.suite.verdicts[i]
		since := v.at.Sub(b.script.began)
		speaks := slices.ContainsFunc(f.words, func(word string) bool { return strings.Contains(v.text, word) })
		if since < f.from || since >= until || !speaks || (v.status != "WARNING" && v.status != "CRITICAL") {
			continue
		}
		if a.first == nil {
			a.first, a.firedAfter = v, since-f.from
		}
		a.last, a.lastedAfter = v, since-f.to
	}
	return a
}

// judge makes the page, and tells whether everything measured is true and every fault was alarmed of.
func (b *box) judge(h *host) (text string, agrees bool) {
	rows, err := b.rows(context.Background())
	if err != nil {
		h.Fatal(err)
	}
	for _, err := range b.book.failures {
		h.Error(err)
	}
	truths := b.book.histories(rows)
	p := &page{}
	p.title(b)
	agrees = true
	p.head("SLI", "method", "minutes", "truth: good / valid", "measured: good / valid", "minutes that differ", "worst error, points", "Σ `events`: good / valid", "truth of those")
	for _, sli := range slis {
		c := b.suite.compare(sli, truths[sli])
		agrees = agrees && c.agrees()
		p.row(sli, c.method, fmt.Sprint(c.minutes), c.truth.String(), c.measured.String(), fmt.Sprint(c.differ), fmt.Sprintf("%.3g", c.worst), c.events.String(), c.eventsTruth.String())
	}
	p.records(b, rows)
	p.head("fault", "began", "ended", "check fired after", "last alarm after the end", "first verdict")
	for _, f := range b.script.faults {
		a := b.alarm(f)
		if a.first == nil {
			agrees = agrees && len(f.words) == 0
			p.row(f.name, clock(f.from), clock(f.to), "–", "–", "–")
			continue
		}
		p.row(f.name, clock(f.from), clock(f.to), seconds(a.firedAfter), seconds(a.lastedAfter), a.first.status+": "+a.first.text)
	}
	p.verdicts(b)
	return p.b.String(), agrees
}
