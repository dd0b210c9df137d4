package sli

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/digits"
)

// Signal says what an event reports.
type Signal uint8

// The signals. Requests are judged by availability and latency; the others are the
// life of a record or of a batch on its way through the pipeline.
const (
	NoSignal Signal = iota
	Request
	Accepted
	Received
	Done
	Failed
	Filtered
	Dropped
	DeadLettered
	Duplicate
	Correct
	Wrong
	RunStart
	RunDone
	Invocation
	Throttled
	Answer     // an answer of known duration whose request isn't known: latency's only
	Polled     // records a mapping read
	Handed     // records handed to the worker, again on every retry
	HandFailed // of them, those whose attempt failed
	Sent       // messages put into a queue, about
	Deleted    // messages taken out of it for good, about
	Probed     // a known-answer record whose verdict is in
	Uninjected // a known-answer record that the front didn't take
	Row        // rows of a store, good where they are young enough
	Trace      // traced requests: a sample, with its delay where that is known
	signals    // their number
)

var signalNames = [signals]string{
	"", "requests", "accepted", "received", "done", "failed", "filtered", "dropped", "dead_lettered",
	"duplicate", "correct", "wrong", "run_start", "run_done", "invocations", "throttled",
	"answers", "polled", "handed", "hand_failed", "sent", "deleted", "probed", "uninjected", "rows", "traces",
}

// String is the signal's name as configuration and reports spell it.
func (s Signal) String() string {
	if s < signals {
		return signalNames[s]
	}
	return ""
}

// ParseSignal is the signal of that name; false if there is none.
func ParseSignal(name string) (Signal, bool) {
	for i := Request; i < signals; i++ {
		if signalNames[i] == name {
			return i, true
		}
	}
	return NoSignal, false
}

// Event is something that can be judged, with a weight: a log line weighs 1, a
// CloudWatch count of 9,990 answers within 500 ms weighs 9,990.
//
// Durations are valid only where their Has flag is set.
//
// Large: a plain record on the path of every line; to hold parts of it behind pointers would
// allocate for each.
type Event struct {
	Time   int64 // microseconds since the epoch: the instant whose minute it belongs to
	Weight float64
	Signal Signal

	Status     int           // HTTP status, 0 unknown
	Method     []byte        // HTTP method; valid only while the event is being emitted
	Path, Host []byte        // of the request, where they are known of a bad one; valid as Method is
	Latency    time.Duration // how long the request or the work took
	HasLatency bool          //
	Lasted     time.Duration // how long an aborted request lasted, where its latency isn't known; 0 unknown
	Connection bool          // Latency is how long a connection lived that outlived its request, see lived
	Good       Verdict       // what the stage's own `good` conditions say; NotValid where none are configured
	Accepted   Verdict       // what the stage's own `accepted` conditions say, the same
	// Observations, where there are any, are those of the requests that the event stands for,
	// one each: all of one minute and different in nothing else. Time and Latency are one
	// of theirs, and all latencies lie on the same side of every Ask.Edges.
	Observations []Observation

	Delay      time.Duration // accepted → visible
	HasDelay   bool          //
	AcceptedAt int64         // microseconds since the epoch, 0 unknown
	// Ahead is how far in the future the record's accepted_at, or the run's watermark,
	// lies: it is skewed, and unknown then. 0: it isn't.
	Ahead time.Duration
	ID    uint64
	HasID bool

	Watermark int64   // batch: data is complete up to here, microseconds since the epoch, 0 unknown
	Should    float64 // batch: rows due; negative unknown
	Group     uint64  // hash of the `group` value, 0 none

	Lambda *LambdaReport // what the platform says of an invocation; nil: nothing
	EMF    []EMFSeries   // the metrics that the line publishes
	Probe  *Probe        // what became of a known-answer record; nil: it is none
}

// AbortStatus tells the statuses of requests whose client went away before the answer: nginx's
// 499 and a load balancer's 460.
func AbortStatus(status int) bool { return status == 499 || status == 460 }

// Observation is when a request was, in microseconds since the epoch, and how long it took.
type Observation struct {
	Time    int64
	Latency time.Duration
}

// Level is a gauge at a minute. Levels take max or last; they don't add.
type Level struct {
	Minute Minute
	Name   string // age, backlog, utilisation_NAME
	Value  float64
}

// LevelIdle stands in a minute in which a source that tells ages has none to tell because
// nothing came: nothing is owed.
const LevelIdle = "idle"

// Verdict is what an SLI says of an event. The zero value is NotValid.
type Verdict uint8

// The verdicts.
const (
	NotValid Verdict = iota
	Good
	Bad
	Uncertain
	Aborted // uncertain, since the client went away
)

// Tally is the accounting of a log source in one minute: nothing is silently
// dropped, Lines = Parsed + Malformed + Blank.
type Tally struct {
	Lines, Parsed, Malformed, Blank int64
	Late, Skewed                    int64
	Bytes                           int64
	Unmatched                       int64 // of the parsed ones, those that conditions left out
}

// Add adds u to t.
func (t *Tally) Add(u Tally) {
	t.Lines += u.Lines
	t.Parsed += u.Parsed
	t.Malformed += u.Malformed
	t.Blank += u.Blank
	t.Late += u.Late
	t.Skewed += u.Skewed
	t.Bytes += u.Bytes
	t.Unmatched += u.Unmatched
}

// Matched is the number of lines that conditions let through, and that could be booked.
func (t Tally) Matched() int64 { return max(0, t.Parsed-t.Skewed-t.Unmatched) }

// MinMalformed is how many malformed lines a minute needs before their share can
// make it not measured.
const MinMalformed = 10

// Refused tells whether so much of a minute was malformed that its counts say
// nothing: over limit (a share in 0…1) of at least MinMalformed lines, or all.
func (t Tally) Refused(limit float64) bool {
	if t.Parsed == 0 {
		return t.Malformed > 0
	}
	return t.Malformed >= MinMalformed && float64(t.Malformed) > limit*float64(t.Parsed+t.Malformed)
}

// Refusal says how much was malformed of some minutes that were refused for it.
func (t Tally) Refusal(limit float64, minutes int) string {
	share := float64(t.Malformed) / float64(t.Parsed+t.Malformed)
	in := "a minute"
	if minutes > 1 {
		in = fmt.Sprintf("%d minutes", minutes)
	}
	return fmt.Sprintf("%s of %s lines of %s are malformed, %s%%, limit %s%%", digits.Count(float64(t.Malformed)), digits.Count(float64(t.Parsed+t.Malformed)), in, digits.Percent(Percent(share), 3), digits.Of(100*limit, 3))
}

// switchingProtocols is the status of a request whose connection goes on in another
// protocol (RFC 9110, section 15.2.2), mostly a WebSocket's.
const switchingProtocols = 101

// lived tells whether the event's latency is the life of a connection: it is logged when
// that ends, and says nothing of how soon the request was answered.
func (e *Event) Lived() bool {
	return e.Signal == Request && (e.Connection || e.Status == switchingProtocols)
}
