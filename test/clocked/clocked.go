// Package clocked turns a test's own binary into the programs, at a clock of the test's
// choice, for tests that need processes they can kill.
package clocked

import (
	"os"
	"strconv"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// Now, when set, turns the binary into a program at that clock: seconds since the epoch.
// Role says into which: check, or else the metric program.
const (
	Now  = "PIPELINE_SLI_TEST_NOW"
	Role = "PIPELINE_SLI_TEST_ROLE"
)

// Main is the program, where the environment asks for one, else the tests.
func Main(m *testing.M) {
	if now := os.Getenv(Now); now != "" {
		os.Exit(program(now))
	}
	os.Exit(m.Run())
}

// program is a program as its main calls it, but for the clock.
func program(now string) int {
	seconds, err := strconv.ParseInt(now, 10, 64)
	if err != nil {
		panic(err)
	}
	env := cli.Host()
	env.Now = func() time.Time { return time.Unix(seconds, 0) }
	env.Zone = time.UTC
	builtin.Into(&env)
	if os.Getenv(Role) == "check" {
		return cli.Check(env)
	}
	return cli.Main(env)
}
