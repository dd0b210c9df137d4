package measure

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// maxIDs bounds how many records one end may have in a minute, maxOpen how many without
// an end are followed, and maxOutstanding how many at all, before only a sample is: those
// whose hash ends in k zero bits, the same ones at both ends.
const (
	maxIDs         = 20_000
	maxOpen        = 200_000
	maxOutstanding = 400_000
)

// sighting is one line that names a record.
type sighting struct {
	id       uint64
	at       int64 // microseconds since the epoch
	signal   sli.Signal
	verdict  sli.Verdict // freshness' of a record that came out; NotValid where it isn't asked
	again    bool        // of lines that were read before
	accepted int64       // as the line tells it, 0 unknown
}

// idRecord is one record that is being followed.
type idRecord struct {
	id       uint64
	accepted int64 // microseconds, 0 while only its end was seen
	stamp    int64 // of its acceptance as its line tells it, 0 where it doesn't
	done     int64 // when it first came out, 0 while it hasn't
	gone     int64 // when it was left out on purpose or given up, 0 while it wasn't
	filtered bool  // on purpose

	booked  bool        // freshness has booked it, in a minute of silence
	counted sli.Verdict // freshness has counted it so where it came out
}

// waiting is since when the record is waited for: since its line says, or was written.
func (r *idRecord) waiting() int64 { return cmp.Or(r.stamp, r.accepted) }

// ended is when the record came to its first end, 0 while it has none.
func (r *idRecord) ended() int64 {
	if r.done == 0 || r.gone != 0 && r.gone < r.done {
		return r.gone
	}
	return r.done
}

// idBook follows records by their ids from acceptance to the deadline, and as long as
// they are owed. It is kept in one value per minute of acceptance, and one for ends whose
// beginning isn't known.
//
// Large: one value of the state, packed by minute; those who add, compare and tell records
// all work on the same packed lists.
type idBook struct {
	plan    *sli.Plan
	rule    *sli.Following
	bits    int        // sampled 1/2^bits
	since   sli.Minute // where the history of ids begins, 0 long ago
	from    sli.Minute // of earlier minutes records that ended are forgotten
	passed  int64      // when the newest of those forgotten was accepted
	apart   sli.Minute // when the two logs last showed that they don't hold the same records, 0 never
	foreign bool       // then no record that came out was known
	records map[uint64]*idRecord
	minutes map[sli.Minute][]*idRecord // by minute of acceptance
	forgot  map[sli.Minute]int         // how many were forgotten, by minute of acceptance
	tallies map[sli.Minute]*idTally    // by the minute in which records came out

	further map[sli.Minute]float64     // duplicates that this run found
	came    map[sli.Minute]*sli.Counts // freshness of the records that came out in this run
	astray  map[sli.Minute]float64     // booked ones that aren't followed any more, by minute of acceptance

	due sli.Minute // the newest minute that is spoken of
	// seen is from when on every end is seen, in microseconds: a record that was accepted
	// before, and has none, may have ended in a log that is gone.
	seen        int64
	lives       []sli.Lives
	outstanding map[sli.Minute]*sli.Outstanding
	odd         map[sli.Minute]float64 // see strangers; nil: not looked for yet
}

// idTally is what else is known of the records that came out in a minute.
type idTally struct {
	Duplicates float64 `json:"twice,omitempty"`
	Unmatched  float64 `json:"unmatched,omitempty"` // of those that are forgotten
	Met        float64 `json:"met,omitempty"`       // forgotten ones that had been accepted
	Strange    float64 `json:"strange,omitempty"`   // forgotten ones that nothing showed to have been
	Unnamed    float64 `json:"unnamed,omitempty"`   // whose lines name no record
	Longest    int64   `json:"longest,omitempty"`   // microseconds from accepted to come out
}

