package slo

import (
	"math"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// The binomial tail against its definition, summed term by term.
func TestAtLeastAgreesWithTheSum(t *testing.T) {
	for _, n := range []int{1, 5, 40, 300} {
		for _, p := range []float64{0.001, 0.05, 0.5, 0.93} {
			for k := 0; k <= n; k += max(1, n/13) {
				want := 0.0
				for i := k; i <= n; i++ {
					lc, _ := math.Lgamma(float64(n + 1))
					la, _ := math.Lgamma(float64(i + 1))
					lb, _ := math.Lgamma(float64(n - i + 1))
					want += math.Exp(lc - la - lb + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
				}
				if got := atLeast(float64(k), float64(n), p); math.Abs(got-want) > 1e-9 {
					t.Errorf("P(X ≥ %d | n=%d, p=%g) = %g, want %g", k, n, p, got, want)
				}
			}
		}
	}
}

func TestOnlyProofBreaksALimit(t *testing.T) {
	for _, c := range []struct {
		name        string
		valid, good float64
		limit       float64
		want        bool
	}{
		{"one failure in ten proves nothing about 99.9 %… but little else does", 10, 9, 0.99, false},
		{"at the limit exactly", 10000, 9990, 0.999, false},
		{"a little below, within chance", 10000, 9985, 0.999, false},
		{"far below", 10000, 9900, 0.999, true},
		{"nothing to judge", 0, 0, 0.99, false},
		{"all good", 1000, 1000, 0.99, false},
		{"all bad", 1000, 0, 0.99, true},
	} {
		if got := ProvesBelow(sli.Counts{Valid: c.valid, Good: c.good}, c.limit); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
