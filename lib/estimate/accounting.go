package estimate

import "math"

// Accounting is the equation of a window's records:
//
//	Accepted + Duplicates = Done + Filtered + Dropped + DeadLettered + BacklogChange + Unexplained
//
// The backlog's change is taken from ages: taken from the same two counters it
// would make Unexplained zero by identity.
type Accounting struct {
	Known  bool
	Reason string // why it isn't

	Accepted, Done, Filtered, Dropped, DeadLettered float64
	Duplicates, BacklogChange, Unexplained          float64

	// AtLeast…AtMost is where the unexplained records lie while every lane that
	// isn't empty is polled, in whole records; what was below zero are duplicates. With
	// zero inside, coverage can't be told from complete.
	AtLeast, AtMost float64
}

// Resolution is the interval's width as a share of the accepted records.
func (a Accounting) Resolution() float64 {
	if a.Accepted == 0 {
		return 0
	}
	return (a.AtMost - a.AtLeast) / a.Accepted
}

// Account balances the minutes from…to, to not included. It needs the minute
// before from for the ages at the window's start. With b the most records that
// can be young at an edge, Unexplained lies in deficit − b(end) … deficit + b(start).
func (p *ages) Account(from, to int) Accounting {
	var a Accounting
	if from < 1 || to > len(p.minutes) || from >= to {
		return Accounting{Reason: "the history is too short"}
	}
	for _, m := range p.minutes[from:to] {
		if _, counted := p.model.departures(m); !m.Answered || !m.In.Known || !counted {
			return Accounting{Reason: "arrivals or departures are not known"}
		}
		a.Accepted += m.In.Value
		a.Done += m.Done.Value
		a.Filtered += m.Filtered.Or(0)
		a.Dropped += m.Dropped.Or(0)
		a.DeadLettered += m.DeadLettered.Or(0)
	}
	before, after := p.young(from-1), p.young(to-1)
	if !before.Known || !after.Known {
		return Accounting{Reason: "ages at the window's ends are not known"}
	}
	a.Known = true
	deficit := a.Accepted - a.Done - a.Filtered - a.Dropped - a.DeadLettered
	a.AtLeast, a.AtMost = math.Floor(deficit-after.Value), math.Ceil(deficit+before.Value)
	a.Unexplained = math.Max(0, a.AtLeast)
	a.Duplicates = math.Max(0, -a.AtMost)
	a.AtLeast += a.Duplicates
	a.AtMost += a.Duplicates
	a.BacklogChange = deficit - a.Unexplained + a.Duplicates
	return a
}

// young is the most records that can be on their way at the end of minute m
// while every lane is served: those that arrived within the largest age, the
// work that kept the lane busy, the batching window and a poll.
func (p *ages) young(m int) Quantity {
	row, ok := p.at(m)
	if !ok {
		return Quantity{}
	}
	age, by, ok := p.oldestAtWorker(m)
	if behind := row.Behind; behind.Known && by != AgeByRecords && (!ok || behind.Value > age) {
		age, by, ok = behind.Value, AgeByReader, true
	}
	if !ok {
		return Quantity{}
	}
	switch by {
	case AgeByWorker:
		age = math.Max(0, row.Age.Max)
		if !p.model.AgeIncludesWork && row.Work.Usable() {
			age += math.Max(0, row.Work.Max)
		}
		if p.model.CountedAtEnd && row.Work.Usable() {
			age += math.Max(0, row.Work.Max) // its own run, after that of the batch before
		}
	case AgeBySilence:
		if s := p.silence[m]; s.active >= 0 && s.active == s.since-1 {
			age += secondsPerMinute * p.activePart(s.active) // the last activity may have been at its minute's start
		} else {
			age += secondsPerMinute / 2
		}
	}
	if !row.Empty {
		age += p.model.Poll + p.model.Batching
	}
	return p.arrivedWithin(m, age)
}

// arrivedWithin is how many records arrived in the last seconds of minute m,
// reaching back into the minutes before.
func (p *flows) arrivedWithin(m int, seconds float64) Quantity {
	var n float64
	for i := m; seconds > 0; i-- {
		row, ok := p.ahead(i)
		if !ok || !row.In.Known {
			return Quantity{}
		}
		n += math.Max(0, row.In.Value) * math.Min(1, seconds/secondsPerMinute)
		seconds -= secondsPerMinute
	}
	return Some(n)
}
