package judge

import (
	"fmt"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

func TestTry(t *testing.T) {
	scenario := Hour(7)
	scenario.Length, scenario.Traffic.PerSecond = 20*time.Minute, 3
	scenario.Faults, _ = sim.ParseFaults("+8m-+12m consumer stopped", scenario.Start)
	w, _ := sim.Run(scenario)
	tr := AppLogs(w)
	rig, _ := NewRig(w, tr.Config, tr.Logs...)
	defer rig.Close()
	truth := w.FreshnessByRecord(w.Start, w.End, time.Minute)
	silent := w.SilentMinutes(time.Minute)
	var sv, tv float64
	for at := w.Start + minute; at < w.Start+22*minute; at += minute {
		rig.Advance(at + 12e6)
		m, err := rig.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		i := int((at-w.Start)/minute) - 1
		sv += m["events.video.freshness_valid"].Value
		tv += float64(truth[i].Valid)
		e, _ := rig.Explain()
		x := e.Pipelines[0].SLIs[2]
		s := sim.Sum(truth[max(0, i-4) : i+1])
		fmt.Println(at.Time().Format("15:04"), m["sli.video.freshness"].Value, m["events.video.freshness_valid"].Value, m["events.video.freshness_good"].Value, "truth", truth[i].Valid, truth[i].Good, "silent", silent[i].Valid, "|", x.Good, x.Valid, "t", s.Good, s.Valid, sv, tv)
	}
}
