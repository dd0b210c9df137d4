package counted

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever was counted together comes apart again with exact counts on every side of every
// edge, and exact least and most.
func TestGroupedDurationsKeepTheirSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(0, 40), 1, 30).Draw(t, "durations")
		marks := rapid.SliceOfNDistinct(rapid.Int64Range(0, 40), 0, 4, rapid.ID[int64]).Draw(t, "edges")
		slices.Sort(marks)
		g := Grouped{Count: float64(len(all)), Least: time.Duration(slices.Min(all)), Most: time.Duration(slices.Max(all))}
		var edges []time.Duration
		within := func(of []int64, edge int64) (n float64) {
			for _, d := range of {
				if d <= edge {
					n++
				}
			}
			return n
		}
		for _, d := range all {
			g.Total += float64(d)
		}
		for _, m := range marks {
			edges, g.Within = append(edges, time.Duration(m)), append(g.Within, within(all, m))
		}
		var count, sum float64
		least, most := int64(math.MaxInt64), int64(-1)
		below := make([]float64, len(marks))
		g.Each(edges, func(weight float64, d time.Duration) {
			if weight <= 0 {
				t.Fatalf("weight %v", weight)
			}
			count, sum, least, most = count+weight, sum+weight*float64(d), min(least, int64(d)), max(most, int64(d))
			for i, m := range marks {
				if int64(d) <= m {
					below[i] += weight
				}
			}
		})
		if count != g.Count || least != int64(g.Least) || most != int64(g.Most) || !slices.Equal(below, append([]float64{}, g.Within...)) {
			t.Fatalf("%v of %+v: count %v, %v to %v, within %v", all, g, count, least, most, below)
		}
		if len(marks) == 0 && math.Abs(sum-g.Total) >= g.Count {
			t.Fatalf("sum %v, want %v", sum, g.Total)
		}
	})
}
