package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Family is a kind of random scenario.
type Family string

// The families; a Worker is given capacity for its traffic unless the family
// says otherwise.
const (
	Steady       Family = "steady"
	Diurnal      Family = "diurnal"
	ManyLanes    Family = "many lanes"
	Retries      Family = "retries"
	BurstTraffic Family = "bursts"
	SlowWorker   Family = "slow worker"
	Throttled    Family = "throttled"
	Stopped      Family = "consumer stopped"
	Window       Family = "batching window"
	LowTraffic   Family = "very low traffic"
	Poison       Family = "poison record"
	SilentShard  Family = "silent shard"
	HotShard     Family = "hot shard"
	Mixed        Family = "mixed"
)

// Families lists all of them.
func Families() []Family {
	return []Family{Steady, Diurnal, ManyLanes, Retries, BurstTraffic, SlowWorker, Throttled, Stopped, Window,
		LowTraffic, Poison, SilentShard, HotShard, Mixed}
}

// familyLength is how long users write in a random scenario.
const familyLength = 3 * time.Hour

// Random makes the scenario of a family and a seed: three hours of the day
// from 10:00 UTC and another hour without users. An unknown family is an error.
func Random(family Family, seed uint64) (Scenario, error) {
	start := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	name := fnv.New64a()
	name.Write([]byte(family))
	rng := source(seed^name.Sum64(), forFamily)
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	s := Scenario{
		Name: fmt.Sprintf("%s %d", family, seed), Seed: seed, Start: start, Length: familyLength, Tail: time.Hour,
		Traffic: Traffic{PerSecond: between(5, 30)},
		Front:   Front{Tasks: 1 + rng.IntN(4), Median: time.Duration(between(10, 120)) * time.Millisecond},
		Stream:  Stream{Shards: 2 + rng.IntN(7)},
		Worker:  Worker{BatchSize: 100},
	}
	script, err := s.family(family, rng, between)
	if err != nil {
		return Scenario{}, err
	}
	s.Faults, err = ParseFaults(script, start)
	return s, err
}

// family changes what the family is about, and gives its fault script.
func (s *Scenario) family(family Family, rng *rand.Rand, between func(low, high float64) float64) (string, error) {
	from := int(between(20, 80)) // minutes after the start
	to := from + int(between(5, 40))
	during := fmt.Sprintf("+%dm-+%dm ", from, to)
	shard := rng.IntN(s.Stream.Shards)
	// load makes a share of the lanes' time busy, with batches of at most 5 s.
	load := func(share float64) {
		perLane := s.Traffic.PerSecond / float64(s.Stream.Shards)
		s.Worker.PerRecord = time.Duration(share / perLane * float64(time.Second))
		s.Worker.BatchSize = max(1, min(100, int(5*time.Second/s.Worker.PerRecord)))
	}
	switch family {
	case Steady:
	case Diurnal:
		s.Traffic.Swing, s.Traffic.Period = between(0.5, 0.95), familyLength
	case ManyLanes:
		s.Stream.Shards, s.Worker.Lanes = 16+rng.IntN(17), 1+rng.IntN(4)
	case Retries:
		s.Worker.Errors = between(0.01, 0.1)
	case BurstTraffic:
		s.Traffic.Bursts = Bursts{30 * time.Minute, time.Duration(between(1, 6)) * time.Minute, between(3, 15)}
		load(0.1)
	case SlowWorker:
		load(0.4)
		return during + fmt.Sprintf("worker slow x%.1f", between(1.5, 6)), nil
	case Throttled:
		load(0.2)
		return during + fmt.Sprintf("throttled to %d", rng.IntN(2)), nil
	case Stopped:
		return fmt.Sprintf("+%dm consumer stopped\n+%dm consumer resumed", from, to), nil
	case Window:
		s.Worker.Window, s.Worker.BatchSize = time.Duration(between(5, 120))*time.Second, 100+rng.IntN(900)
	case LowTraffic:
		s.Traffic.PerSecond = between(0.002, 0.1)
	case Poison:
		return during + fmt.Sprintf("shard %d poison record", shard), nil
	case SilentShard:
		return during + fmt.Sprintf("shard %d silent", shard), nil
	case HotShard:
		hot := between(0.3, 0.7)
		busiest := hot*float64(s.Stream.Shards) + 1 - hot // times the mean
		load(between(0.7, 1.2) / busiest)
		return during + fmt.Sprintf("hot key %.0f%%", hot*100), nil
	case Mixed:
		s.Traffic.Swing, s.Traffic.Period = between(0.3, 0.8), familyLength
		s.Worker.Errors, s.Worker.Window = 0.03, time.Duration(between(1, 30))*time.Second
		load(0.3)
		return during + fmt.Sprintf("worker slow x%.1f", between(1.5, 4)), nil
	default:
		return "", fmt.Errorf("unknown family %q; known are %q", family, Families())
	}
	return "", nil
}
