package measure

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TestHindsightIsWhatCameAfterAnInstant holds what is found by going on to what looking
// through everything finds, for instants that are a minute apart, and some that aren't.
func TestHindsightIsWhatCameAfterAnInstant(t *testing.T) {
	start := time.Date(2026, 4, 1, 0, 0, 12, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	var all []change
	for n := range 2000 {
		run := start.Add(time.Duration(random.IntN(600)) * time.Minute)
		all = append(all, change{run.Unix(), sli.MinuteAt(run) - sli.Minute(random.IntN(100)), sli.Counts{Valid: float64(n)}})
	}
	h := newHindsight(slices.Clone(all))
	for now := start.Add(-time.Hour); now.Before(start.Add(11 * time.Hour)); now = now.Add(time.Duration(1+random.IntN(3)) * 40 * time.Second) {
		got, want := map[change]int{}, map[change]int{}
		for _, c := range h.at(now) {
			got[c]++
		}
		for _, c := range all {
			if c.run > now.Unix() && c.minute <= sli.MinuteAt(now) {
				want[c]++
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%v: %d changes, want %d", now, len(got), len(want))
		}
		for c, n := range want {
			if got[c] != n {
				t.Fatalf("%v: %+v is there %d times, want %d", now, c, got[c], n)
			}
		}
	}
}
