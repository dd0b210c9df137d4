package sli

import (
	"encoding/json"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
)

// Scope says from where a source gives the same answer.
type Scope string

// A local source is this host's own (its files); a shared one answers alike from
// every host (CloudWatch, S3, SQL, …). Counts of several hosts add only where local.
const (
	Local  Scope = "local"
	Shared Scope = "shared"
)

// Facts is what a source gives, from its options alone, without asking the world.
// Graph definitions, validation, permissions and cost are all made from Facts.
//
// Large: a table that sources fill in, each key of which somebody else reads; docs/adding-a-
// source.md has a line for each.
type Facts struct {
	Reads   string   // what is read, e.g. a path or a stream's name; part of the cursor's key
	Rule    string   // everything else that shapes its events: where, fields, a configured zone
	Former  []string // how earlier releases spelled Rule; alike in order for all stages
	Unknown error    // why Reads can't be told in this run; nil usually. Its history is left alone then
	Zone    string   // the offsets of the host's zone, by which stamps without one are read; empty: none are
	Signals []Signal // the events it can give
	Levels  []string // the gauges it can give

	Latency bool // events carry how long they took
	Delay   bool // Done events carry their delay from accepted to visible
	IDs     bool // events carry record ids

	Settle    time.Duration // after a minute's end, nothing more arrives later than this
	SettleWhy string
	Scope     Scope

	// Replaces says that the source tells the same minutes again, later and more
	// completely: what a reading says of a minute replaces what earlier ones said. Else
	// what a reading emits is added.
	Replaces bool
	// Paced says that a backlog of it can be read a part at a time, see Ask.Pause.
	Paced bool
	// Role is what the stage is to a record on its way.
	Role Role
	// Capacity names the limits it watches, as capacity graphs spell them; their values
	// are levels called utilisation_NAME, in percent.
	Capacity []string
	// AgeOfNewest says that the age it reports counts from the newest row or item, so that
	// it grows while there is nothing new.
	AgeOfNewest bool
	// OwnAge says that the age it reports is this pipeline's, whoever else reads the stage.
	OwnAge bool
	// NoAge says why a minute that is answered may tell no age; empty: nothing is known of it.
	NoAge string
	// AgeDoubt says why the age it reports is an estimate; empty: it is exact.
	AgeDoubt string
	// Waits are what its records wait for, or its data age by, while all is well.
	Waits []Wait
	// Throttles says that it counts what was turned away for capacity.
	Throttles bool

	Permissions []string // IAM actions that reading needs
	Metrics     int      // billed CloudWatch metrics a due minute
	Calls       int      // requests to services a due minute
	// Round names requests that sources share: the calls of all sources with the same
	// Round are made once, together. Empty: its calls are its own.
	Round string

	// Judges are the fields of a request that `good` may ask for; nil: any.
	Judges []string
	Charge Charge // what a due minute costs beside billed metrics

	// SettleInput names an input (a function's timeout) that settling waits for beside
	// Settle; its assumed value is part of Settle's documentation, not of Settle.
	SettleInput string

	Sieve Sieve // the conditions that let its lines count

	Runs    *Runs    // a batch job's schedule
	Proving *Proving // how known-answer records are sent; nil: none are

	// MaxMalformed is the share (0…1) of malformed lines over which a minute is not
	// measured; sources without lines never count any.
	MaxMalformed float64
}

// Wait is how old something gets in a stage while all is well, and why.
type Wait struct {
	Why string // a noun: the batching window
	For time.Duration
}

// Charge is what a service bills for one due minute, in USD in us-east-1: at least USD,
// and Beyond says what comes on top.
type Charge struct {
	USD    float64
	Beyond string
}

// Role is what a stage is to a record on its way.
type Role string

// The roles, in the order of a path. A stage of a log has the role that its events
// give it.
const (
	Front  Role = "front"
	Queue  Role = "queue"
	Worker Role = "worker"
	Store  Role = "store"
)

// Inputs are quantities that estimates start from: shards, batch_size, …, by the
// names of configuration keys.
type Inputs map[string]Input

// Input is a quantity with where it comes from. Durations are in seconds.
type Input struct {
	Value float64 `json:"value"`
	From  string  `json:"from"` // configured, asked, assumed
}

// Get is the value of an input; false where nothing is known.
func (in Inputs) Get(name string) (float64, bool) {
	i, ok := in[name]
	return i.Value, ok
}

// Gives tells whether the source can give events of that signal.
func (f Facts) Gives(s Signal) bool {
	for _, g := range f.Signals {
		if g == s {
			return true
		}
	}
	return false
}

