package sim

import "time"

// The truth of this world; the functions of the same names say what they mean.

// Availability of [from, to), minute by minute.
func (w *World) Availability(from, to Instant) []Cell { return Availability(w.Records, from, to) }

// Latency of [from, to) against a threshold.
func (w *World) Latency(from, to Instant, threshold time.Duration) []Cell {
	return Latency(w.Records, from, to, span(threshold))
}

// FreshnessByRecord of [from, to), by the minute the records came out.
func (w *World) FreshnessByRecord(from, to Instant, threshold time.Duration) []Cell {
	return FreshnessByRecord(w.Records, from, to, span(threshold))
}

// FreshnessByArrival of [from, to), by the minute the records arrived.
func (w *World) FreshnessByArrival(from, to Instant, threshold time.Duration) []Cell {
	return FreshnessByArrival(w.Records, from, to, span(threshold))
}

// Coverage of [from, to) against a deadline.
func (w *World) Coverage(from, to Instant, deadline time.Duration) []Cell {
	return Coverage(w.Records, from, to, span(deadline))
}

// Age at an instant, lost records being owed for ever.
func (w *World) Age(at Instant) time.Duration {
	return time.Duration(Ages(w.Records, []Instant{at}, true)[0]) * time.Microsecond
}

// Balance is the account of an instant.
func (w *World) Balance(at Instant) Account { return Balance(w.Records, at) }

// Flow counts the events of [from, to).
func (w *World) Flow(from, to Instant) Flow { return Flows(w.Records, from, to) }

// RunsDue counts the batch runs due in [from, to); good ones were done within
// a time of being due and processed all they should.
func (w *World) RunsDue(from, to Instant, within time.Duration) Cell {
	c := Cell{Minute: from.Minute()}
	for _, r := range w.Runs {
		if r.Due >= from && r.Due < to {
			c.Valid++
			if r.Done != Never && r.Done-r.Due <= span(within) && r.Processed >= r.Should {
				c.Good++
			}
		}
	}
	return c
}
