package prover

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Peers asks the front and the store for a record that there is none of: nothing is sent.
// What can't be asked without that is said.
func (s *Source) Peers(ctx context.Context) []sli.Peer {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	peers := []sli.Peer{s.meetFront(ctx), s.meetStore(ctx)}
	if s.cleaner != nil {
		peers = append(peers, sli.Peer{Name: "cleanup", Why: "that would delete"})
	}
	return peers
}

func (s *Source) meetFront(ctx context.Context) sli.Peer {
	p := sli.Peer{Name: s.front.String()}
	r, ok := s.front.(*request)
	if !ok {
		p.Why = "that would send a record"
		return p
	}
	status, err := r.get(ctx)
	switch {
	case err != nil:
		p.Err = err
	case status >= http.StatusInternalServerError:
		p.Err = fmt.Errorf("%s: a GET of it was answered %d", r.place, status)
	default:
		p.Asked = fmt.Sprintf("can be reached: a GET of it was answered %d; no record was sent", status)
	}
	return p
}

func (s *Source) meetStore(ctx context.Context) sli.Peer {
	p := sli.Peer{Name: s.store.String()}
	if h, ok := s.store.(*httpStore); ok && h.method != http.MethodGet {
		p.Why = "what its " + h.method + " does isn't known here"
		return p
	}
	if _, err := s.store.look(ctx, sample); err != nil {
		p.Err = err
		return p
	}
	p.Asked = "answers"
	return p
}

// get asks for what the request is about, without sending it, and gives the status of the
// answer.
func (r *request) get(ctx context.Context) (status int, err error) {
	asking := *r
	asking.method, asking.body, asking.place = http.MethodGet, text{}, "GET"+strings.TrimPrefix(r.place, r.method)
	request, err := asking.build(ctx, sample)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", asking.place, err)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", asking.place, unreachable(ctx, err))
	}
	return answer.StatusCode, answer.Body.Close()
}
