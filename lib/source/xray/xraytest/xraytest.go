// Package xraytest is a stand-in for AWS X-Ray's GetTraceSummaries that listens on
// 127.0.0.1 and speaks its wire protocol (REST-JSON), so that any AWS client can be
// pointed at it.
//
// It holds segments, not summaries: what a trace looks like follows from those of its
// segments that have arrived when it is asked. A filter expression is never evaluated:
// a test says what one means, and any other is refused.
//
// What is not known of the real service and was decided here: both ends of the time
// range are inclusive, and a page is full of whole traces.
package xraytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Segment is one service's part of a trace.
type Segment struct {
	Service string
	Start   time.Time
	End     time.Time // zero: still open
	Arrived time.Time // when it can be seen; zero: always
}

// Trace is what one request left behind; its first segment is the root.
type Trace struct {
	ID          string // empty: made up
	Segments    []Segment
	Annotations map[string]any // float64, string or bool
}

// Server is the stand-in.
type Server struct {
	URL      string
	PageSize int // traces a page; 0: 100

	clock   func() time.Time
	http    *httptest.Server
	mu      sync.Mutex
	traces  []Trace
	filters map[string]func(Trace) bool
	asked   []Input
	fail    []Failure
}

// Input is one request as it came.
type Input struct {
	StartTime, EndTime float64 // seconds since the epoch
	TimeRangeType      string
	FilterExpression   string
	NextToken          string
}

// Failure is an answer that is an error.
type Failure struct {
	Status        int
	Code, Message string
}

// New starts a server; the clock decides what has arrived.
func New(clock func() time.Time) *Server {
	s := &Server{clock: clock, PageSize: 100, filters: map[string]func(Trace) bool{"": func(Trace) bool { return true }}}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close stops listening.
func (s *Server) Close() { s.http.Close() }

// Put adds a trace.
func (s *Server) Put(t Trace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.ID == "" {
		t.ID = fmt.Sprintf("1-%08x-%024x", t.Segments[0].Start.Unix(), len(s.traces))
	}
	s.traces = append(s.traces, t)
}

// Filter says which traces an expression selects.
func (s *Server) Filter(expression string, selects func(Trace) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.filters[expression] = selects
}

// FailNext answers the next request with an error.
func (s *Server) FailNext(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = append(s.fail, f)
}

// Asked is every request that came, in order.
func (s *Server) Asked() []Input {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	out, failure := s.answer(r)
	if failure != nil {
		w.Header().Set("X-Amzn-ErrorType", failure.Code)
		w.WriteHeader(failure.Status)
		out = map[string]string{"Message": failure.Message}
	}
	_ = json.NewEncoder(w).Encode(out) // the client may have gone
}

func invalid(format string, args ...any) *Failure {
	return &Failure{Status: http.StatusBadRequest, Code: "InvalidRequestException", Message: fmt.Sprintf(format, args...)}
}

func (s *Server) answer(r *http.Request) (any, *Failure) {
	if r.Method != http.MethodPost || r.URL.Path != "/TraceSummaries" {
		return nil, &Failure{Status: http.StatusNotFound, Code: "UnknownOperationException", Message: r.Method + " " + r.URL.Path}
	}
	if a := r.Header.Get("Authorization"); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=") || !strings.Contains(a, "/xray/aws4_request,") {
		return nil, &Failure{Status: http.StatusForbidden, Code: "MissingAuthenticationToken", Message: "the request is not signed for xray"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, invalid("%v", err)
	}
	in := Input{TimeRangeType: "TraceId"}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("%v", err)
	}
	s.asked = append(s.asked, in)
	if len(s.fail) > 0 {
		failure := s.fail[0]
		s.fail = s.fail[1:]
		return nil, &failure
	}
	return s.summaries(in)
}

// summaries answers one page, newest traces first.
func (s *Server) summaries(in Input) (any, *Failure) {
	selects, known := s.filters[in.FilterExpression]
	if !known {
		return nil, invalid("no meaning was given to the filter %q", in.FilterExpression)
	}
	if in.EndTime < in.StartTime {
		return nil, invalid("EndTime is before StartTime")
	}
	var found []summary
	processed := 0
	for _, t := range s.traces {
		seen, inRange := s.seen(t, in)
		if !inRange {
			continue
		}
		processed++
		if selects(seen) {
			found = append(found, summarise(seen, in))
		}
	}
	slices.SortStableFunc(found, func(a, b summary) int { return cmp.Compare(b.StartTime, a.StartTime) })
	begin := 0
	if in.NextToken != "" {
		var err error
		if begin, err = strconv.Atoi(in.NextToken); err != nil || begin < 1 || begin > len(found) {
			return nil, invalid("not a token of this server")
		}
	}
	end := min(begin+s.PageSize, len(found))
	out := map[string]any{"TraceSummaries": found[begin:end], "TracesProcessedCount": processed, "ApproximateTime": in.StartTime}
	if end < len(found) {
		out["NextToken"] = strconv.Itoa(end)
	}
	return out, nil
}

// seen is a trace without what hasn't arrived, and whether it is in the range asked for.
func (s *Server) seen(t Trace, in Input) (Trace, bool) {
	within := func(at time.Time) bool { return !at.IsZero() && in.StartTime <= epoch(at) && epoch(at) <= in.EndTime }
	out := t
	out.Segments = nil
	inRange := false
	for _, g := range t.Segments {
		if g.Arrived.After(s.clock()) {
			continue
		}
		out.Segments = append(out.Segments, g)
		switch in.TimeRangeType {
		case "Service":
			inRange = inRange || within(g.End)
		case "Event":
			inRange = inRange || within(g.Arrived)
		default:
			inRange = inRange || len(out.Segments) == 1 && within(g.Start)
		}
	}
	return out, inRange
}

type summary struct {
	ID               string `json:"Id"`
	StartTime        float64
	Duration         float64
	ResponseTime     float64
	IsPartial        bool
	MatchedEventTime float64                 `json:",omitempty"`
	Annotations      map[string][]annotation `json:",omitempty"`
	ServiceIDs       []serviceID             `json:"ServiceIds"`
}

type serviceID struct{ Name string }

type annotation struct {
	AnnotationValue map[string]any
	ServiceIDs      []serviceID `json:"ServiceIds"`
}

// summarise makes of segments what the service's documentation says of a summary.
func summarise(t Trace, in Input) summary {
	out := summary{ID: t.ID, Annotations: map[string][]annotation{}}
	start, end := t.Segments[0].Start, time.Time{}
	for _, g := range t.Segments {
		if g.Start.Before(start) {
			start = g.Start
		}
		if g.End.After(end) {
			end = g.End
		}
		out.IsPartial = out.IsPartial || g.End.IsZero()
		out.ServiceIDs = append(out.ServiceIDs, serviceID{g.Service})
		if in.TimeRangeType == "Event" {
			out.MatchedEventTime = max(out.MatchedEventTime, epoch(g.Arrived))
		}
	}
	out.StartTime = epoch(start)
	if !end.IsZero() {
		out.Duration = end.Sub(start).Seconds()
	}
	if root := t.Segments[0]; !root.End.IsZero() {
		out.ResponseTime = root.End.Sub(root.Start).Seconds()
	}
	for name, v := range t.Annotations {
		key := "StringValue"
		switch v.(type) {
		case float64:
			key = "NumberValue"
		case bool:
			key = "BooleanValue"
		}
		out.Annotations[name] = []annotation{{AnnotationValue: map[string]any{key: v}, ServiceIDs: out.ServiceIDs[:1]}}
	}
	return out
}

func epoch(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
