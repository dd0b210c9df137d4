package measure

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// What a minute held before a commit is what it held when it was set first, whatever is set
// in it later, and in whatever order.
func TestTouchedMinutesAreToldWithWhatTheyHeldFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got touched
		want, now := map[sli.Minute]sli.Counts{}, map[sli.Minute]sli.Counts{}
		for range rapid.IntRange(0, 200).Draw(t, "sets") {
			m := sli.Minute(rapid.IntRange(-130, 400).Draw(t, "minute"))
			if _, set := want[m]; !set {
				want[m] = now[m]
			}
			got.note(m, func(m sli.Minute) sli.Counts { return now[m] })
			now[m] = sli.Counts{Valid: float64(rapid.IntRange(0, 3).Draw(t, "valid")), Aborted: float64(rapid.IntRange(0, 1).Draw(t, "aborted"))}
		}
		if all := maps.Collect(got.all()); !maps.Equal(all, want) {
			t.Fatalf("got %v, want %v", all, want)
		}
		if minutes := slices.Collect(got.minutes()); !slices.IsSorted(minutes) || len(minutes) != len(want) {
			t.Fatalf("minutes %v", minutes)
		}
		for m := sli.Minute(-200); m < 500; m++ {
			if _, set := want[m]; got.contains(m) != set {
				t.Fatalf("minute %d: %v", m, !set)
			}
		}
	})
}

// A backlog that nothing was counted of before takes a commit little memory, however many
// minutes it has.
func TestABacklogsCommitHoldsABitOfEachMinute(t *testing.T) {
	const days = 28
	empty := func(sli.Minute) sli.Counts { return sli.Counts{} }
	allocated := testing.AllocsPerRun(1, func() {
		var all touched
		for m := range sli.Minute(days * 24 * minutesPerHour) {
			all.note(m, empty)
		}
		if len(all.held) != 0 || len(all.hours) != days*24 {
			t.Fatalf("%d minutes and %d hours held", len(all.held), len(all.hours))
		}
	})
	if allocated > 100 {
		t.Errorf("%v allocations", allocated)
	}
}

// Of a backlog's hours only the newest stay at hand once they are written, and all are read
// again as they were.
func TestHoursThatWereWrittenAreLetGo(t *testing.T) {
	tx := memory{}
	cells := openRuleCells(tx, []byte("c"))
	var minutes []sli.Minute
	for m := range sli.Minute(7 * 24 * minutesPerHour) {
		cells.set(m, sli.Counts{Valid: float64(m % 7), Good: float64(m % 3)})
		minutes = append(minutes, m)
	}
	cells.flush(slices.Values(minutes))
	if len(cells.hours) != hoursAtHand {
		t.Errorf("%d hours are held", len(cells.hours))
	}
	for _, m := range minutes {
		if want := (sli.Counts{Valid: float64(m % 7), Good: float64(m % 3)}); cells.get(m) != want {
			t.Fatalf("minute %d holds %+v, want %+v", m, cells.get(m), want)
		}
	}
}

// memory is a transaction that holds what is put.
type memory map[string][]byte

func (m memory) Get(key []byte) []byte { return m[string(key)] }
func (m memory) Put(key, value []byte) { m[string(key)] = slices.Clone(value) }
func (m memory) Delete(key []byte)     { delete(m, string(key)) }

func (m memory) Scan(from, to []byte, visit func(key, value []byte) bool) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if key >= string(from) && key < string(to) && !visit([]byte(key), m[key]) {
			return
		}
	}
}
