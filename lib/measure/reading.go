package measure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// keepCells is how long the cells of stages are kept: what windows of SLIs that are
// derived from them can reach back to.
const keepCells = 3 * time.Hour

// reading is one question to one source and what its events were counted into.
type reading struct {
	source Source
	ask    sli.Ask
	cursor []byte
	batch  sli.Batch
	err    error

	cells   *cellCounter // nil: the stage's own cells aren't wanted
	rules   []*ruleCounter
	known   sli.Minute // minutes before it were answered earlier: their events are late
	isKnown bool
	oldest  sli.Minute // events of minutes before it are counted nowhere

	follows bool // records are followed by their ids
	seen    []sighting
	bits    int // of what was seen, 1/2^bits is kept
}

// ruleCounter counts what one SLI says of the events.
type ruleCounter struct {
	rule  *sli.Rule
	cells map[sli.Minute]*sli.Counts
	last  sli.Minute
	cell  *sli.Counts
	// passed tells which events are booked already, another way.
	passed func(*sli.Event) bool
}

func newRuleCounter(rule *sli.Rule) *ruleCounter {
	return &ruleCounter{rule: rule, cells: map[sli.Minute]*sli.Counts{}}
}

func (c *ruleCounter) count(m sli.Minute, e *sli.Event) {
	if c.rule.Weigh != nil {
		if w := c.rule.Weigh(e); w != 0 {
			c.move(m)
			c.cell.Valid += w
		}
		return
	}
	if c.passed != nil && c.passed(e) {
		return
	}
	verdict := c.rule.Classify(e)
	if verdict == sli.NotValid {
		return
	}
	c.move(m)
	c.cell.Count(verdict, e.Weight)
}

// move makes the cell of a minute the current one.
func (c *ruleCounter) move(m sli.Minute) {
	if c.cell == nil || c.last != m {
		c.cell, c.last = c.at(m), m
	}
}

func (c *ruleCounter) at(m sli.Minute) *sli.Counts {
	if cell, ok := c.cells[m]; ok {
		return cell
	}
	if len(c.cells) >= maxMinutes && c.cell != nil {
		return c.cell
	}
	cell := new(sli.Counts)
	c.cells[m] = cell
	return cell
}

// cellCounter counts a stage's events into its minute cells. Where everything is
// one window, it is one cell.
type cellCounter struct {
	cells   map[sli.Minute]*sli.StageCell
	tallies map[sli.Minute]*sli.Tally
	whole   bool // one cell for everything
	from    sli.Minute
	last    sli.Minute
	cell    *sli.StageCell
}

func newCellCounter(from sli.Minute, whole bool) *cellCounter {
	return &cellCounter{
		cells:   map[sli.Minute]*sli.StageCell{},
		tallies: map[sli.Minute]*sli.Tally{},
		from:    from,
		whole:   whole,
	}
}

// at is the cell of a minute, nil where the minute is too old for cells.
func (c *cellCounter) at(m sli.Minute) *sli.StageCell {
	if c.cell != nil && c.last == m {
		return c.cell
	}
	at := m
	if c.whole {
		at = 0
	} else if m < c.from {
		return nil
	}
	cell := c.cells[at]
	if cell == nil {
		// A backlog has many minutes, and few lines go to those that were left.
		for _, left := range c.cells {
			left.Pack()
		}
		cell = new(sli.StageCell)
		c.cells[at] = cell
	}
	c.last, c.cell = m, cell
	return cell
}

// maxMinutes bounds the minutes that a reading keeps apart: a hostile log may name a
// million. What comes beyond joins the newest cell; totals stay exact.
const maxMinutes = 100_000

func (c *cellCounter) tally(m sli.Minute, t sli.Tally) {
	if m < c.from && !c.whole {
		return
	}
	into := c.tallies[m]
	if into == nil {
		if len(c.tallies) >= maxMinutes {
			m = c.from
		}
		if into = c.tallies[m]; into == nil {
			into = new(sli.Tally)
			c.tallies[m] = into
		}
	}
	into.Add(t)
}

// emit counts one event wherever it belongs.
func (r *reading) emit(e *sli.Event) {
	m := sli.MinuteOf(e.Time)
	if m < r.oldest {
		return
	}
	for _, rule := range r.rules {
		rule.count(m, e)
	}
	if r.follows && e.HasID {
		r.sight(e)
	}
	if r.cells != nil {
		if cell := r.cells.at(m); cell != nil {
			cell.Count(e)
		}
	}
}

// sight notes that a record was seen at one of its ends, of a sample where there are
// too many.
func (r *reading) sight(e *sli.Event) {
	signal := e.Signal
	if sli.AcceptedRequest(e) {
		signal = sli.Accepted
	}
	if rank(signal) < 0 || e.ID&(1<<r.bits-1) != 0 {
		return
	}
	r.seen = append(r.seen, sighting{e.ID, e.Time, signal})
	if len(r.seen) > maxOutstanding {
		r.bits++
		r.seen = slices.DeleteFunc(r.seen, func(s sighting) bool { return s.id&(1<<r.bits-1) != 0 })
	}
}

// count takes the accounting of lines.
func (r *reading) count(m sli.Minute, t sli.Tally) {
	if r.cells == nil {
		return
	}
	if r.isKnown && m < r.known {
		t.Late += t.Parsed
	}
	r.cells.tally(m, t)
}

func (r *reading) do(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			// A broken source costs its own SLIs, not the run.
			r.err = fmt.Errorf("internal error: %v", p)
		}
	}()
	r.ask.Emit = r.emit
	r.ask.Count = r.count
	r.batch, r.err = r.source.Read(ctx, r.ask, r.cursor)
	if r.err != nil && ctx.Err() != nil && errors.Is(r.err, ctx.Err()) {
		r.err = context.Cause(ctx)
	}
}

// read asks all sources of all jobs at once, after those that share requests have
// been told what they will be asked.
func read(ctx context.Context, jobs []*job) {
	for _, j := range jobs {
		for _, s := range j.stages {
			for _, r := range s.readings {
				if p, ok := r.source.(Preparer); ok {
					p.Prepare(r.ask, r.cursor)
				}
			}
		}
	}
	var wg sync.WaitGroup
	for _, j := range jobs {
		for _, s := range j.stages {
			wg.Go(func() {
				for _, r := range s.readings {
					r.do(ctx)
				}
			})
		}
	}
	wg.Wait()
}

// edges are the latency thresholds that counts are wanted for at a stage.
func edges(plan *sli.Plan, stage string) []time.Duration {
	var out []time.Duration
	for _, rule := range plan.All() {
		if rule.Threshold > 0 && rule.Feeds(stage) && !slices.Contains(out, rule.Threshold) {
			out = append(out, rule.Threshold)
		}
	}
	return out
}

// good is what the plan calls a good request at a stage.
func good(plan *sli.Plan, stage string) sli.Match {
	for _, rule := range plan.Rules {
		if rule.Kind == sli.Availability && rule.Feeds(stage) {
			return rule.Good
		}
	}
	return sli.Match{}
}
