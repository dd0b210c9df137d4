//go:build unix

package awsconf

import (
	"os/exec"
	"syscall"
)

// alone gives a command a process group of its own, which is killed when the command's
// context ends, and then late is called. The function it returns kills what is left of the
// group.
func alone(cmd *exec.Cmd, late func()) func() {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error {
		if cmd.Process == nil {
			return nil
		}
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	cmd.Cancel = func() error {
		err := kill()
		late()
		return err
	}
	return func() { _ = kill() } // usually nobody is left
}
