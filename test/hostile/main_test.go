//go:build unix

// Package hostile holds the promise that nothing outside can hang a run: whatever
// blocks, the rest is printed by the deadline, and no process is left behind.
package hostile

import (
	"flag"
	"os"
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
	}
	// Runs wait for most of their time.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
