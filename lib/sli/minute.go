package sli

import "time"

// microsecondsPerMinute is the length of a Minute in the unit of Event.Time.
const microsecondsPerMinute = 60_000_000

// Minute is a whole UTC minute, counted from the epoch: [m·60 s, m·60 s + 60 s).
type Minute int64

// MinuteOf is the minute that holds an instant given in microseconds since the epoch.
func MinuteOf(microseconds int64) Minute {
	m := microseconds / microsecondsPerMinute
	if microseconds%microsecondsPerMinute < 0 {
		m--
	}
	return Minute(m)
}

// MinuteAt is the minute that holds t.
func MinuteAt(t time.Time) Minute { return MinuteOf(t.UnixMicro()) }

// Start is the first instant of the minute.
func (m Minute) Start() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// End is the first instant after the minute.
func (m Minute) End() time.Time { return (m + 1).Start() }

// Window is a half-open run of minutes, [From, To).
type Window struct{ From, To Minute }

// Minutes is the number of minutes in the window, never negative.
func (w Window) Minutes() int { return max(0, int(w.To-w.From)) }

// Contains tells whether m lies in the window.
func (w Window) Contains(m Minute) bool { return w.From <= m && m < w.To }

// Start and End are the window's instants.
func (w Window) Start() time.Time { return w.From.Start() }

// End is the first instant after the window.
func (w Window) End() time.Time { return w.To.Start() }

// Ending is the window of the given length whose last minute is m. Lengths are
// rounded up to whole minutes.
func Ending(m Minute, length time.Duration) Window {
	n := Minute((length + time.Minute - 1) / time.Minute)
	return Window{From: m + 1 - n, To: m + 1}
}

// Due is the newest due minute: the last one that ended at least settle before now.
// It follows from the clock alone, so that good and valid always speak of the same
// minute, whichever source answered.
func Due(now time.Time, settle time.Duration) Minute {
	return MinuteAt(now.Add(-settle)) - 1
}

// FoldBack is how many minutes back a printed time may lie: the agent drops what is
// 15 minutes old.
const FoldBack = 14

// Stamp is the time that a statement about the minute is printed with: its end, but
// never further back than the agent takes.
func Stamp(m Minute, now time.Time) time.Time {
	if oldest := MinuteAt(now.Add(-FoldBack * time.Minute)); m+1 < oldest {
		return oldest.Start()
	}
	return m.End()
}
