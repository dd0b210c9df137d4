package sli

import (
	"testing"
	"time"
)

// TestAnswersAreLatencysAlone guards the population of counted answers: every answer
// whatever its status, none of them a request for availability, no request of theirs.
func TestAnswersAreLatencysAlone(t *testing.T) {
	const threshold = 500 * time.Millisecond
	answers := AnswerLatency(threshold)
	availability := RequestAvailability(AbortLimit)
	requests := RequestLatency(threshold, availability)
	for name, tc := range map[string]struct {
		event             Event
		answers, requests Verdict
	}{
		"at the threshold":        {Event{Signal: Answer, Latency: threshold, HasLatency: true}, Good, NotValid},
		"beyond it":               {Event{Signal: Answer, Latency: threshold + 1, HasLatency: true}, Bad, NotValid},
		"side unknown":            {Event{Signal: Answer}, Uncertain, NotValid},
		"a request that failed":   {Event{Signal: Request, Status: 500, Latency: 1, HasLatency: true}, NotValid, NotValid},
		"a request without time":  {Event{Signal: Request, Status: 200}, NotValid, Uncertain},
		"a WebSocket":             {Event{Signal: Request, Status: 101, Latency: time.Hour, HasLatency: true}, NotValid, NotValid},
		"a balancer's WebSocket":  {Event{Signal: Request, Status: 200, Latency: time.Hour, HasLatency: true, Connection: true}, NotValid, NotValid},
		"an answer of a count":    {Event{Signal: Answer, Status: 101, Latency: 1, HasLatency: true}, Good, NotValid},
		"a request that was slow": {Event{Signal: Request, Status: 200, Latency: time.Minute, HasLatency: true}, NotValid, Bad},
	} {
		if got := answers(&tc.event); got != tc.answers {
			t.Errorf("%s: as an answer %v, want %v", name, got, tc.answers)
		}
		if got := requests(&tc.event); got != tc.requests {
			t.Errorf("%s: as a request %v, want %v", name, got, tc.requests)
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