// idState is what is kept beside the records.
type idState struct {
	Bits    int                     `json:"bits"`
	Since   sli.Minute              `json:"since,omitempty"`
	From    sli.Minute              `json:"from,omitempty"`
	Passed  int64                   `json:"passed,omitempty"`
	Apart   sli.Minute              `json:"apart,omitempty"`
	Foreign bool                    `json:"foreign,omitempty"`
	Tallies map[sli.Minute]*idTally `json:"tallies,omitempty"`
}

func idPrefix(plan *sli.Plan, rule *sli.Following) []byte {
	return key("i", plan.Name, short(plan.Fingerprint(rule.Rule)), "")
}

// Under an idPrefix lie the records of minutes, and behind them:
const (
	idStateKey  = "state"
	idForgotKey = "forgot" // before "state", after all minutes
)

// idKeys are the keys of minutes.
func idKeys(prefix []byte) (from, to []byte) {
	return append(slices.Clone(prefix), 0), append(slices.Clone(prefix), 1)
}

// readIDs is what is kept beside the records; false where none are followed yet.
func readIDs(tx Tx, plan *sli.Plan, rule *sli.Following) (state idState, ok bool) {
	ok = getRecord(tx, append(idPrefix(plan, rule), idStateKey...), &state)
	return state, ok
}

// openIDs loads the records that are being followed.
func openIDs(tx Tx, plan *sli.Plan, rule *sli.Following) *idBook {
	b := &idBook{
		plan: plan, rule: rule,
		records: map[uint64]*idRecord{},
		minutes: map[sli.Minute][]*idRecord{},
		tallies: map[sli.Minute]*idTally{},
		further: map[sli.Minute]float64{},
		came:    map[sli.Minute]*sli.Counts{},
		astray:  map[sli.Minute]float64{},
	}
	state, _ := readIDs(tx, plan, rule)
	b.bits, b.since, b.from, b.passed, b.apart, b.foreign = state.Bits, state.Since, state.From, state.Passed, state.Apart, state.Foreign
	maps.Copy(b.tallies, state.Tallies)
	prefix := idPrefix(plan, rule)
	b.forgot = decodeCounts(tx.Get(append(slices.Clone(prefix), idForgotKey...)))
	from, to := idKeys(prefix)
	tx.Scan(from, to, func(_, value []byte) bool {
		for _, r := range decodeIDs(value) {
			b.keep(r)
		}
		return true
	})
	return b
}

func (b *idBook) keep(r idRecord) *idRecord {
	rec := &r
	b.records[r.id] = rec
	if r.accepted != 0 {
		m := sli.MinuteOf(r.accepted)
		b.minutes[m] = append(b.minutes[m], rec)
	}
	return rec
}

// add books the sightings of a run, beginnings before ends, so that their order in
// different logs doesn't matter.
func (b *idBook) add(seen []sighting, bits int) {
	slices.SortStableFunc(seen, func(x, y sighting) int {
		return cmp.Or(cmp.Compare(rank(x.signal), rank(y.signal)), cmp.Compare(x.at, y.at))
	})
	for _, s := range seen {
		b.book(s)
	}
	if bits = b.widened(seen, max(bits, b.bits)); bits > b.bits {
		b.thin(bits)
	}
	b.lives, b.outstanding, b.odd = nil, nil, nil
}

// rank orders a record's ends; negative for signals that are neither.
func rank(s sli.Signal) int {
	switch s {
	case sli.Accepted:
		return 0
	case sli.Done, sli.Filtered, sli.Dropped, sli.DeadLettered:
		return 1
	default:
		return -1
	}
}

func (b *idBook) book(s sighting) {
	r, known := b.records[s.id]
	switch {
	case s.again:
		b.review(s, r)
	case s.signal == sli.Accepted:
		switch {
		case !known:
			b.keep(idRecord{id: s.id, accepted: s.at, stamp: s.accepted})
		case r.accepted == 0:
			r.accepted, r.stamp = s.at, s.accepted
			m := sli.MinuteOf(s.at)
			b.minutes[m] = append(b.minutes[m], r)
			b.took(r)
		}
	case s.signal == sli.Done:
		switch {
		case !known && b.replayed(s):
			b.tally(s.at).Unmatched++
		case !known:
			b.count(b.keep(idRecord{id: s.id, done: s.at}), s)
		case r.done != 0:
			b.tally(s.at).Duplicates++
			b.further[sli.MinuteOf(s.at)]++
		default:
			r.done = s.at
			b.took(r)
			b.count(r, s)
		}
	default: // filtered, dropped or dead-lettered
		if !known {
			r = b.keep(idRecord{id: s.id})
		}
		if r.gone == 0 {
			r.gone = s.at
		}
		r.filtered = r.filtered || s.signal == sli.Filtered
	}
}

