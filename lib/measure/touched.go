package measure

import (
	"iter"
	"maps"
	"slices"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// touched are the minutes that a commit has set, and what they held before: of the many
// minutes of a backlog, which held nothing, a bit each.
type touched struct {
	hours map[sli.Minute]uint64 // by their numbers, a bit a minute
	held  map[sli.Minute]sli.Counts
}

// note remembers what a minute holds, unless it was set before.
func (t *touched) note(m sli.Minute, holds func(sli.Minute) sli.Counts) {
	if t.contains(m) {
		return
	}
	if t.hours == nil {
		t.hours, t.held = map[sli.Minute]uint64{}, map[sli.Minute]sli.Counts{}
	}
	h, i := hourOf(m)
	t.hours[h] |= 1 << i
	if held := holds(m); !held.IsZero() {
		t.held[m] = held
	}
}

func (t *touched) contains(m sli.Minute) bool {
	h, i := hourOf(m)
	return t.hours[h]&(1<<i) != 0
}

// all are the minutes, in order, each with what it held.
func (t *touched) all() iter.Seq2[sli.Minute, sli.Counts] {
	return func(yield func(sli.Minute, sli.Counts) bool) {
		for _, h := range slices.Sorted(maps.Keys(t.hours)) {
			for i := range sli.Minute(minutesPerHour) {
				if m := h*minutesPerHour + i; t.hours[h]&(1<<i) != 0 && !yield(m, t.held[m]) {
					return
				}
			}
		}
	}
}

// minutes are those alone.
func (t *touched) minutes() iter.Seq[sli.Minute] {
	return func(yield func(sli.Minute) bool) {
		for m := range t.all() {
			if !yield(m) {
				return
			}
		}
	}
}
