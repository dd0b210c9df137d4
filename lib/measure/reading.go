package measure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// keepCells is how long the cells of stages are kept: what windows of SLIs that are
// derived from them can reach back to.
const keepCells = 3 * time.Hour

// reading is one question to one source and what its events were counted into.
//
// Large: an event goes into the stage's cells, the rules' and what is followed by ids at once.
type reading struct {
	source sli.Source
	ask    sli.Ask
	cursor []byte
	batch  sli.Batch
	err    error
	odd    error // an event that can't be counted

	cells   *cellCounter // nil: the stage's own cells aren't wanted
	rules   []*ruleCounter
	known   sli.Minute // minutes before it were answered earlier: their events are late
	isKnown bool
	oldest  sli.Minute // events of minutes before it are counted nowhere

	follows bool // records are followed by their ids
	review  bool // of lines that they are followed by already
	seen    []sighting
	unnamed map[sli.Minute]float64 // records that came out, and whose lines name none
	bits    int                    // of what was seen, 1/2^bits is kept
}

// ruleCounter counts what one SLI says of the events.
type ruleCounter struct {
	rule    *sli.Rule
	cells   map[sli.Minute]*sli.Counts
	last    sli.Minute
	cell    *sli.Counts
	bad     suspects
	passing *passing // events that are booked already, in silence; nil: none
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
	if verdict := c.rule.Classify(e); verdict != sli.NotValid {
		c.judged(m, e, verdict)
	}
}

