package slo

import (
	"math"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// proofLevel is how unlikely an observation must be, were the limit met, to prove
// that it isn't.
const proofLevel = 0.01

// ProvesBelow tells whether counts prove that the true ratio is below limit (0…1):
// whether as many bad events as observed would come with a probability of less than
// 1 % if the ratio were the limit. One failure in ten events proves nothing about
// 99.9 % of a thousand.
func ProvesBelow(c sli.Counts, limit float64) bool {
	n, bad := math.Round(c.Valid), math.Round(c.Bad())
	ratio, ok := c.Ratio()
	if !ok || ratio >= limit || bad < 1 || n < 1 {
		return false
	}
	return atLeast(bad, n, 1-limit) < proofLevel
}

// atLeast is P(X ≥ k) for X binomial (n, p): the regularised incomplete beta function
// I_p(k, n−k+1). Source: Abramowitz & Stegun, 26.5.24.
func atLeast(k, n, p float64) float64 {
	switch {
	case k <= 0 || p >= 1:
		return 1
	case p <= 0 || k > n:
		return 0
	}
	return incompleteBeta(k, n-k+1, p)
}

// incompleteBeta is I_x(a, b) by its continued fraction (Abramowitz & Stegun, 26.5.8),
// evaluated on the side where it converges quickly.
func incompleteBeta(a, b, x float64) float64 {
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(b, a, 1-x)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	return front / betaFraction(a, b, x)
}

// betaFraction is the denominator of the continued fraction, by Lentz's method.
func betaFraction(a, b, x float64) float64 {
	const tiny, enough, most = 1e-300, 1e-13, 10_000
	f, c, d := 1.0, 1.0, 0.0
	for i := range most {
		m := float64((i + 1) / 2)
		var term float64
		if i%2 == 1 {
			term = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		} else {
			term = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		if d = 1 + term*d; math.Abs(d) < tiny {
			d = tiny
		}
		if c = 1 + term/c; math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		if math.Abs(1-c*d) < enough {
			break
		}
	}
	return f
}

// Disproved is the share of losses that n records without a failure rule out, with
// 95 % confidence: 3/n, at most 1 (the rule of three; exact: 1 − 0.05^(1/n)).
func Disproved(n float64) float64 {
	if n <= 3 {
		return 1
	}
	return 3 / n
}

// ProofNeeds is how many records without a failure prove a target in percent, with
// 95 % confidence: 3/(1 − target).
func ProofNeeds(target float64) float64 {
	return math.Ceil(3/(100-target)*100 - 1e-6)
}
