//go:build unix

package hostile

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// host is a directory with the log of a pipeline that works, v, and a second pipeline
// whose source hangs.
type host struct {
	t   *testing.T
	dir string
	env []string
}

const (
	// deadline is the runs'.
	deadline = time.Second
	// slack is how much later a run may end on a machine that is busy with tests; on an
	// idle one it is half a second.
	slack = 5 * time.Second
)

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) file(name, text string) string {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o700); err != nil {
		h.t.Fatal(err)
	}
	return h.path(name)
}

// fifo is a file that blocks whoever reads it.
func (h *host) fifo(name string) string {
	h.t.Helper()
	if err := syscall.Mkfifo(h.path(name), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return h.path(name)
}

// silent is a server that accepts, sends what it is told, drop by drop, and never
// comes to an end.
func (h *host) silent(drip string) string {
	h.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for i := 0; ; i++ {
					text := "x"
					if i < len(drip) {
						text = drip[i : i+1]
					}
					if drip != "" {
						if _, err := c.Write([]byte(text)); err != nil {
							return
						}
					}
					if i >= len(drip) {
						time.Sleep(50 * time.Millisecond)
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

const (
	onAWS = `
- name: hung
  aws: { region: eu-west-1 }
  stages: [ { name: in, kinesis: { stream: ev } }, { name: worker, lambda: { function: f } } ]
  slis: { freshness: { threshold: 60s, target: 99 } }`
	onSQL = `
- name: hung
  stages: [ { name: store, sql: { dsn: %q, query: "SELECT updated_at FROM t" } } ]
  slis: { freshness: { threshold: 60s, target: 99 } }`
	onHTTP = `
- name: hung
  stages: [ { name: front, access_log: { path: DIR/a.log } } ]
  slis: { correctness: { target: 99 } }
  check: { sli: [correctness], critical_ratio: 90 }
  prover:
    inject: { http: { url: "http://%[1]s/", body: '{"id":"{{.ID}}"}' } }
    expect: { http: { url: "http://%[1]s/{{.ID}}", json: { n: "{{.Want}}" } } }
    want: "{{mul .N .N}}"`
	onLog = `
- name: hung
  stages: [ { name: front, access_log: { path: %s } } ]
  slis: { availability: { target: 99 } }
  check: { sli: [availability], critical_ratio: 90 }`
)

// keys are credentials, so that a service itself is asked.
func (h *host) keys() {
	h.env = append(h.env, "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
}

// helped is a configuration of AWS whose credentials come from a program.
func (h *host) helped(program string) {
	helper := h.file("helper", "#!/bin/sh\necho $$ >> "+h.path("pids")+"\n"+program)
	h.env = append(h.env, "AWS_CONFIG_FILE="+h.file("config", "[default]\nregion = eu-west-1\ncredential_process = "+helper+"\n"), "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
}

// surroundings are what hangs, by name; each returns the hung pipeline.
var surroundings = map[string]func(h *host) string{
	"a log that is a FIFO":               func(h *host) string { return fmt.Sprintf(onLog, h.fifo("log")) },
	"a log that is a directory":          func(h *host) string { return fmt.Sprintf(onLog, h.dir) },
	"a log that is a device without end": func(h *host) string { return fmt.Sprintf(onLog, "/dev/zero") },
	"a log that is nobody's":             func(h *host) string { return fmt.Sprintf(onLog, "/proc/self/mem") },
	"a log that is a link to itself": func(h *host) string {
		if err := os.Symlink(h.path("log"), h.path("log")); err != nil {
			h.t.Fatal(err)
		}
		return fmt.Sprintf(onLog, h.path("log"))
	},
	"a FIFO whose writer has stopped": func(h *host) string {
		f, err := os.OpenFile(h.fifo("log"), os.O_RDWR, 0) // both ends, so that it opens
		if err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { f.Close() })
		if _, err := f.WriteString("time:2026-01-01T00:00:00Z\tsta"); err != nil {
			h.t.Fatal(err)
		}
		return fmt.Sprintf(onLog, h.path("log"))
	},
	"AWS files that are directories": func(h *host) string {
		h.env = append(h.env, "AWS_CONFIG_FILE="+h.dir, "AWS_SHARED_CREDENTIALS_FILE="+h.dir)
		return onAWS
	},
	"AWS_CONFIG_FILE": func(h *host) string {
		h.env = append(h.env, "AWS_CONFIG_FILE="+h.fifo("f"))
		return onAWS
	},
	"AWS_SHARED_CREDENTIALS_FILE": func(h *host) string {
		h.env = append(h.env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE="+h.fifo("f"))
		return onAWS
	},
	"AWS_CA_BUNDLE": func(h *host) string {
		h.keys()
		h.env = append(h.env, "AWS_CA_BUNDLE="+h.fifo("f"))
		return onAWS
	},
	"AWS_WEB_IDENTITY_TOKEN_FILE": func(h *host) string {
		h.env = append(h.env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
			"AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE="+h.fifo("f"))
		return onAWS
	},
	"a credential_process": func(h *host) string {
		h.helped("trap '' TERM INT HUP\nwhile :; do sleep 1; done\n")
		return onAWS
	},
	"children of a credential_process": func(h *host) string {
		h.helped("(trap '' TERM; echo $$ >/dev/null; sleep 1000) &\nsh -c 'echo $$ >> " + h.path("pids") + "; exec sleep 1000' &\nwait\n")
		return onAWS
	},
	"what left a credential_process's session": func(h *host) string {
		if _, err := exec.LookPath("setsid"); err != nil || runtime.GOOS != "linux" {
			h.t.Skip("no setsid, or nobody who gives orphans away")
		}
		stay := h.file("stay", "#!/bin/sh\necho $$ >> "+h.path("pids")+"\ntrap '' TERM HUP\nexec sleep 1000\n")
		h.helped("setsid " + stay + " &\n" + // holds the helper's output open
			"env -i setsid " + stay + " >/dev/null 2>&1 &\n" +
			"(setsid setsid " + stay + " >/dev/null 2>&1 &)\n" +
			"setsid sh -c 'setsid " + stay + " & sleep 0.1' >/dev/null 2>&1\nsleep 0.2\n")
		return onAWS
	},
	"what a credential_process left behind": func(h *host) string {
		h.helped("sh -c 'echo $$ >> " + h.path("pids") + "; exec sleep 1000' &\n")
		return onAWS
	},
	"an AWS endpoint that says nothing": func(h *host) string {
		h.keys()
		h.env = append(h.env, "AWS_ENDPOINT_URL=http://"+h.silent(""))
		return onAWS
	},
	"an AWS endpoint that shakes no hands": func(h *host) string {
		h.keys()
		h.env = append(h.env, "AWS_ENDPOINT_URL=https://"+h.silent(""))
		return onAWS
	},
	"an AWS endpoint whose header has no end": func(h *host) string {
		h.keys()
		h.env = append(h.env, "AWS_ENDPOINT_URL=http://"+h.silent("HTTP/1.1 200 OK\r\nX: "))
		return onAWS
	},
	"an AWS endpoint whose body has no end": func(h *host) string {
		h.keys()
		h.env = append(h.env, "AWS_ENDPOINT_URL=http://"+h.silent("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"))
		return onAWS
	},
	"a file of exclusions": func(h *host) string {
		return fmt.Sprintf(onLog, h.path("a.log")) + "\n  exclude_file: " + h.fifo("f")
	},
	"a PostgreSQL that says nothing": func(h *host) string {
		return fmt.Sprintf(onSQL, "postgres://app@"+h.silent("")+"/app?sslmode=disable")
	},
	"a PostgreSQL's sslrootcert": func(h *host) string {
		return fmt.Sprintf(onSQL, "postgres://app@127.0.0.1:9/app?sslmode=verify-full&sslrootcert="+h.fifo("f"))
	},
	"a PostgreSQL's sslcert and sslkey": func(h *host) string {
		return fmt.Sprintf(onSQL, "host=127.0.0.1 port=9 user=app dbname=app sslcert="+h.fifo("f")+" sslkey="+h.fifo("g"))
	},
	"PGSSLROOTCERT": func(h *host) string {
		h.env = append(h.env, "PGSSLROOTCERT="+h.fifo("f"))
		return fmt.Sprintf(onSQL, "postgres://app@127.0.0.1:9/app")
	},
	"PGPASSFILE": func(h *host) string {
		h.env = append(h.env, "PGPASSFILE="+h.fifo("f"))
		return fmt.Sprintf(onSQL, "postgres://app@127.0.0.1:9/app")
	},
	"PGSERVICEFILE": func(h *host) string {
		h.env = append(h.env, "PGSERVICEFILE="+h.fifo("f"))
		return fmt.Sprintf(onSQL, "host='' service=db")
	},
	"PGPASSFILE of a prover's store": func(h *host) string {
		h.env = append(h.env, "PGPASSFILE="+h.fifo("f"))
		return strings.Replace(fmt.Sprintf(onHTTP, "127.0.0.1:9"), `http: { url: "http://127.0.0.1:9/{{.ID}}", json: { n: "{{.Want}}" } }`,
			`sql: { dsn: "postgres://app@127.0.0.1:9/app", query: "SELECT n FROM t WHERE id = '{{.ID}}'" }`, 1)
	},
	"a MySQL that says nothing":          func(h *host) string { return fmt.Sprintf(onSQL, "app@tcp("+h.silent("")+")/app") },
	"a MySQL that drips":                 func(h *host) string { return fmt.Sprintf(onSQL, "app@tcp("+h.silent("\x40\x00\x00")+")/app") },
	"a prover's front that says nothing": func(h *host) string { return fmt.Sprintf(onHTTP, h.silent("")) },
	"a prover's front that drips": func(h *host) string {
		return fmt.Sprintf(onHTTP, h.silent("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"))
	},
}

func newHost(t *testing.T) *host {
	h := &host{t: t, dir: t.TempDir(), env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TZ=UTC", "MACKEREL_AGENT_PLUGIN_META=", "AWS_EC2_METADATA_DISABLED=true"}}
	var log strings.Builder
	for ago := 15 * time.Minute; ago > 0; ago -= 10 * time.Second {
		fmt.Fprintf(&log, "time:%s\tmethod:GET\turi:/\tstatus:200\n", time.Now().Add(-ago).UTC().Format(time.RFC3339))
	}
	h.file("a.log", log.String())
	return h
}

func (h *host) config(hung string) {
	h.file("c.yaml", strings.ReplaceAll(`pipelines:
- name: v
  stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv } } ]
  slis: { availability: { target: 99 } }
  check: { sli: [availability], critical_ratio: 90 }`+hung+"\n", "DIR", h.dir))
}

// programs are what is run, with what each must say of the pipeline that works.
var programs = []struct {
	role string
	args []string
	says string
}{
	{"plugin", nil, "pipeline-sli.sli.v.availability\t100\t"},
	{"plugin", []string{"explain", "--json"}, `"ratio": 1,`},
	{"plugin", []string{"doctor"}, "ok     v availability: 100%"},
	{"check", nil, "PipelineFreshness UNKNOWN: hung: "},
}

// start runs a program; what it says and when it ends, all its output closed, comes
// from the function it returns.
func (h *host) start(as string, args ...string) (*os.Process, func() (string, time.Duration)) {
	h.t.Helper()
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{"--config", h.path("c.yaml"), "--state-dir", h.path("state")}, args...)...)
	cmd.Env = append(h.env, role+"="+as)
	var out bytes.Buffer // a buffer: Wait waits for the end of the output, whoever holds it
	cmd.Stdout, cmd.Stderr = &out, &out
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	ended := make(chan time.Duration, 1)
	go func() {
		_ = cmd.Wait() // the exit code is other tests' affair
		ended <- time.Since(begun)
	}()
	return cmd.Process, func() (string, time.Duration) {
		select {
		case took := <-ended:
			return out.String(), took
		case <-time.After(deadline + slack):
			_ = cmd.Process.Kill()
			h.t.Errorf("%s %v: still there after %s", as, args, deadline+slack)
			return "", deadline + slack
		}
	}
}

// dying is how long a busy machine may take to carry a kill out.
const dying = 3 * time.Second

// alone finds processes that the helper noted and that are still there.
func (h *host) alone() {
	h.t.Helper()
	text, err := os.ReadFile(h.path("pids"))
	if err != nil {
		return
	}
	for pid := range strings.FieldsSeq(string(text)) {
		var status []byte
		lives := func() bool {
			status, err = os.ReadFile("/proc/" + pid + "/stat")
			return err == nil && !strings.Contains(string(status), ") Z ")
		}
		for begun := time.Now(); lives(); time.Sleep(10 * time.Millisecond) {
			if time.Since(begun) > dying {
				h.t.Errorf("process %s lives on: %s", pid, status)
				break
			}
		}
	}
}

// each runs all programs at once, each on a host of its own, and looks at what they
// said and left behind.
func each(t *testing.T, surround func(*host) string, run func(h *host, as string, args []string) (string, time.Duration)) {
	var all sync.WaitGroup
	for _, p := range programs {
		h := newHost(t)
		h.config(surround(h))
		all.Go(func() {
			out, took := run(h, p.role, p.args)
			if took > deadline+500*time.Millisecond {
				t.Logf("%s %v took %s", p.role, p.args, took)
			}
			if !strings.Contains(out, p.says) {
				t.Errorf("%s %v: no %q in:\n%s", p.role, p.args, p.says, out)
			}
			h.alone()
		})
	}
	all.Wait()
}

func TestWhateverHangsTheRestIsPrintedByTheDeadline(t *testing.T) {
	for name, surround := range surroundings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, surround, func(h *host, as string, args []string) (string, time.Duration) {
				_, end := h.start(as, append(args[:len(args):len(args)], "-t", deadline.String())...)
				return end()
			})
		})
	}
}

func TestSIGTERMEndsARunThatHangs(t *testing.T) {
	for _, name := range []string{"AWS_CONFIG_FILE", "a credential_process", "a PostgreSQL that says nothing", "an AWS endpoint that says nothing"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, surroundings[name], func(h *host, as string, args []string) (string, time.Duration) {
				process, end := h.start(as, args...)
				time.Sleep(deadline)
				if err := process.Signal(syscall.SIGTERM); err != nil {
					t.Errorf("%s %v didn't hang: %v", as, args, err)
				}
				return end()
			})
		})
	}
}

