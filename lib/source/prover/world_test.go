package prover_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// secret stands wherever a login does; it may show up nowhere.
const secret = "hunter2-do-not-tell"

// fate is what the pipeline does with a record.
type fate struct {
	status  int // of the front's answer, 0: 200
	delay   time.Duration
	lost    bool
	wrong   bool
	applied int // times, 0: once
}

// sent is a record that reached the front.
type sent struct {
	id    string
	n     int64
	agent string
	at    time.Time
	fate  fate
}

func (s sent) visible(at time.Time) bool { return !s.fate.lost && !at.Before(s.at.Add(s.fate.delay)) }

// world is a pipeline behind HTTP, a host with the programs, and a clock for all.
type world struct {
	t   *testing.T
	dir string
	url string

	mu      sync.Mutex
	now     time.Time
	fate    func(id string) fate
	records []sent
	deletes []string
	down    bool // the store
	tells   bool // the store says when a record became visible
	looks   int
	answer  http.HandlerFunc  // instead of the store's
	on      func()            // called when a record arrives
	prover  string            // further keys
	inject  string            // instead of the HTTP front
	expect  string            // instead of the HTTP store
	forward func(body []byte) // what the front does with a record it takes
	trap    *trap
	host    string // which of several hosts runs
}

// trap keeps connections from the server when it is set.
type trap struct {
	net.Listener
	caught atomic.Pointer[chan net.Conn]
}

func (t *trap) Accept() (net.Conn, error) {
	for {
		c, err := t.Listener.Accept()
		into := t.caught.Load()
		if err != nil || into == nil {
			return c, err
		}
		*into <- c
	}
}

var start = time.Date(2026, 11, 22, 11, 40, 12, 0, time.UTC)

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), now: start, fate: func(string) fate { return fate{delay: 5 * time.Second} }}
	server := httptest.NewUnstartedServer(w)
	w.trap = &trap{Listener: server.Listener}
	server.Listener = w.trap
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	w.log("")
	return w
}

// at is the clock.
func (w *world) at() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) log(line string) {
	f, err := os.OpenFile(filepath.Join(w.dir, "access.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(line)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		w.t.Error(err)
	}
}

// ServeHTTP is the front and the store.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+secret {
		rw.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.Method {
	case http.MethodPost:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.t.Error(err)
		}
		in := w.decode(body)
		f := w.fate(in.ID)
		if w.on != nil {
			w.on()
		}
		if f.status == 0 {
			f.status = http.StatusOK
		}
		if f.status == http.StatusOK && w.forward != nil {
			w.forward(body)
		}
		w.records = append(w.records, sent{in.ID, in.N, r.UserAgent(), w.now, f})
		w.log(fmt.Sprintf("time:%s\tmethod:POST\turi:/videos\tstatus:%d\treqtime:0.010\tua:%s\n", w.now.Format(time.RFC3339), f.status, r.UserAgent()))
		rw.WriteHeader(f.status)
	case http.MethodDelete:
		w.deletes = append(w.deletes, filepath.Base(r.URL.Path))
	default:
		w.looks++
		if w.answer != nil {
			w.answer(rw, r)
			return
		}
		w.store(rw, filepath.Base(r.URL.Path))
	}
}

// record is what the prover of world's configuration sends.
type record struct {
	ID string
	N  int64
}

func (w *world) decode(body []byte) (r record) {
	if err := json.Unmarshal(body, &r); err != nil {
		w.t.Error(err)
	}
	return r
}