// Ask is what a source is asked in one reading. Configuration and SLI can't
// disagree, since thresholds reach the source through it.
type Ask struct {
	Now  time.Time // the run's one clock reading
	From time.Time // events before this aren't wanted; zero: everything
	Read time.Time // what was written by then has been read; zero: nothing is known to be
	// Until, when set, is the past instant the run speaks of: later events aren't seen.
	Until time.Time
	// Pause, when set, is the instant up to which a backlog is wanted now: what was written
	// later may be left to the next reading.
	Pause time.Time
	Edges []time.Duration // latency thresholds that counts are wanted for
	Good  Match           // what makes a request good; empty: the default
	Again bool            // read once more what the cursor has passed, from From on; no new cursor
	Final bool            // everything there is, from the beginning, an unfinished last line too
	// Cells is the first minute that cells are kept of: levels and summaries of earlier ones
	// aren't wanted.
	Cells Minute
	// Clock is the time now, for a prover's looks alone; nil: it stands still at Now.
	Clock func() time.Time

	// Emit takes one event; it and what it points to are valid only during the call.
	Emit func(*Event)
	// Count takes the accounting of lines in a minute; may be called often.
	Count func(Minute, Tally)
}

// Batch is what a reading brought, beside the events it emitted.
//
// Large: a reading's answer: what sources can say beside events, most of it left empty by
// most.
type Batch struct {
	// From and To say what the answer covers: everything that happened in [From, To)
	// and was written by To has been emitted. A zero From continues where the last
	// answer ended.
	From, To time.Time
	// Resumed is the end of a time in which something may have happened that can't be
	// seen any more: minutes that begin before it, and weren't answered for by then,
	// never will be. Zero where nothing was missed.
	Resumed time.Time
	// Unanswered says why the reading answers for no minute although it didn't fail:
	// not one line of the log could be read, or a file isn't there, say. What was
	// emitted counts, and the cursor moves, all the same.
	Unanswered error
	// Looked is from when on the source looked for what happened before and is found only
	// now; zero where it needn't.
	Looked time.Time
	// Ahead are minutes that several things claimed to be of that lay ahead of the run's
	// clock, and count nowhere. If that clock was wrong the minutes lack them.
	Ahead Intervals
	// Missing are minutes in [From, To) for which there is no answer all the same.
	Missing   Intervals
	Levels    []Level
	Summaries []MinuteSummary
	// Early is what is there already of the minute after those that are answered for; nil
	// where nothing is, or where it doesn't matter.
	Early *EarlyMinute
	// Paused says that what was written after To is left to the next reading.
	Paused bool
	// Inputs are described values the source asked for; they are kept until they change.
	Inputs Inputs
	// Unchanged says that what was asked is known already: nothing is replaced or added.
	Unchanged bool
	Cursor    []byte // where the next reading begins; opaque
	Warnings  []string
	Calls     int     // requests made to a service
	Bytes     int64   // bytes read
	FirstBad  string  // the first malformed line's place and reason
	Lacks     []Lack  // what lines lack to be judged, once for each field
	Sifted    *Sifted // what became of lines under Facts.Sieve; nil where it lets all through
	Skipped   int64   // what was unavoidably lost, in pieces that Warnings name
	Layout    string  // the format that was detected, for explain
	Zoneless  bool    // a stamp without zone was read, by Facts.Zone
}

// EarlyMinute is a minute's cell before it has settled. More may come, so that it only
// lowers an estimate or vetoes an alarm; it never counts.
type EarlyMinute struct {
	Minute Minute
	Cell   *StageCell
}

// earlyMinute is an EarlyMinute as a state spells it.
type earlyMinute EarlyMinute

// MarshalJSON spells it as without. That it can spell itself spares those who have none what
// encoding/json prepares for a cell: a fifth of a millisecond of each start.
func (e *EarlyMinute) MarshalJSON() ([]byte, error) { return json.Marshal((*earlyMinute)(e)) }

// UnmarshalJSON reads what MarshalJSON spells.
func (e *EarlyMinute) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, (*earlyMinute)(e))
}

// MinuteSummary is what statistics say of a minute: age, work or store.
type MinuteSummary struct {
	Minute  Minute
	Name    string
	Summary estimate.Summary
}

// Runs is a batch job's schedule.
type Runs struct {
	Every  time.Duration
	At     time.Duration // offset of the first run within Every, or since midnight for a daily one
	Within time.Duration // when the run must be done
	Target float64       // share of the due rows (0…1) that makes a run good
	Zone   *time.Location
}

// Due tells whether a run is due to begin in the minute.
func (r Runs) Due(m Minute) bool {
	local := m.Start().In(r.Zone)
	midnight := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	return r.Every > 0 && (midnight-r.At)%r.Every == 0 && midnight >= r.At%r.Every
}