// review judges lines that were read before for a rule that is new: it counts those by
// which a record first came out.
func (b *idBook) review(s sighting, r *idRecord) {
	switch {
	case s.signal != sli.Done:
	case r == nil:
		b.count(&idRecord{}, s)
	case r.done == s.at:
		b.count(r, s)
	}
}

// count counts for freshness a record that came out for the first time, unless it is
// booked already.
func (b *idBook) count(r *idRecord, s sighting) {
	if s.verdict == sli.NotValid || r.booked {
		return
	}
	r.counted = s.verdict
	b.cell(s.at).Count(s.verdict, 1)
}

func (b *idBook) cell(at int64) *sli.Counts {
	m := sli.MinuteOf(at)
	if b.came[m] == nil {
		b.came[m] = new(sli.Counts)
	}
	return b.came[m]
}

// replayed tells whether a record that isn't known has come out before: it was accepted
// in a time of which only what has no end is remembered. Where ids have hardly begun it
// may be an old one that nobody saw.
func (b *idBook) replayed(s sighting) bool {
	if !b.rule.Whole || s.accepted == 0 || s.accepted >= b.from.Start().UnixMicro() {
		return false
	}
	return s.accepted >= b.since.Start().UnixMicro() || s.at > b.since.Start().Add(max(b.rule.Owing.Deadline, idGrace)).UnixMicro()
}

// took notes how long a record took that has come out.
func (b *idBook) took(r *idRecord) {
	if r.done != 0 && r.accepted != 0 {
		t := b.tally(r.done)
		t.Longest = max(t.Longest, r.done-r.accepted)
	}
}

func (b *idBook) tally(at int64) *idTally {
	m := sli.MinuteOf(at)
	if b.tallies[m] == nil {
		b.tallies[m] = new(idTally)
	}
	return b.tallies[m]
}

// widened is how thinly to sample so that there aren't too many records.
func (b *idBook) widened(seen []sighting, bits int) int {
	for ; bits < 40; bits++ {
		kept := func(id uint64) bool { return id&(1<<bits-1) == 0 }
		perMinute := map[sli.Minute]int{}
		most, total, open := 0, 0, 0
		for _, s := range seen {
			if kept(s.id) {
				m := sli.MinuteOf(s.at)
				perMinute[m]++
				most = max(most, perMinute[m])
			}
		}
		for id, r := range b.records {
			if kept(id) {
				total++
				if r.ended() == 0 {
					open++
				}
			}
		}
		if most <= 2*maxIDs && total <= maxOutstanding && open <= maxOpen {
			break
		}
	}
	return bits
}

// thin forgets the records that a thinner sample leaves out.
func (b *idBook) thin(bits int) {
	left := func(id uint64) bool { return id&(1<<bits-1) != 0 }
	for id, r := range b.records {
		if !left(id) {
			continue
		}
		if r.booked && r.done == 0 {
			b.astray[sli.MinuteOf(r.waiting())]++
		}
		delete(b.records, id)
	}
	for m, list := range b.minutes {
		b.minutes[m] = slices.DeleteFunc(list, func(r *idRecord) bool { return left(r.id) })
	}
	for m, n := range b.forgot {
		b.forgot[m] = n >> (bits - b.bits)
	}
	b.bits = bits
}

// surplus is the duplicates that this run found, by minute.
func (b *idBook) surplus() map[sli.Minute]*sli.Counts {
	cells := map[sli.Minute]*sli.Counts{}
	for m, n := range b.further {
		cells[m] = &sli.Counts{Valid: n}
	}
	return cells
}

