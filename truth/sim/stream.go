package sim

import (
	"cmp"
	"slices"
)

// lane is a shard, or with a parallelization factor a part of one, and the
// poller that reads it: one batch at a time, in order.
type lane struct {
	shard  int
	order  []uint32 // its records by Arrived
	next   int      // first in order that has not been read
	todo   []batch  // read and not done; the next one last
	phase  Instant  // of its polls
	state  laneState
	failed int   // throttled attempts in a row
	now    int32 // invocation that runs
}

type laneState uint8

const (
	reading laneState = iota // a batch will be complete
	holding                  // a batch wants to be invoked
	running                  // an invocation will end
)

// batch is order[from:to] of a lane.
type batch struct {
	from, to int
	attempt  int // that failed and counted
	tries    int // that failed
}

// makeLanes sorts the accepted records into lanes and marks the poison ones.
func (w *World) makeLanes() {
	s := &w.Scenario
	w.lanes = make([]lane, s.Stream.Shards*s.Worker.Lanes)
	sizes := make([]int, len(w.lanes))
	at := func(r *Record) int { return int(r.Shard)*s.Worker.Lanes + int(r.Lane) }
	for i := range w.Records {
		if r := &w.Records[i]; r.IsAccepted() {
			sizes[at(r)]++
		}
	}
	for k := range w.lanes {
		shard := k / s.Worker.Lanes
		phase := fixed(s.Seed, forPhase, uint64(shard)) * float64(span(s.Worker.Poll))
		w.lanes[k] = lane{shard: shard, order: make([]uint32, 0, sizes[k]), phase: Instant(phase)}
	}
	for i := range w.Records {
		if r := &w.Records[i]; r.IsAccepted() {
			l := &w.lanes[at(r)]
			l.order = append(l.order, uint32(i))
		}
	}
	for k := range w.lanes {
		slices.SortFunc(w.lanes[k].order, func(a, b uint32) int {
			if c := cmp.Compare(w.Records[a].Arrived, w.Records[b].Arrived); c != 0 {
				return c
			}
			return cmp.Compare(a, b)
		})
	}
	for i := range w.faults[PoisonRecord] {
		w.poison(&w.faults[PoisonRecord][i])
	}
}

// poison marks the first record that arrives in the fault's shard.
func (w *World) poison(f *Fault) {
	first, at := -1, Never
	for i := range w.Records {
		r := &w.Records[i]
		if r.Accepted >= at {
			break
		}
		if r.IsAccepted() && int(r.Shard) == f.Number && r.Arrived >= f.From && r.Arrived < at {
			first, at = i, r.Arrived
		}
	}
	if first >= 0 && at < f.To {
		w.Records[first].poison = true
	}
}

// poisoned tells whether a poison record fails at an instant.
func (w *World) poisoned(r *Record, at Instant) bool {
	if !r.poison {
		return false
	}
	for _, f := range w.faults[PoisonRecord] {
		if f.Number == int(r.Shard) && r.Arrived >= f.From && at < f.To {
			return true
		}
	}
	return false
}

func (w *World) arrived(l *lane, i int) Instant { return w.Records[l.order[i]].Arrived }
