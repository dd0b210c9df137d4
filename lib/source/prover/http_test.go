package prover

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestTheStatusAloneIsTheAcceptance, however long the answer is.
func TestTheStatusAloneIsTheAcceptance(t *testing.T) {
	endless := make(chan struct{})
	defer close(endless)
	for name, c := range map[string]struct {
		status int
		body   func(w http.ResponseWriter)
		taken  bool
	}{
		"a large body": {201, func(w http.ResponseWriter) { _, _ = w.Write([]byte(strings.Repeat("x", 3<<19))) }, true},
		"a body without an end": {200, func(w http.ResponseWriter) {
			w.(http.Flusher).Flush()
			<-endless
		}, true},
		"a body cut short":  {202, func(w http.ResponseWriter) { w.Header().Set("Content-Length", "99"); _, _ = w.Write([]byte("x")) }, true},
		"a large refusal":   {503, func(w http.ResponseWriter) { _, _ = w.Write([]byte(strings.Repeat("x", 3<<19))) }, false},
		"a large complaint": {422, func(w http.ResponseWriter) { _, _ = w.Write([]byte(strings.Repeat("x", 3<<19))) }, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			c.body(w)
		}))
		address, err := parseText(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		r := &request{client: client(), method: http.MethodPost, url: address, place: "POST " + server.URL}
		if err := r.send(t.Context(), sample); (err == nil) != c.taken {
			t.Errorf("%s: %v", name, err)
		}
		server.CloseClientConnections()
	}
}

// TestTheLimitThatEndedARequestIsTheOneBlamed: its own, or the run's.
func TestTheLimitThatEndedARequestIsTheOneBlamed(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	address, err := parseText(silent.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		own, run time.Duration
		want     string
	}{
		{50 * time.Millisecond, time.Minute, "no answer within 50ms; raise prover.timeout if it is slow rather than away"},
		{time.Minute, 50 * time.Millisecond, "no answer within 2s (--timeout)"},
	} {
		run, cancel := context.WithTimeoutCause(t.Context(), c.run, errors.New("no answer within 2s (--timeout)"))
		s := &Source{timeout: c.own}
		ctx, end := s.limited(run)
		r := &request{client: client(), method: http.MethodGet, url: address, place: "GET x"}
		if err := r.send(ctx, sample); err == nil || err.Error() != "GET x: "+c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		end()
		cancel()
	}
}
