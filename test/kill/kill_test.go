package kill

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/test/clocked"
	"mackerel-plugin-pipeline-sli/test/points"
)

// host is a directory with a log, its writer, a configuration and a state, a clock,
// and all that any run has printed.
type host struct {
	t      *testing.T
	dir    string
	now    int64
	random *rand.Rand
	older  int

	mu    sync.Mutex
	lines map[int64]int64 // complete lines by minute
	total int

	book  points.Book
	kills int
}

func newHost(t *testing.T) *host {
	h := &host{t: t, dir: t.TempDir(), now: 1_795_347_612, random: rand.New(rand.NewPCG(7, 7)), lines: map[int64]int64{}}
	config := fmt.Sprintf(`pipelines:
- name: video
  metrics: [events, measure]
  stages: [{ name: front, access_log: { path: %q, format: ltsv } }]
  slis: { availability: { target: 99.9 }, latency: { threshold: 500ms, target: 99 } }
`, h.log())
	if err := os.WriteFile(filepath.Join(h.dir, "c.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	h.write(h.now-3600, 1)
	return h
}

func (h *host) log() string { return filepath.Join(h.dir, "access.log") }

// write appends n lines of a time, in pieces that end anywhere.
func (h *host) write(at int64, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var text bytes.Buffer
	for range n {
		h.total++
		fmt.Fprintf(&text, "time:%s\tmethod:POST\turi:/v/%d\tstatus:200\treqtime:0.100\n", time.Unix(at, 0).UTC().Format(time.RFC3339), h.total)
	}
	f, err := os.OpenFile(h.log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer f.Close()
	cut := h.random.IntN(text.Len())
	_, err1 := f.Write(text.Bytes()[:cut])
	_, err2 := f.Write(text.Bytes()[cut:])
	if err := errors.Join(err1, err2); err != nil {
		h.t.Error(err)
	}
	h.lines[at/60] += int64(n)
}

// rotate renames the log and its generations, as logrotate does.
func (h *host) rotate() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := h.older; i >= 0; i-- {
		from := h.log()
		if i > 0 {
			from += "." + strconv.Itoa(i)
		}
		if err := os.Rename(from, h.log()+"."+strconv.Itoa(i+1)); err != nil {
			h.t.Error(err)
		}
	}
	h.older++
}

// start begins a run as the agent does, and returns what ends it.
func (h *host) start() (*exec.Cmd, func()) {
	h.t.Helper()
	cmd := exec.Command(os.Args[0], "--config", filepath.Join(h.dir, "c.yaml"), "--state-dir", filepath.Join(h.dir, "state"))
	cmd.Env = append(os.Environ(), "MACKEREL_AGENT_PLUGIN_META=", clocked.Now+"="+strconv.FormatInt(h.now, 10))
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	return cmd, func() {
		err := cmd.Wait()
		var exit *exec.ExitError
		switch {
		case errors.As(err, &exit) && exit.ExitCode() == -1:
			h.kills++
		case err != nil:
			h.t.Errorf("run: %v: %s", err, complaints.String())
		}
		if strings.Contains(complaints.String(), "set aside") || strings.Contains(complaints.String(), "unreadable") {
			h.t.Errorf("a killed run must not break the state: %s", complaints.String())
		}
		h.book.Take(h.t, out.String())
	}
}

// settle lets undisturbed runs say what is still to be said, and holds the sums of
// all points against the log.
func (h *host) settle() {
	h.t.Helper()
	for range 3 {
		h.now += 60
		_, wait := h.start()
		wait()
	}
	h.book.Compare(h.t, h.lines, 4, 0)
}

// traffic writes while runs are running, until the function returned is called.
func (h *host) traffic() (stop func()) {
	done, finished := make(chan struct{}), make(chan struct{})
	now := h.now
	go func() {
		defer close(finished)
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				h.write(now-int64(i%6), 1+i%7)
				time.Sleep(200 * time.Microsecond)
			}
		}
	}()
	return func() { close(done); <-finished }
}

// duration is how long an undisturbed run takes.
func (h *host) duration() time.Duration {
	begun := time.Now()
	_, wait := h.start()
	wait()
	return time.Since(begun)
}

func kills() int {
	if n, err := strconv.Atoi(os.Getenv("PIPELINE_SLI_KILLS")); err == nil {
		return n
	}
	return 100
}

func TestKilledAtAnyInstantNothingIsLostOrDoubled(t *testing.T) {
	h := newHost(t)
	usual := h.duration()
	for i := 0; h.kills < kills(); i++ {
		h.now += int64(h.random.IntN(40))
		if i%17 == 0 {
			h.rotate()
		}
		h.write(h.now, 1+h.random.IntN(20))
		if i%10 == 0 {
			usual = (usual + h.duration()) / 2
			continue
		}
		stop := h.traffic()
		cmd, wait := h.start()
		time.Sleep(time.Duration(h.random.Int64N(int64(usual))))
		_ = cmd.Process.Kill() // it may be over
		wait()
		stop()
	}
	h.settle()
}

func TestOverlappingRunsCountEveryLineOnce(t *testing.T) {
	for _, together := range []int{2, 10} {
		t.Run(strconv.Itoa(together), func(t *testing.T) {
			h := newHost(t)
			for range 40 / together {
				h.now += int64(h.random.IntN(50))
				h.write(h.now, 1+h.random.IntN(20))
				stop := h.traffic()
				var waits []func()
				for i := range together {
					cmd, wait := h.start()
					waits = append(waits, wait)
					if i%5 == 4 {
						_ = cmd.Process.Kill()
					}
				}
				for _, wait := range waits {
					wait()
				}
				stop()
			}
			h.settle()
		})
	}
}
