package indicator

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// evidence is a path whose cells are read as estimators want them.
type evidence struct{ sli.Path }

func evidenceOf(p *sli.Plan) evidence { return evidence{p.Path()} }

// model is what is configured, asked or assumed about the path.
func (path evidence) model(h sli.History, threshold time.Duration) estimate.StageModel {
	m := estimate.AssumedStageModel()
	m.Threshold = threshold.Seconds()
	m.HasFront = path.Front != nil
	inputs := sli.Inputs{}
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
	m.PollsCounted = path.Worker != nil && path.Worker.Facts.Gives(sli.Polled)
	m.Counted = path.Done != nil
	m.CountedAtEnd = m.Counted && !path.Done.Facts.Gives(sli.HandFailed)
	return m
}

// rows are the minutes of w as estimators read them.
func (path evidence) rows(h sli.History, w sli.Window) []estimate.StageMinute {
	rows := make([]estimate.StageMinute, w.Minutes())
	answered := sli.Intervals{w}
	for _, name := range path.StageNames() {
		answered = answered.Intersect(h.Answered(name))
	}
	recent := sli.Window{From: max(w.From, w.To-AgesBack-2), To: w.To} // what trends and hysteresis look back on
	owing := path.owing(h, recent)
	for i := range rows {
		m := w.From + sli.Minute(i)
		if answered.Contains(m) {
			rows[i] = path.row(h, m)
			if recent.Contains(m) {
				switch k := path.skew(h, m); {
				case k.Over() && k.What == sli.SkewedLines: // more came out than is booked
				case k.Over():
					rows[i].Skewed = sli.FollowedIDs(h) == nil // ids need no stamps
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
func (path evidence) early(h sli.History, m sli.Minute) (estimate.StageMinute, bool) {
	foresight, ok := h.(sli.Foresight)
	if !ok {
		return estimate.StageMinute{}, false
	}
	soon := forestalled{h, m, map[string]*sli.StageCell{}}
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
	sli.History
	minute sli.Minute
	cells  map[string]*sli.StageCell
}

func (h forestalled) Cell(stage string, m sli.Minute) *sli.StageCell {
	if m == h.minute {
		return h.cells[stage]
	}
	return h.History.Cell(stage, m)
}

func (path evidence) row(h sli.History, m sli.Minute) estimate.StageMinute {
	row := estimate.StageMinute{Answered: true}
	if path.Accepted != nil {
		row.In = estimate.Some(sli.CellAt(h, path.Accepted, m).Signals[sli.Accepted])
		if path.lateMetrics(h, m) || sli.CellAt(h, path.Accepted, m).SkewedLines().Over() {
			row.In = estimate.Quantity{}
		}
	}
	if seconds, _, ok := path.reported(h, m); ok {
		row.Behind = estimate.Some(seconds)
	}
	if path.Front != nil {
		row.Front = frontBins(sli.CellAt(h, path.Front, m))
	}
	if path.Worker != nil {
		c := sli.CellAt(h, path.Worker, m)
		row.Invocations, row.Errors, row.Throttles = estimate.Some(c.Signals[sli.Invocation]), estimate.Some(c.Signals[sli.Failed]), estimate.Some(c.Signals[sli.Throttled])
		row.Age, row.Work = c.Summaries["age"], c.Summaries["work"]
	}
	if path.Done != nil && !sli.CellAt(h, path.Done, m).SkewedLines().Over() { // else more came out than is booked
		c, facts := sli.CellAt(h, path.Done, m), path.Done.Facts
		row.Done, row.Handed = estimate.Some(c.Signals[sli.Done]), estimate.Some(c.Signals[sli.Done])
		if facts.Gives(sli.HandFailed) {
			// A mapping answers only once its counts have been seen: without points it
			// stands still, which is zero.
			row.Handed = estimate.Some(c.Signals[sli.Handed])
			row.Done = estimate.Some(c.Signals[sli.Handed] - c.Signals[sli.HandFailed])
		}
	}
	row.Filtered, row.Dropped, row.DeadLettered = path.sumOf(h, m, sli.Filtered), path.sumOf(h, m, sli.Dropped), path.sumOf(h, m, sli.DeadLettered)
	row.Polled, row.Taken = path.sumOf(h, m, sli.Polled), path.sumOf(h, m, sli.Handed)
	row.Slowest = path.slowest(h, m)
	return row
}

// reported is the largest age that a stage reports of this very pipeline, and which stage: one
// at an end of the path whose age is its own, and the one that freshness goes by.
func (path evidence) reported(h sli.History, m sli.Minute) (seconds float64, by *sli.Stage, ok bool) {
	consider := func(s *sli.Stage) {
		if age, told := reportedAge(path.Plan, h, s, m); told && (!ok || age > seconds) {
			seconds, by, ok = age, s, true
		}
	}
	for _, s := range []*sli.Stage{path.Accepted, path.Done} {
		if s != nil && s.Facts.OwnAge {
			consider(s)
		}
	}
	if r := path.Plan.Rule(sli.Freshness); r != nil {
		if f, by := r.Derive.(freshnessByAge); by {
			consider(f.stage)
		}
	}
	return seconds, by, ok
}

// slowest is the longest delay of the records that came out in a minute; one that came
// out again says nothing of it.
func (path evidence) slowest(h sli.History, m sli.Minute) estimate.Quantity {
	if path.Ending == nil || !path.Ending.Facts.Delay {
		return estimate.Quantity{}
	}
	if ids := sli.FollowedIDs(h); ids != nil {
		return estimate.Some(ids.Ends(m).Longest.Seconds())
	}
	return estimate.Some(sli.CellAt(h, path.Ending, m).Delay.Max())
}

const (
	minWrites        = 10 // a minute, before they say anything of the queue
	lateMetricsReach = 60 // minutes back, where the queue is compared with the front
)

// lateMetrics tells whether a queue that shows no arrivals must have had some: the front
// has written, and when the queue last showed arrivals, at least half of the front's
// writes were among them. Its metrics are late then; they aren't zero.
func (path evidence) lateMetrics(h sli.History, m sli.Minute) bool {
	if path.Front == nil || path.Accepted.Facts.Role != sli.Queue || written(sli.CellAt(h, path.Front, m)) < minWrites {
		return false
	}
	for back := m; back > m-lateMetricsReach; back-- {
		if arrived := sli.CellAt(h, path.Accepted, back).Signals[sli.Accepted]; arrived > 0 {
			return back < m && 2*arrived >= written(sli.CellAt(h, path.Front, back))
		}
	}
	return false
}

// written is the least number of requests that wrote something: those of writing
// methods, as if all answers but 2xx had been theirs.
func written(c *sli.StageCell) float64 {
	n := c.Status[2] - c.Signals[sli.Request]
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
func frontBins(c *sli.StageCell) []estimate.Bin {
	var bins []estimate.Bin
	c.Latency.Each(func(seconds float64, count uint64) {
		bins = append(bins, estimate.Bin{Seconds: seconds, Count: float64(count)})
	})
	if len(bins) > 0 {
		return bins
	}
	return c.Summaries["latency"].Bins()
}

// leaving are the stages of the path that count a signal of what leaves it otherwise than done:
// of the records that a function's mapping filters out or gives up the store sees nothing.
func (path evidence) leaving(s sli.Signal) []*sli.Stage {
	var stages []*sli.Stage
	for _, stage := range []*sli.Stage{path.Worker, path.Done} {
		if stage != nil && stage.Facts.Gives(s) && !slices.Contains(stages, stage) {
			stages = append(stages, stage)
		}
	}
	return stages
}

// sumOf is how many records those stages counted in a minute; unknown where there are none.
func (path evidence) sumOf(h sli.History, m sli.Minute, s sli.Signal) estimate.Quantity {
	stages := path.leaving(s)
	if len(stages) == 0 {
		return estimate.Quantity{}
	}
	sum := 0.0
	for _, stage := range stages {
		sum += sli.CellAt(h, stage, m).Signals[s]
	}
	return estimate.Some(sum)
}

// uncounted says why nothing is told of what the path keeps back or loses: what leaves it
// isn't all counted. "" where it is.
func (path evidence) uncounted(h sli.History) string {
	if path.Worker != nil && path.model(h, 0).HasFilter && len(path.leaving(sli.Filtered)) == 0 {
		return "stage " + path.Worker.Name + ": its mapping filters, and nothing counts what it filters out; name event_source_mapping: of it, with its EventCount metrics on"
	}
	return ""
}

// owing puts into a row how old the oldest record owed is at the minute's end, where ids
// or a watermark tell it exactly: 0 when nothing is owed.
func (path evidence) owing(h sli.History, w sli.Window) func(sli.Minute, *estimate.StageMinute) {
	if ids := sli.FollowedIDs(h); ids != nil {
		return func(m sli.Minute, row *estimate.StageMinute) { outstanding(row, ids, m) }
	}
	if path.Ending == nil || !path.Ending.Facts.Delay || path.Accepted == nil {
		return func(sli.Minute, *estimate.StageMinute) {}
	}
	age := path.byWatermark(h, w)
	return func(m sli.Minute, row *estimate.StageMinute) {
		var blank bool
		if row.Oldest, blank = age(m); blank && sli.CellAt(h, path.Accepted, m).Signals[sli.Accepted] > 0 {
			row.Blind = "what comes out of stage " + path.Ending.Name + " no longer says when it was accepted"
		}
	}
}

// outstanding is what the ids know of a row.
func outstanding(row *estimate.StageMinute, ids sli.Cohorts, m sli.Minute) {
	if row.Blind = ids.Doubt(); row.Blind != "" {
		return
	}
	open := ids.Outstanding(m)
	if open == nil {
		return
	}
	row.Stuck = &estimate.Stuck{Records: open.Stuck, Of: open.Of, Since: open.StuckSince}
	row.Oldest, row.Underway = estimate.Some(0), estimate.Some(open.Records*ids.Sampled())
	if open.Oldest != 0 {
		row.Oldest = estimate.Some(float64(m.End().UnixMicro()-open.Oldest) / 1e6)
	}
}

// skew is what is skewed of what came out last, up to the end of a minute.
func (path evidence) skew(h sli.History, m sli.Minute) sli.SkewCount {
	if path.Ending == nil {
		return sli.SkewCount{}
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
func (path evidence) byWatermark(h sli.History, w sli.Window) func(sli.Minute) (age estimate.Quantity, blank bool) {
	ages, blank := map[sli.Minute]estimate.Quantity{}, map[sli.Minute]bool{}
	t := tide{timed: path.timed(h, w)}
	for m := w.From - sli.WatermarkReach; m < w.To; m++ {
		t.rise(m, sli.CellAt(h, path.Accepted, m), sli.CellAt(h, path.Ending, m))
		if w.Contains(m) {
			ages[m], blank[m] = t.age(m), t.isBlank() && sli.CellAt(h, path.Ending, m).Signals[sli.Done] > 0
		}
	}
	return func(m sli.Minute) (estimate.Quantity, bool) { return ages[m], blank[m] }
}

// timed tells whether the front says when requests began.
func (path evidence) timed(h sli.History, w sli.Window) bool {
	for m := w.From - sli.WatermarkReach; m < w.To; m++ {
		if c := sli.CellAt(h, path.Accepted, m); c.Signals[sli.Request] > 0 && c.Latency.Count() == 0 {
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
	accepted  sli.Marks
	groups    sli.Groups
	heard     map[uint64]sli.Minute // of each group
	blank     float64               // records that came out since the last one that says when it was accepted
}

func (t *tide) rise(m sli.Minute, accepted, out *sli.StageCell) {
	t.newest = max(t.newest, accepted.NewestAccepted)
	for minute, seconds := range accepted.AcceptedIn {
		if t.accepted == nil {
			t.accepted = make(sli.Marks)
		}
		t.accepted[minute] |= seconds
	}
	t.watermark = max(t.watermark, out.Watermark)
	if t.blank += out.Signals[sli.Done] - out.Skewed; out.Watermark != 0 {
		t.blank = 0
	}
	for group := range out.Groups {
		if t.heard == nil {
			t.heard = make(map[uint64]sli.Minute)
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

// isBlank tells whether what comes out no longer says when it was accepted: one record that
// doesn't spoils itself alone.
func (t *tide) isBlank() bool { return t.blank > 1 }

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
func (t *tide) age(m sli.Minute) estimate.Quantity {
	watermark := t.behind()
	slack := int64(wholeSlack)
	if t.timed && watermark%time.Second.Microseconds() != 0 {
		slack = clockSlack
	}
	switch {
	case t.newest == 0 || t.newest < watermark+slack:
		return estimate.Some(0)
	case watermark == 0, t.isBlank():
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
