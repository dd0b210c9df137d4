package measure

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// maxIDs bounds how many records one end may have in a minute, and maxOutstanding
// how many are followed at all, before only a sample is: those whose hash ends in k
// zero bits, the same ones at both ends.
const (
	maxIDs         = 20_000
	maxOutstanding = 400_000
)

// sighting is one line that names a record.
type sighting struct {
	id     uint64
	at     int64 // microseconds since the epoch
	signal sli.Signal
}

// idRecord is one record that is being followed.
type idRecord struct {
	id       uint64
	accepted int64 // microseconds, 0 while only its end was seen
	done     int64 // 0 while it is owed
	filtered bool
}

// idBook follows records by their ids from acceptance to the deadline. It is kept in
// one value per minute of acceptance, and one for ends whose beginning isn't known.
type idBook struct {
	plan     *sli.Plan
	rule     *sli.Rule
	bits     int        // sampled 1/2^bits
	from     sli.Minute // of earlier minutes some records are forgotten
	records  map[uint64]*idRecord
	minutes  map[sli.Minute][]*idRecord // by minute of acceptance
	deadline time.Duration

	duplicates map[sli.Minute]float64 // further ends, by the minute they were seen in
	unmatched  float64                // ends that never met a beginning
}

// idState is what is kept beside the records.
type idState struct {
	Bits      int        `json:"bits"`
	From      sli.Minute `json:"from,omitempty"`
	Unmatched float64    `json:"unmatched"`
}

func idPrefix(pipeline, fingerprint string) []byte { return key("i", pipeline, fingerprint, "") }