// bookSilence marks the records accepted in a minute of silence as booked, and gives
// their number, and where those were counted that have come out since.
func (b *idBook) bookSilence(m sli.Minute) (booked float64, counted map[sli.Minute]sli.Counts) {
	counted = map[sli.Minute]sli.Counts{}
	for _, r := range b.records {
		if r.accepted == 0 || sli.MinuteOf(r.waiting()) != m || r.booked || r.filtered {
			continue
		}
		if r.done != 0 {
			if r.counted == sli.NotValid {
				continue // under another rule
			}
			var c sli.Counts
			c.Count(r.counted, 1)
			counted[sli.MinuteOf(r.done)] = counted[sli.MinuteOf(r.done)].Plus(c)
		}
		r.booked, r.counted = true, sli.NotValid
		booked++
	}
	return booked, counted
}

// unbook forgets what freshness has booked and counted: its rule is another one.
func (b *idBook) unbook() {
	for _, r := range b.records {
		r.booked, r.counted = false, sli.NotValid
	}
}

// unbookFrom takes back that records accepted from a minute on were booked, unless they
// have ended since, and gives how many they are by minute.
func (b *idBook) unbookFrom(m sli.Minute) map[sli.Minute]float64 {
	unbooked := map[sli.Minute]float64{}
	for _, r := range b.records {
		if at := sli.MinuteOf(r.waiting()); r.booked && at >= m && r.ended() == 0 {
			r.booked = false
			unbooked[at]++
		}
	}
	return unbooked
}

// HasIDs says that records are followed from where they are accepted.
func (b *idBook) HasIDs() bool { return b.rule.Whole }

// Sampled is of how many records one is followed.
func (b *idBook) Sampled() float64 { return math.Exp2(float64(b.bits)) }

// Cohort is what became of the distinct ids accepted in a minute.
func (b *idBook) Cohort(m sli.Minute) (sli.IDCohort, bool) {
	var c sli.IDCohort
	if b.Doubt() != "" {
		return c, false
	}
	limit := b.rule.Owing.Deadline
	end := m.End().Add(limit).UnixMicro()
	for _, r := range b.minutes[m] {
		c.Accepted++
		if r.gone != 0 && r.gone <= end && !r.filtered && (r.done == 0 || r.done > end) {
			c.GivenUp++
		}
		switch {
		case r.filtered:
			c.Filtered++
		case r.done == 0:
			c.Open++
		case r.done-r.accepted <= limit.Microseconds():
			c.InTime++
		default:
			c.Late++
		}
	}
	return c, true
}

// Waiting is how many of the ids accepted in a minute seem to be on their way still.
func (b *idBook) Waiting(m sli.Minute) float64 {
	o := b.Outstanding(b.due)
	if o == nil {
		return 0
	}
	n := 0.0
	for _, r := range b.minutes[m] {
		if r.ended() == 0 && (r.accepted >= o.Passed || o.Stuck > 0 && r.waiting() >= o.StuckSince) {
			n++
		}
	}
	return n
}

// Ends is what else is known of the records that came out in a minute.
func (b *idBook) Ends(m sli.Minute) sli.IDEnds {
	var e sli.IDEnds
	if t := b.tallies[m]; t != nil {
		e = sli.IDEnds{Duplicates: t.Duplicates, Unmatched: t.Unmatched, Longest: time.Duration(t.Longest) * time.Microsecond}
	}
	e.Unmatched += b.strangers()[m]
	e.Duplicates, e.Unmatched = e.Duplicates*b.Sampled(), e.Unmatched*b.Sampled()
	return e
}

// apartFor is how long two logs are taken not to hold the same records since they last
// showed it.
const apartFor = 24 * 60

