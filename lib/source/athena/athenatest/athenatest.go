// Package athenatest is a stand-in for Amazon Athena that listens on 127.0.0.1 and speaks
// its wire protocol (JSON 1.1), so that any AWS client can be pointed at it.
//
// It never evaluates SQL: a test says what an exact query answers, and any other fails as
// a query with a mistake does.
//
// What is not known of the real service and was decided here: a query goes from QUEUED
// over RUNNING to its end, one step each time it is asked for.
package athenatest

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
	"time"
)

// Answer is what a query comes to.
type Answer struct {
	Columns []string
	Rows    [][]any // string, or nil for null
	Scanned int64   // bytes
	Failed  string  // the reason, where it fails
	Hangs   bool    // it never ends
	Cancels bool    // somebody else cancels it
}

// Server is the stand-in.
type Server struct {
	URL       string
	PageSize  int    // rows a page, the header among them; 0: 1000
	Output    string // where the workgroup puts results; empty: a query has to say
	Submitted time.Time

	http    *httptest.Server
	mu      sync.Mutex
	answers map[string]Answer
	queries []*query
	fail    []Failure
	asked   []string
}

type query struct {
	input StartInput
	state string
	Answer
}

// StartInput is a query as it was asked for.
type StartInput struct {
	QueryString           string
	WorkGroup             string
	ClientRequestToken    string
	QueryExecutionContext struct{ Database, Catalog string }
	ResultConfiguration   struct{ OutputLocation string }
}

// Failure is an answer that is an error.
type Failure struct {
	Status        int
	Code, Message string
	Operation     string // empty: the next, whichever it is
}

// New starts a server.
func New() *Server {
	s := &Server{Output: "s3://results/", Submitted: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), answers: map[string]Answer{}}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close stops listening.
func (s *Server) Close() { s.http.Close() }

// Expect says what an exact query answers.
func (s *Server) Expect(query string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[query] = a
}

// FailNext answers a request with an error.
func (s *Server) FailNext(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = append(s.fail, f)
}

// Started are all queries that were begun, with their states now.
func (s *Server) Started() (inputs []StartInput, states []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queries {
		inputs, states = append(inputs, q.input), append(states, q.state)
	}
	return inputs, states
}

// Asked is the operations that were asked for, in order.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

const service = "AmazonAthena."

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out, failure := s.answer(r)
	if failure != nil {
		w.WriteHeader(failure.Status)
		out = map[string]string{"__type": failure.Code, "message": failure.Message, "Message": failure.Message}
	}
	_ = json.NewEncoder(w).Encode(out) // the client may have gone
}

func invalid(format string, args ...any) *Failure {
	return &Failure{Status: http.StatusBadRequest, Code: "InvalidRequestException", Message: fmt.Sprintf(format, args...)}
}

func (s *Server) answer(r *http.Request) (any, *Failure) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), service)
	if r.Method != http.MethodPost || r.URL.Path != "/" || !ok {
		return nil, &Failure{Status: http.StatusNotFound, Code: "UnknownOperationException"}
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
		return nil, &Failure{Status: http.StatusBadRequest, Code: "SerializationException", Message: got}
	}
	if a := r.Header.Get("Authorization"); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=") || !strings.Contains(a, "/athena/aws4_request,") {
		return nil, &Failure{Status: http.StatusBadRequest, Code: "MissingAuthenticationTokenException", Message: "the request is not signed for athena"}
	}
	s.asked = append(s.asked, operation)
	for i, f := range s.fail {
		if f.Operation == "" || f.Operation == operation {
			s.fail = slices.Delete(s.fail, i, i+1)
			return nil, &f
		}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, invalid("%v", err)
	}
	return s.operate(operation, body)
}

