//go:build !unix

package awsconf

import "os/exec"

// alone does nothing where there are no process groups: the command itself is killed.
func alone(*exec.Cmd, func()) func() { return func() {} }
