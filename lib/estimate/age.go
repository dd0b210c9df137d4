package estimate

import "math"

// silence is how a path stood at the end of a minute: since when nothing came
// out although records arrived, and when something last did.
type silence struct {
	since  int // first minute with arrivals and without activity since; -1 none
	active int // last minute with activity; -1 none known
	known  bool
	now    bool // this very minute was active
}

// silences walks through the minutes once. A minute of unknown activity may
// have had some, so a silence can only begin after it.
func silences(model StageModel, minutes []StageMinute) []silence {
	out := make([]silence, len(minutes))
	s := silence{since: -1, active: -1}
	for i, m := range minutes {
		active, known := model.activity(m)
		s.known, s.now = known, active && known
		switch {
		case !known:
			s.since, s.active = -1, -1
		case active:
			s.since, s.active = -1, i
		case s.since < 0 && model.arrivals(m) > 0:
			s.since = i
		}
		out[i] = s
	}
	return out
}

// quiet tells whether nothing came out in any minute up to m, all of them known.
func (p *ages) quiet(m int) bool {
	for _, s := range p.silence[:m+1] {
		if !s.known || s.now {
			return false
		}
	}
	return true
}

// activity reports whether the worker took anything in a minute: invocations
// where they are counted, else departures. Behind a filter no invocation means
// nothing unless nothing was polled either.
func (model StageModel) activity(m StageMinute) (active, known bool) {
	switch {
	case !m.Answered:
		return false, false
	case !m.Invocations.Known:
		if !m.Done.Known && !m.Handed.Known { // an age was read off something taken; its absence says nothing
			return true, m.Age.Usable()
		}
		out, _ := model.departures(m)
		return out > 0 || m.Handed.Or(0) > 0, true
	case m.Invocations.Value > 0:
		return true, true
	case model.HasFilter && m.Polled.Or(0) > 0:
		return true, true
	case model.HasFilter && !m.Polled.Known:
		return false, model.PollsCounted
	}
	return false, true
}

// arrivals is how many records that are the worker's business arrived for certain.
func (model StageModel) arrivals(m StageMinute) float64 {
	in := math.Max(0, m.In.Or(0))
	if model.HasFilter {
		in = math.Max(0, in-m.Filtered.Or(in))
	}
	return in
}

// StageAge is how old things are at the end of a minute, in seconds.
type StageAge struct {
	Known  bool
	Oldest float64 // of the oldest record owed, 0 when nothing is
	By     AgeBasis
	Exact  bool // Oldest is told by records, not estimated

	// ByAges is the oldest record as ages and silence alone show it, without
	// counts; progress and accounting use it, so that they don't judge counts
	// by themselves.
	ByAges Quantity

	AtLeast float64  // proven lower bound of the oldest record's age
	Newest  Quantity // how old the newest visible record is

	Silence float64 // seconds proven without any activity while records waited
	Since   int     // the minute that silence began in, -1 where there is none
	Pending float64 // records accepted since, that minute included
}

// AgeBasis says what decided an age.
type AgeBasis string

// What an age can rest on.
const (
	AgeByRecords AgeBasis = "records"      // exact
	AgeByWorker  AgeBasis = "age and work" // the largest age of a batch's newest record
	AgeByQueue   AgeBasis = "counts"       // first in, first out: arrivals not yet matched by departures
	AgeByLane    AgeBasis = "counts, as if one lane stood still"
	AgeBySilence AgeBasis = "silence"
	AgeOfServed  AgeBasis = "age and work of what is served; others may be older, since it is throttled"
	AgeOfNothing AgeBasis = "nothing owed"
	AgeByReader  AgeBasis = "the consumer's own position"
)

// Age is the age at the end of minute m.
//
// Oldest is the largest of what ages and silence say, the age of the queue's head by
// counts, and the age of a lane that counts show standing still. What the next minute
// hands over lowers it, never below what is proven.
func (p *ages) Age(m int) StageAge {
	row, ok := p.at(m)
	if !ok || row.Blind != "" {
		return StageAge{Since: -1}
	}
	s := p.silence[m]
	a := StageAge{Since: s.since, Newest: p.newest(m)}
	if s.since >= 0 {
		a.Silence = float64(m-s.since) * secondsPerMinute
		a.Pending = p.arrived(s.since, m)
	}
	a.AtLeast = a.Silence
	a.Oldest, a.By, a.Known = p.oldestByAges(m)
	if a.Known {
		a.ByAges = Some(a.Oldest)
	}
	if a.Known {
		a.Oldest = p.inTurns(m, a.Oldest, a.By)
	}
	if a.By == AgeByWorker && row.Throttles.Or(0) > 0 {
		a.By = AgeOfServed
	}
	a.Exact = a.By == AgeByRecords || a.By == AgeOfNothing && row.Oldest.Known
	if a.By == AgeByRecords {
		a.AtLeast = a.Oldest
		return a
	}
	older := func(age float64, by AgeBasis) {
		if !a.Known || age > a.Oldest {
			a.Oldest, a.By, a.Known, a.Exact = age, by, true, false
		}
	}
	if head, ok := p.head(m); ok {
		if p.curves[m].anchored && row.Errors.Known && row.Errors.Value == 0 {
			a.AtLeast = math.Max(a.AtLeast, head-secondsPerMinute)
		}
		waits := p.waits(p.pileAt(m)) && !p.goneNext(m)
		if row.Invocations.Known && !p.curves[m].anchored && !waits {
			head = 0 // explained by ages, chance, or never counted
		} else if p.pileAt(m).known && !waits {
			if next, seen := p.handedNext(m); seen {
				head = math.Min(head, next)
			}
		}
		older(math.Max(head, a.AtLeast), AgeByQueue)
	}
	if lane, ok := p.stuckLane(m); ok {
		older(lane, AgeByLane)
	}
	if waited, ok := p.nextAttempt(m); ok && p.waits(p.pileAt(m)) {
		older(waited, AgeByWorker)
	}
	return a
}

