package xray

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/samplestest"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/sourcetest"
	"mackerel-plugin-pipeline-sli/lib/source/xray/xraytest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// stand is a source on a stand-in for X-Ray.
type stand struct {
	*xraytest.Server
	t      *testing.T
	now    time.Time
	source *Source
	cursor []byte
}

func start(t *testing.T, options string) *stand {
	s := &stand{t: t, now: at(180)}
	s.Server = xraytest.New(func() time.Time { return s.now })
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	n, err := section.Parse("f.yaml", []byte(options), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.source, err = New(n, awsconf.Options{EndpointURL: s.URL}); err != nil {
		t.Fatal(err)
	}
	return s
}

// done is a trace of a front and, if it takes longer than a second, of a worker.
func (s *stand) done(begin, duration float64) {
	t := xraytest.Trace{Segments: []xraytest.Segment{{Service: "front", Start: at(begin), End: at(begin + min(duration, 1))}}}
	if duration > 1 {
		t.Segments = append(t.Segments, xraytest.Segment{Service: "worker", Start: at(begin + 1), End: at(begin + duration)})
	}
	s.Put(t)
}

// read gives the events as "minute after noon: delay" and the warnings.
func (s *stand) read(change ...func(*sli.Ask)) (events, warnings []string, batch sli.Batch) {
	s.t.Helper()
	ask := sli.Ask{Now: s.now, From: s.now.Add(-s.source.facts.Settle).Truncate(time.Minute).Add(-2 * time.Minute)}
	ask.Emit = func(e *sli.Event) {
		delay := "?"
		if e.HasDelay {
			delay = e.Delay.String()
		}
		events = append(events, fmt.Sprintf("%d: %s", sli.MinuteOf(e.Time)-sli.MinuteAt(noon), delay))
	}
	for _, c := range change {
		c(&ask)
	}
	b, err := s.source.Read(context.Background(), ask, s.cursor)
	if err != nil {
		s.t.Fatal(err)
	}
	if !ask.Again {
		s.cursor = b.Cursor
	}
	return events, b.Warnings, b
}

func (s *stand) expect(got []string, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachTraceIsInTheMinuteItsLastWorkEnded(t *testing.T) {
	s := start(t, "{}")
	s.PageSize = 1
	s.done(-70, 100)   // the front ended before, the worker in minute 0
	s.done(10, 0.5)    // all in minute 0
	s.done(55, 6)      // the front ended in minute 0, the worker in minute 1
	s.done(-0.25, .25) // exactly at the minute's edge
	s.done(-75, 20)
	events, _, b := s.read()
	s.expect(events, "-1: 20s", "0: 500ms", "0: 250ms", "0: 1m40s")
	if from, to := sli.MinuteAt(b.From), sli.MinuteAt(b.To.Add(-2*time.Minute)); from != sli.MinuteAt(noon)-1 || to != sli.MinuteAt(noon)+1 {
		t.Errorf("answers for %v to %v", b.From, b.To)
	}
	if _, _, b := s.read(); !b.Unchanged {
		t.Error("the same minute was asked twice")
	}
	s.now = at(240)
	events, _, _ = s.read()
	s.expect(events, "1: 6s")
	events, _, _ = s.read(func(a *sli.Ask) { a.Again, a.From = true, noon })
	s.expect(events, "0: 500ms", "0: 250ms", "0: 1m40s", "1: 6s")
}

// The times of an answer are whole milliseconds, those of the segments are not.
func TestATraceThatEndsAtAMinutesEdgeIsInOneMinute(t *testing.T) {
	s := start(t, "{}")
	for _, end := range []float64{-0.0003, 0, 0.0004, 0.0011} {
		begin := 59.2495 + end
		s.done(begin, 60-begin+end)
	}
	var all []string
	for minute := range 3 {
		s.now = at(180 + 60*float64(minute))
		events, _, _ := s.read(func(a *sli.Ask) { a.From = noon })
		all = append(all, events...)
	}
	if len(all) != 4 {
		t.Errorf("4 traces became %q", all)
	}
}

func TestAnIncompleteTraceIsCountedApart(t *testing.T) {
	s := start(t, "{}")
	s.done(10, 0.5)
	s.Put(xraytest.Trace{Segments: []xraytest.Segment{{Service: "front", Start: at(20), End: at(21)}, {Service: "worker", Start: at(22)}}})
	events, warnings, _ := s.read()
	s.expect(events, "0: ?", "0: 500ms")
	s.expect(warnings, "traces: 1 of 2 were incomplete: uncertain")
}

func TestTheLimitIsSharedByTheMinutesAndSaid(t *testing.T) {
	s := start(t, "limit: 6")
	for i := range 10 {
		s.done(float64(i), 0.5)
		s.done(float64(i)-60, 0.25)
	}
	events, warnings, _ := s.read()
	s.expect(events, "-1: 250ms", "-1: 250ms", "-1: 250ms", "0: 500ms", "0: 500ms", "0: 500ms")
	s.expect(warnings, "traces: there were more than limit: 6; the newest of each minute were taken")
}

func TestWhatTheDelayIsIsConfigured(t *testing.T) {
	put := func(s *stand, annotations map[string]any) {
		s.Put(xraytest.Trace{Annotations: annotations, Segments: []xraytest.Segment{
			{Service: "front", Start: at(10), End: at(10.5)}, {Service: "worker", Start: at(11), End: at(14)},
		}})
	}
	s := start(t, "delay: response_time")
	put(s, nil)
	events, _, _ := s.read()
	s.expect(events, "0: 500ms")

	s = start(t, "delay: annotation:age")
	for _, value := range []any{2.5, "3.25", "late", true, -1.0} {
		put(s, map[string]any{"age": value})
	}
	put(s, nil)
	events, warnings, _ := s.read()
	s.expect(events, "0: 2.5s", "0: 3.25s", "0: ?", "0: ?", "0: ?", "0: ?")
	s.expect(warnings, "traces: 4 of 6 have no annotation:age: uncertain")
}

func TestTheFilterAndTheKindOfRangeReachTheService(t *testing.T) {
	s := start(t, "filter: service(\"worker\")\ntime_range: event")
	s.Filter(`service("worker")`, func(t xraytest.Trace) bool { return len(t.Segments) > 1 })
	s.Put(xraytest.Trace{Segments: []xraytest.Segment{
		{Service: "front", Start: at(-100), End: at(-99), Arrived: at(-98)}, {Service: "worker", Start: at(-90), End: at(-80), Arrived: at(10)},
	}})
	s.Put(xraytest.Trace{Segments: []xraytest.Segment{{Service: "front", Start: at(1), End: at(2), Arrived: at(3)}}})
	events, _, _ := s.read(func(a *sli.Ask) { a.From = noon })
	s.expect(events, "0: 20s")
	if got := s.Asked()[0].TimeRangeType; got != "Event" {
		t.Errorf("asked by %s", got)
	}
}

func TestARefusalIsOneLineThatNamesTheAction(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDeniedException":   "xray:GetTraceSummaries is not allowed; add it to the policy",
		"InvalidRequestException": "xray:GetTraceSummaries: refused: InvalidRequestException: bad filter",
	} {
		s := start(t, "{}")
		s.FailNext(xraytest.Failure{Status: 400, Code: code, Message: "bad filter"})
		_, err := s.source.Read(context.Background(), sli.Ask{Now: s.now}, nil)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", code, err, want)
		}
	}
}

