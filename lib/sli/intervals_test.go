package sli

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSetsOfMinutes holds what sets make of each other against sets of single minutes.
func TestSetsOfMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := func(name string) []Minute {
			list := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 40), func(i int) Minute { return Minute(i) }), 0, 30).Draw(t, name)
			slices.Sort(list)
			return list
		}
		a, b := some("a"), some("b")
		from := Minute(rapid.IntRange(-1, 42).Draw(t, "from"))
		w := Window{From: from, To: from + Minute(rapid.IntRange(0, 20).Draw(t, "minutes"))}
		for _, c := range []struct {
			name string
			got  Intervals
			want func(m Minute) bool
		}{
			{"union", IntervalsOf(a).Union(IntervalsOf(b)), func(m Minute) bool { return slices.Contains(a, m) || slices.Contains(b, m) }},
			{"difference", IntervalsOf(a).Minus(IntervalsOf(b)), func(m Minute) bool { return slices.Contains(a, m) && !slices.Contains(b, m) }},
			{"intersection", IntervalsOf(a).Intersect(IntervalsOf(b)), func(m Minute) bool { return slices.Contains(a, m) && slices.Contains(b, m) }},
			{"part", IntervalsOf(a).Within(w), func(m Minute) bool { return slices.Contains(a, m) && w.Contains(m) }},
		} {
			for m := Minute(-1); m < 43; m++ {
				if c.got.Contains(m) != c.want(m) {
					t.Fatalf("%s: minute %d of %v", c.name, m, c.got)
				}
			}
			for i := 1; i < len(c.got); i++ {
				if c.got[i].From <= c.got[i-1].To {
					t.Fatalf("%s: %v touch", c.name, c.got)
				}
			}
		}
	})
}
