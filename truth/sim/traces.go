package sim

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"time"
)

// Trace is a trace summary. The front's segment is the root; the batch that
// makes the record visible is linked to it.
type Trace struct {
	ID           string
	Start        Instant
	ResponseTime time.Duration // of the root
	Duration     time.Duration // to the last end that is known
	Partial      bool          // the record is still under way
	Status       int
	Fault, Error bool // of the root: 5xx, 4xx
}

// Traces lists the sampled traces that start in [from, to), as they are known
// at an instant: of each second the first request and 5 % of the others.
func (w *World) Traces(from, to, at Instant) iter.Seq[Trace] {
	return func(yield func(Trace) bool) {
		last := always
		start := from - mod(from, second) // to know a second's first request
		id, _ := slices.BinarySearchFunc(w.Records, start, func(r Record, t Instant) int { return cmp.Compare(r.Accepted, t) })
		for ; id < len(w.Records); id++ {
			r := &w.Records[id]
			if r.Accepted >= to {
				return
			}
			first := r.Accepted/second != last
			last = r.Accepted / second
			sampled := first || happens(w.Scenario.Seed, forTrace, uint64(id), 0.05)
			if r.Accepted < from || !sampled || r.Status == 0 || r.Answered > at {
				continue
			}
			if !yield(w.trace(uint32(id), r, at)) {
				return
			}
		}
	}
}

func (w *World) trace(id uint32, r *Record, at Instant) Trace {
	b := append([]byte("1-"), strconv.FormatInt(int64(r.Accepted/second), 16)...)
	b = appendHex(append(b, '-'), mix(uint64(id)), 24)
	end := r.Answered
	if r.Visible <= at {
		end = max(end, r.Visible)
	}
	return Trace{ID: string(b), Start: r.Accepted, ResponseTime: r.Answered.Sub(r.Accepted), Duration: end.Sub(r.Accepted),
		Partial: r.IsAccepted() && r.gone(false) > at, Status: int(r.Status),
		Fault: r.Status >= 500, Error: r.Status >= 400 && r.Status < 500}
}