// TestWhatIsToldOfThePastIsPrintedThoughASourceHangs: of what the state has and of what it
// hasn't, beside a pipeline, and a stage of the same pipeline, that hangs.
func TestWhatIsToldOfThePastIsPrintedThoughASourceHangs(t *testing.T) {
	for name, surround := range map[string]func(h *host) string{
		"a log that is a FIFO": surroundings["a log that is a FIFO"],
		"AWS_CONFIG_FILE":      surroundings["AWS_CONFIG_FILE"],
		"a stage beside it": func(h *host) string {
			return fmt.Sprintf(`
- name: w
  stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv } }, { name: store, sql: { dsn: %q, query: "SELECT updated_at FROM t" } } ]
  slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 } }`, "postgres://app@"+h.silent("")+"/app?sslmode=disable")
		},
	} {
		for _, c := range []struct {
			kept bool
			args []string
			says string
		}{
			{false, []string{"export", "--from", "-12m", "--to", "-0m"}, "pipeline-sli.events.v.availability_valid\t6\t"},
			{true, []string{"export", "--from", "-12m", "--to", "-0m"}, "pipeline-sli.events.v.availability_valid\t6\t"},
			{false, []string{"--at", "-2m", "explain", "--json"}, `"valid": 30,`},
			{true, []string{"--at", "-2m", "explain", "--json"}, `"valid": 30,`},
		} {
			t.Run(fmt.Sprintf("%s/%s/kept=%v", name, strings.Join(c.args[:3], " "), c.kept), func(t *testing.T) {
				t.Parallel()
				h := newHost(t)
				if c.kept { // by a run without what hangs
					h.config("")
					_, end := h.start("plugin")
					end()
				}
				h.config(surround(h))
				_, end := h.start("plugin", append(c.args[:len(c.args):len(c.args)], "-t", deadline.String())...)
				out, took := end()
				if took > deadline+500*time.Millisecond {
					t.Logf("took %s", took)
				}
				want := []string{c.says}
				if strings.Contains(name, "beside") && c.args[0] == "export" {
					want = append(want, "pipeline-sli.events.w.availability_valid\t6\t")
				}
				for _, says := range want {
					if !strings.Contains(out, says) {
						t.Errorf("no %q in:\n%s", says, out)
					}
				}
			})
		}
	}
}
