package sim

import "time"

// stamped is the time an access log of that format gives a request; Never where
// it has no line of it. A task logs by its own clock what reached it.
func (w *World) stamped(f Format, r *Record) Instant {
	switch {
	case r.Read || r.Status == 0:
		return Never
	case f == ALB:
		return r.Answered
	case w.Scenario.Front.ALB && r.byBalancer():
		return Never
	}
	return r.Answered + w.skew(r.Task, r.Answered)
}

// Logged is the availability of the writes that an access log has lines of, by
// the minute of its stamps: what its reader must find.
func (w *World) Logged(f Format) []Cell {
	return tally(w.Records, w.Start, w.End, func(r *Record) (Instant, bool) {
		return w.stamped(f, r), r.Status < 500
	})
}

// LoggedWithin is the latency of the same writes, of those answered with a status
// below 500.
func (w *World) LoggedWithin(f Format, threshold time.Duration) []Cell {
	return tally(w.Records, w.Start, w.End, func(r *Record) (Instant, bool) {
		if r.Status >= 500 {
			return Never, false
		}
		return w.stamped(f, r), r.Answered-r.Accepted <= span(threshold)
	})
}
