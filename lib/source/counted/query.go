// Package counted is what sources build on that have another engine count: whole minutes
// are asked for once, as soon as they are due, and none of their lines is read here.
package counted

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Query is how a source reads that asks another engine to count whole minutes: each
// minute once, as soon as it is due.
type Query struct {
	Settle time.Duration
	Most   int    // minutes of one run; the rest follows in the next ones
	Never  error  // why minutes aren't answered for, as long as there never was anything to look at
	Of     string // what is asked; where that changes there never was anything so far
}

// Outcome is how the engine answered.
type Outcome uint8

// The outcomes.
const (
	Counted  Outcome = iota // what it counted was emitted
	Empty                   // nothing was emitted, since there was nothing to look at
	TooLarge                // nothing was emitted, since the answer would have been cut off
)

// asked is what is kept between runs.
type asked struct {
	Answered sli.Minute `json:"answered"`
	Seen     bool       `json:"seen,omitempty"` // there was something to look at
	Of       uint64     `json:"of,omitempty"`   // a hash of what was asked then
}

// reachBack is how many minutes back unread ones are still asked about.
const reachBack = 24 * 60

// Read asks for the minutes that are due, for fewer where the answer would be too large; a
// minute that is too large by itself is Missing. The Batch says which minutes those were.
// count is told whether there was something to look at before.
func (a Query) Read(ask sli.Ask, cursor []byte, count func(w sli.Window, seen bool) (Outcome, error)) (sli.Batch, error) {
	var at asked
	if cursor != nil {
		if err := json.Unmarshal(cursor, &at); err != nil {
			return sli.Batch{}, fmt.Errorf("the position in the state can't be read: %w", err)
		}
	}
	if of := a.of(); at.Of != of {
		at.Of, at.Seen = of, false
	}
	w := a.window(ask, at.Answered, cursor != nil)
	if w.Minutes() == 0 {
		b := sli.Batch{From: w.Start(), To: w.End().Add(a.Settle)}
		if !ask.Again {
			b = sli.Batch{Unchanged: true, Cursor: cursor}
		}
		return b, nil
	}
	reply, err := count(w, at.Seen)
	for err == nil && reply == TooLarge && w.Minutes() > 1 {
		if half := sli.Minute(w.Minutes() / 2); ask.Again {
			w.From += half
		} else {
			w.To -= half
		}
		reply, err = count(w, at.Seen)
	}
	if err != nil {
		return sli.Batch{}, err
	}
	if at.Seen = at.Seen || reply != Empty; !at.Seen && a.Never != nil {
		return sli.Batch{Unanswered: a.Never, Cursor: cursor}, nil //nolint:nilerr // it is an answer, of nothing
	}
	b := sli.Batch{From: w.Start(), To: w.End().Add(a.Settle)}
	if reply == TooLarge {
		b.Missing = b.Missing.Add(w)
	}
	if !ask.Again {
		at.Answered = w.To - 1
		b.Cursor, _ = json.Marshal(at) // always encodes
	}
	return b, nil
}

// of is the hash of what is asked, 0 where that makes no difference.
func (a Query) of() uint64 {
	if a.Of == "" {
		return 0
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(a.Of)) // never fails
	return hash.Sum64()
}

// window is the minutes to ask about.
func (a Query) window(ask sli.Ask, answered sli.Minute, known bool) sli.Window {
	newest := sli.Due(ask.Now, a.Settle)
	if !ask.Until.IsZero() {
		newest = min(newest, sli.MinuteAt(ask.Until)-1)
	}
	most := sli.Minute(a.Most)
	w := sli.Window{From: newest + 1 - most, To: newest + 1}
	if !ask.From.IsZero() {
		w.From = max(w.From, sli.MinuteAt(ask.From))
	}
	switch {
	case ask.Again:
		w.To = answered + 1
		w.From = min(w.From, w.To)
	case known:
		w.From = max(answered+1, newest+1-reachBack)
		w.To = max(w.From, min(w.To, w.From+most))
	}
	w.From = min(w.From, w.To)
	return w
}