func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.World {
		s := start(t, "{}")
		grow := func(minutes int) time.Time {
			begin := s.now
			for i := range minutes * 4 {
				s.done(begin.Sub(noon).Seconds()+float64(i)*15, 0.5)
			}
			s.now = begin.Add(time.Duration(minutes) * time.Minute)
			return s.now
		}
		grow(5)
		return sourcetest.World{Source: s.source, Now: grow(2), Later: func() time.Time { return grow(3) }, Break: func() {
			s.FailNext(xraytest.Failure{Status: 403, Code: "AccessDeniedException"})
		}}
	})
}

func TestMistakesAreFoundInTheFile(t *testing.T) {
	for _, text := range []string{"delay: latency", "delay: 'annotation:'", "time_range: trace", "limit: 0"} {
		n, err := section.Parse("f.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(n, awsconf.Options{}); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// The samples are segment documents as the service and an exporter write them; the
// truths beside them were computed from the documents.
func TestRealSegmentsGiveTheirDuration(t *testing.T) {
	text, err := os.ReadFile(samplestest.Collected(t, "xray", "awscli-batch-get-traces.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Traces []struct {
			ID       string `json:"Id"`
			Duration float64
			Segments []struct{ Document string }
		}
	}
	if err := json.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	var documents [][]byte
	for _, g := range sample.Traces[0].Segments {
		documents = append(documents, []byte(g.Document))
	}
	expectDuration(t, documents, sample.Traces[0].Duration)
	text, err = os.ReadFile(samplestest.Collected(t, "xray", "otel-serverSample.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ := bytes.Cut(text, []byte("\n")) // the first line is the daemon's header
	expectDuration(t, [][]byte{document}, 0.000194311)
}

func expectDuration(t *testing.T, documents [][]byte, want float64) {
	t.Helper()
	s := start(t, "{}")
	trace := xraytest.Trace{}
	for _, text := range documents {
		var d struct {
			Name      string
			StartTime float64 `json:"start_time"`
			EndTime   float64 `json:"end_time"`
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		trace.Segments = append(trace.Segments, xraytest.Segment{Service: d.Name, Start: time.UnixMicro(int64(d.StartTime * 1e6)), End: time.UnixMicro(int64(d.EndTime * 1e6))})
	}
	s.now = trace.Segments[0].End.Add(4 * time.Minute)
	s.Put(trace)
	var delays []float64
	_, err := s.source.Read(context.Background(), sli.Ask{Now: s.now, Emit: func(e *sli.Event) { delays = append(delays, e.Delay.Seconds()) }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{want}, delays, cmpopts.EquateApprox(0, 2e-6)); diff != "" {
		t.Errorf("delays (-want +got):\n%s", diff)
	}
}
