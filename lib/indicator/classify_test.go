package indicator

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

func anyEvent(t *rapid.T) sli.Event {
	return sli.Event{
		Weight:     estimate.Weight(rapid.Float64Range(0, 1e9).Draw(t, "weight")),
		Signal:     sli.Signal(rapid.IntRange(0, int(sli.Uninjected)).Draw(t, "signal")),
		Status:     rapid.OneOf(rapid.SampledFrom([]int{0, 99, 100, 200, 404, 460, 499, 500, 599, 600}), rapid.Int()).Draw(t, "status"),
		Method:     []byte(rapid.SampledFrom([]string{"", "GET", "POST", "\x1b[31m"}).Draw(t, "method")),
		Latency:    time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "latency")),
		HasLatency: rapid.Bool().Draw(t, "has latency"),
		Good:       sli.Verdict(rapid.IntRange(0, 3).Draw(t, "good")),
		Delay:      time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "delay")),
		HasDelay:   rapid.Bool().Draw(t, "has delay"),
		AcceptedAt: rapid.Int64Range(0, 1<<50).Draw(t, "accepted at"),
		Time:       rapid.Int64Range(1, 1<<50).Draw(t, "time"),
	}
}

var classifiers = map[string]sli.Classifier{
	"availability": RequestAvailability(AbortLimit),
	"latency":      RequestLatency(500*time.Millisecond, RequestAvailability(AbortLimit)),
	"freshness":    RecordFreshness(time.Minute),
	"correctness":  VerdictCorrectness(),
}

func TestGoodNeverExceedsValidAndCountsAddInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(rapid.Custom(anyEvent)).Draw(t, "events")
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		for name, classify := range classifiers {
			count := func(events []sli.Event) (c sli.Counts) {
				for _, e := range events {
					c.Count(classify(&e), e.Weight)
				}
				return c
			}
			whole := count(events)
			if whole.Good < 0 || whole.Good > whole.Valid || whole.Uncertain < 0 {
				t.Fatalf("%s: %+v", name, whole)
			}
			if parts := count(events[cut:]).Plus(count(events[:cut])); parts != whole {
				t.Fatalf("%s: parts %+v, whole %+v", name, parts, whole)
			}
			if ratio, ok := whole.Ratio(); ok && (ratio < 0 || ratio > 1 || math.IsNaN(ratio)) {
				t.Fatalf("%s: ratio %v", name, ratio)
			}
		}
	})
}
