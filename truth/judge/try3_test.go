package judge

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

func TestTryStates(t *testing.T) {
	t0 := time.Now()
	for _, f := range []sim.Family{sim.Stopped, sim.Throttled, sim.SlowWorker, sim.HotShard, sim.Poison, sim.SilentShard} {
		sum := make([]Alarms, len(Rules))
		for seed := uint64(0); seed < 6; seed++ {
			s, _ := sim.Random(f, seed)
			w, err := sim.Run(s)
			if err != nil {
				t.Fatal(err)
			}
			a, err := Detection(w)
			if err != nil {
				t.Fatal(err)
			}
			for i := range a {
				sum[i].Add(a[i])
			}
		}
		for i := range sum {
			slices.Sort(sum[i].Delays)
			fmt.Println(f, Rules[i], sum[i].Faults, sum[i].Missed, sum[i].Delays)
		}
	}
	fmt.Println(time.Since(t0))
	for seed := uint64(0); seed < 4; seed++ {
		for _, b := range []bool{false, true} {
			w, err := sim.Run(Week(seed, b))
			if err != nil {
				t.Fatal(err)
			}
			a, err := Health(w)
			fmt.Println(seed, b, len(w.Records), a, err, time.Since(t0))
		}
	}
}
