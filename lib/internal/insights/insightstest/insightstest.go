// Package insightstest is a stand-in for CloudWatch Logs Insights that listens on 127.0.0.1
// and speaks its wire protocol (JSON 1.1), so that any AWS client can be pointed at it.
//
// It never evaluates a query: a test says what an exact one answers about an exact time,
// and any other is refused as malformed.
//
// What is not known of the real service and was decided here: a query goes from Scheduled
// over Running to its end, one step each time it is asked for, and shows half of its rows
// while it runs.
package insightstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Question is what is asked. Times are in seconds since the epoch, both inclusive.
type Question struct {
	Group    string
	Query    string
	From, To int64
}

// Field is one of a row.
type Field struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Answer is what a question comes to.
type Answer struct {
	Rows    [][]Field
	Scanned float64 // bytes
	Status  string  // Failed, Timeout, Cancelled; empty: Complete
	Hangs   bool    // it never ends
}

// Server is the stand-in.
type Server struct {
	URL string

	http    *httptest.Server
	mu      sync.Mutex
	answers map[Question]Answer
	queries []*query
	fail    []Failure
	groups  map[string]bool
}

type query struct {
	question Question
	limit    int
	status   string
	Answer
}

// Failure is an answer that is an error.
type Failure struct {
	Status        int
	Code, Message string
	Operation     string // empty: the next, whichever it is
}

// New starts a server.
func New() *Server {
	s := &Server{answers: map[Question]Answer{}, groups: map[string]bool{}}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close stops listening.
func (s *Server) Close() { s.http.Close() }

// Expect says what an exact question answers. Its group exists from then on.
func (s *Server) Expect(q Question, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[q], s.groups[q.Group] = a, true
}

// FailNext answers a request with an error.
func (s *Server) FailNext(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = append(s.fail, f)
}

// Started are all queries that were begun, with their states now.
func (s *Server) Started() (questions []Question, states []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queries {
		questions, states = append(questions, q.question), append(states, q.status)
	}
	return questions, states
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out, failure := s.answer(r)
	if failure != nil {
		w.WriteHeader(failure.Status)
		out = map[string]string{"__type": failure.Code, "message": failure.Message}
	}
	_ = json.NewEncoder(w).Encode(out) // the client may have gone
}

func refuse(code, format string, args ...any) *Failure {
	return &Failure{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

func (s *Server) answer(r *http.Request) (any, *Failure) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328.")
	if r.Method != http.MethodPost || r.URL.Path != "/" || !ok {
		return nil, refuse("UnknownOperationException", "%s", r.URL.Path)
	}
	if a := r.Header.Get("Authorization"); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=") || !strings.Contains(a, "/logs/aws4_request,") {
		return nil, refuse("MissingAuthenticationTokenException", "the request is not signed for logs")
	}
	for i, f := range s.fail {
		if f.Operation == "" || f.Operation == operation {
			s.fail = slices.Delete(s.fail, i, i+1)
			return nil, &f
		}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, refuse("InvalidParameterException", "%v", err)
	}
	if operation == "StartQuery" {
		return s.start(body)
	}
	var in struct {
		QueryID string `json:"queryId"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, refuse("InvalidParameterException", "%v", err)
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(in.QueryID, "query-"), 10, 32)
	if err != nil || int(number) >= len(s.queries) {
		return nil, refuse("ResourceNotFoundException", "Query does not exist")
	}
	q := s.queries[number]
	switch operation {
	case "GetQueryResults":
		return q.results(), nil
	case "StopQuery":
		if q.ended() {
			return nil, refuse("InvalidParameterException", "Query has ended with %s status", q.status)
		}
		q.status = "Cancelled"
		return map[string]any{"success": true}, nil
	}
	return nil, refuse("UnknownOperationException", "%s", operation)
}

func (s *Server) start(body []byte) (any, *Failure) {
	var in struct {
		LogGroupName        string   `json:"logGroupName"`
		LogGroupIdentifiers []string `json:"logGroupIdentifiers"`
		QueryString         string   `json:"queryString"`
		StartTime           *int64   `json:"startTime"`
		EndTime             *int64   `json:"endTime"`
		Limit               *int     `json:"limit"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.StartTime == nil || in.EndTime == nil || *in.EndTime < *in.StartTime {
		return nil, refuse("InvalidParameterException", "startTime and endTime are no range: %v", err)
	}
	group := in.LogGroupName
	if len(in.LogGroupIdentifiers) == 1 && group == "" {
		group = in.LogGroupIdentifiers[0]
	}
	limit := 10_000
	if in.Limit != nil {
		limit = *in.Limit
	}
	question := Question{Group: group, Query: in.QueryString, From: *in.StartTime, To: *in.EndTime}
	a, known := s.answers[question]
	switch {
	case !s.groups[group]:
		return nil, refuse("ResourceNotFoundException", "Log group '%s' does not exist", group)
	case !known:
		return nil, refuse("MalformedQueryException", "no answer was given for %d to %d of this query: %s", question.From, question.To, in.QueryString)
	}
	s.queries = append(s.queries, &query{question: question, limit: limit, status: "Scheduled", Answer: a})
	return map[string]any{"queryId": fmt.Sprintf("query-%d", len(s.queries)-1)}, nil
}

func (q *query) ended() bool { return q.status != "Scheduled" && q.status != "Running" }

// results goes one step on, and answers.
func (q *query) results() map[string]any {
	switch {
	case q.ended():
	case q.status == "Scheduled":
		q.status = "Running"
	case q.Hangs:
	case q.Answer.Status != "":
		q.status = q.Answer.Status
	default:
		q.status = "Complete"
	}
	rows := q.Rows[:min(len(q.Rows), q.limit)]
	if q.status != "Complete" {
		rows = rows[:len(rows)/2]
	}
	out := [][]Field{}
	for _, row := range rows {
		out = append(out, append([]Field{}, row...))
	}
	return map[string]any{"status": q.status, "results": out, "statistics": map[string]float64{
		"recordsMatched": float64(len(q.Rows)), "recordsScanned": float64(len(q.Rows)), "bytesScanned": q.Scanned}}
}
