package recording

import (
	"reflect"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// TestAnEventIsReadAsItWasWritten tries every field, alone and together with others.
func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	full := sli.Event{
		Time: 1_772_000_000_123_456, Weight: 9990.5, Signal: sli.Done, Status: 503, Method: []byte("POST"), Latency: 3 * time.Second, HasLatency: true,
		Connection: true, Good: sli.Bad, Accepted: sli.Good, Observations: []sli.Observation{{Time: 1_772_000_000_123_000, Latency: 5}, {Time: 1_772_000_000_000_001, Latency: 0}},
		Delay: time.Hour, HasDelay: true, AcceptedAt: 1_771_999_000_000_000, Ahead: time.Minute, ID: 1<<63 + 5, HasID: true,
		Watermark: 1_771_000_000_000_000, Should: -1, Group: 1 << 62, Lambda: &sli.LambdaReport{Init: 7, HasInit: true},
		EMF: []sli.EMFSeries{{Namespace: "n", Name: "m", Count: 2, Sum: 0.1}}, Probe: &sli.Probe{Verdict: sli.ProbeCorrect, Found: true, By: 9},
	}
	events := []sli.Event{{Weight: 1}, full, {Time: -5, Weight: 0, Signal: sli.Request}, {Time: full.Time, Weight: 1, HasLatency: true, HasDelay: true, HasID: true}}
	for i := range reflect.TypeFor[sli.Event]().NumField() {
		e := sli.Event{Time: int64(i), Weight: 1}
		reflect.ValueOf(&e).Elem().Field(i).Set(reflect.ValueOf(full).Field(i))
		switch f := reflect.TypeFor[sli.Event]().Field(i).Name; f {
		case "Delay", "ID":
			reflect.ValueOf(&e).Elem().FieldByName("Has" + f).SetBool(true) // valid only so
		}
		events = append(events, e)
	}
	tally := sli.Tally{Lines: 9, Parsed: 5, Malformed: 3, Blank: 1, Late: 2, Skewed: 4, Bytes: 1 << 40, Unmatched: 6}
	var w Events
	var out []byte
	for i := range events {
		out = w.AppendTally(w.Append(out, &events[i]), sli.Minute(i), tally)
	}
	i := 0
	err := Visit(out, func(e *sli.Event) {
		if !reflect.DeepEqual(*e, events[i]) {
			t.Errorf("event %d:\n%+v is now\n%+v", i, events[i], *e)
		}
	}, func(m sli.Minute, got sli.Tally) {
		if m != sli.Minute(i) || got != tally {
			t.Errorf("the lines of %d are now %+v of %d", i, got, m)
		}
		i++
	})
	if err != nil || i != len(events) {
		t.Errorf("%d of %d events were read: %v", i, len(events), err)
	}
	for n := range out {
		_ = Visit(out[:n], func(*sli.Event) {}, func(sli.Minute, sli.Tally) {}) // cut off anywhere it ends all the same
	}
}
