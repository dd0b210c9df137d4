package measure

import (
	"encoding/binary"
	"iter"
	"maps"
	"math"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

const minutesPerHour = 60

// hour is an SLI's cells of one hour, packed under one key, its sum in front. Only
// minutes with counts have a cell: a hostile log may name one in every hour of a century.
type hour struct {
	sum   sli.Counts
	cells []minuteCell // in order
}

type minuteCell struct {
	index  int // of the minute within the hour
	counts sli.Counts
}

// fewMinutes are so many that there may be no more of their hour.
const fewMinutes = 4

// find is where a minute's cell is, or belongs.
func (h *hour) find(index int) (at int, found bool) {
	if index < len(h.cells) && h.cells[index].index == index { // every minute before has one
		return index, true
	}
	return slices.BinarySearchFunc(h.cells, index, func(c minuteCell, index int) int { return c.index - index })
}

func (h *hour) get(index int) sli.Counts {
	if at, found := h.find(index); found {
		return h.cells[at].counts
	}
	return sli.Counts{}
}

func (h *hour) set(index int, counts sli.Counts) {
	h.sum = h.sum.Minus(h.get(index)).Plus(counts)
	h.put(index, counts)
}

// put replaces a minute's cell, whatever the sum.
func (h *hour) put(index int, counts sli.Counts) *minuteCell {
	at, found := h.find(index)
	if !found {
		if len(h.cells) == fewMinutes { // it isn't one of those in which little happens
			h.cells = slices.Grow(h.cells, minutesPerHour-fewMinutes)
		}
		h.cells = slices.Insert(h.cells, at, minuteCell{index: index})
	}
	h.cells[at].counts = counts
	return &h.cells[at]
}

// ruleCells are the minute cells of one SLI under one fingerprint.
type ruleCells struct {
	tx     Tx
	prefix []byte
	hours  map[sli.Minute]*hour // by hour number, as far as looked at

	decoded *Decoded // nil: nothing is remembered from run to run
}

func openRuleCells(tx Tx, prefix []byte) *ruleCells {
	return &ruleCells{tx: tx, prefix: prefix, hours: map[sli.Minute]*hour{}}
}

func (c *ruleCells) key(h sli.Minute) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), c.prefix...), uint32(h))
}

func hourOf(m sli.Minute) (h sli.Minute, index int) {
	if h = m / minutesPerHour; m < h*minutesPerHour { // before 1970, for a clock that was never set
		h--
	}
	return h, int(m - h*minutesPerHour)
}

func (c *ruleCells) hour(h sli.Minute) *hour {
	if cached, ok := c.hours[h]; ok {
		return cached
	}
	key := c.key(h)
	rec, known := c.decoded.hour(key)
	if !known {
		rec = new(hour)
		if data := c.tx.Get(key); data != nil {
			rec.decode(data)
		}
		c.decoded.putHour(key, rec)
	}
	c.hours[h] = rec
	return rec
}

// get is the cell of a minute.
func (c *ruleCells) get(m sli.Minute) sli.Counts {
	h, i := hourOf(m)
	return c.hour(h).get(i)
}

// set replaces the cell of a minute; flush writes.
func (c *ruleCells) set(m sli.Minute, v sli.Counts) {
	h, i := hourOf(m)
	c.hour(h).set(i, v)
}

// held are the minutes after one that something was counted in.
func (c *ruleCells) held(last sli.Minute) sli.Intervals {
	var out sli.Intervals
	first, _ := hourOf(last + 1)
	c.tx.Scan(c.key(first), after(c.prefix), func(key, value []byte) bool {
		h := sli.Minute(binary.BigEndian.Uint32(key[len(key)-4:]))
		var rec hour
		rec.decode(value)
		for _, cell := range rec.cells {
			if m := h*minutesPerHour + sli.Minute(cell.index); m > last && !cell.counts.IsZero() {
				out = out.Add(sli.Window{From: m, To: m + 1})
			}
		}
		return true
	})
	return out
}

// flush writes the hours that hold the given minutes. Those of a backlog are read again where
// they are asked for.
func (c *ruleCells) flush(touched iter.Seq[sli.Minute]) {
	done := map[sli.Minute]bool{}
	for m := range touched {
		h, _ := hourOf(m)
		if !done[h] {
			done[h] = true
			c.tx.Put(c.key(h), c.hour(h).encode())
		}
	}
	written := slices.Sorted(maps.Keys(done))
	for _, h := range written[:max(0, len(written)-hoursAtHand)] {
		delete(c.hours, h)
	}
}

// hoursAtHand are so many that what windows are summed of is among them.
const hoursAtHand = 24

