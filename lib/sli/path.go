package sli

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// Path is which stages of a plan are front, queue, worker and store to a record on
// its way: where what estimators need is read.
type Path struct {
	Plan                                  *Plan
	Front, Accepted, Worker, Done, Ending *Stage
	Inputs                                []string // names of the stages that inputs come from
}

// Path is the plan's path, by the stages that coverage names where it does.
func (p *Plan) Path() Path { return p.PathOf(p.ends()) }

// PathOf finds the stages of a path. accepted and done name the stages that count,
// where the configuration does.
func (p *Plan) PathOf(accepted, done []string) Path {
	path := Path{Plan: p}
	path.Front = p.find(func(f Facts) bool { return f.Gives(Request) && f.Latency })
	path.Accepted = p.named(accepted, p.find(
		func(f Facts) bool { return f.Gives(Accepted) && f.Role == Queue },
		func(f Facts) bool { return f.Gives(Accepted) && !f.Gives(Request) },
		func(f Facts) bool { return f.Gives(Accepted) }))
	path.Worker = p.find(func(f Facts) bool { return f.Role == Worker && f.Gives(Invocation) })
	path.Done = p.named(done, p.findLast(func(f Facts) bool { return f.Gives(Done) || f.Gives(HandFailed) }))
	path.Ending = p.findLast(func(f Facts) bool { return f.Gives(Done) })
	for _, s := range p.Stages {
		path.Inputs = append(path.Inputs, s.Name)
	}
	return path
}

// find is the first stage that fits the first of the wishes that some stage fits.
func (p *Plan) find(wishes ...func(Facts) bool) *Stage {
	for _, fits := range wishes {
		for i := range p.Stages {
			if fits(p.Stages[i].Facts) {
				return &p.Stages[i]
			}
		}
	}
	return nil
}

func (p *Plan) findLast(fits func(Facts) bool) *Stage {
	for i := len(p.Stages) - 1; i >= 0; i-- {
		if fits(p.Stages[i].Facts) {
			return &p.Stages[i]
		}
	}
	return nil
}

func (p *Plan) named(names []string, otherwise *Stage) *Stage {
	if len(names) == 0 {
		return otherwise
	}
	return p.Stage(names[0])
}

// stages are the names of the stages that the path reads, each once, in order.
func (path Path) StageNames() []string {
	var names []string
	for i := range path.Plan.Stages {
		s := &path.Plan.Stages[i]
		front := s == path.Front && path.Worker != nil // nothing else needs its latency
		if front || s == path.Accepted || s == path.Worker || s == path.Done || s == path.Ending {
			names = append(names, s.Name)
		}
	}
	return names
}

// model is what is configured, asked or assumed about the path.
func (path Path) model(h History, threshold time.Duration) estimate.StageModel {
	m := estimate.AssumedStageModel()
	m.Threshold = threshold.Seconds()
	m.HasFront = path.Front != nil
	inputs := Inputs{}
	for _, name := range path.Inputs {
		for key, v := range h.Inputs(name) {
			inputs[key] = v
		}
	}
	set := func(into *float64, name string) {
		if v, ok := inputs.Get(name); ok {
			*into = v
		}
	}
	set(&m.BatchSize, "batch_size")
	set(&m.Batching, "batching_window")
	set(&m.Timeout, "timeout")
	if shards, ok := inputs.Get("shards"); ok {
		factor := 1.0
		set(&factor, "parallelization_factor")
		m.Lanes = shards * factor
	}
	filtered, _ := inputs.Get("filtered")
	included, _ := inputs.Get("age_includes_duration")
	m.HasFilter, m.AgeIncludesWork = filtered > 0, included > 0
	m.PollsCounted = path.Worker != nil && path.Worker.Facts.Gives(Polled)
	m.Counted = path.Done != nil
	m.CountedAtEnd = m.Counted && !path.Done.Facts.Gives(HandFailed)
	return m
}

// rows are the minutes of w as estimators read them.
func (path Path) rows(h History, w Window) []estimate.StageMinute {
	rows := make([]estimate.StageMinute, w.Minutes())
	answered := Intervals{w}
	for _, name := range path.StageNames() {
		answered = answered.Intersect(h.Answered(name))
	}
	recent := Window{max(w.From, w.To-AgesBack-2), w.To} // what trends and hysteresis look back on
	owing := path.owing(h, recent)
	for i := range rows {
		m := w.From + Minute(i)
		if answered.Contains(m) {
			rows[i] = path.row(h, m)
			if recent.Contains(m) {
				switch k := path.skew(h, m); {
				case k.Over() && k.What == skewedLines: // more came out than is booked
				case k.Over():
					rows[i].Skewed = followed(h) == nil // ids need no stamps
					fallthrough
				default:
					owing(m, &rows[i])
				}
			}
		}
	}
	return rows
}