// judged counts an event by its verdict, but for what of it is booked already.
func (c *ruleCounter) judged(m sli.Minute, e *sli.Event, verdict sli.Verdict) {
	weight := e.Weight
	if c.passing != nil {
		if weight -= c.passing.take(e); weight <= 0 {
			return
		}
	}
	c.move(m)
	c.cell.Count(verdict, weight)
	if verdict == sli.Bad {
		c.blame(m, e, weight)
	}
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

// cellCounter counts a stage's events into its minute cells.
type cellCounter struct {
	cells    map[sli.Minute]*sli.StageCell
	tallies  map[sli.Minute]*sli.Tally
	older    map[sli.Minute]*sli.Tally // of minutes that are too old for cells
	from     sli.Minute
	all      bool // minutes before from count, too, together: as the one before it
	last     sli.Minute
	cell     *sli.StageCell
	unpacked []*sli.StageCell // in the order in which they were counted into last
}

func newCellCounter(from sli.Minute, all bool) *cellCounter {
	return &cellCounter{
		cells:   map[sli.Minute]*sli.StageCell{},
		tallies: map[sli.Minute]*sli.Tally{},
		older:   map[sli.Minute]*sli.Tally{},
		from:    from,
		all:     all,
	}
}

// at is the cell of a minute, nil where the minute is too old for cells.
func (c *cellCounter) at(m sli.Minute) *sli.StageCell {
	if m < c.from {
		if !c.all {
			return nil
		}
		m = c.from - 1
	}
	if c.cell != nil && c.last == m {
		return c.cell
	}
	cell := c.cells[m]
	if cell == nil {
		cell = new(sli.StageCell)
		c.cells[m] = cell
	}
	c.open(cell)
	c.last, c.cell = m, cell
	return cell
}

// open makes a cell the last one that is counted into. A backlog has many minutes, and few lines go to those
// that were left, but for the last ones: the one that was left first gives its memory away.
func (c *cellCounter) open(cell *sli.StageCell) {
	if i := slices.Index(c.unpacked, cell); i >= 0 {
		c.unpacked = append(slices.Delete(c.unpacked, i, i+1), cell)
		return
	}
	if len(c.unpacked) == maxUnpacked {
		c.unpacked[0].PackFor(cell)
		c.unpacked = slices.Delete(c.unpacked, 0, 1)
	}
	c.unpacked = append(c.unpacked, cell)
}

// maxUnpacked bounds the cells that are large, since they were counted into.
const maxUnpacked = 4

// maxMinutes bounds the minutes that a reading keeps apart: a hostile log may name a
// million. What comes beyond joins the newest cell; totals stay exact.
const maxMinutes = 100_000

func (c *cellCounter) tally(m sli.Minute, t sli.Tally) {
	tallies := c.tallies
	if m < c.from && !c.all {
		tallies = c.older
	}
	into := tallies[m]
	if into == nil {
		if len(tallies) >= maxMinutes {
			m = c.from
		}
		if into = tallies[m]; into == nil {
			into = new(sli.Tally)
			tallies[m] = into
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
	if !estimate.Countable(e.Weight) {
		r.odd = fmt.Errorf("%s must be between ±2^53 (got %g)", e.Signal, e.Weight)
		return
	}
	named := r.follows && e.HasID && r.sight(e)
	if r.follows && !e.HasID && !r.review && e.Signal == sli.Done {
		if r.unnamed == nil {
			r.unnamed = map[sli.Minute]float64{}
		}
		r.unnamed[m] += e.Weight
	}
	for _, rule := range r.rules {
		if !named || rule.rule.Silence == 0 {
			rule.count(m, e)
		}
	}
	if r.cells != nil {
		if cell := r.cells.at(m); cell != nil {
			cell.Count(e)
		}
	}
}

// sight notes that a record was seen at one of its ends, of a sample where there are
// too many. It tells whether the record stands for itself: freshness counts it where it
// comes out for the first time, which only the ids of all runs show.
func (r *reading) sight(e *sli.Event) bool {
	signal := e.Signal
	if sli.AcceptedRequest(e) {
		signal = sli.Accepted
	}
	if rank(signal) < 0 || e.ID&(1<<r.bits-1) != 0 || e.Weight != 1 {
		return false
	}
	s := sighting{id: e.ID, at: e.Time, signal: signal, accepted: e.AcceptedAt, again: r.review}
	if rule := r.fresh(); rule != nil {
		if s.verdict = rule.rule.Classify(e); s.verdict != sli.NotValid && r.bits == 0 && rule.passing.take(e) > 0 {
			s.verdict = sli.NotValid // booked before its id was followed
		}
	}
	r.seen = append(r.seen, s)
	if len(r.seen) > maxOutstanding {
		r.bits++
		r.seen = slices.DeleteFunc(r.seen, r.unsampled)
	}
	return true
}

// fresh is the counter of freshness by records, nil where this reading has none.
func (r *reading) fresh() *ruleCounter {
	for _, rule := range r.rules {
		if rule.rule.Silence > 0 {
			return rule
		}
	}
	return nil
}

// unsampled tells whether a sighting is left out by a sample that has become thinner; its
// record is counted like one without an id then.
func (r *reading) unsampled(s sighting) bool {
	if s.id&(1<<r.bits-1) == 0 {
		return false
	}
	if s.verdict != sli.NotValid {
		r.fresh().judged(sli.MinuteOf(s.at), &sli.Event{Time: s.at, AcceptedAt: s.accepted, Weight: 1}, s.verdict)
	}
	return true
}

// count takes the accounting of lines.
func (r *reading) count(m sli.Minute, t sli.Tally) {
	if r.cells == nil || m < r.oldest {
		return
	}
	if r.isKnown && m < r.known {
		t.Late += t.Parsed - t.Skewed
	}
	r.cells.tally(m, t)
}

func (r *reading) do(ctx context.Context) {
	if r.err != nil {
		return
	}
	defer r.caught()
	r.ask.Emit = r.emit
	r.ask.Count = r.count
	r.batch, r.err = r.source.Read(ctx, r.ask, r.cursor)
	if r.err == nil {
		r.err = r.inexact()
	}
	if r.err != nil && ctx.Err() != nil && errors.Is(r.err, ctx.Err()) {
		r.err = context.Cause(ctx)
	}
}

// inexact refuses numbers that can't be counted with: of what lies beyond 2⁵³ nobody
// knows the last digits, and sums of it are nonsense.
func (r *reading) inexact() error {
	if r.odd != nil {
		return r.odd
	}
	for _, l := range r.batch.Levels {
		if !estimate.Countable(l.Value) {
			return fmt.Errorf("%s must be between ±2^53 (got %g)", l.Name, l.Value)
		}
	}
	for name, input := range r.batch.Inputs {
		if !estimate.Countable(input.Value) {
			return fmt.Errorf("%s must be between ±2^53 (got %g)", name, input.Value)
		}
	}
	for _, v := range r.batch.Summaries {
		for _, n := range []float64{v.Summary.N, v.Summary.Mean, v.Summary.Max} {
			if !estimate.Countable(n) {
				return fmt.Errorf("%s must be between ±2^53 (got %g)", v.Name, n)
			}
		}
	}
	return nil
}

// patience is what sources are given, once the run's time is over, to come back with
// what they have.
const patience = 300 * time.Millisecond

// together does n things at once, and tells which of them came back: those that don't
// when the time is over, as a read from a hung mount doesn't, are given up. What such a
// one still does must matter to nobody.
func together(ctx context.Context, n int, do func(i int)) []bool {
	done := make(chan int, n)
	for i := range n {
		go func() {
			do(i)
			done <- i
		}()
	}
	back := make([]bool, n)
	over, last := ctx.Done(), (<-chan time.Time)(nil)
	for n > 0 {
		select {
		case i := <-done:
			back[i] = true
			n--
		case <-over:
			over, last = nil, time.After(patience)
		case <-last:
			return back
		}
	}
	return back
}

// read asks all sources of all jobs at once, after those that share requests have
// been told what they will be asked.
func read(ctx context.Context, jobs []*asked) {
	var stages []*askedStage
	for _, j := range jobs {
		stages = append(stages, j.stages...)
	}
	for _, s := range stages {
		for _, r := range s.readings {
			r.prepare()
		}
	}
	back := make([]bool, len(stages))
	if ctx.Err() == nil {
		readings := make([][]*reading, len(stages))
		for i, s := range stages {
			readings[i] = s.readings
		}
		back = together(ctx, len(stages), func(i int) {
			for _, r := range readings[i] {
				r.do(ctx)
			}
		})
	}
	for i, s := range stages {
		if !back[i] {
			s.giveUp(ctx)
		}
	}
}

// unasked asks no source of the job anything.
func (j *asked) unasked() {
	for _, s := range j.stages {
		s.readings = nil
	}
}

// giveUp puts the reason in the place of an answer that won't come any more.
func (s *askedStage) giveUp(ctx context.Context) {
	if len(s.readings) == 0 {
		return // nothing was asked
	}
	s.readings, s.hangs = []*reading{{source: s.readings[0].source, err: context.Cause(ctx)}}, true
}

// prepare tells a source that shares requests what it will be asked.
func (r *reading) prepare() {
	defer r.caught()
	if p, ok := r.source.(Preparer); ok {
		p.Prepare(r.ask, r.cursor)
	}
}

// caught makes a panic the reading's error: a broken source costs its own SLIs, not
// the run.
func (r *reading) caught() {
	if p := recover(); p != nil {
		r.err = fmt.Errorf("internal error: %v", p)
	}
}

// edges are the latency thresholds that counts are wanted for at a stage.
func edges(plan *sli.Plan, stage string) []time.Duration {
	var out []time.Duration
	for _, rule := range plan.All() {
		if rule.Terms.Threshold > 0 && rule.Feeds(stage) && !slices.Contains(out, rule.Terms.Threshold) {
			out = append(out, rule.Terms.Threshold)
		}
	}
	return out
}

// good is what the plan calls a good request at a stage.
func good(plan *sli.Plan, stage string) sli.Match {
	for _, rule := range plan.Rules {
		if rule.Kind == sli.Availability && rule.Feeds(stage) {
			return rule.Terms.Good
		}
	}
	return sli.Match{}
}
