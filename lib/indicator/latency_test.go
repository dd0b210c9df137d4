package indicator

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TestAnswersAreLatencysAlone guards the population of counted answers: every answer
// whatever its status, none of them a request for availability, no request of theirs.
func TestAnswersAreLatencysAlone(t *testing.T) {
	const threshold = 500 * time.Millisecond
	answers := AnswerLatency(threshold)
	availability := RequestAvailability(AbortLimit)
	requests := RequestLatency(threshold, availability)
	for name, tc := range map[string]struct {
		event             sli.Event
		answers, requests sli.Verdict
	}{
		"at the threshold":        {sli.Event{Signal: sli.Answer, Latency: threshold, HasLatency: true}, sli.Good, sli.NotValid},
		"beyond it":               {sli.Event{Signal: sli.Answer, Latency: threshold + 1, HasLatency: true}, sli.Bad, sli.NotValid},
		"side unknown":            {sli.Event{Signal: sli.Answer}, sli.Uncertain, sli.NotValid},
		"a request that failed":   {sli.Event{Signal: sli.Request, Status: 500, Latency: 1, HasLatency: true}, sli.NotValid, sli.NotValid},
		"a request without time":  {sli.Event{Signal: sli.Request, Status: 200}, sli.NotValid, sli.Uncertain},
		"a WebSocket":             {sli.Event{Signal: sli.Request, Status: 101, Latency: time.Hour, HasLatency: true}, sli.NotValid, sli.NotValid},
		"a balancer's WebSocket":  {sli.Event{Signal: sli.Request, Status: 200, Latency: time.Hour, HasLatency: true, Connection: true}, sli.NotValid, sli.NotValid},
		"an answer of a count":    {sli.Event{Signal: sli.Answer, Status: 101, Latency: 1, HasLatency: true}, sli.Good, sli.NotValid},
		"a request that was slow": {sli.Event{Signal: sli.Request, Status: 200, Latency: time.Minute, HasLatency: true}, sli.NotValid, sli.Bad},
	} {
		if got := answers(&tc.event); got != tc.answers {
			t.Errorf("%s: as an answer %v, want %v", name, got, tc.answers)
		}
		if got := requests(&tc.event); got != tc.requests {
			t.Errorf("%s: as a request %v, want %v", name, got, tc.requests)
		}
		if tc.event.Signal == sli.Answer && availability(&tc.event) != sli.NotValid {
			t.Errorf("%s: counts for availability", name)
		}
	}
	var cell sli.StageCell
	cell.Count(&sli.Event{Signal: sli.Answer, Weight: 10, Latency: threshold, HasLatency: true})
	if cell.Latency.Count() != 0 {
		t.Error("the side of a threshold was taken for a duration")
	}
}