// early is what is there already of a minute that hasn't settled; false where a stage says
// nothing of it.
func (path Path) early(h History, m Minute) (estimate.StageMinute, bool) {
	foresight, ok := h.(Foresight)
	if !ok {
		return estimate.StageMinute{}, false
	}
	soon := forestalled{h, m, map[string]*StageCell{}}
	for _, name := range path.StageNames() {
		c := foresight.Early(name, m)
		if c == nil {
			return estimate.StageMinute{}, false
		}
		soon.cells[name] = c
	}
	row := path.row(soon, m)
	row.Answered, row.Early = false, true
	return row, true
}

// forestalled is a history that shows one minute's early cells.
type forestalled struct {
	History
	minute Minute
	cells  map[string]*StageCell
}

func (h forestalled) Cell(stage string, m Minute) *StageCell {
	if m == h.minute {
		return h.cells[stage]
	}
	return h.History.Cell(stage, m)
}

var emptyCell = new(StageCell)

// cell is what a stage counted in a minute that it has answered for: nothing, where
// there is no cell.
func cell(h History, s *Stage, m Minute) *StageCell {
	if c := h.Cell(s.Name, m); c != nil {
		return c
	}
	return emptyCell
}

func (path Path) row(h History, m Minute) estimate.StageMinute {
	row := estimate.StageMinute{Answered: true}
	if path.Accepted != nil {
		row.In = estimate.Some(cell(h, path.Accepted, m).Signals[Accepted])
		if path.withheld(h, m) || cell(h, path.Accepted, m).skewedLines().Over() {
			row.In = estimate.Quantity{}
		}
		if path.Accepted.Facts.OwnAge {
			if seconds, ok := cell(h, path.Accepted, m).Levels["age"]; ok {
				row.Behind = estimate.Some(seconds)
			}
		}
	}
	if path.Front != nil {
		row.Front = frontBins(cell(h, path.Front, m))
	}
	if path.Worker != nil {
		c := cell(h, path.Worker, m)
		row.Invocations, row.Errors, row.Throttles = estimate.Some(c.Signals[Invocation]), estimate.Some(c.Signals[Failed]), estimate.Some(c.Signals[Throttled])
		row.Age, row.Work = c.Summaries["age"], c.Summaries["work"]
	}
	if path.Done != nil && !cell(h, path.Done, m).skewedLines().Over() { // else more came out than is booked
		c, facts := cell(h, path.Done, m), path.Done.Facts
		row.Done, row.Handed = estimate.Some(c.Signals[Done]), estimate.Some(c.Signals[Done])
		if facts.Gives(HandFailed) {
			// A mapping answers only once its counts have been seen: without points it
			// stands still, which is zero.
			row.Handed = estimate.Some(c.Signals[Handed])
			row.Done = estimate.Some(c.Signals[Handed] - c.Signals[HandFailed])
		}
		row.Filtered = countOf(facts, c, Filtered)
		row.Dropped = countOf(facts, c, Dropped)
		row.DeadLettered = countOf(facts, c, DeadLettered)
		row.Polled = countOf(facts, c, Polled)
	}
	row.Slowest = path.slowest(h, m)
	return row
}

// slowest is the longest delay of the records that came out in a minute; one that came
// out again says nothing of it.
func (path Path) slowest(h History, m Minute) estimate.Quantity {
	if path.Ending == nil || !path.Ending.Facts.Delay {
		return estimate.Quantity{}
	}
	if ids := followed(h); ids != nil {
		return estimate.Some(ids.Ends(m).Longest.Seconds())
	}
	return estimate.Some(cell(h, path.Ending, m).Delay.Max())
}

const (
	minWrites     = 10 // a minute, before they say anything of the queue
	withheldReach = 60 // minutes back, where the queue is compared with the front
)

// withheld tells whether a queue that shows no arrivals must have had some: the front
// has written, and when the queue last showed arrivals, at least half of the front's
// writes were among them. Its metrics are late then; they aren't zero.
func (path Path) withheld(h History, m Minute) bool {
	if path.Front == nil || path.Accepted.Facts.Role != Queue || cell(h, path.Front, m).written() < minWrites {
		return false
	}
	for back := m; back > m-withheldReach; back-- {
		if arrived := cell(h, path.Accepted, back).Signals[Accepted]; arrived > 0 {
			return back < m && 2*arrived >= cell(h, path.Front, back).written()
		}
	}
	return false
}

// written is the least number of requests that wrote something: those of writing
// methods, as if all answers but 2xx had been theirs.
func (c *StageCell) written() float64 {
	n := c.Status[2] - c.Signals[Request]
	for _, m := range c.Methods {
		switch m.Name {
		case "POST", "PUT", "PATCH", "DELETE":
			n += m.Count
		}
	}
	return n
}

// frontBins is the front's latency as a log tells it, request by request, or as far as
// statistics tell it.
func frontBins(c *StageCell) []estimate.Bin {
	var bins []estimate.Bin
	c.Latency.Each(func(seconds float64, count uint64) {
		bins = append(bins, estimate.Bin{Seconds: seconds, Count: float64(count)})
	})
	if len(bins) > 0 {
		return bins
	}
	return c.Summaries["latency"].Bins()
}

