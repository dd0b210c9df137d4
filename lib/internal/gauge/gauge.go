// Package gauge keeps a level that is looked at now and then: which minutes a reading
// is due for, and how old the data is at the end of the minutes between two readings.
//
// Minutes are counted from the epoch, as whole UTC minutes; a watermark is the instant
// up to which the data is known to be there, in microseconds since the epoch.
package gauge

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
)

const microsecondsPerMinute = 60_000_000

// Memory is what is kept between runs.
type Memory struct {
	Of        uint64 `json:"of"`                  // a hash of what was asked
	Read      int64  `json:"read"`                // the last minute that was read
	Answered  int64  `json:"answered"`            // the last minute that was answered for
	Watermark int64  `json:"watermark,omitempty"` // as it was read; 0: nothing that can be trusted was
	// Skewed is the share, 0…1, of what was read that lies in the future.
	Skewed float64 `json:"skewed,omitempty"`
}

// Load is the memory in a cursor; false where there is none yet. of spells what is
// asked: what was read by another question is forgotten, but not up to when there is an
// answer.
func Load(cursor []byte, of string) (Memory, bool, error) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(of)) // never fails
	now := Memory{Of: hash.Sum64()}
	if cursor == nil {
		return now, false, nil
	}
	var m Memory
	if err := json.Unmarshal(cursor, &m); err != nil {
		return now, false, fmt.Errorf("the position in the state can't be read: %w", err)
	}
	if m.Of != now.Of {
		now.Answered = m.Answered
		return now, true, nil
	}
	return m, true, nil
}

// Cursor is the memory as the state keeps it.
func (m Memory) Cursor() []byte {
	text, _ := json.Marshal(m) // numbers always encode
	return text
}

// Due tells whether the newest due minute is to be read, where one reading is wanted
// every so many minutes.
func (m Memory) Due(newest, every int64) bool { return m.Read == 0 || newest-m.Read >= every }

// Holds tells whether what was last read still speaks of a minute: a gap of more than
// twice `every` is not measured.
func (m Memory) Holds(minute, every int64) bool { return m.Read > 0 && minute < m.Read+2*every }

// Age is how old the data is at the end of a minute, in seconds, as far as the last
// reading tells: it grows by the clock.
func (m Memory) Age(minute int64) float64 { return Age(minute, m.Watermark) }

// Age is how old data of that watermark is at the end of a minute, in seconds, never
// negative.
func Age(minute, watermark int64) float64 {
	return max(0, float64((minute+1)*microsecondsPerMinute-watermark)/1e6)
}
