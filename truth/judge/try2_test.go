package judge

import (
	"fmt"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

func TestTryLogs(t *testing.T) {
	t0 := time.Now()
	for seed := uint64(0); seed < 6; seed++ {
		s, err := LogScenario(seed)
		if err != nil {
			t.Fatal(err)
		}
		w, err := sim.Run(s)
		if err != nil {
			t.Fatal(err)
		}
		trial := AccessLogs(w)
		if seed%2 == 1 {
			trial.Absent = func(n int) bool { return n%9 > 5 }
		}
		xs, err := trial.Judge()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range xs {
			fmt.Printf("%d %-14s %-22s %d %.0f wrong %d worst %.3f %s\n", seed, x.SLI, x.Method, x.Minutes, x.Events, x.Wrong, x.Worst, x.First)
		}
	}
	fmt.Println(time.Since(t0))
}
