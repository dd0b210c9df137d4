package sim

import (
	"iter"
	"testing"
	"time"
)

// day is the start of all test scenarios.
var day = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func BenchmarkRun(b *testing.B) {
	s := Scenario{Seed: 1, Start: day, Length: time.Hour, Tail: 10 * time.Minute,
		Traffic: Traffic{PerSecond: 300}, Stream: Stream{Shards: 8}}
	records := 0
	for b.Loop() {
		w, err := Run(s)
		if err != nil {
			b.Fatal(err)
		}
		records += len(w.Records)
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkEmit is an hour of everything that is shown.
func BenchmarkEmit(b *testing.B) {
	w := run(b, Scenario{Seed: 1, Length: time.Hour, Tail: 10 * time.Minute, Traffic: Traffic{PerSecond: 300}, Stream: Stream{Shards: 8}, Front: Front{ALB: true}}, "")
	for name, emit := range map[string]func(){
		"ltsv":   func() { drain(w.AccessLog(LTSV, w.Start, w.End)) },
		"alb":    func() { drain(w.AccessLog(ALB, w.Start, w.End)) },
		"worker": func() { drain(w.WorkerLog(RecordLines, w.Start, w.End)) },
		"points": func() { w.indexPoints() },
		"truth":  func() { w.FreshnessByRecord(w.Start, w.End, time.Minute) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				emit()
			}
			b.ReportMetric(float64(len(w.Records)*b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func drain(lines iter.Seq[Line]) {
	for range lines {
	}
}
