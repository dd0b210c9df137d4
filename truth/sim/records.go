package sim

// Fate says what became of a request and the record it carried.
type Fate uint8

const (
	// Rejected: not accepted, or a read; there is no record.
	Rejected Fate = iota
	// InFlight: accepted and neither visible nor given up.
	InFlight
	// Visible: seen in the store. A record given up after a failed attempt
	// had already written it stays Visible.
	Visible
	// Filtered: left out on purpose, by the mapping or by the worker.
	Filtered
	// Dropped: given up by maximum age or attempts.
	Dropped
	// DeadLettered: given up and delivered to the on-failure destination.
	DeadLettered
	// Expired: older than the stream's retention before it was read.
	Expired
	// Lost: the worker said success and wrote nothing.
	Lost
)

// String is the fate in lower case.
func (f Fate) String() string {
	return [...]string{"rejected", "in flight", "visible", "filtered", "dropped", "dead-lettered", "expired", "lost"}[f]
}

// Record is what is true of one request. Requests are kept in the order of
// Accepted; a record's number in World.Records is its id.
type Record struct {
	Accepted  Instant // the request's start, true time: accepted_at
	Arrived   Instant // held by the stream (or committed); Never if rejected
	Answered  Instant // the request's end: Accepted + whole milliseconds
	Visible   Instant // first seen in the store, or Never
	LastWrite Instant // last time it was written, or Never
	Left      Instant // given up, filtered or lost at, or Never
	Key       uint32  // partition key and row key
	Status    uint16  // HTTP status; 0 when nobody answered
	Shard     uint16
	Task      uint8 // front task that answered
	Lane      uint8 // lane within the shard
	Writes    uint8 // times written, at most 255
	Fate      Fate
	Wrong     bool // the store shows a wrong result
	Read      bool // a GET: answered, no record
	NoTarget  bool // no target was chosen
	mapped    bool // filtered out by the event source mapping
	poison    bool // fails every attempt until it is fixed
}

// IsAccepted tells whether the pipeline owes a result, or owed one.
func (r *Record) IsAccepted() bool { return r.Fate != Rejected }

// gone is when the record stopped being owed. A lost record is owed for ever
// when lostIsOwed, else until it was lost.
func (r *Record) gone(lostIsOwed bool) Instant {
	switch {
	case r.Fate == Visible:
		return r.Visible
	case r.Fate == Rejected:
		return always
	case r.Fate == Lost && lostIsOwed:
		return Never
	}
	return r.Left
}

// write notes one write to the store.
func (r *Record) write(at Instant, wrong bool) {
	if r.Visible == Never {
		r.Visible, r.Fate, r.Left = at, Visible, Never
	}
	r.LastWrite, r.Wrong = at, wrong
	if r.Writes < 255 {
		r.Writes++
	}
}

// leave notes that the record will not come out, unless it has already.
func (r *Record) leave(at Instant, why Fate) {
	if r.Fate == InFlight {
		r.Fate, r.Left = why, at
	}
}
