package measure_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TestAHistoryIsCarriedOverHoweverItWasSpelled: earlier releases had the name of the host's
// zone in every rule.
func TestAHistoryIsCarriedOverHoweverItWasSpelled(t *testing.T) {
	for _, zone := range []string{"UTC", "Asia/Tokyo", "Local"} {
		w := newWorld(t, t.TempDir())
		w.second(300, 0)
		r := w.mustRun(func(r *measure.Run) {
			f := &r.Pipelines[0].Plan.Stages[0].Facts
			f.Rule, f.Former, f.Zone = strings.Replace(f.Rule, "/Local/", "/"+zone+"/", 1), nil, ""
		})
		w.acknowledge(r)
		before := w.record(sli.Availability)
		if err := os.Remove(w.path()); err != nil { // it can't be read back
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Second)
		again := w.mustRun(nil)
		after := w.record(sli.Availability)
		if before.Since != after.Since || before.TakenTo != after.TakenTo || !after.HasSince {
			t.Errorf("%s: before %+v, after %+v", zone, before, after)
		}
		if a, b := resultOf(r, sli.Availability).Counts, resultOf(again, sli.Availability).Counts; a != b || a.Valid == 0 {
			t.Errorf("%s: before %+v, after %+v", zone, a, b)
		}
	}
}
