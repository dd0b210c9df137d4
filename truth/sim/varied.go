package sim

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"
)

// Variation changes one thing of a family's scenarios that the family leaves as it is.
// What the configuration says of it stays true.
type Variation struct {
	Name   string
	Of     string // what it changes: several variations of one thing don't go together
	change func(s *Scenario, between func(low, high float64) float64)
}

// whole draws a whole number, as often small as large.
func whole(between func(low, high float64) float64, low, high float64) int {
	return int(math.Round(low * math.Pow(high/low, between(0, 1))))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Variations lists all of them, in the order in which several are made.
func Variations() []Variation {
	type draw = func(low, high float64) float64
	return []Variation{
		{"one or two shards", "shards", func(s *Scenario, b draw) { s.reshard(whole(b, 1, 2)) }},
		{"20 to 60 shards", "shards", func(s *Scenario, b draw) { s.reshard(whole(b, 20, 60)) }},
		{"parallelization factor", "factor", func(s *Scenario, b draw) { s.Worker.Lanes = whole(b, 2, 10) }},
		{"little traffic", "rate", func(s *Scenario, b draw) { s.Traffic.PerSecond /= b(10, 100) }},
		{"much traffic", "rate", func(s *Scenario, b draw) { s.times(b(5, 15)) }},
		{"traffic by turns", "traffic", func(s *Scenario, b draw) {
			busy, silent, rate, start := b(10, 40), b(2, 15), s.Traffic.PerSecond, s.Start
			s.Traffic.Rate = func(at time.Time) float64 {
				if math.Mod(at.Sub(start).Minutes(), busy+silent) < busy {
					return rate
				}
				return 0
			}
		}},
		{"swinging traffic", "traffic", func(s *Scenario, b draw) { s.Traffic.Swing, s.Traffic.Period = b(0.5, 0.9), seconds(b(1800, 7200)) }},
		{"bursts as well", "traffic", func(s *Scenario, b draw) {
			s.Traffic.Bursts = Bursts{time.Duration(b(10, 40)) * time.Minute, seconds(b(30, 300)), b(2, 6)}
		}},
		{"few keys", "keys", func(s *Scenario, b draw) { s.Stream.Keys = whole(b, 5, 100) }},
		{"filter", "filter", func(s *Scenario, b draw) { s.Worker.MappingDrops = b(0.1, 0.7) }},
		{"polls of 5 s", "polls", func(s *Scenario, b draw) { s.Worker.Poll = 5 * time.Second }},
		{"polls of 250 ms", "polls", func(s *Scenario, b draw) { s.Worker.Poll = 250 * time.Millisecond }},
		{"batching window", "window", func(s *Scenario, b draw) { s.Worker.Window = seconds(b(2, 60)) }},
		{"small batches", "batches", func(s *Scenario, b draw) { s.batches(whole(b, 1, 20)) }},
		{"large batches", "batches", func(s *Scenario, b draw) { s.batches(whole(b, 300, 5000)) }},
		{"busy lanes", "batches", func(s *Scenario, b draw) { s.busy(b(0.5, 0.8), b(5, 40)) }},
		{"slow start of a run", "start", func(s *Scenario, b draw) { s.Worker.Overhead = seconds(b(0.5, 4)) }},
		{"cold starts", "start", func(s *Scenario, b draw) { s.Worker.ColdStart = seconds(b(2, 8)) }},
		{"durations of all sizes", "durations", func(s *Scenario, b draw) { s.Worker.Spread = b(0.8, 1.3) }},
		{"failing runs", "failures", func(s *Scenario, b draw) { s.Worker.Errors = b(0.05, 0.25) }},
		{"bisecting", "failures", func(s *Scenario, b draw) {
			s.Worker.Errors, s.Worker.Bisect, s.Worker.MaxRetries = b(0.01, 0.1), true, whole(b, 1, 10)
		}},
		{"partial failures", "failures", func(s *Scenario, b draw) { s.Worker.Errors, s.Worker.Partial = b(0.01, 0.1), true }},
		{"retries given up", "failures", func(s *Scenario, b draw) { s.Worker.Errors, s.Worker.MaxRetries = b(0.01, 0.1), whole(b, 1, 5) }},
		{"old ones given up", "giving up", func(s *Scenario, b draw) { s.Worker.MaxAge, s.Worker.OnFailure = seconds(b(60, 900)), true }},
		{"long back-off", "back-off", func(s *Scenario, b draw) { s.Worker.MaxBackOff = seconds(b(60, 300)) }},
		{"age with duration", "age", func(s *Scenario, b draw) { s.Metrics.AgeIncludesDuration = true }},
		{"short fault", "fault", func(s *Scenario, b draw) { s.lasts(seconds(b(45, 240))) }},
		{"long fault", "fault", func(s *Scenario, b draw) { s.lasts(seconds(b(2400, 5400))) }},
	}
}

// reshard gives the stream another number of shards, whose lanes have as much to do as before.
func (s *Scenario) reshard(n int) {
	s.Traffic.PerSecond *= float64(n) / float64(s.Stream.Shards)
	s.Stream.Shards = n
	for i := range s.Faults {
		if f := &s.Faults[i]; f.Kind == PoisonRecord || f.Kind == ShardSilent {
			f.Number %= n
		}
	}
}

// perLane is how many records a second a lane has.
func (s *Scenario) perLane() float64 {
	w := s.withDefaults()
	return w.Traffic.PerSecond / float64(w.Stream.Shards*w.Worker.Lanes)
}

// batches gives the worker batches of up to so many records, of which a full one takes 20 s at most.
func (s *Scenario) batches(n int) {
	s.Worker.BatchSize = max(1, min(n, int(20*time.Second/s.withDefaults().Worker.PerRecord)))
}

// times is so many times the traffic, each record of which takes as much less time.
func (s *Scenario) times(factor float64) {
	w := s.withDefaults().Worker
	s.Traffic.PerSecond *= factor
	s.Worker.PerRecord = time.Duration(float64(w.PerRecord) / factor)
	s.Worker.BatchSize = int(math.Round(float64(w.BatchSize) * factor))
}

// busy makes a share of the lanes' time busy, with full batches of so many seconds.
func (s *Scenario) busy(share, full float64) {
	s.Worker.PerRecord = seconds(share / s.perLane())
	s.Worker.BatchSize = max(1, int(full/s.Worker.PerRecord.Seconds()))
}

// lasts makes every fault last so long.
func (s *Scenario) lasts(d time.Duration) {
	for i := range s.Faults {
		if f := &s.Faults[i]; f.From != always {
			f.To = min(f.From+span(d), At(s.Start.Add(s.Length)))
		}
	}
}

// Room that is left where several variations meet: no more traffic than a world is made
// of in seconds, and no lane without a fault busy for longer than most of its time.
const (
	mostTraffic = 300
	mostBusy    = 0.8
)

// occupied is the part of its time that a lane is busy without a fault, with full batches.
func (s *Scenario) occupied() float64 {
	w := s.withDefaults().Worker
	return s.perLane() * (1 - w.MappingDrops) * (w.PerRecord + w.Overhead/time.Duration(w.BatchSize)).Seconds()
}

// leaveRoom takes what is too much, where lanes were busy for that part of their time before.
func (s *Scenario) leaveRoom(before float64) {
	if rate := s.Traffic.PerSecond; rate > mostTraffic {
		s.times(mostTraffic / rate)
	}
	if part := max(mostBusy, before) / s.occupied(); part < 1 {
		w := s.withDefaults().Worker
		s.Worker.PerRecord, s.Worker.Overhead = seconds(w.PerRecord.Seconds()*part), seconds(w.Overhead.Seconds()*part)
	}
}

// Varied is the family's scenario of a seed with these variations.
func Varied(family Family, seed uint64, variations ...string) (Scenario, error) {
	s, err := Random(family, seed)
	if err != nil {
		return s, err
	}
	all := Variations()
	for _, name := range variations {
		if !slices.ContainsFunc(all, func(v Variation) bool { return v.Name == name }) {
			return s, fmt.Errorf("unknown variation %q", name)
		}
	}
	before := s.occupied()
	for _, v := range all {
		if !slices.Contains(variations, v.Name) {
			continue
		}
		name := fnv.New64a()
		name.Write([]byte(string(family) + v.Name))
		rng := source(seed^name.Sum64(), forVariation)
		v.change(&s, func(low, high float64) float64 { return low + (high-low)*rng.Float64() })
	}
	s.leaveRoom(before)
	s.Name = strings.Join(append([]string{s.Name}, variations...), ", ")
	return s, nil
}

// Several draws two to five variations of different things.
func Several(family Family, seed uint64) []string {
	name := fnv.New64a()
	name.Write([]byte(family))
	rng := source(seed^name.Sum64(), forSeveral)
	all := Variations()
	var names, things []string
	for n := 2 + rng.IntN(4); len(names) < n; {
		if v := all[rng.IntN(len(all))]; !slices.Contains(things, v.Of) {
			names, things = append(names, v.Name), append(things, v.Of)
		}
	}
	return names
}
