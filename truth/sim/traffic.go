package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Traffic says how often users send. The rate is taken anew each second.
type Traffic struct {
	PerSecond float64       // requests, default 10
	Swing     float64       // 0…1: a sine wave of that relative height, highest in mid-period
	Period    time.Duration // of the wave, default 24 h (counted from midnight UTC)
	Bursts    Bursts
	Quiet     Quiet
	Even      bool // evenly spaced instead of Poisson
	// Rate replaces all of the above but Even when it is given.
	Rate func(time.Time) float64
}

// Bursts multiply the rate by Factor for Length, once every Every.
type Bursts struct {
	Every, Length time.Duration
	Factor        float64
}

// Quiet multiplies the rate by Factor between two hours of the day in UTC;
// From may be later than To (over midnight). Equal hours mean never.
type Quiet struct {
	From, To int
	Factor   float64
}

// at is the rate per second at an instant, faults left out.
func (t *Traffic) at(i Instant) float64 {
	if t.Rate != nil {
		return max(0, t.Rate(i.Time()))
	}
	rate := t.PerSecond
	if t.Swing > 0 {
		period := 24 * time.Hour
		if t.Period > 0 {
			period = t.Period
		}
		phase := float64(mod(i, span(period))) / float64(span(period))
		rate *= 1 - t.Swing*math.Cos(2*math.Pi*phase)
	}
	if b := t.Bursts; b.Every > 0 && mod(i, span(b.Every)) < span(b.Length) {
		rate *= b.Factor
	}
	if q := t.Quiet; q.From != q.To {
		hour := i.Time().Hour()
		if in := hour >= q.From && hour < q.To; in || q.From > q.To && (hour >= q.From || hour < q.To) {
			rate *= q.Factor
		}
	}
	return max(0, rate)
}

// arrivals gives the start of every request in order: a Poisson process whose
// rate is constant within each second, by rescaling exponential gaps.
func (s *Scenario) arrivals(f *faults, rng *rand.Rand, yield func(Instant)) {
	gap := func() float64 {
		if s.Traffic.Even {
			return 1
		}
		return rng.ExpFloat64()
	}
	owed := gap() // expected requests still to pass before the next one
	for t, end := At(s.Start), At(s.Start.Add(s.Length)); t < end; t += second {
		rate := s.Traffic.at(t) * f.factor(TrafficTimes, t)
		used := 0.0 // of this second's expected requests
		for used+owed <= rate {
			used += owed
			yield(t + Instant(used/rate*float64(second-1)))
			owed = gap()
		}
		owed -= rate - used
	}
}
