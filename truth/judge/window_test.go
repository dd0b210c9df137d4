package judge

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// TestTheAgeInBatchingWindowsIsTold in worlds of few lanes and windows of minutes, in which whose
// window is open the longest matters most.
func TestTheAgeInBatchingWindowsIsTold(t *testing.T) {
	ages := newAgeErrors()
	for seed := uint64(9740); seed < 9744; seed++ {
		s, err := sim.Random(sim.Window, seed)
		if err != nil {
			t.Fatal(err)
		}
		s.Length = 2 * time.Hour
		s.Stream.Shards, s.Worker.BatchSize, s.Worker.Window = 3, 10_000, time.Duration(70+17*(seed-9740))*time.Second
		p, err := runPath(s)
		if err != nil {
			t.Fatal(err)
		}
		_, found, err := Detection(p)
		if err != nil {
			t.Fatal(err)
		}
		ages.Add(found)
	}
	for k, sight := range alarmSights {
		if old := ages.Old[k]; old.N < 100 || old.Mean() > 10 {
			t.Errorf("by %s: %.1f s off in %d minutes with a record older than a minute", sight.Name, old.Mean(), old.N)
		}
	}
}
