package cwlogs

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"
)

// remembered is how many events are known by their ids, the newest; so far is looked
// back at most.
const remembered = 200_000

// minuteIDs is hashes of the ids of the events of a minute since the epoch, 8 bytes
// each.
type minuteIDs struct {
	Minute int64  `json:"m"`
	Hashes []byte `json:"h"`
}

// memory is the events that were handed over, by the hashes of their ids.
type memory struct {
	minutes map[uint64]int64 // since the epoch
	known   int64            // in ms since the epoch: from there on all are remembered
}

const millisecondsPerMinute = int64(time.Minute / time.Millisecond)

// recall is what a cursor remembers.
func recall(cur Cursor) *memory {
	m := &memory{minutes: map[uint64]int64{}, known: cur.Known}
	for _, minute := range cur.IDs {
		for at := 0; at+8 <= len(minute.Hashes); at += 8 {
			m.minutes[binary.LittleEndian.Uint64(minute.Hashes[at:])] = minute.Minute
		}
	}
	if cur.Known == 0 { // an earlier version's
		m.known = cur.From
		for _, id := range cur.Seen {
			m.minutes[id] = cur.From/millisecondsPerMinute + 5 // which of the last minutes, it didn't say
		}
	}
	return m
}

// encode is what a cursor keeps.
func (m *memory) encode() []minuteIDs {
	by := map[int64][]uint64{}
	for id, minute := range m.minutes {
		by[minute] = append(by[minute], id)
	}
	var out []minuteIDs
	for _, minute := range slices.Sorted(maps.Keys(by)) {
		ids := by[minute]
		slices.Sort(ids)
		hashes := make([]byte, 0, 8*len(ids))
		for _, id := range ids {
			hashes = binary.LittleEndian.AppendUint64(hashes, id)
		}
		out = append(out, minuteIDs{minute, hashes})
	}
	return out
}

func (m *memory) has(id uint64) bool {
	_, ok := m.minutes[id]
	return ok
}

// add remembers an event; false where it was known.
func (m *memory) add(id uint64, at int64) bool {
	if m.has(id) {
		return false
	}
	m.minutes[id] = at / millisecondsPerMinute
	return true
}

// bound forgets the oldest minutes where too many events are remembered, but never the
// newest minute.
func (m *memory) bound() {
	if len(m.minutes) <= remembered {
		return
	}
	count := map[int64]int{}
	for _, minute := range m.minutes {
		count[minute]++
	}
	left := len(m.minutes)
	minutes := slices.Sorted(maps.Keys(count))
	for _, minute := range minutes[:len(minutes)-1] {
		if left <= remembered {
			break
		}
		left -= count[minute]
		m.known = max(m.known, (minute+1)*millisecondsPerMinute)
	}
	m.forget(m.known)
}

// newest is the end of the newest minute of which an event is remembered.
func (m *memory) newest() int64 {
	newest := m.known
	for _, minute := range m.minutes {
		newest = max(newest, (minute+1)*millisecondsPerMinute)
	}
	return newest
}

// forget forgets what happened in minutes before an instant.
func (m *memory) forget(before int64) {
	m.known = max(m.known, before)
	maps.DeleteFunc(m.minutes, func(_ uint64, minute int64) bool { return (minute+1)*millisecondsPerMinute <= m.known })
}

// farthest is how far before an instant a question for new events may begin and be
// answered with a page or so of known ones: at the end of depth, else of less, else at
// once.
func (m *memory) farthest(from int64, depths ...time.Duration) int64 {
	for _, depth := range depths {
		begin := max(m.known, from-depth.Milliseconds())
		n := 0
		for _, minute := range m.minutes {
			if at := minute * millisecondsPerMinute; at >= begin-millisecondsPerMinute && at < from {
				n++
			}
		}
		if begin <= from && n <= onePage {
			return begin
		}
	}
	return from
}
