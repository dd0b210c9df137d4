package judge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// TestABatchSizeIsDoubtedWhereItIsWrong and nowhere else: not by retries, parts of batches that are tried
// again, bisections, filters, windows, full batches of a drain, or invocations that are stamped in
// another minute than their records.
func TestABatchSizeIsDoubtedWhereItIsWrong(t *testing.T) {
	doubted := func(m estimate.StageModel, rows []estimate.StageMinute) bool {
		return slices.ContainsFunc(estimate.NewStagePath(m, rows).Notes(), func(n string) bool { return strings.Contains(n, "batch_size") })
	}
	found := 0
	for i, change := range []func(*sim.Worker){
		func(*sim.Worker) {},
		func(w *sim.Worker) { w.Errors = 0.1 },
		func(w *sim.Worker) { w.Errors, w.Partial = 0.1, true },
		func(w *sim.Worker) { w.Errors, w.Bisect = 0.1, true },
		func(w *sim.Worker) { w.MappingDrops = 0.5 },
		func(w *sim.Worker) { w.Window, w.BatchSize = 40*time.Second, 20 },
		func(w *sim.Worker) { w.BatchSize = 3 },
	} {
		s, err := sim.Random(sim.Stopped, 9600+uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		s.Length = 100 * time.Minute
		change(&s.Worker)
		p, err := runPath(s)
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.view(time.Minute, Sights[1])
		if err != nil {
			t.Fatal(err)
		}
		apart := slices.Clone(v.rows) // all lanes' last invocation is stamped in the next minute
		for m := range len(apart) - 1 {
			moved := min(v.model.Lanes, apart[m].Invocations.Value)
			apart[m].Invocations.Value -= moved
			apart[m+1].Invocations.Value += moved
		}
		half := v.model
		half.Lanes = max(1, half.Lanes/2)
		if doubted(v.model, v.rows) || doubted(v.model, apart) || doubted(half, v.rows) {
			t.Errorf("world %d: a right batch size is doubted", i)
		}
		wrong := v.model
		wrong.BatchSize = max(1, float64(s.Worker.BatchSize/2))
		if doubted(wrong, v.rows) {
			found++
		}
	}
	if found < 3 {
		t.Errorf("half the batch size is doubted in %d worlds of 7", found)
	}
}