// openIDs loads the records that are being followed.
func openIDs(tx Tx, plan *sli.Plan, rule *sli.Rule) *idBook {
	b := &idBook{
		plan: plan, rule: rule, deadline: rule.Deadline,
		records:    map[uint64]*idRecord{},
		minutes:    map[sli.Minute][]*idRecord{},
		duplicates: map[sli.Minute]float64{},
	}
	prefix := idPrefix(plan.Name, short(plan.Fingerprint(rule)))
	var state idState
	if getRecord(tx, append(slices.Clone(prefix), "state"...), &state) {
		b.bits, b.from, b.unmatched = state.Bits, state.From, state.Unmatched
	}
	tx.Scan(append(slices.Clone(prefix), 0), append(slices.Clone(prefix), 's'), func(_, value []byte) bool {
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

func (b *idBook) sampled(id uint64) bool { return id&(1<<b.bits-1) == 0 }

// add books the sightings of a run, beginnings before ends, so that their order in
// different logs doesn't matter.
func (b *idBook) add(seen []sighting, bits int) {
	if bits > b.bits {
		b.thin(bits)
		b.bits = bits
	}
	seen = slices.Clone(seen)
	slices.SortFunc(seen, func(x, y sighting) int {
		return cmp.Or(cmp.Compare(rank(x.signal), rank(y.signal)), cmp.Compare(x.at, y.at))
	})
	b.widen(seen)
	for _, s := range seen {
		if b.sampled(s.id) {
			b.book(s)
		}
	}
}

// rank orders a record's ends; negative for signals that are neither.
func rank(s sli.Signal) int {
	switch s {
	case sli.Accepted:
		return 0
	case sli.Done, sli.Filtered:
		return 1
	default:
		return -1
	}
}

func (b *idBook) book(s sighting) {
	r, known := b.records[s.id]
	switch s.signal {
	case sli.Accepted:
		switch {
		case !known:
			b.keep(idRecord{id: s.id, accepted: s.at})
		case r.accepted == 0:
			r.accepted = s.at
			m := sli.MinuteOf(s.at)
			b.minutes[m] = append(b.minutes[m], r)
		}
	case sli.Done:
		switch {
		case !known:
			b.keep(idRecord{id: s.id, done: s.at})
		case r.done != 0:
			b.duplicates[sli.MinuteOf(s.at)]++
		default:
			r.done = s.at
		}
	case sli.Filtered:
		if !known {
			r = b.keep(idRecord{id: s.id, done: s.at})
		}
		r.filtered = true
	}
}

// widen samples more thinly while there are too many records.
func (b *idBook) widen(seen []sighting) {
	for ; b.bits < 40; b.bits++ {
		perMinute := map[sli.Minute]int{}
		most, total := 0, len(b.records)
		for _, s := range seen {
			if b.sampled(s.id) {
				m := sli.MinuteOf(s.at)
				perMinute[m]++
				most = max(most, perMinute[m])
				total++
			}
		}
		if most <= 2*maxIDs && total <= maxOutstanding {
			return
		}
		b.thin(b.bits + 1)
	}
}

// thin forgets the records that a thinner sample leaves out.
func (b *idBook) thin(bits int) {
	for id := range b.records {
		if id&(1<<bits-1) != 0 {
			delete(b.records, id)
		}
	}
	for m, list := range b.minutes {
		b.minutes[m] = slices.DeleteFunc(list, func(r *idRecord) bool { return r.id&(1<<bits-1) != 0 })
	}
}

// surplus is the duplicates that this run found, by minute.
func (b *idBook) surplus() map[sli.Minute]*sli.Counts {
	cells := map[sli.Minute]*sli.Counts{}
	for m, n := range b.duplicates {
		cells[m] = &sli.Counts{Valid: n}
	}
	return cells
}

// HasIDs says that records are followed.
func (b *idBook) HasIDs() bool { return true }

// Cohort is what became of the distinct ids accepted in a minute.
func (b *idBook) Cohort(m sli.Minute) (sli.IDCohort, bool) {
	var c sli.IDCohort
	for _, r := range b.minutes[m] {
		c.Accepted++
		switch {
		case r.filtered:
			c.Filtered++
		case r.done == 0:
			c.Open++
		case r.done-r.accepted <= b.deadline.Microseconds():
			c.InTime++
		default:
			c.Late++
		}
	}
	return c, true
}

// OldestOwed is when the oldest record was accepted that wasn't visible at the
// minute's end. A record past its deadline that others have overtaken is lost, which is
// coverage's to tell; while nothing comes out, none is.
func (b *idBook) OldestOwed(m sli.Minute) (int64, bool) {
	end := m.End().UnixMicro()
	visible := func(r *idRecord) bool { return r.done != 0 && r.done <= end }
	var watermark, oldest int64
	for _, r := range b.records {
		if visible(r) {
			watermark = max(watermark, r.accepted)
		}
	}
	for minute, list := range b.minutes {
		if minute > m {
			continue
		}
		expired := minute.End().Add(b.deadline).UnixMicro() < end
		for _, r := range list {
			if r.accepted > end || r.filtered || visible(r) || expired && r.accepted <= watermark {
				continue
			}
			if oldest == 0 || r.accepted < oldest {
				oldest = r.accepted
			}
		}
	}
	return oldest, true
}

// idGrace is how much longer than the deadline a record is remembered, so that a
// further end is known as a duplicate.
const idGrace = 15 * time.Minute

// save writes the records that still matter, and counts ends that never met a
// beginning.
func (b *idBook) save(tx Tx, now time.Time) {
	prefix := idPrefix(b.plan.Name, short(b.plan.Fingerprint(b.rule)))
	oldest := now.Add(-b.deadline - b.rule.Settle - idGrace).UnixMicro()
	byMinute := map[sli.Minute][]idRecord{}
	for _, r := range b.records {
		switch {
		case r.accepted == 0 && r.done < oldest:
			b.unmatched++
		case r.accepted == 0:
			m := sli.MinuteOf(r.done)
			byMinute[m] = append(byMinute[m], *r)
		case r.accepted >= oldest:
			m := sli.MinuteOf(r.accepted)
			byMinute[m] = append(byMinute[m], *r)
		}
	}
	known := map[string]bool{}
	for m, list := range byMinute {
		k := binary.BigEndian.AppendUint32(append(slices.Clone(prefix), 0), uint32(m))
		known[string(k)] = true
		slices.SortFunc(list, func(x, y idRecord) int { return cmp.Compare(x.id, y.id) })
		tx.Put(k, encodeIDs(list))
	}
	var gone [][]byte
	tx.Scan(append(slices.Clone(prefix), 0), append(slices.Clone(prefix), 's'), func(k, _ []byte) bool {
		if !known[string(k)] {
			gone = append(gone, slices.Clone(k))
		}
		return true
	})
	for _, k := range gone {
		tx.Delete(k)
	}
	putRecord(tx, append(slices.Clone(prefix), "state"...), idState{Bits: b.bits, From: max(b.from, sli.MinuteOf(oldest)+1), Unmatched: b.unmatched})
}

func encodeIDs(list []idRecord) []byte {
	out := make([]byte, 0, len(list)*17)
	for _, r := range list {
		flag := byte(0)
		if r.filtered {
			flag = 1
		}
		out = binary.BigEndian.AppendUint64(out, r.id)
		out = binary.AppendUvarint(out, uint64(r.accepted))
		out = binary.AppendUvarint(out, uint64(r.done))
		out = append(out, flag)
	}
	return out
}

func decodeIDs(data []byte) []idRecord {
	var list []idRecord
	for len(data) > 8 {
		r := idRecord{id: binary.BigEndian.Uint64(data)}
		data = data[8:]
		accepted, n := binary.Uvarint(data)
		if n <= 0 {
			return list
		}
		data = data[n:]
		done, n := binary.Uvarint(data)
		if n <= 0 || n >= len(data) {
			return list
		}
		r.accepted, r.done, r.filtered = int64(accepted), int64(done), data[n] == 1
		data = data[n+1:]
		list = append(list, r)
	}
	return list
}