// sum adds the cells of the minutes. Whole hours cost one look at their sum, so that
// a month is cheap.
func (c *ruleCells) sum(minutes sli.Intervals) sli.Counts {
	var total sli.Counts
	for _, w := range minutes {
		for m := w.From; m < w.To; {
			h, i := hourOf(m)
			if i == 0 && m+minutesPerHour <= w.To {
				whole := (w.To - m) / minutesPerHour
				total = total.Plus(c.hoursSum(h, h+whole))
				m += whole * minutesPerHour
				continue
			}
			hour := c.hour(h)
			for ; i < minutesPerHour && m < w.To; i, m = i+1, m+1 {
				total = total.Plus(hour.get(i))
			}
		}
	}
	return total
}

// manyHours are so many that those which have cells are looked for: a hostile log may name
// a minute of each century.
const manyHours = 10_000

// hoursSum adds the cells of the hours in [from, to).
func (c *ruleCells) hoursSum(from, to sli.Minute) sli.Counts {
	var total sli.Counts
	if to-from < manyHours {
		for h := from; h < to; h++ {
			total = total.Plus(c.hourSum(h))
		}
		return total
	}
	for h, cached := range c.hours {
		if from <= h && h < to {
			total = total.Plus(cached.sum)
		}
	}
	c.tx.Scan(c.key(from), c.key(to), func(key, value []byte) bool {
		h := sli.Minute(binary.BigEndian.Uint32(key[len(key)-4:]))
		if _, cached := c.hours[h]; !cached {
			sum, _ := takeSum(value)
			total = total.Plus(sum)
		}
		return true
	})
	return total
}

func (c *ruleCells) hourSum(h sli.Minute) sli.Counts {
	if cached, ok := c.hours[h]; ok {
		return cached.sum
	}
	data := c.tx.Get(c.key(h))
	if data == nil {
		return sli.Counts{}
	}
	sum, _ := takeSum(data)
	return sum
}

// trim forgets what is older than the period.
func (c *ruleCells) trim(j *job) {
	trim(c.tx, c.prefix, j.historyFrom()/minutesPerHour)
}

// trim forgets the hours before the one of the minute.
func trim(tx Tx, prefix []byte, before sli.Minute) {
	from := binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), 0)
	to := binary.BigEndian.AppendUint32(append([]byte(nil), prefix...), uint32(max(0, before)))
	var old [][]byte
	tx.Scan(from, to, func(key, _ []byte) bool {
		old = append(old, append([]byte(nil), key...))
		return len(old) < maxTrim
	})
	for _, key := range old {
		tx.Delete(key)
	}
}

// trimAll forgets everything under a prefix.
func trimAll(tx Tx, prefix []byte) {
	var old [][]byte
	tx.Scan(prefix, after(prefix), func(key, _ []byte) bool {
		old = append(old, append([]byte(nil), key...))
		return true
	})
	for _, key := range old {
		tx.Delete(key)
	}
}

// maxTrim bounds the clearing-up of one run.
const maxTrim = 10_000

// A minute's index of an hour, as one byte. Beyond the minutes themselves stand those
// whose requests were given up by clients, and the sum of these.
const (
	abortsOf  = 64  // and the minute's index: Valid is its aborts
	allAborts = 127 // the same of the sum
)

// large stands before a count that is kept as it is, since no integer spells it: each number
// of a source is below 2⁵³, their sum need not be.
const large = math.MinInt64 + 1

// appendCount spells a count. They are multiples of 2⁻¹⁰ (sli.Weight), so that an integer
// spells them exactly.
func appendCount(out []byte, v float64) []byte {
	if math.Abs(v) < 1<<53 {
		return binary.AppendVarint(out, int64(math.Round(v*1024)))
	}
	return binary.LittleEndian.AppendUint64(binary.AppendVarint(out, large), math.Float64bits(v))
}

// takeCount takes a count off the front; nil rest where there is none.
func takeCount(data []byte) (v float64, rest []byte) {
	n, size := binary.Varint(data)
	switch {
	case size <= 0:
		return 0, nil
	case n != large:
		return float64(n) / 1024, data[size:]
	case len(data) < size+8:
		return 0, nil
	}
	if v = math.Float64frombits(binary.LittleEndian.Uint64(data[size:])); math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, nil
	}
	return v, data[size+8:]
}

func appendCounts(out []byte, c sli.Counts) []byte {
	return appendCount(appendCount(appendCount(out, c.Valid), c.Good), c.Uncertain)
}

func takeCounts(data []byte) (c sli.Counts, rest []byte) {
	for _, v := range []*float64{&c.Valid, &c.Good, &c.Uncertain} {
		if *v, data = takeCount(data); data == nil {
			return sli.Counts{}, nil
		}
	}
	return c, data
}

func appendAborts(out []byte, index byte, c sli.Counts) []byte {
	if c.Aborted == 0 {
		return out
	}
	return appendCounts(append(out, index), sli.Counts{Valid: c.Aborted})
}