// compare looks at what came out by the newest due minute, whether both logs hold the same
// records: they don't where many come out that nothing shows to have been accepted while
// others, accepted here and overtaken, seem stuck; and where nothing else comes out while
// some are owed: ids are gone from the lines, or are spelled in another way. In the first
// deadline of a history nobody can tell.
func (b *idBook) compare(due sli.Minute) {
	const enough = 20 // records that came out, to take it back, or to miss all the others
	b.due = due
	if !b.rule.Whole || due.End().Sub(b.since.Start()) < b.rule.Owing.Deadline {
		return
	}
	by := b.cameOut(due)
	lately := by.newest(due, 0)
	if lately.known == 0 && lately.strange+lately.unnamed >= enough {
		if o := b.Outstanding(due); o != nil && o.Oldest != 0 {
			b.apart, b.foreign = due, true
		}
		return
	}
	switch few := by.newest(due, enough); {
	case !few.apart():
		if few.came >= enough {
			b.apart = 0
		}
	case few.strange >= leastStrange:
		if o := b.Outstanding(due); o != nil && o.Stuck > 0 {
			b.apart, b.foreign = due, false
		}
	}
}

// leastStrange is how many records that nobody accepted here tell two logs apart: fewer may
// be replays of old ones.
const leastStrange = 3

// passages are records that came out.
type passages struct {
	came    float64 // the first time, with an id
	strange float64 // of them, that nothing shows to have been accepted
	known   float64 // the others, and those that came out once more
	unnamed float64 // lines that name none
}

// apart tells whether too many are strange.
func (p passages) apart() bool { return 10*p.strange > p.came }

// passagesBy are passages by their minutes.
type passagesBy map[sli.Minute]passages

// cameOut are the passages of as many minutes up to one as are remembered.
func (b *idBook) cameOut(due sli.Minute) passagesBy {
	by := passagesBy{}
	for m, t := range b.tallies {
		by[m] = passages{t.Met + t.Strange, t.Strange, t.Met + t.Duplicates, t.Unnamed}
	}
	for _, r := range b.records {
		m := sli.MinuteOf(r.done)
		if r.done == 0 || m > due || m <= due-sli.Minute(talliesKept/time.Minute) {
			continue
		}
		p := by[m]
		if p.came++; r.accepted == 0 {
			p.strange++
		} else {
			p.known++
		}
		by[m] = p
	}
	return by
}

// newest are those of ten minutes up to one, and where fewer than so many came out in these,
// of as many before as reach that number.
func (by passagesBy) newest(due sli.Minute, least float64) (all passages) {
	const minutes = 10
	for m := due; m > due-minutes || m > due-sli.Minute(talliesKept/time.Minute) && all.came < least; m-- {
		p := by[m]
		all = passages{all.came + p.came, all.strange + p.strange, all.known + p.known, all.unnamed + p.unnamed}
	}
	return all
}

// Doubt is why the ids say nothing of what is owed: the two logs don't hold the same
// records.
func (b *idBook) Doubt() string {
	if b.apart == 0 || b.due-b.apart > apartFor {
		return ""
	}
	stages := "the stages " + strings.Join(b.rule.Stages, " and ")
	if b.foreign {
		return stages + " don't log the same records: no id that comes out was accepted before; see that id: names the same in both logs, and that both are of the same hosts, or say coverage: { from: counts }"
	}
	return stages + " don't log the same records, most likely because workers of several hosts share a queue; " +
		"read both logs where those of all hosts are, or say coverage: { from: counts }"
}

// strangers are the records that came out and that nothing shows to have been accepted,
// by the minute they came out in.
func (b *idBook) strangers() map[sli.Minute]float64 {
	if b.odd != nil || !b.rule.Whole {
		return b.odd
	}
	b.odd = map[sli.Minute]float64{}
	for _, r := range b.records {
		if r.accepted == 0 && r.done != 0 {
			b.odd[sli.MinuteOf(r.done)]++
		}
	}
	return b.odd
}

// outstandingBack is for how many minutes before the newest one what is owed can be told.
const outstandingBack = 40

