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

// SilentMinutes are those with acceptances after whose start nothing had come out
// by their end + threshold, by what they accepted: FreshnessByRecord books them as
// bad once that time has passed.
func (w *World) SilentMinutes(threshold time.Duration) []Cell {
	silent := silentMinutes(w.Records, span(threshold))
	return tally(w.Records, w.Start, w.End, func(r *Record) (Instant, bool) {
		if !r.IsAccepted() || !silent[r.Accepted.Minute()] {
			return Never, false
		}
		return r.Accepted, false
	})
}

// AcceptedLines counts the lines of the front's own log by the minute of their stamps.
func (w *World) AcceptedLines() []Cell {
	return tally(w.Records, w.Start, w.End, func(r *Record) (Instant, bool) {
		if r.Arrived == Never {
			return Never, false
		}
		return r.Arrived + w.skew(r.Task, r.Arrived), true
	})
}

// FreshnessByLog is FreshnessByRecord by the worker's log and clock: a record counts where
// its first done line is, however often it is written again.
func (w *World) FreshnessByLog(threshold time.Duration) []Cell {
	first := map[uint32]Instant{}
	for i := range w.Invocations {
		w.steps(&w.Invocations[i], func(s step) {
			if at, seen := first[s.id]; !s.skip && !s.failed && s.writes > 0 && (!seen || s.at < at) {
				first[s.id] = s.at
			}
		})
	}
	silent := silentMinutes(w.Records, span(threshold))
	cells := w.SilentMinutes(threshold)
	for id, at := range first {
		r, at := &w.Records[id], w.workerClock(at)
		c := cellAt(cells, at)
		if c == nil || silent[r.Accepted.Minute()] {
			continue
		}
		c.Valid++
		if at-w.stampAccepted(r) <= span(threshold) {
			c.Good++
		}
	}
	return cells
}

// DoneLines counts the done lines of the worker's log by the minute they were written
// in: one for each time that a record was written.
func (w *World) DoneLines() []Cell {
	cells := grid(w.Start, w.End)
	for i := range w.Invocations {
		w.steps(&w.Invocations[i], func(s step) {
			if c := cellAt(cells, w.workerClock(s.at)); c != nil && !s.skip && !s.failed {
				c.Valid += s.writes
				c.Good += s.writes
			}
		})
	}
	return cells
}

// Verdicts counts the audit lines of the worker's log by the minute they were
// written in: a record that is written again is audited again.
func (w *World) Verdicts() []Cell {
	cells := grid(w.Start, w.End)
	for i := range w.Invocations {
		w.steps(&w.Invocations[i], func(s step) {
			if s.writes == 0 || !happens(w.Scenario.Seed, forAudit, uint64(s.id), w.Scenario.Worker.Audits) {
				return
			}
			if c := cellAt(cells, w.workerClock(s.at)); c != nil {
				c.Valid++
				if !w.Records[s.id].Wrong {
					c.Good++
				}
			}
		})
	}
	return cells
}

// TargetLatency counts every answer of a target by the minute it ended in; good is
// within the threshold, as the load balancer measures it.
func (w *World) TargetLatency(threshold time.Duration) []Cell {
	return tally(w.Records, w.Start, w.End, func(r *Record) (Instant, bool) {
		if r.byBalancer() || r.Status == 0 {
			return Never, false
		}
		return r.Answered, r.target() <= span(threshold)
	})
}
