package sim

import "slices"

// Cell is what is true of one minute, or of a window: Good of Valid.
type Cell struct {
	Minute      Instant // its start
	Valid, Good int
}

// Ratio is Good/Valid, and whether there was anything to judge.
func (c Cell) Ratio() (float64, bool) {
	if c.Valid == 0 {
		return 0, false
	}
	return float64(c.Good) / float64(c.Valid), true
}

// Sum adds cells up: a window's truth.
func Sum(cells []Cell) Cell {
	var sum Cell
	for i, c := range cells {
		if i == 0 {
			sum.Minute = c.Minute
		}
		sum.Valid += c.Valid
		sum.Good += c.Good
	}
	return sum
}

// grid makes the empty cells of the minutes that begin in [from, to).
func grid(from, to Instant) []Cell {
	from = ceil(from, minute, 0)
	if to <= from {
		return nil
	}
	cells := make([]Cell, (to-from+minute-1)/minute)
	for i := range cells {
		cells[i].Minute = from + Instant(i)*minute
	}
	return cells
}

// cellAt is the cell an instant belongs to, or nil.
func cellAt(cells []Cell, at Instant) *Cell {
	if len(cells) == 0 || at < cells[0].Minute || at == Never {
		return nil
	}
	if i := (at - cells[0].Minute) / minute; int(i) < len(cells) {
		return &cells[i]
	}
	return nil
}

// tally counts records into minutes: judge gives the instant that books a
// record (Never: not at all) and whether it is good.
func tally(records []Record, from, to Instant, judge func(*Record) (Instant, bool)) []Cell {
	cells := grid(from, to)
	for i := range records {
		at, good := judge(&records[i])
		if c := cellAt(cells, at); c != nil {
			c.Valid++
			if good {
				c.Good++
			}
		}
	}
	return cells
}

// Availability of writes by the minute their answer ended: good is a status
// below 500. Requests that nobody answered (status 0) are not in it, as no
// front could have seen them; see Unanswered.
func Availability(records []Record, from, to Instant) []Cell {
	return tally(records, from, to, func(r *Record) (Instant, bool) {
		if r.Read || r.Status == 0 {
			return Never, false
		}
		return r.Answered, r.Status < 500
	})
}

// Unanswered counts, by minute, the requests that reached no front (none is good).
func Unanswered(records []Record, from, to Instant) []Cell {
	return tally(records, from, to, func(r *Record) (Instant, bool) {
		if r.Status != 0 {
			return Never, false
		}
		return r.Answered, false
	})
}

// Latency of writes answered with a status below 500, by the minute their
// answer ended: good is answered within threshold microseconds.
func Latency(records []Record, from, to, threshold Instant) []Cell {
	return tally(records, from, to, func(r *Record) (Instant, bool) {
		if r.Read || r.Status == 0 || r.Status >= 500 {
			return Never, false
		}
		return r.Answered, r.Answered-r.Accepted <= threshold
	})
}

// FreshnessByArrival books each accepted, not filtered record to the minute
// it arrived in; good is visible within threshold microseconds of the
// request's start. What never comes out is bad.
func FreshnessByArrival(records []Record, from, to, threshold Instant) []Cell {
	return tally(records, from, to, func(r *Record) (Instant, bool) {
		if !r.IsAccepted() || r.Fate == Filtered {
			return Never, false
		}
		return r.Arrived, r.Visible != Never && r.Visible-r.Accepted <= threshold
	})
}

// FreshnessByRecord books each record to the minute it came out in; good is a
// delay since the request's start within threshold microseconds. A minute
// with acceptances after whose start nothing had come out by its end + threshold
// is booked at once: valid what it accepted, good 0, and these records are
// not counted again. A record filtered by the worker has come out, for the
// silence, and is not valid.
func FreshnessByRecord(records []Record, from, to, threshold Instant) []Cell {
	silent := silentMinutes(records, threshold)
	cells := tally(records, from, to, func(r *Record) (Instant, bool) {
		if silent[r.Accepted.Minute()] {
			return Never, false
		}
		return r.Visible, r.Visible-r.Accepted <= threshold
	})
	for i := range records {
		if r := &records[i]; r.IsAccepted() && silent[r.Accepted.Minute()] {
			if c := cellAt(cells, r.Accepted); c != nil {
				c.Valid++
			}
		}
	}
	return cells
}

// silentMinutes are the minutes with acceptances after whose start nothing came
// out by their end + threshold.
func silentMinutes(records []Record, threshold Instant) map[Instant]bool {
	outs := make([]Instant, 0, len(records))
	silent := map[Instant]bool{}
	for i := range records {
		r := &records[i]
		if r.Fate == Visible {
			outs = append(outs, r.Visible)
		} else if r.Fate == Filtered && !r.mapped {
			outs = append(outs, r.Left)
		}
		if r.IsAccepted() {
			silent[r.Accepted.Minute()] = true
		}
	}
	slices.Sort(outs)
	for m := range silent {
		if i, _ := slices.BinarySearch(outs, m); i < len(outs) && outs[i] <= m+minute+threshold {
			delete(silent, m)
		}
	}
	return silent
}

// Coverage books each accepted, not filtered record to the minute it arrived
// in; good is visible within deadline microseconds of its arrival.
func Coverage(records []Record, from, to, deadline Instant) []Cell {
	return tally(records, from, to, func(r *Record) (Instant, bool) {
		if !r.IsAccepted() || r.Fate == Filtered {
			return Never, false
		}
		return r.Arrived, r.Visible != Never && r.Visible-r.Arrived <= deadline
	})
}

// Correctness books each record to the minute it came out in; good is right.
func Correctness(records []Record, from, to Instant) []Cell {
	return tally(records, from, to, func(r *Record) (Instant, bool) { return r.Visible, !r.Wrong })
}
