// Package served has servers run in a process of their own: the peak memory that the system
// reports of a program is never below that of the one that started it.
package served

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
)

// Start starts a program that serves until it is stopped, and decodes what it says of itself.
// The program calls Say.
func Start(said any, program string, args ...string) (stop func(), err error) {
	server := exec.Command(program, args...)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = server.Wait() // it holds nothing to be kept
	}
	if err := json.NewDecoder(out).Decode(said); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// Say tells the one that started this process what is served, and waits to be stopped.
func Say(what any) error {
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}