func (h *hour) encode() []byte {
	out := appendAborts(appendCounts(nil, h.sum), allAborts, h.sum)
	for _, c := range h.cells {
		if !c.counts.IsZero() {
			out = appendAborts(appendCounts(append(out, byte(c.index)), c.counts), abortsOf+byte(c.index), c.counts)
		}
	}
	return out
}

// takeSum takes an hour's sum off its front.
func takeSum(data []byte) (sum sli.Counts, rest []byte) {
	sum, rest = takeCounts(data)
	if len(rest) > 0 && rest[0] == allAborts {
		var aborts sli.Counts
		aborts, rest = takeCounts(rest[1:])
		sum.Aborted = aborts.Valid
	}
	return sum, rest
}

func (h *hour) decode(data []byte) {
	h.sum, data = takeSum(data)
	var last *minuteCell
	for len(data) > 0 {
		i := data[0]
		var c sli.Counts
		c, data = takeCounts(data[1:])
		switch {
		case i < minutesPerHour:
			last = h.put(int(i), c)
		case last != nil && i == abortsOf+byte(last.index):
			last.counts.Aborted = c.Valid
		}
	}
}

// stageCells are the minute cells of one stage under one fingerprint. They are kept
// for hours, not for the whole period.
type stageCells struct {
	tx     Tx
	prefix []byte
	cells  map[sli.Minute]*sli.StageCell

	spelled []byte // the cell that was put last

	decoded *Decoded // nil: nothing is remembered from run to run
}

// Decoded are cells as they were read, for runs that follow one another on one store and
// nobody else writes to. A run that fails leaves it empty.
type Decoded struct {
	cells map[string]*sli.StageCell
	hours map[string]*hour
}

// mostDecoded bounds each of them; what is asked for again is read again.
const mostDecoded = 2000

func (d *Decoded) get(key []byte) (*sli.StageCell, bool) {
	if d == nil {
		return nil, false
	}
	cell, ok := d.cells[string(key)]
	return cell, ok
}

func (d *Decoded) put(key []byte, cell *sli.StageCell) {
	switch {
	case d == nil:
		return
	case d.cells == nil || len(d.cells) >= mostDecoded:
		d.cells = map[string]*sli.StageCell{}
	}
	d.cells[string(key)] = cell
}

func (d *Decoded) drop(key []byte) {
	if d != nil {
		delete(d.cells, string(key))
	}
}

func (d *Decoded) hour(key []byte) (*hour, bool) {
	if d == nil {
		return nil, false
	}
	h, ok := d.hours[string(key)]
	return h, ok
}

func (d *Decoded) putHour(key []byte, h *hour) {
	switch {
	case d == nil:
		return
	case d.hours == nil || len(d.hours) >= mostDecoded:
		d.hours = map[string]*hour{}
	}
	d.hours[string(key)] = h
}

func (d *Decoded) clear() {
	if d != nil {
		*d = Decoded{}
	}
}

func openStageCells(tx Tx, prefix []byte) *stageCells {
	return &stageCells{tx: tx, prefix: prefix, cells: map[sli.Minute]*sli.StageCell{}}
}

func (c *stageCells) key(m sli.Minute) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), c.prefix...), uint32(m))
}

// held are the minutes after one that have a cell.
func (c *stageCells) held(last sli.Minute) sli.Intervals {
	var out sli.Intervals
	c.tx.Scan(c.key(last+1), after(c.prefix), func(key, _ []byte) bool {
		m := sli.Minute(binary.BigEndian.Uint32(key[len(key)-4:]))
		out = out.Add(sli.Window{From: m, To: m + 1})
		return true
	})
	return out
}

// get is the cell of a minute, nil where nothing was counted.
func (c *stageCells) get(m sli.Minute) *sli.StageCell {
	if cell, ok := c.cells[m]; ok {
		return cell
	}
	key := c.key(m)
	cell, known := c.decoded.get(key)
	if !known {
		if data := c.tx.Get(key); data != nil {
			if cell = new(sli.StageCell); cell.UnmarshalBinary(data) != nil {
				cell = nil
			}
		}
		c.decoded.put(key, cell)
	}
	c.cells[m] = cell
	return cell
}

// put replaces the cell of a minute.
func (c *stageCells) put(m sli.Minute, cell *sli.StageCell) {
	delete(c.cells, m) // read again where it is asked for: a backlog has many
	var err error
	if c.spelled, err = cell.AppendBinary(c.spelled[:0]); err != nil {
		panic("measure: a cell can't be spelled: " + err.Error()) // cells are ours: plain data
	}
	c.decoded.drop(c.key(m))
	c.tx.Put(c.key(m), c.spelled)
}

// window merges the cells of a window.
func (c *stageCells) window(w sli.Window) *sli.StageCell {
	total := new(sli.StageCell)
	for m := w.From; m < w.To; m++ {
		total.Merge(c.get(m))
	}
	return total
}
