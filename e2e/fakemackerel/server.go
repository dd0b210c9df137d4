// Package fakemackerel is a small Mackerel API on 127.0.0.1 for tests with the real mackerel-agent and mkr.
//
// It answers the endpoints those two programs use, refuses what the API's documentation forbids, keeps everything that
// was posted, and fails on demand.
package fakemackerel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// maxBody bounds what one request may bring, in bytes.
const maxBody = 16 << 20

// A Post is one request that wants to change something, as it arrived, with the status it was answered with (0: the
// connection was reset by a Fault).
type Post struct {
	Time         time.Time
	Method, Path string
	Body         []byte
	Status       int
	// Error says why the request was refused; empty when it was not.
	Error string
}

// A Fault replaces the answer to the next Times requests whose method and path it matches.
type Fault struct {
	// Method is compared when not empty.
	Method string
	// Path is a prefix of the request's path.
	Path string
	// Times is how many requests it takes; 0 counts as 1.
	Times int
	// Status is the HTTP status to answer with; 0 resets the connection.
	Status int
}

// A Server is the fake API. All methods may be called at any time from any goroutine.
type Server struct {
	// URL is the API's base, e.g. http://127.0.0.1:12345, for the agent's apibase and mkr's --apibase.
	URL string

	http *httptest.Server
	now  func() time.Time

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever a request was answered
	faults  []Fault
	posts   []Post
	hosts   []*host
	store
}

// store is what was accepted.
type store struct {
	hostValues    map[metric][]Point
	serviceValues map[metric][]Point
	definitions   map[string]Definition
	reports       []Report
	services      map[string][]string // name → roles
	monitors      collection
	dashboards    collection
}

// New starts a server on 127.0.0.1; the caller closes it. Its clock is the machine's.
func New() (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("fake API: %w", err)
	}
	s := &Server{
		now:     time.Now,
		changed: make(chan struct{}),
		store: store{
			hostValues:    map[metric][]Point{},
			serviceValues: map[metric][]Point{},
			definitions:   map[string]Definition{},
			services:      map[string][]string{},
			monitors:      collection{member: "monitor", allowed: documentedMonitor},
			dashboards:    collection{member: "dashboard", allowed: documentedDashboard},
		},
	}
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.handler()}}
	s.http.Start()
	s.URL = s.http.URL
	return s, nil
}

// Close stops the server and its connections.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Inject adds a fault; faults are used up in the order they were added.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, f)
}

// Posts returns every request that wanted to change something, oldest first.
func (s *Server) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Post(nil), s.posts...)
}

// Refusals returns the posts that broke a documented rule. Injected faults are not among them.
func (s *Server) Refusals() []Post {
	var refused []Post
	for _, p := range s.Posts() {
		if p.Error != "" {
			refused = append(refused, p)
		}
	}
	return refused
}

// Wait returns nil as soon as ok does, which it asks after every request, or the context's error naming what was
// awaited.
func (s *Server) Wait(ctx context.Context, what string, ok func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		}
	}
}

// A refusal is an answer other than 200.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func refuse(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(what string) error {
	return &refusal{http.StatusNotFound, what + " not found"}
}

// An endpoint answers one route, with the server locked.
type endpoint func(r *http.Request, body []byte) (any, error)

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, e := range s.routes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, e) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, func(*http.Request, []byte) (any, error) { return nil, notFound("endpoint " + r.URL.Path) })
	})
	return mux
}

func (s *Server) routes() map[string]endpoint {
	return map[string]endpoint{
		"GET /api/v0/org": func(*http.Request, []byte) (any, error) { return map[string]string{"name": "fake"}, nil },

		"GET /api/v0/hosts":                          s.findHosts,
		"POST /api/v0/hosts":                         s.createHost,
		"GET /api/v0/hosts/{host}":                   s.findHost,
		"PUT /api/v0/hosts/{host}":                   s.updateHost,
		"POST /api/v0/hosts/{host}/status":           s.updateStatus,
		"POST /api/v0/hosts/{host}/retire":           s.retireHost,
		"PUT /api/v0/hosts/{host}/role-fullnames":    s.updateRoles,
		"GET /api/v0/hosts/{host}/metric-names":      s.hostMetricNames,
		"GET /api/v0/hosts/{host}/metrics":           s.hostMetrics,
		"GET /api/v0/hosts-by-custom-identifier/{c}": s.findByCustomIdentifier,

		"POST /api/v0/tsdb":                     s.postHostValues,
		"POST /api/v0/graph-defs/create":        s.createDefinitions,
		"DELETE /api/v0/graph-defs":             s.deleteDefinition,
		"POST /api/v0/monitoring/checks/report": s.postReports,

		"GET /api/v0/services":                        s.listServices,
		"POST /api/v0/services":                       s.createService,
		"GET /api/v0/services/{service}/roles":        s.listRoles,
		"POST /api/v0/services/{service}/roles":       s.createRole,
		"GET /api/v0/services/{service}/metric-names": s.serviceMetricNames,
		"POST /api/v0/services/{service}/tsdb":        s.postServiceValues,

		"GET /api/v0/monitors":           s.monitors.list,
		"POST /api/v0/monitors":          s.monitors.create,
		"GET /api/v0/monitors/{id}":      s.monitors.find,
		"PUT /api/v0/monitors/{id}":      s.monitors.update,
		"DELETE /api/v0/monitors/{id}":   s.monitors.delete,
		"GET /api/v0/dashboards":         s.dashboards.list,
		"POST /api/v0/dashboards":        s.dashboards.create,
		"GET /api/v0/dashboards/{id}":    s.dashboards.find,
		"PUT /api/v0/dashboards/{id}":    s.dashboards.update,
		"DELETE /api/v0/dashboards/{id}": s.dashboards.delete,
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	post := Post{Time: s.now(), Method: r.Method, Path: r.URL.Path, Body: body}

	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if r.Method != http.MethodGet {
			s.posts = append(s.posts, post)
		}
		close(s.changed)
		s.changed = make(chan struct{})
	}()

	if status, failing := s.takeFault(r); failing {
		post.Status = status
		if status == 0 {
			reset(w)
		} else {
			answer(w, status, failure("injected fault"))
		}
		return
	}
	reply, err := s.authorised(r, body, e)
	post.Status = http.StatusOK
	if err != nil {
		post.Status, post.Error = http.StatusInternalServerError, err.Error()
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			post.Status = refused.status
		}
		reply = failure(err.Error())
	}
	answer(w, post.Status, reply)
}

func (s *Server) authorised(r *http.Request, body []byte, e endpoint) (any, error) {
	if r.Header.Get("X-Api-Key") == "" {
		return nil, &refusal{http.StatusForbidden, "no API key"}
	}
	return e(r, body)
}

// takeFault uses up one matching fault, if there is one.
func (s *Server) takeFault(r *http.Request) (status int, failing bool) {
	for i := range s.faults {
		f := &s.faults[i]
		if f.Times > 0 && (f.Method == "" || f.Method == r.Method) && strings.HasPrefix(r.URL.Path, f.Path) {
			f.Times--
			return f.Status, true
		}
	}
	return 0, false
}

// reset ends the connection with a TCP reset, so that the client sees a network error and no answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the close is orderly; either way there is no answer
	}
	_ = conn.Close()
}

func answer(w http.ResponseWriter, status int, reply any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(reply) // a client that went away is its own affair
}

// failure is an error's body as clients read it.
func failure(reason string) any {
	return map[string]any{"error": map[string]string{"message": reason}}
}

// decode reads a request's JSON body.
func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return refuse("body: %v", err)
	}
	return nil
}

var success = map[string]bool{"success": true}
