package cwtest

import "net/http"

// Fault is what happens to requests instead of an answer.
type Fault struct {
	Action string // IAM action it waits for, such as kinesis:ListShards or imds:Token; empty: any
	Times  int    // how many requests it takes; 0 is one, negative is all until Heal

	// One of: no answer until the client gives up; a cut connection; a body that
	// is no protocol's, with Status; or else an error of the call's protocol.
	Hang bool
	Drop bool
	Body string

	Status  int    // HTTP status, default 400
	Code    string // error code, such as ThrottlingException or ExpiredTokenException
	Message string
}

func (f *Fault) apiError() *apiError {
	return &apiError{status: f.Status, shape: f.Code, message: f.Message}
}

// resultFault is what happens to one result of GetMetricData.
type resultFault struct {
	status string
	times  int
}

type faults struct {
	queue        []*Fault
	results      map[string]*resultFault
	forbidden    map[string]bool // metric keys
	partialCalls int
	messages     []Message
}

func newFaults() faults {
	return faults{results: map[string]*resultFault{}, forbidden: map[string]bool{}}
}

func (f *faults) take(action string) *Fault {
	for i, fault := range f.queue {
		if fault.Action != "" && fault.Action != action {
			continue
		}
		if fault.Times > 0 {
			fault.Times--
		}
		if fault.Times == 0 {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
		}
		return fault
	}
	return nil
}

// takeResult is the status that result id shall have in this call, or "".
func (f *faults) takeResult(id string) string {
	fault := f.results[id]
	if fault == nil {
		return ""
	}
	if fault.times > 0 {
		fault.times--
	}
	if fault.times == 0 {
		delete(f.results, id)
	}
	return fault.status
}

// Inject queues a fault. The first queued one that fits a request takes it.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Status == 0 {
		f.Status = http.StatusBadRequest
	}
	s.faults.queue = append(s.faults.queue, &f)
}

// Heal takes back all faults and refusals.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = newFaults()
}

// ThrottleNext answers the next n requests with ThrottlingException.
func (s *Server) ThrottleNext(n int) {
	s.Inject(Fault{Times: n, Code: "ThrottlingException", Message: "Rate exceeded"})
}

// FailNext answers the next n requests with an internal failure and an HTTP status such as 500 or 503.
func (s *Server) FailNext(n, status int) {
	code := "InternalServiceFault"
	if status == http.StatusServiceUnavailable {
		code = "ServiceUnavailableException"
	}
	s.Inject(Fault{Times: n, Status: status, Code: code, Message: "internal failure"})
}

// HangNext leaves the next n requests without an answer until the client gives up.
func (s *Server) HangNext(n int) { s.Inject(Fault{Times: n, Hang: true}) }

// Forbid refuses an IAM action, such as cloudwatch:GetMetricData, until Heal.
func (s *Server) Forbid(action string) {
	s.Inject(Fault{
		Action: action, Times: -1, Status: http.StatusForbidden, Code: "AccessDeniedException",
		Message: "User: " + callerARN + " is not authorized to perform: " + action +
			" because no identity-based policy allows the " + action + " action",
	})
}

// ForbidMetric answers every query of a metric with status Forbidden, until Heal.
func (s *Server) ForbidMetric(m Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.forbidden[m.key()] = true
}

// ResultNext gives the result of query id a status, InternalError, Forbidden or
// PartialData, in the next n calls (negative: until Heal). PartialData of this
// kind holds the first half of the points and offers no further page.
func (s *Server) ResultNext(n int, id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.results[id] = &resultFault{status: status, times: n}
}

// PartialNext ends the page of the next n GetMetricData calls after half of the
// points that remain, with PartialData and a NextToken.
func (s *Server) PartialNext(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.partialCalls = n
}

// Message is a note of GetMetricData beside its results.
type Message struct{ Code, Value string }

// MessageNext adds a message to the next answer of GetMetricData.
func (s *Server) MessageNext(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.messages = append(s.faults.messages, m)
}