func countOf(f Facts, c *StageCell, s Signal) estimate.Quantity {
	if !f.Gives(s) {
		return estimate.Quantity{}
	}
	return estimate.Some(c.Signals[s])
}

// owing puts into a row how old the oldest record owed is at the minute's end, where ids
// or a watermark tell it exactly: 0 when nothing is owed.
func (path Path) owing(h History, w Window) func(Minute, *estimate.StageMinute) {
	if ids := followed(h); ids != nil {
		return func(m Minute, row *estimate.StageMinute) { owed(row, ids, m) }
	}
	if path.Ending == nil || !path.Ending.Facts.Delay || path.Accepted == nil {
		return func(Minute, *estimate.StageMinute) {}
	}
	age := path.byWatermark(h, w)
	return func(m Minute, row *estimate.StageMinute) { row.Oldest = age(m) }
}

// owed is what the ids know of a row.
func owed(row *estimate.StageMinute, ids Cohorts, m Minute) {
	if row.Blind = ids.Doubt(); row.Blind != "" {
		return
	}
	owed := ids.Owed(m)
	if owed == nil {
		return
	}
	row.Stuck = &estimate.Stuck{Records: owed.Stuck, Of: owed.Of, Since: owed.StuckSince}
	row.Oldest, row.Underway = estimate.Some(0), estimate.Some(owed.Records*ids.Sampled())
	if owed.Oldest != 0 {
		row.Oldest = estimate.Some(float64(m.End().UnixMicro()-owed.Oldest) / 1e6)
	}
}

// skew is what is skewed of what came out last, up to the end of a minute.
func (path Path) skew(h History, m Minute) SkewCount {
	if path.Ending == nil {
		return SkewCount{}
	}
	return path.Plan.SkewAt(h, path.Ending, m)
}

const (
	watermarkReach = 180 // minutes back, in which a watermark is looked for
	groupReach     = 60  // minutes that a group is waited for which has nothing to say

	// How much later than the watermark's own record the front may stamp that record: where
	// stamps are of whole seconds or the front doesn't tell how long requests took, and by
	// what two clocks that are kept in step differ. Microseconds.
	wholeSlack = 1_000_000
	clockSlack = 100_000
)

// byWatermark takes the largest accepted_at that has come out, of the group that is
// furthest behind where there are groups: the first record that was accepted after it is
// the oldest one owed.
func (path Path) byWatermark(h History, w Window) func(Minute) estimate.Quantity {
	ages := map[Minute]estimate.Quantity{}
	t := tide{timed: path.timed(h, w)}
	for m := w.From - watermarkReach; m < w.To; m++ {
		t.rise(m, cell(h, path.Accepted, m), cell(h, path.Ending, m))
		if w.Contains(m) {
			ages[m] = t.age(m)
		}
	}
	return func(m Minute) estimate.Quantity { return ages[m] }
}

// timed tells whether the front says when requests began.
func (path Path) timed(h History, w Window) bool {
	for m := w.From - watermarkReach; m < w.To; m++ {
		if c := cell(h, path.Accepted, m); c.Signals[Request] > 0 && c.Latency.Count() == 0 {
			return false
		}
	}
	return true
}

// tide is how far acceptances and the watermark have come.
type tide struct {
	timed     bool
	watermark int64
	newest    int64 // accepted
	accepted  Marks
	groups    Groups
	heard     map[uint64]Minute // of each group
}

func (t *tide) rise(m Minute, accepted, out *StageCell) {
	t.newest = max(t.newest, accepted.NewestAccepted)
	for minute, seconds := range accepted.AcceptedIn {
		if t.accepted == nil {
			t.accepted = make(Marks)
		}
		t.accepted[minute] |= seconds
	}
	t.watermark = max(t.watermark, out.Watermark)
	for group := range out.Groups {
		if t.heard == nil {
			t.heard = make(map[uint64]Minute)
		}
		t.heard[group] = m
	}
	t.groups.merge(out.Groups)
	for group, last := range t.heard {
		if m-last > groupReach {
			delete(t.heard, group)
			delete(t.groups, group)
		}
	}
}

// behind is the watermark of the group that is furthest behind.
func (t *tide) behind() int64 {
	watermark := t.watermark
	for _, w := range t.groups {
		watermark = min(watermark, w)
	}
	return watermark
}

// age is that of the oldest record owed at a minute's end; unknown where nothing has come
// out that far back.
func (t *tide) age(m Minute) estimate.Quantity {
	watermark := t.behind()
	slack := int64(wholeSlack)
	if t.timed && watermark%microsecondsPerSecond != 0 {
		slack = clockSlack
	}
	switch {
	case t.newest == 0 || t.newest < watermark+slack:
		return estimate.Some(0)
	case watermark == 0:
		return estimate.Quantity{}
	}
	oldest := t.accepted.first(watermark+slack, m)
	if oldest == 0 {
		oldest = t.newest // in the watermark's own second
		if t.accepted == nil {
			oldest = watermark // counted before seconds were noted
		}
	}
	return estimate.Some(max(0, float64(m.End().UnixMicro()-oldest)/1e6))
}
