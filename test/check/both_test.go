package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/test/points"
)

// runNow, when set, turns this binary into the check, or with runPlugin into the plugin, at
// that clock: seconds since the epoch.
const (
	runNow    = "PIPELINE_SLI_TEST_NOW"
	runPlugin = "PIPELINE_SLI_TEST_PLUGIN"
)

func runProgram(now string) int {
	seconds, err := strconv.ParseInt(now, 10, 64)
	if err != nil {
		panic(err)
	}
	return runAt(seconds, os.Getenv(runPlugin) != "", os.Args[1:], os.Stdout, os.Stderr)
}

// runAt is either program as its main calls it, but for the clock.
func runAt(seconds int64, plugin bool, args []string, out, complaints io.Writer) int {
	env := cli.Env{
		Context: context.Background(),
		Args:    args,
		Getenv:  func(name string) (string, bool) { return "", plugin && name == "MACKEREL_AGENT_PLUGIN_META" },
		Stdin:   strings.NewReader(""),
		Stdout:  out,
		Stderr:  complaints,
		Now:     func() time.Time { return time.Unix(seconds, 0) },
		Zone:    time.UTC,
		UID:     os.Getuid(),
	}
	builtin.Into(&env)
	if plugin {
		return cli.Main(env)
	}
	return cli.Check(env)
}

// both is a host on which the plugin and the check run at the same instants.
type both struct {
	t     *testing.T
	dir   string
	now   int64
	lines map[int64]int64 // of the log, by minute
	book  points.Book
}

func newBoth(t *testing.T) *both {
	b := &both{t: t, dir: t.TempDir(), now: start.Unix(), lines: map[int64]int64{}}
	config := fmt.Sprintf("pipelines:\n- name: video\n  metrics: [events]\n  stages: [{name: front, access_log: {path: %q, format: ltsv}}]\n"+
		"  slis: {availability: {target: 99.9}}\n  check: {sli: availability, critical_ratio: 50}\n", b.path("access.log"))
	must(t, os.WriteFile(b.path("c.yaml"), []byte(config), 0o600))
	for ago := int64(600); ago > 0; ago -= 60 {
		b.write(b.now-ago, 3)
	}
	return b
}

func (b *both) path(name string) string { return filepath.Join(b.dir, name) }

// write appends n requests of a time.
func (b *both) write(at int64, n int) {
	log, err := os.OpenFile(b.path("access.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(b.t, err)
	for range n {
		_, err := fmt.Fprintf(log, "time:%s\tmethod:POST\turi:/v\tstatus:200\treqtime:0.1\n", time.Unix(at, 0).UTC().Format(time.RFC3339))
		must(b.t, err)
		b.lines[at/60]++
	}
	must(b.t, log.Close())
}

func (b *both) args() []string {
	return []string{"--config", b.path("c.yaml"), "--state-dir", b.path("state")}
}

// inProcess runs one program in a goroutine's place.
func (b *both) inProcess(plugin bool) {
	var out, complaints bytes.Buffer
	code := runAt(b.now, plugin, b.args(), &out, &complaints)
	b.take(plugin, code, out.String(), complaints.String())
}

// apart runs one program as a process of its own.
func (b *both) apart(plugin bool) {
	cmd := exec.Command(os.Args[0], b.args()...)
	cmd.Env = append(os.Environ(), runNow+"="+strconv.FormatInt(b.now, 10))
	if plugin {
		cmd.Env = append(cmd.Env, runPlugin+"=1")
	}
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	code := 0
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		b.t.Error(err)
	}
	b.take(plugin, code, out.String(), complaints.String())
}

// take books what a run has printed.
func (b *both) take(plugin bool, code int, out, complaints string) {
	if code != 0 || complaints != "" {
		b.t.Errorf("plugin=%v at %d: exit %d, %s%s", plugin, b.now, code, complaints, out)
	}
	if plugin {
		b.book.Take(b.t, out)
	} else if out != "PipelineFreshness OK: video: fresh\n" {
		b.t.Errorf("the check at %d: %s", b.now, out)
	}
}

// times is how often both programs run at once: as often as processes are killed elsewhere.
func times(usual int) int {
	if n, err := strconv.Atoi(os.Getenv("PIPELINE_SLI_KILLS")); err == nil {
		return n
	}
	return usual
}

// Over the same minutes, on one state, at once: nothing is counted twice and nothing is
// lost, whichever comes first.
func TestBothProgramsAtOnceCountEveryLineOnce(t *testing.T) {
	for name, way := range map[string]struct {
		usual int
		run   func(*both, bool)
	}{
		"in one process": {150, (*both).inProcess},
		"as processes":   {40, (*both).apart},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBoth(t)
			random := rand.New(rand.NewPCG(3, 5))
			for range times(way.usual) {
				b.now += int64(5 + random.IntN(40))
				b.write(b.now, 1+random.IntN(5))
				b.write(b.now-int64(random.IntN(90)), random.IntN(2)) // some come late
				var wg sync.WaitGroup
				for _, plugin := range []bool{true, false, random.IntN(2) == 0} {
					wg.Go(func() { way.run(b, plugin) })
				}
				wg.Wait()
			}
			for range 3 {
				b.now += 60
				b.write(b.now, 1)
				way.run(b, false)
				way.run(b, true)
			}
			b.book.Compare(t, b.lines, 2, b.now-120)
		})
	}
}
