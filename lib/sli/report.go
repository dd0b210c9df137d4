package sli

import (
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// Report is all that outputs see of a run.
type Report struct {
	At        time.Time
	Pipelines []*Pipeline
	Warnings  []string // about the run, not about one pipeline
}

// Pipeline is one pipeline's part of a report.
//
// Large: plain data of a report.
type Pipeline struct {
	Plan    *Plan
	Results []*Result // one per rule
	Stages  []*StageReport

	Measured float64 // the smallest share of a window's minutes that was measured, 0…1
	// Newest is the newest minute for which every source has answered. Where none has
	// yet it is the one before the first that was asked for, so that the lag of the
	// measurement is told, and grows, from the first run on.
	Newest    Minute
	HasNewest bool

	Point   *Point // the events point that is pending, nil if none
	Skipped int    // minutes the point leaves out for their age

	Age  *Age
	Ages []float64 // of the last minutes, oldest first, NaN where not measured; for hysteresis
	// Throttled tells of the same minutes, or is empty, whether something was turned away
	// for capacity: an age within a limit doesn't end a breach then.
	Throttled []bool
	Delay     *StageCell // delays of the window, nil where no source has them
	Flow      *Flow
	State     *State
	Run       *BatchRun            // of a batch job, nil if none goes on
	Means     *estimate.StageDelay // mean delays per stage, an estimate; nil where not known

	Warnings []string
}

// Age is how far behind the pipeline is.
type Age struct {
	Seconds   float64
	Watermark time.Time
	Minute    Minute // it speaks of this minute's end
	Basis     string // what it rests on
	Exact     bool
	AtLeast   bool // it may be older: only a breach can be told from it
	Idle      bool // nothing came whose age could be told
}

// Flow is the pipeline's accounting of records; -1 and NaN never stand for unknown,
// the Has flags do.
//
// Large: plain data of a report: a count for each signal, and whether it is known.
type Flow struct {
	Window                                                      Window
	Accepted, Done, Filtered, Dropped, DeadLettered, Duplicates float64
	Unmatched                                                   float64 // came out, and nothing shows that they were accepted
	Backlog, Unexplained                                        float64
	HasBacklog, HasUnexplained                                  bool
	Anchored                                                    bool      // the backlog is known, not just at least so large
	AtLeast, AtMost                                             float64   // where the unexplained lie
	Overdue                                                     []Overdue // records that won't come out any more, in order
}

// State is where the pipeline is heading, with what decided it.
type State struct {
	Name     string // CURRENT, IDLE, DRAINING, LOSING, FROZEN, UNKNOWN
	Reason   string
	Progress estimate.Progress
	Since    Minute // a silence began then
	HasSince bool

	Retention time.Duration // of the queue; 0 unknown
}

// MeasureLag is now − end of the newest minute for which every source has answered; where
// the clock has gone back since, how far apart the two are.
func (p *Pipeline) MeasureLag(now time.Time) time.Duration {
	return now.Sub(p.Newest.End()).Abs()
}

// Failed is the number of sources that didn't answer.
func (p *Pipeline) Failed() int {
	n := 0
	for _, s := range p.Stages {
		if s.Err != nil {
			n++
		}
	}
	return n
}

// Result is one SLI's outcome: exactly one of value, no traffic, not measured, excluded.
//
// Large: plain data of a report.
type Result struct {
	Rule     *Rule
	Status   Status
	Reason   string  // why it is no value, and what to do about it
	Due      Minute  // the newest due minute
	Window   Window  // that ends there
	Counts   Counts  // of the measured minutes; of all of them where not measured
	Measured float64 // the share of the window's minutes, excluded ones among them
	Young    bool    // not measured since its history is too short as yet
	Doubtful bool    // not measured only since more events couldn't be judged than could
	Doubt    string  // beside a value: that many events couldn't be judged, and why
	Excluded int     // minutes left out on purpose
	Since    Minute  // the rule counts since then
	HasSince bool

	// Unposted is what of the last day came too late for an events point, nil where nothing
	// did or none are posted.
	Unposted *Unposted

	Budget       *float64 // share of the error budget left, 1 untouched
	Outlook      *Outlook // of the budget, where it is asked for
	History      int      // measured minutes of the period
	Burns        []Burn
	Bounds       Bounds
	Alternatives []*Result // what other methods with evidence say of the same SLI
	Warnings     []string
}

// Unposted are events that no point holds: when their minutes were measured, or the next one
// could be posted, an agent took them no more.
type Unposted struct {
	Window  Window // from the first of their minutes to the last
	Minutes int    // that they are of
	Counts  Counts
}

// Message says how many they are, of whose population, and where to have them.
func (u *Unposted) Message(population string, zone *time.Location) words.Message {
	at := func(t time.Time) string { return t.In(zone).Format("2006-01-02T15:04") } // as --from takes it
	return words.NotPosted.With(words.Many(digits.Count(u.Counts.Valid), population), words.Minutes(digits.Count(float64(u.Minutes))), FoldBack, at(u.Window.Start()), at(u.Window.End()))
}

// Outlook is how long an error budget lasts at the present rate, and what that rests on.
type Outlook struct {
	Days     float64
	Falling  bool    // what is left becomes less, and Days says when it is spent
	Measured float64 // share of the period's minutes, 0…1
}

// Burn is the burn rate over a window, where measured.
type Burn struct {
	Length   time.Duration
	Rate     float64
	Counts   Counts
	Measured bool
	Minutes  int // of the window, that are measured
	// Least says that the window isn't measured, since too many events couldn't be judged,
	// and that it burns so much even if all of these were good.
	Least bool
}

// BurnOver is the burn rate over a window of that length, nil where none is told.
func (r *Result) BurnOver(length time.Duration) *Burn {
	for i := range r.Burns {
		if r.Burns[i].Length == length {
			return &r.Burns[i]
		}
	}
	return nil
}

// Proof are counts that a limit can be held against: those of a value; and, where too
// many events couldn't be judged, what they would be if all of these were good.
func (r *Result) Proof() (c Counts, ok bool) {
	if r.Doubtful {
		return r.Counts.AtBest(), true
	}
	return r.Counts, r.Status == Value
}

// Bounds are where the true ratio lies, where something proves it.
type Bounds struct {
	Lower, Upper *float64
	Kind         string // proven, conditional, none
	Checks       []string
}

// Status is the outcome of a measurement.
type Status string

// The outcomes, never merged.
const (
	Value       Status = "value"
	NoTraffic   Status = "no_traffic"   // there was nothing to judge
	NotMeasured Status = "not_measured" // it could not be told
	Excluded    Status = "excluded"     // it isn't wanted
)

// Outcome decides between the first three for a window: less than half of its minutes
// measured, or more events in it that couldn't be judged than could, is not measured;
// nothing to judge is no traffic. c is what the minutes hold that are measured, all
// what those hold that were answered for.
func Outcome(c, all Counts, measured float64) Status {
	switch {
	case measured < 0.5 || all.Doubtful():
		return NotMeasured
	case c.Valid <= 0:
		return NoTraffic
	}
	return Value
}

// StageReport is what one source did in the run and what it counted in the window.
//
// Large: plain data of a report.
type StageReport struct {
	Stage    Stage
	Err      error
	From, To time.Time
	Looked   time.Time  // from when on late events were looked for; zero where they needn't be
	Cell     *StageCell // of the evaluated window
	// Silent is how many minutes of that window the source has given no answer for, as far
	// as it has an end.
	Silent int
	// Unfinished tells whether there was more to read of the window than the run had time for.
	Unfinished bool
	Due        *StageCell // of the newest due minute; nil where nothing was counted
	Mean       *float64   // seconds: the stage's part of the mean delay
	Refusal    string     // how much of some minutes of the window was malformed, so that they aren't measured
	Skew       SkewCount  // of its newest minute that has anything
	// Unmatched says that no line ever came through the stage's conditions, "" where one
	// did; Barren, that none has what they ask for, so that nothing of it is measured.
	Unmatched string
	Barren    bool
	Sifted    int64  // how many lines that rests on
	Inputs    Inputs // what estimates start from, each with where it comes from
	Calls     int
	Bytes     int64 // read in this run
	Skipped   int64
	FirstBad  string
	Layout    string
	Warnings  []string
}

// Doubts are the warnings about a stage, and that no line ever came through its
// conditions.
func (s *StageReport) Doubts() []string {
	if s.Unmatched == "" {
		return s.Warnings
	}
	return append(slices.Clip(s.Warnings), s.Unmatched)
}

// Sifts tells whether the stage has conditions that leave lines out.
func (s *StageReport) Sifts() bool {
	sieve := s.Stage.Facts.Sieve
	return !sieve.Where.Empty() || len(sieve.Events) > 0
}

// Point is an events point: counts since the last one, fixed once and printed until
// it was acknowledged.
type Point struct {
	Seq     uint64      `json:"seq"`
	Minutes int         `json:"minutes"` // the most any SLI's part holds
	Skipped int         `json:"skipped"`
	SLIs    []PointPart `json:"slis"`
}

// PointPart is one SLI's part of a point: whole events up to the end of Minute.
type PointPart struct {
	Kind   Kind   `json:"kind"`
	Minute Minute `json:"minute"`
	Time   int64  `json:"time"` // printed, seconds since the epoch
	Valid  int64  `json:"valid"`
	Good   int64  `json:"good"`
}

// Style is how a report for people may be drawn.
type Style struct {
	Colour   bool
	Width    int // of the terminal in columns, 0 if there is none: no plots
	Zone     *time.Location
	Language words.Language
}

// BatchRun is a run of a batch job that has begun and isn't done.
type BatchRun struct {
	Began Minute
	Usual time.Duration // how long runs take, the median of those seen to the minute; 0 unknown
}

// Message says since when and for how long it has been running at an instant, whose zone
// it is told in.
func (r *BatchRun) Message(at time.Time) words.Message {
	began := r.Began.Start()
	since, running := began.In(at.Location()).Format("15:04"), FormatDuration(at.Sub(began).Truncate(time.Minute))
	if r.Usual > 0 {
		return words.RunSinceUsual.With(since, running, FormatDuration(r.Usual))
	}
	return words.RunSince.With(since, running)
}
