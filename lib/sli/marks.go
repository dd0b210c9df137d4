package sli

import (
	"maps"
	"math/bits"
	"slices"
)

const microsecondsPerSecond = 1_000_000

// Marks tell in which seconds something happened, a bit a second, by minute. They are
// united.
type Marks map[Minute]uint64

// note marks the second of an instant, in microseconds since the epoch.
func (s *Marks) note(at int64) {
	m := MinuteOf(at)
	s.add(m, 1<<((at-int64(m)*microsecondsPerMinute)/microsecondsPerSecond))
}

// add marks seconds of a minute; of too many minutes the newest are kept.
func (s *Marks) add(m Minute, seconds uint64) {
	if *s == nil {
		*s = make(Marks)
	}
	(*s)[m] |= seconds
	if len(*s) > 2*MaxStamps { // seldom, as a log may name a million
		kept := slices.Sorted(maps.Keys(*s))
		for _, old := range kept[:len(kept)-MaxStamps] {
			delete(*s, old)
		}
	}
}

func (s *Marks) Merge(t Marks) {
	for m, seconds := range t {
		s.add(m, seconds)
	}
}

// first is the beginning of the first marked second that doesn't begin before an instant,
// in the minutes to the last one; 0 where there is none.
func (s Marks) First(from int64, last Minute) int64 {
	for m := MinuteOf(from); m <= last; m++ {
		marked := s[m]
		start := int64(m) * microsecondsPerMinute
		if begun := from - start; begun > 0 {
			marked &= ^uint64(0) << ((begun + microsecondsPerSecond - 1) / microsecondsPerSecond)
		}
		if marked != 0 {
			return start + int64(bits.TrailingZeros64(marked))*microsecondsPerSecond
		}
	}
	return 0
}

// maxGroups bounds the groups that are told apart.
const maxGroups = 200

// Groups are the largest accepted_at that came out of each group. Records of further ones
// belong to none.
type Groups map[uint64]int64

func (g *Groups) note(group uint64, accepted int64) {
	if group == 0 {
		return
	}
	if *g == nil {
		*g = make(Groups)
	}
	if old, known := (*g)[group]; known || len(*g) < maxGroups {
		(*g)[group] = max(old, accepted)
	}
}

func (g *Groups) Merge(h Groups) {
	for group, accepted := range h {
		g.note(group, accepted)
	}
}
