package sli

import (
	"iter"
	"maps"
	"slices"
)

// MaxStamps bounds the minutes that Stamps tell apart: the newest are kept.
const MaxStamps = 200

// Stamps count the events of a minute that speak of records accepted in earlier ones,
// by the minute of acceptance. They add.
type Stamps map[Minute]float64

// note counts an event at one instant that speaks of a record accepted at another,
// both in microseconds since the epoch.
func (s *Stamps) note(at, accepted int64, weight float64) {
	if m := MinuteOf(accepted); m < MinuteOf(at) {
		s.add(m, weight)
	}
}

func (s *Stamps) add(m Minute, weight float64) {
	if *s == nil {
		*s = make(Stamps)
	}
	(*s)[m] += weight
	if len(*s) > MaxStamps {
		oldest := m
		for other := range *s {
			oldest = min(oldest, other)
		}
		delete(*s, oldest)
	}
}

func (s *Stamps) merge(t Stamps) {
	for m, weight := range t {
		s.add(m, weight)
	}
}

// total is the sum over all minutes.
func (s Stamps) Total() float64 {
	var sum float64
	for weight := range maps.Values(s) {
		sum += weight
	}
	return sum
}

// DoneByAcceptance gives how many records came out in the minute that the cell is of, by
// the minute they were accepted in, oldest first.
func (c *StageCell) DoneByAcceptance(m Minute) iter.Seq2[Minute, float64] {
	return func(yield func(Minute, float64) bool) {
		for _, accepted := range slices.Sorted(maps.Keys(c.DoneOf)) {
			if !yield(accepted, c.DoneOf[accepted]) {
				return
			}
		}
		if n := c.Signals[Done] - c.DoneOf.Total(); n > 0 {
			yield(m, n)
		}
	}
}
