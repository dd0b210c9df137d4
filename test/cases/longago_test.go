package cases

import (
	"runtime"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// What is derived minute by minute of a log that begins long ago costs by its length:
// no more than twice the work, and a bit, for twice the time.
func TestADerivedHistoryCostsByItsLength(t *testing.T) {
	const day = 24 * 3600
	work := func(days float64) uint64 {
		h := newHost(t)
		h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
		each(0, 600, 10, func(n float64, i int) {
			h.lines("front.json", request(n, 200, "r"+stamp(n)))
			h.lines("worker.json", worked(n+1, "done", "r"+stamp(n), n))
		})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		a := h.program(days*day, cli.Main, "export", "--from", stamp(0), "--to", stamp(600))
		runtime.ReadMemStats(&after)
		if a.code != 0 {
			t.Fatalf("exit %d: %s", a.code, a.complaints)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	if five, ten := work(5), work(10); ten > 5*five/2 {
		t.Errorf("%d MiB for five days, %d MiB for ten", five>>20, ten>>20)
	}
}