// nextAttempt is how old the batch is that failed in a minute before and, as far as ages
// show, waits for its next attempt at the end of minute m: none as old has been handed over
// since, and nothing has been given up.
func (p *flows) nextAttempt(m int) (seconds float64, ok bool) {
	var largest float64
	for i := m; i > m-longestPause; i-- {
		row, ok := p.at(i)
		if !ok || !row.Age.Usable() || row.Dropped.Or(0)+row.DeadLettered.Or(0) > 0 {
			return 0, false
		}
		if p.triedAgain(i) {
			return row.Age.Max + secondsPerMinute*float64(m-i), i < m && row.Age.Max > largest
		}
		largest = math.Max(largest, row.Age.Max)
	}
	return 0, false
}

// triedAgain tells whether what was old in minute m has all failed: ages of more than that would
// add up to more. In a drain others are as old.
func (p *flows) triedAgain(m int) bool {
	row := p.minutes[m]
	return p.mayBeRetried(m) && row.Age.Mean*row.Age.N <= (row.Errors.Value+0.5)*row.Age.Max
}

// longestPause is how many minutes a failed batch may wait for its next attempt, that of the
// last one included.
const longestPause = 3

// oldestByAges is the age of the oldest record without looking at counts: what the
// worker's ages and silence say, no older than what the next minute hands over, or where
// the consumer says it is, if that is older.
func (p *ages) oldestByAges(m int) (float64, AgeBasis, bool) {
	age, by, known := p.oldestAtWorker(m)
	age = p.noOlderThanHanded(m, age, by)
	if behind := p.minutes[m].Behind; behind.Known && by != AgeByRecords && (!known || behind.Value > age) {
		return behind.Value, AgeByReader, true
	}
	return age, by, known
}

// noOlderThanHanded keeps an age within what the next minute hands over.
func (p *ages) noOlderThanHanded(m int, age float64, by AgeBasis) float64 {
	next, ok := p.handedNext(m)
	if !ok || next >= age || by != AgeByWorker && by != AgeBySilence {
		return age
	}
	if by == AgeBySilence {
		next = math.Max(next, float64(m-p.silence[m].since)*secondsPerMinute)
	}
	return next
}

func (p *ages) oldestAtWorker(m int) (float64, AgeBasis, bool) {
	row, s := p.minutes[m], p.silence[m]
	switch {
	case row.Blind != "":
		return 0, "", false
	case row.Oldest.Known && (!row.Skewed || row.Oldest.Value <= 0 || s.since >= 0):
		return math.Max(0, row.Oldest.Value), AgeByRecords, true
	case row.Empty:
		return 0, AgeOfNothing, true
	case s.since >= 0:
		return p.silentAge(m), AgeBySilence, true
	case s.now && row.Age.Usable():
		return p.workerAge(m), AgeByWorker, true
	case s.now || !s.known || !row.In.Known:
		return 0, "", false
	}
	return 0, AgeOfNothing, true
}

// workerAge is the largest age that was handed over in minute m and the mean work, and no
// less than what windows that are open make wait.
func (p *windows) workerAge(m int) float64 {
	row, _ := p.ahead(m)
	return math.Max(math.Max(0, row.Age.Max)+p.workMean(row), p.openWindow(m))
}

// openWindow is the expected age, in seconds, of the oldest of the batching windows that
// are open at the end of minute m, one for each lane that has records. Of q windows that lie
// anywhere between two ages it is at q/(q+1) of the way.
func (p *windows) openWindow(m int) float64 {
	row, _ := p.ahead(m)
	in := p.model.arrivals(row)
	if p.model.Batching <= 0 || in <= 0 {
		return 0
	}
	lanes := math.Max(1, p.model.Lanes)
	gap := secondsPerMinute * lanes / in // from one record of a lane to the next
	w := p.model.Batching
	if p.model.BatchSize >= 1 {
		w = math.Min(w, (p.model.BatchSize-1)*gap) // as long as a batch takes to fill
	}
	cycle := w + p.model.Poll/2 + gap
	youngest, oldest, q := 0.0, w, lanes*w/cycle
	if longest := cycle + p.workMean(row); gap <= w/2 { // else lanes that weren't invoked may be empty
		if rest, since, ok := p.uninvoked(m, longest); ok {
			youngest, oldest, q = since-gap, math.Min(since+secondsPerMinute, longest)-gap, rest
		}
	}
	return math.Max(0, youngest+(oldest-youngest)*q/(q+1))
}

