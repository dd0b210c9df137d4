package judge

import (
	"fmt"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

func TestTry(t *testing.T) {
	t0 := time.Now()
	var all [2][4]Error
	for _, f := range []sim.Family{sim.HotShard, sim.Window, sim.Mixed, sim.Throttled} {
		sum := Estimate{Share: [2][]Error{make([]Error, 4), make([]Error, 4)}, Upper: [2][]Held{make([]Held, 4), make([]Held, 4)}, Lower: [2][]Held{make([]Held, 4), make([]Held, 4)}}
		for seed := uint64(0); seed < 12; seed++ {
			s, err := sim.Random(f, seed)
			if err != nil {
				t.Fatal(err)
			}
			w, err := sim.Run(s)
			if err != nil {
				t.Fatal(err)
			}
			e, err := Estimates(f, w)
			if err != nil {
				t.Fatal(err)
			}
			for k := range 2 {
				for i := range 4 {
					sum.Share[k][i].Add(e.Share[k][i])
					sum.Upper[k][i].Add(e.Upper[k][i])
					sum.Lower[k][i].Add(e.Lower[k][i])
					all[k][i].Add(e.Share[k][i])
				}
			}
		}
		for k := range 2 {
			fmt.Printf("%-18s %-2s ", f, counted[k])
			for i := range 4 {
				fmt.Printf(" %5.2f(%3.0f)", sum.Share[k][i].Mean(), sum.Share[k][i].Worst)
			}
			fmt.Printf("  upper ")
			for i := range 4 {
				fmt.Printf(" %d/%d", sum.Upper[k][i].Broken, sum.Upper[k][i].Claimed)
			}
			fmt.Printf("  lower ")
			for i := range 4 {
				l := sum.Lower[k][i]
				fmt.Printf(" %d/%d %.0f%%", l.Broken, l.Claimed, 100*float64(l.Provable)/float64(max(1, l.AllGood)))
			}
			fmt.Println()
		}
	}
	for k := range 2 {
		for i := range 4 {
			fmt.Printf(" %5.2f", all[k][i].Mean())
		}
		fmt.Println()
	}
	fmt.Println(time.Since(t0))
}