func (s *Server) operate(operation string, body []byte) (any, *Failure) {
	if operation == "StartQueryExecution" {
		return s.start(body)
	}
	var in struct {
		QueryExecutionID string `json:"QueryExecutionId"`
		NextToken        string
		MaxResults       int
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("%v", err)
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(in.QueryExecutionID, "query-"), 10, 32)
	if err != nil || int(number) >= len(s.queries) {
		return nil, invalid("QueryExecution %s was not found", in.QueryExecutionID)
	}
	q := s.queries[number]
	switch operation {
	case "GetQueryExecution":
		q.step()
		return map[string]any{"QueryExecution": s.describe(in.QueryExecutionID, q)}, nil
	case "StopQueryExecution":
		if !q.ended() {
			q.state = "CANCELLED"
		}
		return map[string]any{}, nil
	case "GetQueryResults":
		return s.page(q, in.NextToken, in.MaxResults)
	}
	return nil, &Failure{Status: http.StatusNotFound, Code: "UnknownOperationException", Message: operation}
}

func (s *Server) start(body []byte) (any, *Failure) {
	var in StartInput
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("%v", err)
	}
	switch {
	case len(in.ClientRequestToken) < 32:
		return nil, invalid("ClientRequestToken must have 32 characters at least")
	case in.ResultConfiguration.OutputLocation == "" && s.Output == "":
		return nil, invalid("No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input.")
	}
	for i, q := range s.queries {
		if q.input.ClientRequestToken == in.ClientRequestToken {
			return map[string]any{"QueryExecutionId": fmt.Sprintf("query-%d", i)}, nil
		}
	}
	a, known := s.answers[in.QueryString]
	if !known {
		a = Answer{Failed: "SYNTAX_ERROR: no answer was given for this query: " + in.QueryString}
	}
	s.queries = append(s.queries, &query{input: in, state: "QUEUED", Answer: a})
	return map[string]any{"QueryExecutionId": fmt.Sprintf("query-%d", len(s.queries)-1)}, nil
}

func (q *query) ended() bool { return q.state != "QUEUED" && q.state != "RUNNING" }

// step goes one state on.
func (q *query) step() {
	switch {
	case q.ended():
	case q.state == "QUEUED":
		q.state = "RUNNING"
	case q.Hangs:
	case q.Cancels:
		q.state = "CANCELLED"
	case q.Failed != "":
		q.state = "FAILED"
	default:
		q.state = "SUCCEEDED"
	}
}

func (s *Server) describe(id string, q *query) map[string]any {
	status := map[string]any{"State": q.state, "SubmissionDateTime": float64(s.Submitted.UnixMilli()) / 1000}
	if q.state == "FAILED" {
		status["StateChangeReason"] = q.Failed
	}
	out := map[string]any{"QueryExecutionId": id, "Query": q.input.QueryString, "StatementType": "DML", "WorkGroup": q.input.WorkGroup, "Status": status}
	if q.ended() {
		out["Statistics"] = map[string]any{"DataScannedInBytes": q.Scanned, "EngineExecutionTimeInMillis": 1}
	}
	return out
}

// page answers some rows; the first page begins with the columns' names.
func (s *Server) page(q *query, token string, most int) (any, *Failure) {
	if q.state != "SUCCEEDED" {
		return nil, invalid("Query has not yet finished. Current state: %s", q.state)
	}
	header := make([]any, len(q.Columns))
	for i, c := range q.Columns {
		header[i] = c
	}
	all := slices.Concat([][]any{header}, q.Rows)
	begin := 0
	if token != "" {
		var err error
		if begin, err = strconv.Atoi(token); err != nil || begin < 1 || begin >= len(all) {
			return nil, invalid("not a token of this server")
		}
	}
	size := 1000
	for _, n := range []int{s.PageSize, most} {
		if n > 0 {
			size = min(size, n)
		}
	}
	end := min(begin+size, len(all))
	rows := []any{}
	for _, row := range all[begin:end] {
		data := make([]map[string]any, len(row))
		for i, v := range row {
			if data[i] = map[string]any{}; v != nil {
				data[i]["VarCharValue"] = v
			}
		}
		rows = append(rows, map[string]any{"Data": data})
	}
	info := []any{}
	for _, c := range q.Columns {
		info = append(info, map[string]any{"Name": c, "Label": c, "Type": "varchar"})
	}
	out := map[string]any{"UpdateCount": 0, "ResultSet": map[string]any{"Rows": rows, "ResultSetMetadata": map[string]any{"ColumnInfo": info}}}
	if end < len(all) {
		out["NextToken"] = strconv.Itoa(end)
	}
	return out, nil
}
