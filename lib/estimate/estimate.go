// Package estimate makes delays, curves, bounds, losses and states out of what a path's
// stages count and measure, minute by minute: numbers in, numbers out. It knows no plan,
// no stage and no source; everything in it follows from a StageModel and StageMinutes.
package estimate

import (
	"fmt"
	"math"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// secondsPerMinute is the width of one minute cell.
const secondsPerMinute = 60.0

// Quantity is a number that may be unknown; its zero value is unknown, so a
// reading that nobody made can't be taken for a zero.
type Quantity struct {
	Value float64
	Known bool
}

// Some is the known quantity v. NaN, infinities and what float64 can't count
// exactly are unknown.
func Some(v float64) Quantity {
	if !Countable(v) {
		return Quantity{}
	}
	return Quantity{Value: v, Known: true}
}

// Countable reports whether v is a number within ±2⁵³, up to which a float64 holds every
// whole number; it keeps sums and products finite.
func Countable(v float64) bool { return math.Abs(v) <= 1<<53 }

// Or is the value, or v where it is unknown.
func (q Quantity) Or(v float64) float64 {
	if q.Known {
		return q.Value
	}
	return v
}

// Bin is Count samples of about Seconds each.
type Bin struct {
	Seconds float64
	Count   float64
}

// Edge says that Count samples were at or below At seconds.
type Edge struct {
	At    float64
	Count float64
}

// Summary is what a metric's statistics say about the N samples of a minute,
// in seconds. N = 0 means no sample, or none known.
type Summary struct {
	N, Mean, Max float64
	Min          Quantity
	Edges        []Edge // ascending; may be empty
}

// Usable reports whether the summary can stand for a distribution.
func (s Summary) Usable() bool {
	return s.N > 0 && Countable(s.N) && Countable(s.Mean) && Countable(s.Max)
}

// StageMinute is what one minute's metrics or log lines say of a path
// front → queue → worker → store. Counts are records, times are seconds;
// what isn't known stays unset.
//
// Large: a quantity for each metric that a path can have.
type StageMinute struct {
	Answered bool // every source has answered for this minute
	Early    bool // asked for before it settled: more may come, so that it only lowers or vetoes

	In    Quantity // accepted into the queue
	Front []Bin    // front latency of the requests of this minute

	Invocations, Errors, Throttles Quantity // of the worker, by start of the invocation
	Age                            Summary  // per invocation: age of the newest record of its batch
	Work                           Summary  // per invocation: how long it ran
	Store                          Summary  // per write; set only where Work does not contain it

	Handed       Quantity // handed to the worker, or written: every record by the time it is visible, repeats included
	Taken        Quantity // handed to the worker by its mapping, repeats included
	Done         Quantity // came out well; below zero where failures are booked later than attempts
	Filtered     Quantity // left out on purpose
	Dropped      Quantity // given up
	DeadLettered Quantity // put aside
	Late         Quantity // of those done, how many took longer than the deadline, by their own delays
	Polled       Quantity // read from the queue, filtered ones included

	Behind Quantity // how old the oldest record is, in seconds, that a stage reports of this very pipeline
	Skewed bool     // so many stamps are that Oldest is an upper bound, unless it is 0 or nothing comes out
	Oldest Quantity // exact age of the oldest record owed at the minute's end, where ids or a watermark tell it
	// Of records that are followed by their ids: which part of them was stuck at the
	// minute's end, nil where they aren't followed, and how many were on their way.
	Stuck    *Stuck
	Underway Quantity
	Blind    string // why ages can't be told of this minute, "" where they can

	Slowest Quantity // the longest way of a record that came out, in seconds, where each tells its own
	Empty   bool     // proven: nothing was owed at the minute's end
}

// Stuck is the part of a run of records that stays behind, while others that were accepted
// after them come out; zero where none does.
type Stuck struct {
	Records, Of float64
	Since       int64 // when the oldest of them was accepted, microseconds since the epoch
}

// StageModel is what is configured, asked or assumed about a path; times are seconds.
type StageModel struct {
	Threshold float64 // T of the objective

	Lanes     float64 // shards × parallelization factor; 0 unknown
	BatchSize float64 // records; 0 unknown
	Batching  float64 // W, the batching window
	Timeout   float64 // of the function
	Poll      float64 // the longest pause between two polls of a lane
	ColdStart float64 // allowance for a start that Work does not contain

	HasFront        bool // a front stage measures latency
	HasFilter       bool // the mapping filters
	PollsCounted    bool // Polled has been seen before, so that its absence means a stopped mapping
	AgeIncludesWork bool // Age already contains Work
	Counted         bool // departures are counted: SF, backlog, coverage
	CountedAtEnd    bool // departures are counted when visible (writes, log lines), not when handed over
}

// AssumedStageModel is a model before anything is configured or asked: batch
// 100, timeout 60 s, no batching window, lanes unknown, poll 1 s, cold start 10 s.
func AssumedStageModel() StageModel {
	return StageModel{BatchSize: 100, Timeout: 60, Poll: 1, ColdStart: 10}
}

// Cohort is what is known of the records accepted in one minute.
// 0 ≤ Good ≤ Valid; Valid = 0 is no traffic; not Measured is neither.
type Cohort struct {
	Measured    bool
	Reason      string // why it was not measured
	Valid, Good float64
}

func notMeasured(reason string) Cohort { return Cohort{Reason: reason} }

// measured is a cohort whose weights are rounded to 2⁻¹⁰, so that sums are
// exact in any order.
func measured(valid, good float64) Cohort {
	valid = Weight(math.Max(0, valid))
	return Cohort{Measured: true, Valid: valid, Good: Weight(clamp(good, 0, valid))}
}

// Weight rounds an estimated weight to 2⁻¹⁰, so that sums of estimates are exact in
// any order.
func Weight(w float64) float64 { return math.Round(w*1024) / 1024 }

func clamp(v, lo, hi float64) float64 { return math.Max(lo, math.Min(v, hi)) }

// StagePath answers for a run of consecutive minutes. Methods take the index
// of a minute and look at its neighbours; it is for one goroutine.
//
// What its estimates build on is layered, each layer asking only those below.
type StagePath struct {
	shares
	notes []string
}

// shares are who of a minute is late: by what was handed over when, and by who is owed still.
type shares struct {
	laggards
	passages []*passage // see passage.go; filled as they are asked for
}

// laggards are the lanes far behind among others that keep up.
type laggards struct {
	ages
}

// ages are how long the oldest record has waited at a minute's end, and who is young.
type ages struct {
	lanes
	silence []silence // see age.go
}

// lanes are the parts of a queue, of which one may stand still.
type lanes struct {
	flows
	pile []pile // see lane.go
}

// flows are arrivals and departures since the curves began.
type flows struct {
	windows
	curves   []curve // see flow.go
	standing float64 // records that were in when the first curves began; see coverage.go
}

// windows are what batching windows make wait, and which lanes were served when.
type windows struct {
	track
	served []float64 // see window.go; filled when asked for
}

// track is the minutes as they were told, and what follows from a minute and its
// neighbours alone.
type track struct {
	model   StageModel
	minutes []StageMinute
}

// NewStagePath prepares minutes, oldest first and without holes: a minute that
// was not answered is a zero StageMinute. The slice is kept, not copied.
func NewStagePath(model StageModel, minutes []StageMinute) *StagePath {
	p := new(StagePath)
	p.model, p.minutes = model, minutes
	if model.AgeIncludesWork && ageExcludesWork(minutes) {
		p.model.AgeIncludesWork = false
		p.notes = append(p.notes, "the age cannot include the work: its minimum lies below the minimum of the work; work is added")
	}
	if w := model.Batching; w > 0 && model.Threshold > 0 && model.Threshold <= w {
		p.notes = append(p.notes, fmt.Sprintf("the threshold of %ss is not above the batching window of %ss: so old is what comes out while all is well", digits.Shortest(model.Threshold), digits.Shortest(w)))
	}
	if held := p.model.held(minutes); held > 0 {
		p.notes = append(p.notes, disproved(p.model.BatchSize, held))
		p.model.BatchSize = math.Ceil(held)
	}
	p.silence = silences(p.model, minutes)
	p.passages = make([]*passage, len(minutes))
	p.curves = cumulate(p.model, minutes, p.silence, 0)
	p.pile = p.piles()
	return p
}

// Notes are doubts about the whole path, for people.
func (p *StagePath) Notes() []string { return p.notes }

// ageExcludesWork reports whether some minute disproves that ages contain the work.
func ageExcludesWork(minutes []StageMinute) bool {
	for _, m := range minutes {
		if m.Age.Usable() && m.Work.Usable() && m.Age.Min.Known && m.Work.Min.Known && m.Age.Min.Value < m.Work.Min.Value {
			return true
		}
	}
	return false
}

// at is minute m if it was answered.
func (p *track) at(m int) (StageMinute, bool) {
	if m < 0 || m >= len(p.minutes) {
		return StageMinute{}, false
	}
	return p.minutes[m], p.minutes[m].Answered
}

// touched is the last minute that [start of m, end of m + T] touches.
func (p *track) touched(m int) int {
	return m + minutesUp(p.model.Threshold)
}

// minutesUp is how many whole minutes hold so many seconds, at most a week.
func minutesUp(seconds float64) int {
	return int(clamp(math.Ceil(seconds/secondsPerMinute), 0, 7*24*60))
}

// passing is how many records of minute m are the worker's business: arrivals
// less filtered ones, where the mapping filters.
func (p *track) passing(m int) (float64, bool) {
	row, ok := p.at(m)
	if !ok || !row.In.Known {
		return 0, false
	}
	return math.Max(0, row.In.Value) * p.passed(m), row.Filtered.Known || !p.model.HasFilter
}

// passed is the part of the records of minute m that the mapping lets through. Which of them
// it filters out isn't known before they are polled: it goes by those that were polled in it,
// as it keeps up, and where these are fewer than arrived by those of the next minutes, until
// the threshold, and of the ones before.
func (p *track) passed(m int) float64 {
	if !p.model.HasFilter {
		return 1
	}
	in := math.Max(0, p.minutes[m].In.Or(0))
	var filtered, polled float64
	take := func(i int) {
		if row, ok := p.at(i); ok && row.Filtered.Known && (polled < in || polled == 0) {
			filtered += math.Max(0, row.Filtered.Value)
			polled += math.Max(0, row.Polled.Or(row.Filtered.Value+math.Max(0, row.Done.Or(0))+row.Dropped.Or(0)+row.DeadLettered.Or(0)))
		}
	}
	for i := m; i <= p.touched(m); i++ {
		take(i)
	}
	for i := m - 1; i >= max(0, m-filterSpan); i-- {
		take(i)
	}
	if polled == 0 {
		return 1
	}
	return clamp(1-filtered/polled, 0, 1)
}

// filterSpan is how many minutes back it is looked for what the mapping lets through.
const filterSpan = 60

// workMean is the mean work that has to be added to an age.
func (p *track) workMean(row StageMinute) float64 {
	if p.model.AgeIncludesWork || !row.Work.Usable() {
		return 0
	}
	return math.Max(0, row.Work.Mean)
}
