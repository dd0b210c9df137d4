package sli

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// evidence is a path whose cells are read as estimators want them.
type evidence struct{ Path }

func evidenceOf(p *Plan) evidence { return evidence{p.Path()} }

// model is what is configured, asked or assumed about the path.
func (path evidence) model(h History, threshold time.Duration) estimate.StageModel {
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
func (path evidence) rows(h History, w Window) []estimate.StageMinute {
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
				case k.Over() && k.What == SkewedLines: // more came out than is booked
				case k.Over():
					rows[i].Skewed = FollowedIDs(h) == nil // ids need no stamps
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
func (path evidence) early(h History, m Minute) (estimate.StageMinute, bool) {
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

func (path evidence) row(h History, m Minute) estimate.StageMinute {
	row := estimate.StageMinute{Answered: true}
	if path.Accepted != nil {
		row.In = estimate.Some(CellAt(h, path.Accepted, m).Signals[Accepted])
		if path.withheld(h, m) || CellAt(h, path.Accepted, m).SkewedLines().Over() {
			row.In = estimate.Quantity{}
		}
		if path.Accepted.Facts.OwnAge {
			if seconds, ok := CellAt(h, path.Accepted, m).Levels["age"]; ok {
				row.Behind = estimate.Some(seconds)
			}
		}
	}
	if path.Front != nil {
		row.Front = frontBins(CellAt(h, path.Front, m))
	}
	if path.Worker != nil {
		c := CellAt(h, path.Worker, m)
		row.Invocations, row.Errors, row.Throttles = estimate.Some(c.Signals[Invocation]), estimate.Some(c.Signals[Failed]), estimate.Some(c.Signals[Throttled])
		row.Age, row.Work = c.Summaries["age"], c.Summaries["work"]
	}
	if path.Done != nil && !CellAt(h, path.Done, m).SkewedLines().Over() { // else more came out than is booked
		c, facts := CellAt(h, path.Done, m), path.Done.Facts
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
func (path evidence) slowest(h History, m Minute) estimate.Quantity {
	if path.Ending == nil || !path.Ending.Facts.Delay {
		return estimate.Quantity{}
	}
	if ids := FollowedIDs(h); ids != nil {
		return estimate.Some(ids.Ends(m).Longest.Seconds())
	}
	return estimate.Some(CellAt(h, path.Ending, m).Delay.Max())
}

const (
	minWrites     = 10 // a minute, before they say anything of the queue
	withheldReach = 60 // minutes back, where the queue is compared with the front
)

// withheld tells whether a queue that shows no arrivals must have had some: the front
// has written, and when the queue last showed arrivals, at least half of the front's
// writes were among them. Its metrics are late then; they aren't zero.
func (path evidence) withheld(h History, m Minute) bool {
	if path.Front == nil || path.Accepted.Facts.Role != Queue || CellAt(h, path.Front, m).written() < minWrites {
		return false
	}
	for back := m; back > m-withheldReach; back-- {
		if arrived := CellAt(h, path.Accepted, back).Signals[Accepted]; arrived > 0 {
			return back < m && 2*arrived >= CellAt(h, path.Front, back).written()
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
func (path evidence) owing(h History, w Window) func(Minute, *estimate.StageMinute) {
	if ids := FollowedIDs(h); ids != nil {
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
func (path evidence) skew(h History, m Minute) SkewCount {
	if path.Ending == nil {
		return SkewCount{}
	}
	return path.Plan.SkewAt(h, path.Ending, m)
}

const (
	groupReach = 60 // minutes that a group is waited for which has nothing to say

	// How much later than the watermark's own record the front may stamp that record: where
	// stamps are of whole seconds or the front doesn't tell how long requests took, and by
	// what two clocks that are kept in step differ. Microseconds.
	wholeSlack = 1_000_000
	clockSlack = 100_000
)

// byWatermark takes the largest accepted_at that has come out, of the group that is
// furthest behind where there are groups: the first record that was accepted after it is
// the oldest one owed.
func (path evidence) byWatermark(h History, w Window) func(Minute) estimate.Quantity {
	ages := map[Minute]estimate.Quantity{}
	t := tide{timed: path.timed(h, w)}
	for m := w.From - WatermarkReach; m < w.To; m++ {
		t.rise(m, CellAt(h, path.Accepted, m), CellAt(h, path.Ending, m))
		if w.Contains(m) {
			ages[m] = t.age(m)
		}
	}
	return func(m Minute) estimate.Quantity { return ages[m] }
}

// timed tells whether the front says when requests began.
func (path evidence) timed(h History, w Window) bool {
	for m := w.From - WatermarkReach; m < w.To; m++ {
		if c := CellAt(h, path.Accepted, m); c.Signals[Request] > 0 && c.Latency.Count() == 0 {
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
	t.groups.Merge(out.Groups)
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
	if t.timed && watermark%time.Second.Microseconds() != 0 {
		slack = clockSlack
	}
	switch {
	case t.newest == 0 || t.newest < watermark+slack:
		return estimate.Some(0)
	case watermark == 0:
		return estimate.Quantity{}
	}
	oldest := t.accepted.First(watermark+slack, m)
	if oldest == 0 {
		oldest = t.newest // in the watermark's own second
		if t.accepted == nil {
			oldest = watermark // counted before seconds were noted
		}
	}
	return estimate.Some(max(0, float64(m.End().UnixMicro()-oldest)/1e6))
}