// Outstanding is what was owed at the minute's end, nil where that isn't known any more.
func (b *idBook) Outstanding(m sli.Minute) *sli.Outstanding {
	if m < max(b.from, b.since, b.due-outstandingBack) {
		return nil
	}
	if b.outstanding == nil {
		b.lives, b.outstanding = b.life(), map[sli.Minute]*sli.Outstanding{}
	}
	o := b.outstanding[m]
	if o == nil {
		at := b.rule.Owing.At(m.End().UnixMicro(), b.lives, b.passed)
		o = &at
		b.outstanding[m] = o
	}
	return o
}

// life is the records in the order of their minutes.
func (b *idBook) life() []sli.Lives {
	minutes := slices.AppendSeq(slices.Collect(maps.Keys(b.minutes)), maps.Keys(b.forgot))
	slices.Sort(minutes)
	minutes = slices.Compact(minutes)
	lives := make([]sli.Lives, 0, len(minutes))
	for _, m := range minutes {
		one := sli.Lives{Minute: m, Gone: b.forgot[m]}
		for _, r := range b.minutes[m] {
			if r.ended() == 0 && r.accepted < b.seen {
				continue
			}
			one.Records = append(one.Records, sli.Life{Accepted: r.accepted, Ended: r.ended(), Since: r.stamp})
		}
		lives = append(lives, one)
	}
	return lives
}

const (
	// idGrace is how much longer than the deadline a record is remembered, so that a
	// further end is known as a duplicate.
	idGrace = 15 * time.Minute
	// overdueKept is how long a record is remembered that is overdue.
	overdueKept = 24 * time.Hour
	// talliesKept is how long it is remembered what came out besides.
	talliesKept = 65 * time.Minute
)

// save writes the records that still matter.
func (b *idBook) save(tx Tx, now time.Time) {
	prefix := idPrefix(b.plan, b.rule)
	oldest := now.Add(-b.rule.Owing.Deadline - b.rule.Settle - idGrace).UnixMicro()
	byMinute := map[sli.Minute][]idRecord{}
	first := sli.MinuteAt(now)
	for _, r := range b.records {
		switch {
		case b.owes(r, oldest, now) || max(r.accepted, r.ended()) >= oldest:
			m := sli.MinuteOf(cmp.Or(r.accepted, r.ended()))
			byMinute[m] = append(byMinute[m], *r)
			first = min(first, m)
		case r.accepted == 0:
			if b.rule.Whole && r.done != 0 {
				t := b.tally(r.done)
				t.Unmatched, t.Strange = t.Unmatched+1, t.Strange+1
			}
		case r.ended() != 0:
			if r.done != 0 {
				b.tally(r.done).Met++
			}
			b.forgot[sli.MinuteOf(r.accepted)]++
			b.passed = max(b.passed, r.accepted)
		}
	}
	b.put(tx, prefix, byMinute)
	maps.DeleteFunc(b.tallies, func(m sli.Minute, _ *idTally) bool { return m < sli.MinuteAt(now.Add(-talliesKept)) })
	tx.Put(append(slices.Clone(prefix), idForgotKey...), encodeCounts(b.needed(first)))
	putRecord(tx, append(slices.Clone(prefix), idStateKey...), idState{
		Bits: b.bits, Since: b.since, From: max(b.from, sli.MinuteOf(oldest)+1), Passed: b.passed, Apart: b.apart, Foreign: b.foreign, Tallies: b.tallies,
	})
}

// owes tells whether a record may still be owed, or came to be overdue lately.
func (b *idBook) owes(r *idRecord, oldest int64, now time.Time) bool {
	if r.accepted == 0 || r.ended() != 0 {
		return false
	}
	o := b.Outstanding(b.due)
	return r.accepted >= now.Add(-overdueKept).UnixMicro() || o != nil && o.Oldest != 0 && r.waiting() >= o.Oldest
}

// needed are the forgotten records that some run may need, whose own minute is the
// first or a later one.
func (b *idBook) needed(first sli.Minute) map[sli.Minute]int {
	const enough = 20 // that a run holds
	before := 0
	for _, m := range slices.Backward(slices.Sorted(maps.Keys(b.forgot))) {
		if m >= first {
			continue
		}
		if before >= enough {
			delete(b.forgot, m)
		}
		before += b.forgot[m]
	}
	return b.forgot
}