func (w *world) store(rw http.ResponseWriter, id string) {
	if w.down {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	i := slices.IndexFunc(w.records, func(s sent) bool { return s.id == id })
	if i < 0 || !w.records[i].visible(w.now) {
		http.NotFound(rw, nil)
		return
	}
	s := w.records[i]
	square := s.n * s.n
	if s.fate.wrong {
		square++
	}
	out := map[string]any{"square": square, "applied": max(1, s.fate.applied)}
	if w.tells {
		out["processed_at"] = s.at.Add(s.fate.delay).Format(time.RFC3339Nano)
	}
	if err := json.NewEncoder(rw).Encode(map[string]any{"video": out}); err != nil {
		w.t.Error(err)
	}
}

func (w *world) config() string {
	inject, expect := w.inject, w.expect
	if inject == "" {
		inject = fmt.Sprintf(`http: { url: "%s/videos?key=${SECRET}", headers: { Authorization: "Bearer ${SECRET}" }, body: '{"id":"{{.ID}}","n":{{.N}}}' }`, w.url)
	}
	if expect == "" {
		expect = fmt.Sprintf(`http: { url: "%s/videos/{{.ID}}", headers: { Authorization: "Bearer ${SECRET}" }, json: { video.square: "{{.Want}}" } }`, w.url)
	}
	return fmt.Sprintf(`pipelines:
- name: video
  metrics: full
  stages:
  - name: front
    access_log: { path: %q, format: ltsv, settle: 10s }
  slis:
    availability: { target: 99.9 }
    freshness: { threshold: 90s, target: 99, from: prover }
    correctness: { target: 99 }
  prover:
    inject: { %s }
    expect: { %s }
    want: "{{mul .N .N}}"
%s
`, filepath.Join(w.dir, "access.log"), inject, expect, w.prover)
}

func (w *world) state() string { return filepath.Join(w.dir, "state"+w.host) }

// printed is what a run printed.
type printed struct {
	code        int
	out, doubts string
}

// env is the host as the programs see it.
func (w *world) env(out, doubts *bytes.Buffer, args ...string) cli.Env {
	path := filepath.Join(w.dir, "pipeline-sli.yaml")
	if err := os.WriteFile(path, []byte(w.config()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	env := cli.Env{
		Context: context.Background(),
		Args:    append(args, "--config", path, "--state-dir", w.state()),
		Getenv: func(name string) (string, bool) {
			switch name {
			case "SECRET":
				return secret, true
			case "MACKEREL_AGENT_PLUGIN_META":
				return "", true
			case "DB_PASSWORD":
				return os.LookupEnv(name)
			}
			return "", false
		},
		Stdin: strings.NewReader(""), Stdout: out, Stderr: doubts,
		Now: w.at, Zone: time.UTC, UID: os.Getuid(),
	}
	builtin.Into(&env)
	return env
}

func (w *world) run(main func(cli.Env) int, args ...string) printed {
	w.t.Helper()
	var out, doubts bytes.Buffer
	p := printed{code: main(w.env(&out, &doubts, args...))}
	p.out, p.doubts = out.String(), doubts.String()
	w.discreet(p.out + p.doubts)
	return p
}

// discreet fails the test where the secret is told, there or in the state.
func (w *world) discreet(text string) {
	w.t.Helper()
	state, err := os.ReadFile(filepath.Join(w.state(), "state.db"))
	if err != nil {
		state = nil // there is none
	}
	if strings.Contains(text, secret) || bytes.Contains(state, []byte(secret)) {
		w.t.Errorf("the secret is told:\n%s", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x9b }); i >= 0 {
		w.t.Errorf("a control character is printed: %q", text[max(0, i-20):min(len(text), i+20)])
	}
}

// metrics runs the metric program as the agent does.
func (w *world) metric(args ...string) printed { return w.run(cli.Main, args...) }

// step lets time pass.
func (w *world) step(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// values are the metrics of the run, by name without prefix and pipeline.
func (p printed) values() map[string]float64 {
	out := map[string]float64{}
	for line := range strings.Lines(p.out) {
		name, rest, _ := strings.Cut(line, "\t")
		value, _, _ := strings.Cut(rest, "\t")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			name = strings.TrimPrefix(name, "pipeline-sli.")
			out[strings.Replace(name, ".video.", ".", 1)] = v
		}
	}
	return out
}

// sums adds the counts that points hold.
type sums map[string]float64

func (s sums) take(p printed) {
	for name, v := range p.values() {
		if strings.HasPrefix(name, "prover.") || strings.HasPrefix(name, "events.") {
			s[name] += v
		}
	}
}
