package sim

import (
	"cmp"
	"iter"
	"slices"
)

// Row is what the store holds under a key.
type Row struct {
	Key        uint32
	ID         uint32  // of the record written last
	AcceptedAt Instant // as that record says, by its front's clock
	UpdatedAt  Instant // when it was written, true time
	Wrong      bool
}

// indexRows lists the visible records by key, then by first write.
func (w *World) indexRows() []uint32 {
	ids := w.sorted(func(r *Record) Instant { return r.Visible })
	slices.SortStableFunc(ids, func(a, b uint32) int { return cmp.Compare(w.Records[a].Key, w.Records[b].Key) })
	return ids
}

// Row looks a key up at an instant.
func (w *World) Row(key uint32, at Instant) (Row, bool) {
	ids := w.byRow()
	i, _ := slices.BinarySearchFunc(ids, key, func(id, key uint32) int { return cmp.Compare(w.Records[id].Key, key) })
	return w.row(ids[i:], at)
}

// row is the newest state of the key that ids begins with. Of a record
// written several times the first and the last write are known.
func (w *World) row(ids []uint32, at Instant) (Row, bool) {
	var row Row
	found := false
	for _, id := range ids {
		r := &w.Records[id]
		if r.Key != w.Records[ids[0]].Key || r.Visible > at {
			break
		}
		written := r.Visible
		if r.LastWrite <= at {
			written = r.LastWrite
		}
		if !found || written >= row.UpdatedAt {
			row = Row{r.Key, id, w.stampAccepted(r), written, r.Wrong}
			found = true
		}
	}
	return row, found
}

// Rows lists the whole store at an instant, by key.
func (w *World) Rows(at Instant) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		ids := w.byRow()
		for len(ids) > 0 {
			key := w.Records[ids[0]].Key
			if row, ok := w.row(ids, at); ok && !yield(row) {
				return
			}
			n := 1
			for n < len(ids) && w.Records[ids[n]].Key == key {
				n++
			}
			ids = ids[n:]
		}
	}
}

// stampAccepted is the accepted_at that a record carries.
func (w *World) stampAccepted(r *Record) Instant { return r.Accepted + w.skew(r.Task, r.Accepted) }