// put writes the minutes that have changed and deletes those without records.
func (b *idBook) put(tx Tx, prefix []byte, byMinute map[sli.Minute][]idRecord) {
	from, to := idKeys(prefix)
	known := map[string]bool{}
	for m, list := range byMinute {
		k := binary.BigEndian.AppendUint32(slices.Clone(from), uint32(m))
		known[string(k)] = true
		slices.SortFunc(list, func(x, y idRecord) int { return cmp.Compare(x.id, y.id) })
		if data := encodeIDs(list); !bytes.Equal(data, tx.Get(k)) {
			tx.Put(k, data)
		}
	}
	var dead [][]byte
	tx.Scan(from, to, func(k, _ []byte) bool {
		if !known[string(k)] {
			dead = append(dead, slices.Clone(k))
		}
		return true
	})
	for _, k := range dead {
		tx.Delete(k)
	}
}

// The bits of a record's flags; the verdict lies above them.
const (
	idFiltered = 1 << iota
	idGone
	idBooked
	idCounted = iota
	idVerdict = 3
	idStamp   = 1 << (idCounted + 2)
)

func encodeIDs(list []idRecord) []byte {
	out := make([]byte, 0, len(list)*17)
	for _, r := range list {
		flags := byte(r.counted) << idCounted
		if r.filtered {
			flags |= idFiltered
		}
		if r.gone != 0 {
			flags |= idGone
		}
		if r.booked {
			flags |= idBooked
		}
		if r.stamp != 0 {
			flags |= idStamp
		}
		out = binary.BigEndian.AppendUint64(out, r.id)
		out = binary.AppendUvarint(out, uint64(r.accepted))
		out = binary.AppendUvarint(out, uint64(r.done))
		out = append(out, flags)
		if r.gone != 0 {
			out = binary.AppendUvarint(out, uint64(r.gone))
		}
		if r.stamp != 0 {
			out = binary.AppendVarint(out, r.accepted-r.stamp)
		}
	}
	return out
}

func decodeIDs(data []byte) []idRecord {
	var list []idRecord
	number := func() int64 {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			data = nil
			return 0
		}
		data = data[n:]
		return int64(v)
	}
	for len(data) > 8 {
		r := idRecord{id: binary.BigEndian.Uint64(data)}
		data = data[8:]
		r.accepted, r.done = number(), number()
		if len(data) == 0 {
			break
		}
		flags := data[0]
		data = data[1:]
		r.filtered, r.booked, r.counted = flags&idFiltered != 0, flags&idBooked != 0, sli.Verdict(flags>>idCounted&idVerdict)
		if flags&idGone != 0 {
			r.gone = number()
		} else if r.filtered && r.done == 0 {
			r.gone = r.accepted // as it was written before it was told when
		}
		if flags&idStamp != 0 {
			took, n := binary.Varint(data)
			if n <= 0 {
				break
			}
			r.stamp, data = r.accepted-took, data[n:]
		}
		list = append(list, r)
	}
	return list
}

// encodeCounts spells how many records were forgotten of some minutes.
func encodeCounts(counts map[sli.Minute]int) []byte {
	var out []byte
	last := sli.Minute(0)
	for _, m := range slices.Sorted(maps.Keys(counts)) {
		out = binary.AppendVarint(out, int64(m-last))
		out = binary.AppendUvarint(out, uint64(counts[m]))
		last = m
	}
	return out
}

func decodeCounts(data []byte) map[sli.Minute]int {
	counts := map[sli.Minute]int{}
	last := sli.Minute(0)
	for len(data) > 0 {
		step, n := binary.Varint(data)
		if n <= 0 || n >= len(data) {
			break
		}
		count, k := binary.Uvarint(data[n:])
		if k <= 0 {
			break
		}
		data = data[n+k:]
		last += sli.Minute(step)
		counts[last] = int(count)
	}
	return counts
}
