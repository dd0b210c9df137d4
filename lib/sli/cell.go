package sli

import (
	"cmp"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// StageCell is what one stage's source said about one minute, or, merged, about a
// window.
//
// Large: a key of the state for each thing that a source can say of a minute; its methods
// add, merge and pack the same fields.
type StageCell struct {
	Tally   Tally
	Signals [signals]float64
	Status  [6]float64 // 1xx … 5xx at 1…5, anything else at 0
	Methods Methods
	Latency Distribution
	Delay   Distribution
	Levels  map[string]float64

	// Instants, in microseconds since the epoch, 0 where there is none.
	NewestAccepted int64 `json:",omitempty"` // the last record accepted
	FirstOut       int64 `json:",omitempty"` // the first record that came out, or was left out on purpose
	Watermark      int64 `json:",omitempty"` // the largest accepted_at that has come out

	AcceptedIn Marks  `json:",omitempty"` // the seconds in which records were accepted
	Groups     Groups `json:",omitempty"` // Watermark of each group, where records belong to some

	AcceptedOf Stamps `json:",omitempty"` // of the accepted ones, those that an earlier minute accepted
	DoneOf     Stamps `json:",omitempty"` // of the done ones, the same

	GoodRuns float64 `json:",omitempty"` // runs of a batch job that did what was due

	Lives  *Distribution `json:",omitempty"` // of connections that outlived their requests; Latency is without them
	Skewed float64       `json:",omitempty"` // records that came out, or runs, whose stamp lies in the future
	Ahead  time.Duration `json:",omitempty"` // how far, at most

	Reports *Reports    `json:",omitempty"` // what a function's platform reported
	EMF     []EMFSeries `json:",omitempty"` // metrics that the log publishes, sorted by name

	Probes map[ProbeVerdict]float64 `json:",omitempty"` // known-answer records by their verdicts

	// Summaries are what statistics say, by name: age, work, store. They don't merge.
	Summaries map[string]estimate.Summary `json:",omitempty"`
}

// Count adds one event. Its verdicts are the SLIs' affair.
func (c *StageCell) Count(e *Event) {
	c.Signals[e.Signal] += e.Weight
	c.mark(e)
	if e.Signal == Request {
		class := e.Status / 100
		if class < 1 || class > 5 {
			class = 0
		}
		c.Status[class] += e.Weight
		c.Methods.count(e.Method, e.Weight)
	}
	took := &c.Latency
	if e.Lived() {
		took = c.lives()
	}
	switch {
	case !e.HasLatency || e.Signal == Answer: // a count's latency only says on which side of a threshold it lies
	case e.Observations != nil:
		took.addEach(e.Observations)
	default:
		took.Add(e.Latency, uint64(e.Weight+0.5))
	}
	if e.HasDelay {
		c.Delay.Add(e.Delay, uint64(e.Weight+0.5))
	}
	if e.Probe != nil {
		c.prove(e.Probe.Verdict, e.Weight)
	}
	if e.Lambda != nil {
		if c.Reports == nil {
			c.Reports = new(Reports)
		}
		c.Reports.count(e)
	}
	for _, s := range e.EMF {
		c.addEMF(s)
	}
}

func (c *StageCell) lives() *Distribution {
	if c.Lives == nil {
		c.Lives = new(Distribution)
	}
	return c.Lives
}

// Durations is how long all that has a duration took, connections too.
func (c *StageCell) Durations() *Distribution {
	if c.Lives == nil {
		return &c.Latency
	}
	all := new(Distribution)
	all.Merge(&c.Latency)
	all.Merge(c.Lives)
	return all
}

// AcceptedRequest tells whether the event is a request whose record was accepted: one
// answered below 400, unless the stage's own conditions say otherwise. A request that was
// refused may be good for all that.
func AcceptedRequest(e *Event) bool {
	switch {
	case e.Signal != Request:
		return false
	case e.Accepted != NotValid:
		return e.Accepted == Good
	}
	return e.Status >= 100 && e.Status < 400
}

// mark notes the instants that ages are made of, and counts a request as the record
// that it made.
func (c *StageCell) mark(e *Event) {
	switch e.Signal {
	case Request:
		if AcceptedRequest(e) {
			c.Signals[Accepted] += e.Weight
			c.acceptRequests(e)
		}
	case Accepted:
		c.accept(e, cmp.Or(e.AcceptedAt, e.Time))
	case RunDone:
		if e.Good != Bad {
			c.GoodRuns += e.Weight
		}
		if c.skew(e) {
			return
		}
		c.FirstOut = earlier(c.FirstOut, e.Time)
		c.Watermark = max(c.Watermark, cmp.Or(e.Watermark, e.Time))
	case Done, Filtered, Dropped, DeadLettered:
		if e.Signal == Done || e.Signal == Filtered {
			c.FirstOut = earlier(c.FirstOut, e.Time)
		}
		if c.skew(e) || e.AcceptedAt == 0 {
			return
		}
		c.Watermark = max(c.Watermark, e.AcceptedAt)
		c.Groups.note(e.Group, e.AcceptedAt)
		if e.Signal == Done {
			c.DoneOf.note(e.Time, e.AcceptedAt, e.Weight)
		}
	}
}

// acceptRequests notes the records of good requests: each was accepted between its
// request's start and its end.
func (c *StageCell) acceptRequests(e *Event) {
	if e.Observations == nil {
		c.accept(e, e.Time-e.Latency.Microseconds())
		return
	}
	own := MinuteOf(e.Time)
	minute, newest, seconds := own.Start().UnixMicro(), c.NewestAccepted, uint64(0)
	moments := e.Observations // which nothing here changes
	for i := range moments {
		m := &moments[i]
		at := m.Time - m.Latency.Microseconds()
		newest = max(newest, at)
		if at < minute {
			c.AcceptedOf.add(MinuteOf(at), 1)
			c.AcceptedIn.note(at)
			continue
		}
		seconds |= 1 << (uint64(at-minute) / microsecondsPerSecond & 63)
	}
	c.NewestAccepted = newest
	if seconds != 0 {
		c.AcceptedIn.add(own, seconds)
	}
}

// accept notes a record that was accepted at an instant that its event tells.
func (c *StageCell) accept(e *Event, at int64) {
	c.NewestAccepted = max(c.NewestAccepted, at)
	c.AcceptedIn.note(at)
	c.AcceptedOf.note(e.Time, at, e.Weight)
}

// earlier is the smaller of two instants, 0 standing for none.
func earlier(a, b int64) int64 {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}

// Merge adds all of d; levels keep the larger value.
func (c *StageCell) Merge(d *StageCell) {
	if d == nil {
		return
	}
	c.Tally.Add(d.Tally)
	for i, v := range d.Signals {
		c.Signals[i] += v
	}
	for i, v := range d.Status {
		c.Status[i] += v
	}
	for _, m := range d.Methods {
		c.Methods.add(m.Name, m.Count)
	}
	c.NewestAccepted = max(c.NewestAccepted, d.NewestAccepted)
	c.FirstOut = earlier(c.FirstOut, d.FirstOut)
	c.Watermark = max(c.Watermark, d.Watermark)
	c.AcceptedIn.Merge(d.AcceptedIn)
	c.Groups.Merge(d.Groups)
	c.AcceptedOf.merge(d.AcceptedOf)
	c.DoneOf.merge(d.DoneOf)
	c.GoodRuns += d.GoodRuns
	c.Skewed += d.Skewed
	c.Ahead = max(c.Ahead, d.Ahead)
	c.Latency.Merge(&d.Latency)
	c.Delay.Merge(&d.Delay)
	if d.Lives != nil {
		c.lives().Merge(d.Lives)
	}
	for name, v := range d.Levels {
		c.Raise(name, v)
	}
	for name, v := range d.Summaries {
		c.Describe(name, v)
	}
	for verdict, n := range d.Probes {
		c.prove(verdict, n)
	}
	if d.Reports != nil {
		if c.Reports == nil {
			c.Reports = new(Reports)
		}
		c.Reports.merge(d.Reports)
	}
	for _, s := range d.EMF {
		c.addEMF(s)
	}
}

// PackFor makes the cell small until it is counted into again, and readies another one to be
// counted into, in the memory that it took.
func (c *StageCell) PackFor(d *StageCell) {
	c.Latency.PackFor(&d.Latency)
	c.Delay.PackFor(&d.Delay)
}

func (c *StageCell) prove(verdict ProbeVerdict, n float64) {
	if c.Probes == nil {
		c.Probes = make(map[ProbeVerdict]float64)
	}
	c.Probes[verdict] += n
}

// Describe sets what statistics say under a name.
func (c *StageCell) Describe(name string, v estimate.Summary) {
	if c.Summaries == nil {
		c.Summaries = make(map[string]estimate.Summary)
	}
	c.Summaries[name] = v
}

// Raise sets a level to v where it isn't larger already.
func (c *StageCell) Raise(name string, v float64) {
	if c.Levels == nil {
		c.Levels = make(map[string]float64)
	}
	if old, ok := c.Levels[name]; !ok || v > old {
		c.Levels[name] = v
	}
}
