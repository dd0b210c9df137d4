//go:build unix

package prover_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// childNow tells a process of this test to be the metric program, at that time.
const childNow = "PROVER_TEST_NOW"

func TestMain(m *testing.M) {
	at, err := time.Parse(time.RFC3339Nano, os.Getenv(childNow))
	if err != nil {
		os.Exit(m.Run())
	}
	env := cli.Host()
	env.Now = func() time.Time { return at }
	builtin.Into(&env)
	os.Exit(cli.Main(env))
}

// process starts the metric program as a process of its own.
func (w *world) process(out *bytes.Buffer) *exec.Cmd {
	w.t.Helper()
	path := filepath.Join(w.dir, "pipeline-sli.yaml")
	if err := os.WriteFile(path, []byte(w.config()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "--config", path, "--state-dir", w.state())
	c.Env = append(os.Environ(), childNow+"="+w.at().Format(time.RFC3339Nano), "SECRET="+secret, "MACKEREL_AGENT_PLUGIN_META=")
	c.Stdout = out
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// ids are the records that reached the front, each with how often.
func (w *world) ids() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[string]int{}
	for _, s := range w.records {
		n[s.id]++
	}
	return n
}

// once fails the test for every record that was sent twice.
func (w *world) once() {
	w.t.Helper()
	for id, n := range w.ids() {
		if n != 1 {
			w.t.Errorf("record %s was sent %d times", id, n)
		}
	}
}

// Killed before the front has read the record: it was claimed and never sent.
func TestKilledBetweenClaimingAndSending(t *testing.T) {
	w := newWorld(t)
	w.metric("--no-inject")
	w.step(time.Minute)
	caught := make(chan net.Conn)
	w.trap.caught.Store(&caught)
	child := w.process(new(bytes.Buffer))
	connection := <-caught // and nothing is read
	w.trap.caught.Store(nil)
	_ = child.Process.Kill()
	_ = child.Wait() // killed
	connection.Close()
	verdictOfTheFirst(t, w, 0, "uncertain")
}

// verdictOfTheFirst lets time pass until the record of the killed run has its verdict.
func verdictOfTheFirst(t *testing.T, w *world, reached int, verdict string) {
	t.Helper()
	if n := len(w.ids()); n != reached {
		t.Fatalf("%d records reached the front, want %d", n, reached)
	}
	w.metric() // the same slot: it isn't claimed again
	if n := len(w.ids()); n != reached {
		t.Fatalf("%d records reached the front after a second run, want %d", n, reached)
	}
	got := sums{}
	for range 11 {
		w.step(time.Minute)
		got.take(w.metric())
	}
	w.once()
	others := got["prover.injected"] - 1
	want := sums{"prover." + verdict: 1}
	want["prover.correct"] += others
	if got["prover."+verdict] != want["prover."+verdict] || got["prover.correct"] != want["prover.correct"] || others < 2 {
		t.Errorf("counted %v, want %v", got, want)
	}
}

// Killed while the front has the record: it isn't known to be sent, and it is found.
func TestKilledBetweenSendingAndNoting(t *testing.T) {
	for lost, verdict := range map[bool]string{false: "correct", true: "uncertain"} {
		w := newWorld(t)
		w.metric("--no-inject")
		w.step(time.Minute)
		arrived := make(chan struct{})
		var child *exec.Cmd
		var started sync.WaitGroup
		started.Add(1)
		w.mu.Lock()
		w.fate = func(string) fate { return fate{delay: 5 * time.Second, lost: lost} }
		w.on = func() {
			started.Wait()
			_ = child.Process.Kill() // before it is answered
			close(arrived)
		}
		w.mu.Unlock()
		child = w.process(new(bytes.Buffer))
		started.Done()
		<-arrived
		_ = child.Wait() // killed
		w.mu.Lock()
		w.on = nil
		w.fate = func(string) fate { return fate{delay: 5 * time.Second} }
		w.mu.Unlock()
		verdictOfTheFirst(t, w, 1, verdict)
	}
}

// Killed at any instant, many times over: from the start of a run to twice as long as the last
// one took that was left alone, however fast the machine is now.
func TestKilledAtAnyInstant(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	w := newWorld(t)
	w.metric("--no-inject")
	const kills = 40
	took := time.Duration(0)
	for i := range kills {
		w.step(time.Minute)
		begun := time.Now()
		child := w.process(new(bytes.Buffer))
		if i%10 == 0 {
			_ = child.Wait()
			took = time.Since(begun)
			continue
		}
		kill := time.AfterFunc(took*time.Duration(i)/(kills/2), func() { _ = child.Process.Kill() })
		_ = child.Wait()
		kill.Stop()
	}
	for range 12 {
		w.step(time.Minute)
		w.metric()
	}
	w.once()
	v := w.metric("--no-inject").values()
	if v["sli.correctness"] != 100 || len(w.ids()) < 20 {
		t.Errorf("correctness %v of %d records", v["sli.correctness"], len(w.ids()))
	}
}

func TestOverlappingRunsSendOneRecordASlot(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	w := newWorld(t)
	w.metric("--no-inject")
	var mu sync.Mutex
	got := sums{}
	const runs = 14
	for range runs {
		w.step(time.Minute)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				var out bytes.Buffer
				_ = w.process(&out).Wait()
				mu.Lock()
				defer mu.Unlock()
				// Overlapping runs may print the same pending point: the same name, time and number.
				for line := range strings.Lines(out.String()) {
					got[line] = 1
				}
			})
		}
		wg.Wait()
	}
	w.once()
	if n := len(w.ids()); n != runs {
		t.Errorf("%d records in %d slots", n, runs)
	}
	injected := 0.0
	for line := range got {
		v := printed{out: line}.values()
		injected += v["prover.injected"]
		if v["prover.uncertain"]+v["prover.missing"] > 0 {
			t.Errorf("counted: %s", line)
		}
	}
	// The newest due minute ended a deadline and a grace ago.
	if want := float64(runs - 7 - 1); injected != want {
		t.Errorf("%v records counted, want %v", injected, want)
	}
}
