package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// stopWithin is how long a stopped agent may flush its queue before it is killed.
const stopWithin = 10 * time.Second

// An Agent is a running mackerel-agent.
type Agent struct {
	command *exec.Cmd
	logFile string
}

// StartAgent runs mackerel-agent against the API at apibase with plugins, the [plugin.…] tables of its configuration, and
// env added to its environment. It is stopped with the test, and its log shown where the test failed.
func StartAgent(t testing.TB, apibase, plugins string, env ...string) *Agent {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "mackerel-agent.conf")
	text := fmt.Sprintf(`apibase = %q
apikey = "dummy"
root = %q
pidfile = %q
cloud_platform = "none"

%s`, apibase, dir, filepath.Join(dir, "pid"), plugins)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(MackerelAgent(t), "configtest", "-conf", conf).CombinedOutput(); err != nil {
		t.Fatalf("mackerel-agent configtest: %v\n%s%s", err, out, text)
	}

	a := &Agent{logFile: filepath.Join(dir, "log")}
	log, err := os.Create(a.logFile)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	a.command = exec.Command(MackerelAgent(t), "-conf", conf, "-v")
	a.command.Env = append(os.Environ(), env...)
	a.command.Stdout, a.command.Stderr = log, log
	if err := a.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.stop(t) })
	return a
}

// Log returns what the agent has logged.
func (a *Agent) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(a.logFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (a *Agent) stop(t testing.TB) {
	kill := time.AfterFunc(stopWithin, func() { _ = a.command.Process.Kill() })
	defer kill.Stop()
	_ = a.command.Process.Signal(syscall.SIGTERM) // gone already: Wait says so
	_ = a.command.Wait()
	if t.Failed() {
		t.Logf("mackerel-agent's log:\n%s", a.Log(t))
	}
}
