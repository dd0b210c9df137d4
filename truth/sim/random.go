package sim

import "math/rand/v2"

// A purpose separates the random numbers of one seed, so that one more draw
// in one place changes nothing elsewhere.
type purpose uint64

const (
	forArrivals purpose = iota + 1
	forFront
	forKeys
	forWorker
	forLoss
	forWrong
	forDuplicate
	forFilter
	forSkip
	forAudit
	forTrace
	forPublication
	forPhase
	forFamily
	forWindow
	forLeak
	forVariation
	forSeveral
)

// source is a generator of its own for one purpose.
func source(seed uint64, why purpose) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(why)))
}

// mix scrambles 64 bits (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fixed is a uniform number in [0, 1) that belongs to one thing for ever,
// however often and in whatever order it is asked for.
func fixed(seed uint64, why purpose, thing uint64) float64 {
	return float64(mix(seed^mix(uint64(why)<<56^thing))>>11) / (1 << 53)
}

// happens decides for one thing, for ever, with probability p.
func happens(seed uint64, why purpose, thing uint64, p float64) bool {
	return p > 0 && fixed(seed, why, thing) < p
}