// uninvoked is how many of the lanes were served the longest ago at the end of minute m, and
// how many seconds at least: those that are left when the invocations of the minutes up to m
// are taken for one of each lane. No lane waits longer than so many seconds.
func (p *windows) uninvoked(m int, longest float64) (rest, since float64, ok bool) {
	rest = p.model.Lanes
	for i := m; since+secondsPerMinute < longest; i-- {
		row, ok := p.ahead(i)
		if !ok || !row.Invocations.Known {
			return 0, 0, false
		}
		served := math.Max(0, row.Invocations.Value-row.Errors.Or(0))
		if served >= rest {
			break
		}
		rest -= served
		since += secondsPerMinute
	}
	return rest, since, rest > 0
}

// silentAge is (m − k)·60 and what the first of N records in minute k waited by its end,
// 60·N/(N+1). Where the minute before was active, its records may be waiting as well: those
// that came after its last invocation, and what that one left behind. A minute with its usual
// number of invocations was active to its end. What a batching window makes of an age is no
// waiting of others: they open their own.
func (p *ages) silentAge(m int) float64 {
	s := p.silence[m]
	n := p.model.arrivals(p.minutes[s.since])
	age := float64(m-s.since)*secondsPerMinute + secondsPerMinute*n/(n+1)
	if s.active < 0 || s.active != s.since-1 {
		return age
	}
	last := p.minutes[s.active]
	n = p.model.arrivals(last)
	age += secondsPerMinute * (1 - p.activePart(s.active)) * n / (n + 1)
	if last.Age.Usable() {
		age += math.Max(0, last.Age.Max-p.model.Batching)
	}
	return age
}

// activePart is s: the part of minute m that had passed by its last invocation, by their
// number beside the mean of the active ones of the five minutes before.
func (p *track) activePart(m int) float64 {
	var sum, minutes float64
	for i := m - 5; i < m; i++ {
		if row, ok := p.at(i); ok && row.Invocations.Or(0) > 0 {
			sum += row.Invocations.Value
			minutes++
		}
	}
	n := p.minutes[m].Invocations
	if minutes == 0 || !n.Known {
		return 0.5
	}
	return math.Min(1, (n.Value+1)/(sum/minutes+2))
}

// newest is the age of the newest visible record: the smallest age of a batch's
// newest record, its way through, and the pause until the next one.
func (p *ages) newest(m int) Quantity {
	s := p.silence[m]
	if s.active < 0 {
		return Quantity{}
	}
	row := p.minutes[s.active]
	if !row.Age.Usable() {
		return Quantity{}
	}
	age := math.Max(0, row.Age.Min.Or(row.Age.Mean))
	if s.active < m {
		return Some(float64(m-s.active)*secondsPerMinute + age)
	}
	return Some(age + p.workMean(row) + secondsPerMinute/(row.Age.N+1) + binMean(row.Front))
}

// arrived is how many records arrived in the minutes from…to, both included.
func (p *track) arrived(from, to int) float64 {
	var n float64
	for i := from; i <= to; i++ {
		n += p.model.arrivals(p.minutes[i])
	}
	return n
}

// AgeAt is the age in seconds at the end of minute m for those who compare it with limits,
// NaN where it isn't known; throttled tells that something may wait unseen: it was turned away
// for capacity in that minute, or has failed before and not been tried again.
func (p *ages) AgeAt(m int) (seconds float64, throttled bool) {
	age := p.Age(m)
	if !age.Known {
		return math.NaN(), false
	}
	if _, waits := p.nextAttempt(m); waits && !p.emptied(m) {
		return age.Oldest, true
	}
	return age.Oldest, p.minutes[m].Throttles.Or(0) > 0
}

// Recovered is the part of a limit at which a breach of it has ended.
const Recovered = 0.9

// Breached tells whether a limit in seconds is broken at the end of ages, oldest first, NaN
// where one isn't known: a breach ends at 0.9 × the limit, or after two minutes in a row
// within it. A throttled minute doesn't end it: which lanes wait isn't seen. throttled
// speaks of the same minutes, or is empty.
func Breached(ages []float64, throttled []bool, limit float64) bool {
	broken, within := false, 0
	for i, age := range ages {
		switch {
		case math.IsNaN(age):
		case age > limit:
			broken, within = true, 0
		case broken && !(i < len(throttled) && throttled[i]):
			if within++; age <= Recovered*limit || within >= 2 {
				broken, within = false, 0
			}
		}
	}
	return broken
}
