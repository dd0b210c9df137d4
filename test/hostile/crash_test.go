//go:build unix

package hostile

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// reached names a file that is there once a program waits for what it asked.
const reached = "PIPELINE_SLI_TEST_REACHED"

// breaking is a source that breaks while another goroutine of it waits for an answer.
type breaking struct {
	config.Evidence
	aside bool // in a goroutine of its own, whose panic nobody can recover
}

func (b breaking) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	go func() { _, _ = b.Evidence.(sli.Source).Read(ctx, ask, cursor) }()
	for !exists(os.Getenv(reached)) {
		time.Sleep(time.Millisecond)
	}
	all, far := os.Environ(), 1<<20
	if !b.aside {
		return sli.Batch{}, errors.New(all[far])
	}
	go func() { all[far] = "" }()
	select {}
}

// breakSources puts sources that break in the place of all but those of the pipeline that works.
func breakSources(env *cli.Env, aside bool) {
	kinds := map[string]config.Kind{}
	for name, kind := range env.Kinds {
		kind.New = inPlace(kind.New, aside)
		kinds[name] = kind
	}
	env.Kinds = kinds
}

func inPlace[N any](make func(N, config.StageContext) (config.Evidence, error), aside bool) func(N, config.StageContext) (config.Evidence, error) {
	return func(n N, around config.StageContext) (config.Evidence, error) {
		e, err := make(n, around)
		if around.Pipeline == "hung" {
			e = breaking{e, aside}
		}
		return e, err
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// moment is what a program waits for when it crashes; arrived is called when it does.
type moment struct {
	name     string
	args     []string // nil: those of the metric program's ordinary run
	sends    bool     // it is no source that waits
	surround func(h *host, arrived func()) (pipeline string)
}

func moments(t *testing.T) []moment {
	var all []moment
	server := func(arrived func(), serve func(net.Conn)) string {
		return fault{serve: func(c net.Conn) {
			serve(c)
			arrived()
			silent(c)
		}}.listen(t)
	}
	for _, c := range clients {
		m := moment{name: c.name, sends: c.sends || c.fill, surround: func(h *host, arrived func()) string {
			return c.pipeline(h, "http", server(arrived, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }))
		}}
		if c.fill {
			m.args = []string{"budget", "fill", "--from-mackerel", "--host-id", "abc123"}
		}
		all = append(all, m)
	}
	for _, d := range databases {
		for messages := range 3 {
			all = append(all, moment{name: fmt.Sprintf("%s after %d messages", d.name, messages), surround: func(h *host, arrived func()) string {
				h.set("DB_PASSWORD=" + canary)
				return strings.Replace(onSQL, "%q", `"`+fmt.Sprintf(d.dsn, server(arrived, func(c net.Conn) { d.speak(c, messages) }))+`"`, 1)
			}})
		}
	}
	return append(all, moment{name: "a credential_process", surround: func(h *host, _ func()) string {
		h.helped(`printf '{"Version":1,"AccessKeyId":"` + canary + `","SecretAccessKey":"` + canary + "'\necho " + canary + " >&2\n: > " + h.path("reached") + "\nexec sleep 1000\n")
		return onAWS
	}})
}

// shown finds the canary in a text, and eight bytes of it as a number, as a trace writes words.
func shown(text string) string {
	if i := strings.Index(text, canary[:8]); i >= 0 {
		return text[max(0, i-100):min(len(text), i+100)]
	}
	for i := range len(canary) - 7 {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			if word := fmt.Sprintf("%x", order.Uint64([]byte(canary[i:]))); strings.Contains(text, word) {
				return word
			}
		}
	}
	return ""
}

// crash runs a program until it waits for what a moment is about, and gives what it said after
// what was then done to it.
func (m moment) crash(t *testing.T, as string, end func(*os.Process) error, set ...string) string {
	t.Helper()
	h := newHost(t)
	h.set(append(set, reached+"="+h.path("reached"))...)
	h.config(m.surround(h, func() { h.file("reached", "") }))
	process, said := h.start(as, append(m.args[:len(m.args):len(m.args)], "-t", (deadline+slack).String())...)
	for begun := time.Now(); !exists(h.path("reached")) && time.Since(begun) < slack; {
		time.Sleep(time.Millisecond)
	}
	if err := end(process); err != nil {
		t.Errorf("it is gone: %v", err)
	}
	text, _ := said()
	h.orphans()
	if s := shown(text + h.kept()); s != "" {
		t.Errorf("a secret is shown: …%s…", s)
	}
	return text
}

