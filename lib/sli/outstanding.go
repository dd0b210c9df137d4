package sli

import (
	"cmp"
	"math"
	"time"
)

// Life is a record that is followed by its id: when it was accepted and when it came to
// an end, in microseconds since the epoch. Ended is 0 while it has none. Since is when it
// says itself that it was accepted, 0 where it doesn't.
type Life struct{ Accepted, Ended, Since int64 }

func (l Life) waiting() int64 { return cmp.Or(l.Since, l.Accepted) }

// open tells whether the record had no end at an instant.
func (l Life) open(at int64) bool { return l.Ended == 0 || l.Ended > at }

// Lives are the records that were accepted in one minute.
type Lives struct {
	Minute  Minute
	Records []Life
	Gone    int // further ones, which have ended long since
}

// Owing is the rule by which a record that has no end is owed.
//
// It owes while nothing accepted after it has come to an end; or while part of the
// records is stuck: of its run's records that were accepted more than Threshold ago at
// least two, and more than Share, have no end. A run is a minute with the minutes before
// it that make up twenty records. That lasts while a run of the last minutes is so; when
// none is and the Deadline has passed, the records are overdue, as a lone one that others
// have overtaken is at once.
type Owing struct {
	Threshold, Deadline time.Duration
	Share               float64 // 0…1
}

const (
	runRecords = 20 // that a run holds at least
	stuckLeast = 2  // of them without an end
	stuckReach = 10 // minutes in which a run that is stuck keeps earlier ones owed
)

// reach is for how many minutes a stuck run speaks: long enough for its records to be
// older than the threshold.
func (o Owing) reach() Minute {
	return max(stuckReach, Minute(math.Ceil(2*o.Threshold.Minutes())))
}

// Outstanding is how the records that are followed by ids stood at an instant. Instants are
// microseconds since the epoch.
type Outstanding struct {
	Oldest  int64   // since when the oldest record owed is waited for, 0 where none is
	Records float64 // accepted and without an end, but for the overdue

	// Part of the records is stuck, others that were accepted later come out.
	Stuck, Of  float64 // in the newest run that is so; 0 where none is
	StuckSince int64   // since when the oldest of them is waited for
	Passed     int64   // when the newest record was accepted that has come to an end

	Overdue []Overdue // in order
}

// Overdue are records of some minutes that won't come out any more, as it seems.
type Overdue struct {
	Window
	Count float64
}

// At is what is owed at an instant of the records of some minutes, oldest first. passed
// is when the newest record was accepted of those that ended and are forgotten.
func (o Owing) At(at int64, lives []Lives, passed int64) Outstanding {
	w := Outstanding{Passed: passed}
	for _, m := range lives {
		for _, l := range m.Records {
			if !l.open(at) {
				w.Passed = max(w.Passed, l.Accepted)
			}
		}
	}
	runs := o.runs(at, lives)
	floor := o.floor(at, runs)
	young := at - o.Threshold.Microseconds()
	owes := func(l Life) {
		w.Records++
		w.Oldest = earlier(w.Oldest, l.waiting())
	}
	for i, m := range lives {
		for _, l := range m.Records {
			switch {
			case l.Accepted >= at || !l.open(at):
			case l.Accepted >= w.Passed:
				owes(l)
			case runs[i].stuck && l.Accepted >= floor:
				owes(l)
				w.Stuck, w.Of = runs[i].open, runs[i].records
				w.StuckSince = earlier(w.StuckSince, l.waiting())
			case l.Accepted >= young:
				w.Records++ // overtaken on its way
			default:
				w.overdue(m.Minute)
			}
		}
	}
	return w
}

// overdue counts a record; minutes come in order.
func (w *Outstanding) overdue(m Minute) {
	if n := len(w.Overdue); n > 0 && w.Overdue[n-1].To >= m {
		w.Overdue[n-1].To = m + 1
		w.Overdue[n-1].Count++
		return
	}
	w.Overdue = append(w.Overdue, Overdue{Window{m, m + 1}, 1})
}

// OverdueCount is how many records are overdue.
func (w *Outstanding) OverdueCount() float64 {
	var n float64
	for _, o := range w.Overdue {
		n += o.Count
	}
	return n
}

// run is what became of a minute's run.
type run struct {
	minute        Minute
	all           int     // records of the minute alone
	records, open float64 // of the run: those accepted more than the threshold ago
	stuck         bool
}

func (o Owing) runs(at int64, lives []Lives) []run {
	runs := make([]run, len(lives))
	old := make([]run, len(lives)) // of each minute alone
	before := at - o.Threshold.Microseconds()
	for i, m := range lives {
		one := &old[i]
		one.minute, one.all, one.records = m.Minute, m.Gone, float64(m.Gone)
		for _, l := range m.Records {
			if l.Accepted >= at {
				continue
			}
			one.all++
			if l.Accepted >= before {
				continue
			}
			one.records++
			if l.open(at) {
				one.open++
			}
		}
		r := run{minute: m.Minute, all: one.all}
		for j, n := i, 0; j >= 0 && n < runRecords; j-- {
			n += old[j].all
			r.records += old[j].records
			r.open += old[j].open
		}
		r.stuck = r.all > 0 && r.open >= stuckLeast && r.open > o.Share*r.records
		runs[i] = r
	}
	return runs
}

// floor is the instant before which records of stuck runs are overdue: of the last time
// that no run was stuck in the minutes before, by their deadline.
func (o Owing) floor(at int64, runs []run) int64 {
	deadline, reach := o.Deadline.Microseconds(), o.reach()
	last, floor := Minute(math.MinInt32), int64(math.MinInt64)
	for _, r := range runs {
		if !r.stuck {
			continue
		}
		if last != math.MinInt32 && r.minute-last > reach {
			floor = max(floor, r.minute.Start().UnixMicro()-deadline)
		}
		last = r.minute
	}
	if MinuteOf(at-1)-last >= reach {
		floor = max(floor, at-deadline)
	}
	return floor
}
