// Package servers starts real servers and emulators for tests. Each listens on a free port of 127.0.0.1 only, keeps its
// files in a folder of its own, and ends with the test. A server that isn't installed skips the test; e2e/install.sh
// installs them all.
package servers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	readyWithin = 60 * time.Second
	stopWithin  = 10 * time.Second
	host        = "127.0.0.1"
)

// need returns the path of a program, looked for in PATH and then in dirs, which may be globs, or skips the test.
func need(t T, name string, dirs ...string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range dirs {
		if found, _ := filepath.Glob(filepath.Join(dir, name)); found != nil {
			return found[len(found)-1]
		}
	}
	t.Skipf("%s is not installed: run e2e/install.sh", name)
	return ""
}

// freePort returns a port of 127.0.0.1 that nothing listened on a moment ago.
func freePort(t T) int {
	t.Helper()
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// An account is who a server runs as.
type account struct{ credential *syscall.Credential }

// accountOf returns the account of that name where the test runs as root, since most servers refuse root, and the test's
// own elsewhere.
func accountOf(t T, name string) account {
	t.Helper()
	if os.Getuid() != 0 {
		return account{}
	}
	found, err := user.Lookup(name)
	if err != nil {
		t.Skipf("no user %s: run e2e/install.sh", name)
	}
	uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		t.Fatal(err)
	}
	return account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// folder makes a folder that belongs to the account. (Only the test's own user may enter t.TempDir.)
func (a account) folder(t T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if a.credential != nil {
		if err := os.Chown(dir, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a program to its end and fails the test with its output when it fails.
func (a account) run(t T, dir, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Dir = dir
	command.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

// A process is a running server.
type process struct {
	command *exec.Cmd
	log     string
	quit    syscall.Signal // what it is stopped with
	ended   chan struct{}  // closed when it has ended
}

// start starts a server in dir, with env added to the environment.
func (a account) start(t T, dir string, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{log: filepath.Join(t.TempDir(), "log"), quit: syscall.SIGTERM, ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.command = exec.Command(name, args...)
	p.command.Dir = dir
	p.command.Env = append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.command.Wait() // how it ended stands in its log
		close(p.ended)
	}()
	t.Cleanup(func() { p.stop(t) })
	return p
}

// waitReady returns when ready does without an error.
func (p *process) waitReady(t T, ready func() error) {
	t.Helper()
	deadline := time.After(readyWithin)
	for {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("%s ended at once", p.command)
		case <-deadline:
			t.Fatalf("%s is not ready after %v: %v", p.command, readyWithin, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the server, gently first, and shows its log where the test failed.
func (p *process) stop(t T) {
	t.Helper()
	_ = p.command.Process.Signal(p.quit) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(stopWithin):
		_ = p.command.Process.Kill()
		<-p.ended
	}
	if t.Failed() {
		text, err := os.ReadFile(p.log)
		t.Logf("log of %s (%v):\n%s", p.command, err, text)
	}
}

// accepts is ready when something listens on the port.
func accepts(port int) func() error {
	return func() error {
		connection, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", host, port), time.Second)
		if err != nil {
			return err
		}
		return connection.Close()
	}
}

// succeeds is ready when a program ends with 0.
func succeeds(env []string, name string, args ...string) func() error {
	return func() error {
		command := exec.Command(name, args...)
		command.Env = append(os.Environ(), env...)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}
