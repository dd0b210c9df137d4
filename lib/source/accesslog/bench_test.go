package accesslog

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// BenchmarkRead reads a log into a stage's cells, and tells what a further line
// allocates: logs of two lengths speak of the same five minutes.
func BenchmarkRead(b *testing.B) {
	formats := map[string]string{
		"ltsv":     "time:%s\treq:%s /videos/%d HTTP/1.1\tstatus:%d\tsize:%d\treqtime:0.%03d\tua:x\n",
		"json":     `{"time":"%s","method":"%s","uri":"/videos/%d","status":%d,"size":%d,"request_time":0.%03d,"http_user_agent":"x"}` + "\n",
		"combined": `192.0.2.1 - - [%s] "%s /videos/%d HTTP/1.1" %d %d "-" "x" 0.%03d` + "\n",
	}
	for format, text := range formats {
		b.Run(format, func(b *testing.B) {
			const short, long = 20_000, 120_000
			logs := map[int]sli.Source{}
			for _, n := range []int{short, long} {
				var log strings.Builder
				for i := range n {
					at := now.Add(time.Duration(i) * 5 * time.Minute / time.Duration(n)).Add(-10 * time.Minute)
					layout := time.RFC3339
					if format == "combined" {
						layout = "02/Jan/2006:15:04:05 -0700"
					}
					fmt.Fprintf(&log, text, at.Format(layout), []string{"GET", "POST"}[i%2], i, []int{200, 200, 404, 503}[i%4], i%5000, i%1000)
				}
				path := filepath.Join(b.TempDir(), "access.log")
				if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
					b.Fatal(err)
				}
				logs[n] = configured(b, "path: PATH\nstart: beginning\nformat: "+format+"\nwhere: { method: \"!OPTIONS\" }", path)
				b.SetBytes(int64(log.Len()))
			}
			read := func(n int) uint64 {
				var before, after runtime.MemStats
				cells := map[sli.Minute]*sli.StageCell{}
				requests := 0.0
				ask := sli.Ask{Now: now, Edges: []time.Duration{500 * time.Millisecond}, Count: func(sli.Minute, sli.Tally) {}}
				ask.Emit = func(e *sli.Event) {
					m := sli.MinuteOf(e.Time)
					if cells[m] == nil {
						cells[m] = new(sli.StageCell)
					}
					cells[m].Count(e)
					requests += e.Weight
				}
				runtime.ReadMemStats(&before)
				if _, err := logs[n].Read(b.Context(), ask, nil); err != nil || requests != float64(n) {
					b.Fatalf("%v of %d requests, %v", requests, n, err)
				}
				runtime.ReadMemStats(&after)
				return after.Mallocs - before.Mallocs
			}
			least := math.Inf(1)
			for b.Loop() {
				few := read(short)
				least = min(least, max(0, float64(read(long))-float64(few))/(long-short))
			}
			b.ReportMetric(math.Round(least*100)/100, "allocs/line") // what a block of lines allocates is no line's
		})
	}
}
