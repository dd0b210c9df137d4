package prover

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	// maxOutstanding bounds the records that wait for a verdict; beyond it nothing is sent.
	maxOutstanding = 512
	// stepBack is by how much a clock may go back before it counts as set anew. Overlapping
	// runs read theirs in any order, but not that far apart.
	stepBack = 10 * time.Minute
	// sweepTries is how often the cleaning up after a record is tried.
	sweepTries = 3
	// maxSweeps bounds the records that wait to be cleaned up.
	maxSweeps = 256
)

// book is a prover's position: what was sent and what is known of it. It holds no
// answer and nothing secret; instants are microseconds since the epoch, 0 none.
type book struct {
	Rule    string        `json:"rule"`   // of the configuration that its records were sent by
	Random  string        `json:"random"` // this state's number
	Slot    int64         `json:"slot"`   // the newest that was claimed
	Count   int64         `json:"count"`  // of records claimed
	Read    int64         `json:"read"`   // the last look
	Probes  []probe       `json:"probes,omitempty"`
	Refused []int64       `json:"refused,omitempty"` // when the front didn't take one; until counted
	Sweeps  []sweep       `json:"sweeps,omitempty"`  // judged, to be cleaned up after
	Claims  []int64       `json:"claims,omitempty"`  // of the last hour
	Covered sli.Intervals `json:"covered,omitempty"` // minutes whose slots were claimed; until answered for
}

// probe is a record that waits for its verdict.
type probe struct {
	ID   string `json:"id"`
	N    int64  `json:"n"`
	Slot int64  `json:"slot"`
	At   int64  `json:"at"`   // sent; where that isn't known, claimed
	Sent bool   `json:"sent"` // the front took it

	Absent     int64 `json:"absent,omitempty"`      // the last look that found nothing
	NotRight   int64 `json:"not_right,omitempty"`   // the last look that found no right answer
	FoundAfter int64 `json:"found_after,omitempty"` // came out in (FoundAfter, FoundBy]
	FoundBy    int64 `json:"found_by,omitempty"`
	RightAfter int64 `json:"right_after,omitempty"` // came right in (RightAfter, RightBy]
	RightBy    int64 `json:"right_by,omitempty"`
	Until      int64 `json:"until,omitempty"` // the verdict waits longer than usual, until then
}

// sweep is a judged record to be cleaned up after.
type sweep struct {
	ID    string `json:"id"`
	N     int64  `json:"n"`
	Slot  int64  `json:"slot"`
	Tries int    `json:"tries"`
}

// open reads a position. One of another configuration keeps its slots, so that none is
// sent twice, but not its records: other answers were expected of them.
func (s *Source) open(position []byte) *book {
	b := new(book)
	if json.Unmarshal(position, b) != nil || b.Random == "" {
		b = &book{Random: newRandom(), Slot: math.MinInt64}
	}
	if b.Rule != s.facts.Rule {
		b.Rule, b.Probes, b.Sweeps, b.Covered = s.facts.Rule, nil, nil, nil
	}
	return b
}

func (b *book) encode() []byte {
	out, err := json.Marshal(b)
	if err != nil {
		panic("prover: a position can't be spelled: " + err.Error()) // it is plain data of ours
	}
	return out
}

// newRandom is a state's number: two hosts, or two states, send different ids.
func newRandom() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// claim books the slot of now for a new record; false where none is due.
func (s *Source) claim(b *book, now time.Time) (probe, bool) {
	every := s.every.Microseconds()
	at := now.UnixMicro()
	slot := at / every
	if b.Slot > slot && b.Slot-slot > stepBack.Microseconds()/every {
		// The clock was set back: its slots come once more, under another number.
		b.Random, b.Slot = newRandom(), math.MinInt64
	}
	b.Claims = slices.DeleteFunc(b.Claims, func(t int64) bool {
		return at-t >= time.Hour.Microseconds() || t-at >= time.Hour.Microseconds()
	})
	if slot <= b.Slot || len(b.Probes) >= maxOutstanding || len(b.Claims) >= s.perHour {
		return probe{}, false
	}
	p := probe{Slot: slot, At: at}
	p.ID, p.N = newRecord(b.Random, slot, b.Count)
	b.Slot = slot
	b.Count++
	b.Claims = append(b.Claims, at)
	b.Probes = append(b.Probes, p)
	b.Covered = b.Covered.Add(s.minutes(slot))
	return p, true
}

// minutes are those that a slot touches.
func (s *Source) minutes(slot int64) sli.Window {
	every := s.every.Microseconds()
	return sli.Window{From: sli.MinuteOf(slot * every), To: sli.MinuteOf((slot+1)*every-1) + 1}
}

// find is the outstanding record of that id, −1 if there is none.
func (b *book) find(id string) int {
	return slices.IndexFunc(b.Probes, func(p probe) bool { return p.ID == id })
}
