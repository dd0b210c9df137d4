package prover

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// maxHeader bounds the header of an answer, in bytes.
	maxHeader = 64 << 10
)

// httpRequest is a request as the file spells it.
type httpRequest struct {
	Method  string            `yaml:"method" pattern:"[A-Z]+" doc:"the method" otherwise:"POST to send, GET to look, DELETE to clean up"`
	URL     string            `yaml:"url" required:"true" secret:"true" doc:"where to; a template"`
	Headers map[string]string `yaml:"headers" secret:"true" doc:"further headers; templates"`
	Body    string            `yaml:"body" secret:"true" doc:"what is sent; a template"`
}

type httpExpect struct {
	httpRequest
	JSON map[string]string `yaml:"json" required:"true" secret:"true" doc:"dotted paths into the answer with the values they must have; templates"`
}

// client is what all requests go through: no redirects, since the answer would be
// another's and the headers would travel there, and no connection kept, since a broken
// one would make the transport send twice.
func client() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	transport.MaxResponseHeaderBytes = maxHeader
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// request is a request whose templates are read.
type request struct {
	client  *http.Client
	method  string
	url     text
	place   string // as messages show it
	headers map[string]text
	body    text
}

func (o httpRequest) request(n *section.Node, method string) (*request, error) {
	r := &request{client: client(), method: method, headers: map[string]text{}}
	if o.Method != "" {
		r.method = o.Method
	}
	var errs []error
	template := func(key, source string) text {
		t, err := parseText(source)
		if err != nil {
			errs = append(errs, hidden(n, key, err))
		}
		return t
	}
	r.url, r.body = template("url", o.URL), template("body", o.Body)
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		if !headerName(name) {
			errs = append(errs, hidden(n, "headers", errors.New("holds what is no header's name")))
			continue
		}
		if strings.EqualFold(name, "User-Agent") {
			errs = append(errs, hidden(n, "headers", errors.New("may not set User-Agent: it marks the prover's requests")))
		}
		r.headers[name] = template("headers", o.Headers[name])
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	sample, err := r.build(context.Background(), sample)
	if err != nil {
		return nil, hidden(n, "url", err)
	}
	r.place = r.method + " " + sample.URL.Scheme + "://" + sample.URL.Host
	return r, nil
}

// headerName tells whether a header may have that name (RFC 9110, 5.1).
func headerName(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// hidden is an error at a key whose value isn't shown.
func hidden(n *section.Node, key string, err error) error {
	at, ok := n.Get(key)
	if !ok {
		at = n
	}
	e := at.Errorf("", "%v", err)
	e.Got = ""
	return e
}

// build makes the request of a record.
func (r *request) build(ctx context.Context, v values) (*http.Request, error) {
	address, err := r.url.expand(v)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("must be an http:// or https:// URL")
	}
	body, err := r.body.expand(v)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, r.method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, errors.New("is no request")
	}
	for name, t := range r.headers {
		value, err := t.expand(v)
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(name, "Host") {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", sli.ProverMarker)
	return request, nil
}

// do makes the request. The body of the answer is the caller's to close.
func (r *request) do(ctx context.Context, v values) (*http.Response, error) {
	request, err := r.build(ctx, v)
	if err != nil {
		return nil, ownFault{fmt.Errorf("%s: %w", r.place, err)}
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.place, unreachable(ctx, err))
	}
	return answer, nil
}

// unreachable says why there was no answer, without the URL, which may hold a secret,
// and without anything the other side wrote, which may repeat one.
func unreachable(ctx context.Context, err error) error {
	var timeout net.Error
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil: // which limit it was is the context's to tell
		return context.Cause(ctx)
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.As(err, &certificate):
		return errors.New("the certificate can't be verified: " + awsconf.Plain(certificate.Err.Error()))
	case errors.As(err, &network):
		return errors.New(awsconf.Plain(network.Error()))
	}
	return errors.New("what answers there speaks no HTTP, or broke off")
}

// send makes the request; 2xx is an acceptance, whatever the answer says besides. A
// redirection and 4xx say that the request was wrong, not that the front fails.
func (r *request) send(ctx context.Context, v values) error {
	answer, err := r.do(ctx, v)
	if err != nil {
		return err
	}
	_ = answer.Body.Close() // nobody reads it
	switch status := answer.StatusCode; {
	case status >= 200 && status <= 299:
		return nil
	case status >= 300 && status <= 499:
		return ownFault{fmt.Errorf("%s: answered %d; check url, headers and body", r.place, status)}
	default:
		return fmt.Errorf("%s: answered %d", r.place, status)
	}
}

func (r *request) String() string { return r.place }

// httpStore looks into JSON that is served over HTTP.
type httpStore struct {
	*request
	values map[string]text
	fields fields
}

// fields are the optional fields beside the answer.
type fields struct{ visibleAt, applied string }

func (o httpExpect) store(n *section.Node, f fields) (*httpStore, error) {
	r, err := o.request(n, http.MethodGet)
	if err != nil {
		return nil, err
	}
	s := &httpStore{request: r, fields: f}
	s.values, err = texts(n, "json", o.JSON)
	return s, err
}

// texts reads the templates of a map.
func texts(n *section.Node, key string, from map[string]string) (map[string]text, error) {
	out := map[string]text{}
	for name, source := range from {
		t, err := parseText(source)
		if err == nil {
			_, err = t.expand(sample)
		}
		if err != nil {
			return nil, hidden(n, key, err)
		}
		out[name] = t
	}
	return out, nil
}

// ask makes the request and gives status and body of the answer.
func (s *httpStore) ask(ctx context.Context, v values) (int, []byte, error) {
	answer, err := s.do(ctx, v)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("%s: %w", s.place, unreachable(ctx, err))
	case len(body) > maxAnswer:
		return 0, nil, fmt.Errorf("%s: the answer is longer than %d bytes", s.place, maxAnswer)
	}
	return answer.StatusCode, body, nil
}

// look: 404, 410, an empty answer, or none of the paths in it: not there yet.
func (s *httpStore) look(ctx context.Context, v values) (answer, error) {
	status, body, err := s.ask(ctx, v)
	switch {
	case err != nil:
		return answer{}, err
	case status == http.StatusNotFound || status == http.StatusGone || status == http.StatusNoContent:
		return answer{}, nil
	case status != http.StatusOK:
		return answer{}, fmt.Errorf("%s: answered %d", s.place, status)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return answer{}, fmt.Errorf("%s: the answer is no JSON", s.place)
	}
	a := answer{right: true}
	for path, t := range s.values {
		want, err := t.expand(v)
		if err != nil {
			return answer{}, err
		}
		value, ok := walk(document, path)
		a.found = a.found || ok
		a.right = a.right && sameJSON(value, want)
	}
	a.right = a.right && a.found
	if value, ok := walk(document, s.fields.visibleAt); ok {
		a.visible = instant(scalar(value))
	}
	if value, ok := walk(document, s.fields.applied); ok {
		a.applied = count(scalar(value))
	}
	return a, nil
}

// sees tells whether a second application of a record shows.
func (s *httpStore) sees() bool { return s.fields.applied != "" }
