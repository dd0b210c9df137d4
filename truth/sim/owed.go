package sim

// Ages tells, at each of the ascending instants, how long the oldest record
// that was accepted and not yet visible had waited since its request's start,
// in microseconds: 0 when nothing was owed. Filtered, dropped, dead-lettered
// and expired records are not owed once they are given up; lost ones are owed
// for ever when lostIsOwed, else until the instant they were lost.
// The records are in the order of Accepted, as a World keeps them.
func Ages(records []Record, instants []Instant, lostIsOwed bool) []Instant {
	ages := make([]Instant, len(instants))
	settled := 0 // all before are gone for good
	for k, at := range instants {
		for settled < len(records) && records[settled].gone(lostIsOwed) <= at {
			settled++
		}
		for i := settled; i < len(records) && records[i].Accepted <= at; i++ {
			if r := &records[i]; r.Arrived <= at && r.gone(lostIsOwed) > at {
				ages[k] = at - r.Accepted
				break
			}
		}
	}
	return ages
}

// Account says what had become by an instant of all that was accepted by
// then. Accepted = the sum of the others, always.
type Account struct {
	Accepted, Visible, Filtered, Dropped, DeadLettered, Expired, Lost, InFlight int
}

// Balance makes the account of an instant.
func Balance(records []Record, at Instant) Account {
	var a Account
	for i := range records {
		r := &records[i]
		if !r.IsAccepted() || r.Arrived > at {
			continue
		}
		a.Accepted++
		switch gone := r.gone(false); {
		case gone > at:
			a.InFlight++
		case r.Fate == Visible:
			a.Visible++
		case r.Fate == Filtered:
			a.Filtered++
		case r.Fate == Dropped:
			a.Dropped++
		case r.Fate == DeadLettered:
			a.DeadLettered++
		case r.Fate == Expired:
			a.Expired++
		case r.Fate == Lost:
			a.Lost++
		}
	}
	return a
}

// Flow counts what happened in a window.
type Flow struct {
	Accepted, Visible, Filtered, Dropped, DeadLettered, Expired, Lost int
	Duplicates                                                        int // writes beyond the first, of the records first visible here
	Backlog                                                           int // in flight at its end
}

// Flows counts the events of [from, to).
func Flows(records []Record, from, to Instant) Flow {
	before, after := Balance(records, from-1), Balance(records, to-1)
	f := Flow{
		Accepted: after.Accepted - before.Accepted, Visible: after.Visible - before.Visible,
		Filtered: after.Filtered - before.Filtered, Dropped: after.Dropped - before.Dropped,
		DeadLettered: after.DeadLettered - before.DeadLettered, Expired: after.Expired - before.Expired,
		Lost: after.Lost - before.Lost, Backlog: after.InFlight,
	}
	for i := range records {
		if r := &records[i]; r.Visible >= from && r.Visible < to {
			f.Duplicates += int(r.Writes) - 1
		}
	}
	return f
}