// orphans ends what a program that crashed couldn't.
func (h *host) orphans() {
	pids, _ := os.ReadFile(h.path("pids"))
	for pid := range strings.FieldsSeq(string(pids)) {
		if n, err := strconv.Atoi(pid); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
}

// TestACrashShowsNoSecret: whatever a program waits for when it is told to crash, with traces
// of all goroutines and registers.
func TestACrashShowsNoSecret(t *testing.T) {
	signals := []syscall.Signal{syscall.SIGQUIT, syscall.SIGABRT, syscall.SIGSEGV}
	traces := []string{"", "all", "system", "crash"}
	runs := 0
	for i, m := range moments(t) {
		for j, signal := range signals {
			for k, trace := range traces {
				if os.Getenv(every) == "" && (j != i%len(signals) || k != i%len(traces)) {
					continue
				}
				runs++
				t.Run(fmt.Sprintf("%s/%s/%s", m.name, signal, trace), func(t *testing.T) {
					t.Parallel()
					text := m.crash(t, "plugin", func(p *os.Process) error { return p.Signal(signal) }, "GOTRACEBACK="+trace)
					if !strings.Contains(text, "goroutine ") {
						t.Errorf("it didn't crash:\n%s", text)
					}
				})
			}
		}
	}
	t.Logf("%d runs", runs)
}

// TestAPanicShowsNoSecret: neither one that costs a pipeline nor one that ends the process.
func TestAPanicShowsNoSecret(t *testing.T) {
	for _, m := range moments(t) {
		if m.sends {
			continue
		}
		for as, says := range map[string]string{"broken": "internal error: runtime error: index out of range", "breaking": "goroutine "} {
			t.Run(m.name+"/"+as, func(t *testing.T) {
				t.Parallel()
				text := m.crash(t, as, func(*os.Process) error { return nil }, "GOTRACEBACK=all")
				if !strings.Contains(text, says) {
					t.Errorf("no %q in:\n%s", says, text)
				}
				if as == "broken" && !strings.Contains(text, programs[0].says) {
					t.Errorf("the rest isn't printed:\n%s", text)
				}
			})
		}
	}
}

// TestWhoRunsOutOfMemoryShowsNoSecret: with every amount of memory, from less than a start takes
// to more than a run does.
func TestWhoRunsOutOfMemoryShowsNoSecret(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("address space can't be bounded here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer s.Close()
	ran, out := 0, 0
	for kib := 256 << 10; kib < 8<<20; kib += kib / 16 {
		h := newHost(t)
		h.aws("http", strings.TrimPrefix(s.URL, "http://"))
		h.config(onAWS)
		cmd := exec.Command("/bin/sh", "-c", `ulimit -v "$0" && exec "$@"`, fmt.Sprint(kib), self, "--config", h.path("c.yaml"), "--state-dir", h.path("state"))
		cmd.Env = append(h.env, role+"=plugin", "GOTRACEBACK=all")
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		_ = cmd.Run() // how it ends is what varies
		text := said.String()
		if s := shown(text + h.kept()); s != "" {
			t.Errorf("%d KiB: a secret is shown: …%s…", kib, s)
		}
		if strings.Contains(text, "goroutine ") {
			out++
		}
		if strings.Contains(text, programs[0].says) {
			if ran++; ran == 3 {
				break
			}
		}
		t.Logf("%d KiB: %.60q", kib, text)
	}
	if out == 0 || ran == 0 {
		t.Errorf("%d crashed, %d ran to their end", out, ran)
	}
}

// TestWhatLibrariesLogIsNobodys: GODEBUG makes net/http write the headers of what it sends.
func TestWhatLibrariesLogIsNobodys(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	h := newHost(t)
	at := strings.TrimPrefix(s.URL, "https://")
	h.config(proving(fmt.Sprintf("{ http: { url: \"https://%s/\", headers: { Authorization: \"Bearer %s\" } } }", at, canary), "{ http: { url: \"https://"+at+"/\", json: { n: \"{{.Want}}\" } } }"))
	h.set("GODEBUG=http2debug=2", "SSL_CERT_FILE="+h.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))))
	_, end := h.start("plugin")
	text, _ := end()
	if i := strings.Index(text, canary); i >= 0 {
		t.Errorf("a secret is shown: %s", text[max(0, i-100):min(len(text), i+20)])
	}
	if !strings.Contains(text, "403") {
		t.Errorf("nothing was sent:\n%s", text)
	}
}
