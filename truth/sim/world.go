package sim

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// World is a scenario that has been run: every fact, ready to be asked.
// It never changes; its methods may be called from several goroutines.
type World struct {
	Scenario    Scenario // with its defaults filled in
	Start, End  Instant
	Records     []Record     // by Accepted; the index is the id
	Invocations []Invocation // by Began
	Throttles   []Instant    // attempts to invoke that were throttled
	PutRejects  []PutReject  // puts over a shard's write limit
	Drops       []Drop       // batches that were given up
	Runs        []JobRun     // of the batch job, by Due

	lanes      []lane
	polls      []pollMinute // by minute since Start
	polled     []polledBatch
	faults     faults
	longest    Instant // longest invocation, init included
	byAnswered func() []uint32
	byArrived  func() []uint32
	byRow      func() []uint32
	points     func() *pointIndex
}

// PutReject is one put that the stream refused.
type PutReject struct {
	At    Instant
	Shard int
}

// Drop is a batch, or what was left of it, that was given up.
type Drop struct {
	At        Instant
	Records   int
	Delivered bool // to the on-failure destination
}

// Run runs a scenario. The same scenario gives the same world, always.
// An impossible scenario is an error.
func Run(s Scenario) (*World, error) {
	s = s.withDefaults()
	if err := s.Validate(); err != nil {
		return nil, err
	}
	w := &World{Scenario: s, Start: At(s.Start), End: At(s.End()), faults: compile(s.Faults)}
	if n := w.expected(); n > maxRequests {
		return nil, fmt.Errorf("scenario: %.0f requests expected, at most %d fit", n, maxRequests)
	}
	w.runFront()
	switch s.Topology {
	case Async:
		w.runWorker()
	case Batch:
		w.runJob()
	}
	w.byAnswered = sync.OnceValue(func() []uint32 { return w.sorted(func(r *Record) Instant { return r.Answered }) })
	w.byArrived = sync.OnceValue(func() []uint32 { return w.sorted(func(r *Record) Instant { return r.Arrived }) })
	w.byRow = sync.OnceValue(w.indexRows)
	w.points = sync.OnceValue(w.indexPoints)
	return w, nil
}

// expected is the mean number of requests.
func (w *World) expected() float64 {
	n := 0.0
	for t := w.Start; t < At(w.Scenario.Start.Add(w.Scenario.Length)); t += second {
		n += w.Scenario.Traffic.at(t) * w.faults.factor(TrafficTimes, t)
	}
	return n
}

// sorted lists the ids of the records for which the instant exists, by it.
func (w *World) sorted(by func(*Record) Instant) []uint32 {
	type entry struct {
		at Instant
		id uint32
	}
	entries := make([]entry, 0, len(w.Records))
	for id := range w.Records {
		if at := by(&w.Records[id]); at != Never {
			entries = append(entries, entry{at, uint32(id)})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
	ids := make([]uint32, len(entries))
	for i, e := range entries {
		ids[i] = e.id
	}
	return ids
}

// from is the place in ids, sorted by an instant, of the first at or after t.
func (w *World) from(ids []uint32, by func(*Record) Instant, t Instant) int {
	i, _ := slices.BinarySearchFunc(ids, t, func(id uint32, t Instant) int { return cmp.Compare(by(&w.Records[id]), t) })
	return i
}
