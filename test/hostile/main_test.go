//go:build unix

// Package hostile holds the promise that nothing outside can hang a run: whatever
// blocks, the rest is printed by the deadline, and no process is left behind.
package hostile

import (
	"flag"
	"os"
	"syscall"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// role, when set, turns this binary into one of the programs.
const role = "PIPELINE_SLI_TEST_PROGRAM"

func TestMain(m *testing.M) {
	env := cli.Host()
	builtin.Into(&env)
	switch os.Getenv(role) {
	case "plugin":
		os.Exit(cli.Main(env))
	case "check":
		os.Exit(cli.Check(env))
	case "broken", "breaking": // see crash_test.go
		breakSources(&env, os.Getenv(role) == "breaking")
		os.Exit(cli.Main(env))
	}
	// What is made to crash leaves no image of its memory.
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		panic(err)
	}
	// Runs wait for most of their time.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
