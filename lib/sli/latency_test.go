package sli

import (
	"testing"
	"time"
)

// TestAnswersAreLatencysAlone guards the population of counted answers: every answer
// whatever its status, and none of them a request for availability.
func TestAnswersAreLatencysAlone(t *testing.T) {
	const threshold = 500 * time.Millisecond
	availability := RequestAvailability(AbortLimit)
	latency := RequestLatency(threshold, availability)
	for name, tc := range map[string]struct {
		event Event
		want  Verdict
	}{
		"at the threshold":        {Event{Signal: Answer, Latency: threshold, HasLatency: true}, Good},
		"beyond it":               {Event{Signal: Answer, Latency: threshold + 1, HasLatency: true}, Bad},
		"side unknown":            {Event{Signal: Answer}, Uncertain},
		"a request that failed":   {Event{Signal: Request, Status: 500, Latency: 1, HasLatency: true}, NotValid},
		"a request without time":  {Event{Signal: Request, Status: 200}, Uncertain},
		"a request that was slow": {Event{Signal: Request, Status: 200, Latency: time.Minute, HasLatency: true}, Bad},
	} {
		if got := latency(&tc.event); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
		if tc.event.Signal == Answer && availability(&tc.event) != NotValid {
			t.Errorf("%s: counts for availability", name)
		}
	}
	var cell StageCell
	cell.Count(&Event{Signal: Answer, Weight: 10, Latency: threshold, HasLatency: true})
	if cell.Latency.Count() != 0 {
		t.Error("the side of a threshold was taken for a duration")
	}
}
