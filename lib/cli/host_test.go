package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// host is a directory with a log, a configuration and a state, and a clock.
type host struct {
	t   *testing.T
	dir string
	now time.Time
	env map[string]string
}

// answer is what a program said.
type answer struct {
	out, complaints string
	code            int
}

func newHost(t *testing.T) *host {
	return &host{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 22, 11, 40, 12, 0, time.UTC), env: map[string]string{}}
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) file(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// config writes c.yaml; LOG in it is the log's path.
func (h *host) config(text string) {
	h.t.Helper()
	h.file("c.yaml", strings.ReplaceAll(text, "LOG", strconv.Quote(h.path("access.log"))))
}

const minimal = `pipelines:
- name: video
  metrics: full
  stages: [{ name: front, access_log: { path: LOG } }]
  slis: { availability: { target: 99.9 }, latency: { threshold: 500ms, target: 99 } }
`

// steady is a log of one good request a second for ten minutes up to now, but for
// one slow and one failed one a minute.
func (h *host) steady() string {
	var b strings.Builder
	for at := h.now.Add(-10 * time.Minute); at.Before(h.now); at = at.Add(time.Second) {
		status, took := "200", "0.100"
		switch at.Second() {
		case 10:
			status = "503"
		case 20:
			took = "0.900"
		}
		b.WriteString("time:" + at.Format(time.RFC3339) + "\tmethod:POST\turi:/v\tstatus:" + status + "\treqtime:" + took + "\n")
	}
	return b.String()
}

func (h *host) environment(args []string, out, complaints *bytes.Buffer) cli.Env {
	env := cli.Env{
		Context: context.Background(),
		Args:    args,
		Getenv:  func(name string) (string, bool) { v, ok := h.env[name]; return v, ok },
		Stdin:   strings.NewReader(""),
		Stdout:  out,
		Stderr:  complaints,
		Now:     func() time.Time { return h.now },
		Zone:    time.UTC,
		UID:     os.Getuid(),
	}
	builtin.Into(&env)
	return env
}

// plugin runs the metric program on this host.
func (h *host) plugin(args ...string) answer { return h.run(cli.Main, args) }

// check runs the check on this host.
func (h *host) check(args ...string) answer { return h.run(cli.Check, args) }

func (h *host) run(main func(cli.Env) int, args []string) answer {
	h.t.Helper()
	if _, err := os.Stat(h.path("c.yaml")); err == nil {
		args = append([]string{"--config", h.path("c.yaml")}, args...)
	}
	args = append([]string{"--state-dir", h.path("state")}, args...)
	var out, complaints bytes.Buffer
	a := answer{code: main(h.environment(args, &out, &complaints))}
	a.out, a.complaints = out.String(), complaints.String()
	for _, text := range []string{a.out, a.complaints} {
		harmless(h.t, text)
	}
	return a
}

// harmless is text that no terminal obeys.
func harmless(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("invalid UTF-8 was printed: %.300q", text)
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && r < ' ' || 0x7f <= r && r < 0xa0 {
			t.Errorf("a control character was printed: %q in %.300q", r, text)
			return
		}
	}
	if strings.Contains(text, "internal error") || strings.Contains(text, "goroutine") {
		t.Errorf("a panic: %.2000s", text)
	}
}
