// Wrapper runs a plugin for an agent and breaks chosen runs from outside, without the plugin's help.
//
//	wrapper DIR PROGRAM [ARG…]
//
// The file DIR/modes holds one word per run, in order; runs past its end pass:
//
//	pass    the program runs and its output is handed on
//	skip    the program isn't run
//	closed  nobody reads the program's output: it dies of SIGPIPE while it prints
//	killed  its output is full: it is killed with SIGKILL while it waits to print
//	KILL:D  it is killed with SIGKILL after the duration D, TERM:D ended with SIGTERM; what it printed is handed on
//	STOP:D  it is stopped with SIGSTOP after 200 ms and goes on D later
//
// Every run leaves DIR/run.N.json, a Run. A run that asks for graph definitions is handed on and not counted.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// killAfter is how long a killed run gets to reach its printing.
const killAfter = 5 * time.Second

// pipeSize is at least what a pipe holds.
const pipeSize = 1 << 20

// stopAfter is when a run that is stopped is.
const stopAfter = 200 * time.Millisecond

// A Run is what one run did. Exit is −1 when it died of a signal. CPU is what it took of the processor, Peak the most
// memory it held, in KiB.
type Run struct {
	Mode           string
	Start, End     time.Time
	Stdout, Stderr string
	Exit           int
	CPU            time.Duration
	Peak           int64
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: wrapper DIR PROGRAM [ARG…]")
		os.Exit(2)
	}
	exit, err := wrap(os.Args[1], exec.Command(os.Args[2], os.Args[3:]...))
	if err != nil {
		fmt.Fprintln(os.Stderr, "wrapper:", err)
		os.Exit(2)
	}
	os.Exit(exit)
}

func wrap(dir string, program *exec.Cmd) (exit int, err error) {
	if os.Getenv("MACKEREL_AGENT_PLUGIN_META") != "" {
		program.Stdout, program.Stderr = os.Stdout, os.Stderr
		return finish(program.Run())
	}
	number, err := claim(dir)
	if err != nil {
		return 0, err
	}
	run := Run{Start: time.Now()}
	if run.Mode, err = mode(dir, number); err != nil {
		return 0, err
	}
	var stderr bytes.Buffer
	program.Stderr = &stderr
	switch run.Mode {
	case "pass":
		run.Stdout, run.Exit, err = pass(program)
	case "skip":
	case "closed":
		run.Exit, err = closed(program)
	case "killed":
		run.Exit, err = killed(program)
	default:
		run.Stdout, run.Exit, err = signalled(program, run.Mode)
	}
	if err != nil {
		return 0, err
	}
	run.End, run.Stderr = time.Now(), stderr.String()
	if state := program.ProcessState; state != nil {
		run.CPU = state.UserTime() + state.SystemTime()
		if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
			run.Peak = int64(usage.Maxrss)
		}
	}
	if err := record(dir, number, run); err != nil {
		return 0, err
	}
	fmt.Fprint(os.Stdout, run.Stdout)
	fmt.Fprint(os.Stderr, run.Stderr)
	return max(run.Exit, 0), nil
}

// claim takes the next run's number; two runs at once get two numbers.
func claim(dir string) (int, error) {
	for number := 0; ; number++ {
		file, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("claim.%d", number)), os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return number, file.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return 0, err
		}
	}
}

func mode(dir string, number int) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "modes"))
	if err != nil {
		return "", err
	}
	if words := strings.Fields(string(text)); number < len(words) {
		return words[number], nil
	}
	return "pass", nil
}

// record writes a run's file in one step, so that a reader sees all of it or none.
func record(dir string, number int, run Run) error {
	text, err := json.Marshal(run)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, fmt.Sprintf("run.%d.json", number))
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func pass(program *exec.Cmd) (stdout string, exit int, err error) {
	var out bytes.Buffer
	program.Stdout = &out
	exit, err = finish(program.Run())
	return out.String(), exit, err
}

func closed(program *exec.Cmd) (exit int, err error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	reader.Close()
	defer writer.Close()
	program.Stdout = writer
	return finish(program.Run())
}

func killed(program *exec.Cmd) (exit int, err error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	defer writer.Close()
	// Fill the pipe: a deadline ends the write that finds it full.
	if err := writer.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return 0, err
	}
	if _, err := writer.Write(make([]byte, pipeSize)); !errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, fmt.Errorf("pipe did not fill: %v", err)
	}
	program.Stdout = writer
	if err := program.Start(); err != nil {
		return 0, err
	}
	kill := time.AfterFunc(killAfter, func() { _ = program.Process.Kill() })
	defer kill.Stop()
	return finish(program.Wait())
}

// signals are what a run may meet, and what follows the duration that its mode names.
var signals = map[string][]os.Signal{
	"KILL": {os.Kill},
	"TERM": {syscall.SIGTERM},
	"STOP": {syscall.SIGSTOP, syscall.SIGCONT},
}

func signalled(program *exec.Cmd, mode string) (stdout string, exit int, err error) {
	name, text, _ := strings.Cut(mode, ":")
	met := signals[name]
	after, err := time.ParseDuration(text)
	if met == nil || err != nil {
		return "", 0, fmt.Errorf("mode %q", mode)
	}
	waits := []time.Duration{after}
	if len(met) > 1 {
		waits = []time.Duration{stopAfter, after}
	}
	var out bytes.Buffer
	program.Stdout = &out
	if err := program.Start(); err != nil {
		return "", 0, err
	}
	ended := make(chan struct{})
	go func() {
		for i, signal := range met {
			select {
			case <-time.After(waits[i]):
				_ = program.Process.Signal(signal) // it may be over
			case <-ended:
			}
		}
	}()
	exit, err = finish(program.Wait())
	close(ended)
	return out.String(), exit, err
}

// finish turns how a program ended into its exit status.
func finish(err error) (exit int, _ error) {
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return ended.ExitCode(), nil
	}
	return 0, err
}
