package prover_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// The prover's records take the ways of simulated ones: what it says of freshness and
// correctness is what is true of those.
func TestFreshnessAgainstTheSimulator(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	faults, err := sim.ParseFaults("+20m-+27m consumer stopped\n+0m-+90m results lost 10%\n+0m-+90m results wrong 10%", start.Truncate(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	simulated, err := sim.Run(sim.Scenario{Seed: 7, Start: start.Truncate(time.Minute), Length: 90 * time.Minute, Tail: 10 * time.Minute,
		Traffic: sim.Traffic{PerSecond: 3}, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	for _, tells := range []bool{true, false} {
		w := newWorld(t)
		if w.tells = tells; tells {
			w.prover = "    visible_at: video.processed_at\n"
		}
		var taken []sim.Record
		w.fate = func(string) fate {
			at := sim.At(w.now)
			i := slices.IndexFunc(simulated.Records, func(r sim.Record) bool { return r.IsAccepted() && r.Accepted >= at })
			r := simulated.Records[i]
			taken = append(taken, r)
			if r.Visible == sim.Never {
				return fate{lost: true}
			}
			return fate{delay: r.Visible.Sub(r.Accepted), wrong: r.Wrong}
		}
		got := sums{}
		for i := range 80 {
			w.now = start.Add(time.Duration(i)*time.Minute + time.Duration(i*7%20)*time.Second)
			got.take(w.metric())
		}
		first := sim.At(start.Truncate(time.Minute).Add(time.Minute))
		due := sim.At(w.now.Add(-deadline - grace).Truncate(time.Minute))
		judged := taken[:0:0]
		for i, s := range w.records {
			if at := sim.At(s.at); at >= first && at < due {
				judged = append(judged, taken[i])
			}
		}
		truth := sim.Sum(sim.FreshnessByArrival(judged, 0, due+sim.At(time.Unix(600, 0)), sim.Instant(threshold/time.Microsecond)))
		good, valid := int(got["events.freshness_good"]), int(got["events.freshness_valid"])
		unsure := int(got["prover.injected"]) - valid
		if len(judged) < 60 || truth.Good == truth.Valid || truth.Good > truth.Valid-5 {
			t.Fatalf("the hour shows nothing: %d of %d", truth.Good, truth.Valid)
		}
		if tells && (good != truth.Good || valid != truth.Valid) {
			t.Errorf("told when: %d of %d fresh, in truth %d of %d", good, valid, truth.Good, truth.Valid)
		}
		if good > truth.Good || good+unsure < truth.Good || valid+unsure != truth.Valid {
			t.Errorf("between looks: %d of %d fresh and %d uncertain, in truth %d of %d", good, valid, unsure, truth.Good, truth.Valid)
		}
		if lost := int(got["prover.missing"]); lost == 0 || got["prover.wrong"] == 0 || strings.Contains(w.metric().doubts, "visible_at") {
			t.Errorf("counted %v", got)
		}
	}
}
