package judge

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// day is when worlds begin that are made here.
var day = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// LogScenario is a random hour of users and of trouble with the front and its
// logs: errors, outages, slowness, quiet minutes, rotations of both kinds, a
// writer's buffer, clocks that differ.
func LogScenario(seed uint64) (sim.Scenario, error) {
	rng := rand.New(rand.NewPCG(seed, 0x106))
	between := func(low, high int) int { return low + rng.IntN(high-low+1) }
	s := sim.Scenario{
		Name: fmt.Sprintf("logs %d", seed), Seed: seed, Start: day, Length: time.Hour, Tail: 10 * time.Minute,
		Traffic: sim.Traffic{PerSecond: []float64{0.05, 3, 20}[rng.IntN(3)]},
		Front: sim.Front{Tasks: between(1, 3), Reads: 0.2, ClientErrors: 0.03, Errors: 0.01, Median: 40 * time.Millisecond,
			ALB: rng.IntN(2) == 0, Flush: time.Duration(between(0, 4)) * time.Second},
	}
	for range s.Front.Tasks {
		s.Front.Skew = append(s.Front.Skew, time.Duration(between(-4000, 4000))*time.Millisecond)
	}
	var script strings.Builder
	fault := func(longest int, format string, args ...any) {
		from := between(2, 55)
		fmt.Fprintf(&script, "+%dm-+%dm "+format+"\n", append([]any{from, from + between(1, longest)}, args...)...)
	}
	fault(10, "front errors %d%%", between(1, 100))
	fault(10, "front slow x%d", between(2, 20))
	fault(12, "no traffic")
	fault(5, "%s", []string{"front down", "no healthy target", "traffic x5"}[rng.IntN(3)])
	for range between(1, 4) {
		fmt.Fprintf(&script, "+%dm%ds %s\n", between(3, 58), between(0, 59), []string{"log rotated", "log truncated"}[rng.IntN(2)])
	}
	var err error
	s.Faults, err = sim.ParseFaults(script.String(), day)
	return s, err
}
