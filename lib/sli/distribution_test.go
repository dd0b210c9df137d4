package sli

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// families of durations, each by its own law.
var families = map[string]func(*rand.Rand) time.Duration{
	"uniform":    func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(10 * time.Second))) },
	"lognormal":  func(r *rand.Rand) time.Duration { return time.Duration(math.Exp(r.NormFloat64()*1.5+17) + 1) },
	"constant":   func(*rand.Rand) time.Duration { return 123_456_789 },
	"heavy tail": func(r *rand.Rand) time.Duration { return time.Duration(1e6 * math.Pow(1-r.Float64(), -1.1)) },
	"tiny":       func(r *rand.Rand) time.Duration { return time.Duration(r.IntN(3000)) },
	"extremes": func(r *rand.Rand) time.Duration {
		return []time.Duration{0, 1, 1023, 1024, 1025, math.MaxInt64 - 1, math.MaxInt64}[r.IntN(7)]
	},
}

func TestQuantilesAreWithinOnePartInAThousandOfASortedSlice(t *testing.T) {
	for name, draw := range families {
		for _, n := range []int{1, 2, 10, 1000, 20_000} {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			var d Distribution
			all := make([]time.Duration, n)
			for i := range all {
				all[i] = draw(r)
				d.Add(all[i], 1)
			}
			slices.Sort(all)
			if d.Min() != float64(all[0])/1e9 || d.Max() != float64(all[n-1])/1e9 || d.Count() != uint64(n) {
				t.Errorf("%s of %d: min, max and count must be exact: got %v %v %d", name, n, d.Min(), d.Max(), d.Count())
			}
			for _, q := range []float64{0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
				want := all[max(1, int(math.Ceil(q*float64(n))))-1].Seconds()
				if got := d.Quantile(q); math.Abs(got-want) > want/1000 {
					t.Errorf("%s of %d: p%g: want %v within 0.1%%, got %v", name, n, q*100, want, got)
				}
			}
		}
	}
}

func durations() *rapid.Generator[[]time.Duration] {
	one := rapid.OneOf(
		rapid.Int64Range(-10, 5000), rapid.Int64Range(0, math.MaxInt64),
		rapid.SampledFrom([]int64{math.MinInt64, 0, 1023, 1024, 2047, 2048, math.MaxInt64}))
	return rapid.SliceOf(rapid.Map(one, func(v int64) time.Duration { return time.Duration(v) }))
}

func packed(t *rapid.T, d *Distribution) []byte {
	out, err := d.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDistributionsMergeAndPackWithoutATrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(durations(), 0, 4).Draw(t, "parts")
		var whole, merged Distribution
		for _, part := range parts {
			var d Distribution
			for _, v := range part {
				whole.Add(v, 1)
				d.Add(v, 1)
				if rapid.Bool().Draw(t, "pack between") {
					d.PackFor(new(Distribution))
				}
			}
			var back Distribution
			if err := back.UnmarshalBinary(packed(t, &d)); err != nil {
				t.Fatalf("round trip: %v", err)
			}
			merged.Merge(&back)
			if rapid.Bool().Draw(t, "pack the sum") {
				merged.PackFor(new(Distribution))
			}
		}
		// Sums are floats: exact below 2⁵³ only, so the rest is compared.
		whole.sum, merged.sum = 0, 0
		if want, got := packed(t, &whole), packed(t, &merged); !bytes.Equal(want, got) {
			t.Fatalf("merging parts must equal adding all: %x, %x", want, got)
		}
		for _, q := range []float64{0, 0.5, 1} {
			if merged.Quantile(q) != whole.Quantile(q) {
				t.Fatalf("p%g: %v, %v", q*100, whole.Quantile(q), merged.Quantile(q))
			}
		}
	})
}

func TestOneDistributionsMemoryLeavesNothingInTheNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var given, apart [3]Distribution
		which := rapid.IntRange(0, len(given)-1)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			from, to := which.Draw(t, "from"), which.Draw(t, "to")
			if from != to && rapid.Bool().Draw(t, "pack") {
				given[from].PackFor(&given[to])
				continue
			}
			for _, v := range durations().Draw(t, "durations") {
				given[to].Add(v, 1)
				apart[to].Add(v, 1)
			}
			if from != to && rapid.Bool().Draw(t, "merge") {
				given[to].Merge(&given[from])
				apart[to].Merge(&apart[from])
			}
		}
		for i := range given {
			if want, got := packed(t, &apart[i]), packed(t, &given[i]); !bytes.Equal(want, got) {
				t.Fatalf("distribution %d: want %x, got %x", i, want, got)
			}
		}
	})
}

func TestAMinuteBehindAMinuteIsCountedInItsMemory(t *testing.T) {
	var first, second, third Distribution
	fill := func(d *Distribution) (parts []page) {
		for i := range 1000 {
			d.Add(time.Duration(i)*time.Millisecond, 1)
		}
		for _, p := range d.pages {
			if p != nil {
				parts = append(parts, *p)
			}
		}
		return parts
	}
	parts := fill(&first)
	first.PackFor(&second)
	if !slices.Equal(fill(&second), parts) {
		t.Error("the second minute is in memory of its own")
	}
	if first.PackFor(&third); third.pages != [octaves]*page{} {
		t.Error("what is packed has memory to give away")
	}
}

func TestABucketNeverOverflows(t *testing.T) {
	var d Distribution
	d.Add(time.Second, math.MaxUint32-1)
	d.Add(time.Second, 5)
	d.Add(2*time.Second, 1)
	if got := d.Quantile(0.5); math.Abs(got-1) > 0.001 {
		t.Errorf("want the median 1 s, got %v", got)
	}
	var back Distribution
	text, _ := d.MarshalText()
	if err := back.UnmarshalText(text); err != nil || back.Count() != d.Count() {
		t.Errorf("want a full bucket to survive, got %v, %d", err, back.Count())
	}
}

func FuzzADamagedDistributionIsRefusedOrHarmless(f *testing.F) {
	var d Distribution
	for i := range 300 {
		d.Add(time.Duration(i*i)*time.Millisecond, uint64(i))
	}
	good, _ := d.MarshalBinary()
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var d, sum Distribution
		if d.UnmarshalBinary(data) != nil {
			return
		}
		sum.Merge(&d)
		d.Add(time.Second, 1)
		if lo, hi := d.Quantile(0), d.Quantile(1); lo > hi || sum.Count() != d.Count()-1 {
			t.Errorf("quantiles %v > %v, counts %d %d", lo, hi, sum.Count(), d.Count())
		}
	})
}
