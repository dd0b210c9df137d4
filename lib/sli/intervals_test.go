package sli

import (
	"encoding/json"
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

// TestSetsAreReadAsWritten: whatever spelling of a set encoding/json takes is read, and to the
// same windows; what it refuses is refused.
func TestSetsAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Window {
			return Window{From: Minute(rapid.Int64Range(-3, 40_000_000).Draw(t, "from")), To: Minute(rapid.Int64().Draw(t, "to"))}
		}), 0, 5).Draw(t, "windows")
		data, err := json.Marshal(windows)
		if err != nil {
			t.Fatal(err)
		}
		if i := rapid.IntRange(-1, len(data)-1).Draw(t, "altered"); i >= 0 {
			data[i] = rapid.SampledFrom([]byte(" 0{}[],:\"-9x")).Draw(t, "byte")
		}
		var want []Window
		var got Intervals
		wrong, err := json.Unmarshal(data, &want), json.Unmarshal(data, &got)
		if (wrong == nil) != (err == nil) || err == nil && !slices.Equal(want, got) {
			t.Fatalf("%s is %v (%v), want %v (%v)", data, got, err, want, wrong)
		}
	})
}
