//go:build unix

package awsconf

import (
	"os/exec"
	"syscall"
)

// alone gives a command a process group of its own, which is killed when the command's
// context ends. The function it returns kills what is left of the group.
func alone(cmd *exec.Cmd) func() {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill := func() error {
		if cmd.Process == nil {
			return nil
		}
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	cmd.Cancel = kill
	return func() { _ = kill() } // usually nobody is left
}
