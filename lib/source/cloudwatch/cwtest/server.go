// Package cwtest is a stand-in for CloudWatch, and for the few other AWS calls
// that surround it, for tests and demonstrations. It listens on 127.0.0.1 and
// speaks the real wire protocols, so that any AWS client can be pointed at it.
//
// It holds raw values, not answers: a caller puts values with their time and
// the instant from which they can be read, and every statistic is computed when
// asked. A metric without points answers Complete and empty, exactly like a
// metric that never existed; zero has to be put.
//
// What is not known of the real service and was decided here:
//   - percentiles are nearest rank over the weighted values;
//   - percent bounds remove at most the stated share of points from either end;
//   - periods are counted from the rounded StartTime;
//   - a count or sum in bounds that hold no point (TC, TS, PR) is 0, a mean (TM) is absent;
//   - a page is filled query by query, queries not reached yet are left out of it.
//
// There is no metric math, no high-resolution storage and no check of signatures.
package cwtest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxBody is the largest request body read, compressed or not, in bytes.
const maxBody = 4 << 20

// Server is the fake. All methods may be called at any time, also while requests are served.
type Server struct {
	// URL is where it listens, such as http://127.0.0.1:40001, for use as endpoint URL of every service.
	URL string

	clock func() time.Time
	http  *http.Server

	mu         sync.Mutex
	series     map[string]*series
	noExtended map[string]bool
	pageLimit  int
	dateSkew   time.Duration
	faults     faults
	requests   []Request
	billed     int
	resources  resources
}

// New starts a server on a free port of 127.0.0.1. The clock decides what is
// visible, how old a point is, and the Date header. It panics when it cannot listen.
func New(clock func() time.Time) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("cwtest: cannot listen: %v", err))
	}
	s := &Server{
		URL:        "http://" + listener.Addr().String(),
		clock:      clock,
		series:     map[string]*series{},
		noExtended: map[string]bool{},
		pageLimit:  maxDatapoints,
		faults:     newFaults(),
		resources:  newResources(),
	}
	s.http = &http.Server{Handler: s}
	go func() { _ = s.http.Serve(listener) }() // ends with ErrServerClosed
	return s
}

// Close stops listening and ends every request under way, hanging ones too.
func (s *Server) Close() { _ = s.http.Close() }

// Env is the environment, as name=value, with which an AWS client of any
// language talks to this server only: endpoint, region, static credentials, no
// shared configuration files and no instance metadata.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL,
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=AKIDSTATIC",
		"AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null",
	}
}

// SetDateSkew moves the Date header of all answers against the clock.
func (s *Server) SetDateSkew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dateSkew = d
}

// operation answers one decoded call. It runs with the server's lock held.
type operation func(*Server, *call) (any, *apiError)

// operations are all calls served, by IAM action; those of the metadata
// services, which have none, by a name of the same form.
var operations = map[string]operation{
	"cloudwatch:GetMetricData":                   (*Server).getMetricData,
	"cloudwatch:ListMetrics":                     (*Server).listMetrics,
	"cloudwatch:PutMetricData":                   (*Server).putMetricData,
	"kinesis:DescribeStreamSummary":              (*Server).describeStreamSummary,
	"kinesis:ListShards":                         (*Server).listShards,
	"lambda:GetFunctionConfiguration":            (*Server).getFunctionConfiguration,
	"lambda:ListEventSourceMappings":             (*Server).listEventSourceMappings,
	"dynamodb:DescribeTable":                     (*Server).describeTable,
	"sqs:GetQueueUrl":                            (*Server).getQueueURL,
	"sqs:GetQueueAttributes":                     (*Server).getQueueAttributes,
	"elasticloadbalancing:DescribeLoadBalancers": (*Server).describeLoadBalancers,
	"sts:AssumeRole":                             (*Server).assumeRole,
	"sts:GetCallerIdentity":                      (*Server).getCallerIdentity,
	"imds:Token":                                 (*Server).imdsToken,
	"imds:Roles":                                 (*Server).imdsRoles,
	"imds:Credentials":                           (*Server).imdsCredentials,
	"imds:Region":                                (*Server).imdsRegion,
	"container:Credentials":                      (*Server).containerCredentials,
}

// ServeHTTP answers one request of any of the services.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	c, apiErr := newCall(r, body)
	number, now, fault := s.admit(c)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("00000000-0000-4000-8000-%012d", number))
	switch {
	case apiErr != nil:
		c.writeError(w, apiErr)
	case fault != nil && fault.Hang:
		<-r.Context().Done()
	case fault != nil && fault.Drop:
		panic(http.ErrAbortHandler)
	case fault != nil && fault.Body != "":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body)
	case fault != nil:
		c.writeError(w, fault.apiError())
	default:
		s.answer(w, c, number)
	}
}

// admit records the request, whatever becomes of it, and takes the fault that waits for it.
func (s *Server) admit(c *call) (number int, now time.Time, fault *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{
		Action: c.action, Protocol: c.protocol.String(), Region: c.region,
		AccessKey: c.accessKey, SessionToken: c.sessionToken, At: s.clock(),
	})
	return len(s.requests), s.clock().Add(s.dateSkew), s.faults.take(c.action)
}

func (s *Server) answer(w http.ResponseWriter, c *call, number int) {
	reply, apiErr := s.run(c, number)
	if apiErr != nil {
		c.writeError(w, apiErr)
		return
	}
	c.writeReply(w, reply)
}

func (s *Server) run(c *call, number int) (any, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply, apiErr := operations[c.action](s, c)
	s.requests[number-1].Input = c.decoded
	return reply, apiErr
}
