// Package power holds the promise against what surrounds the state: a power loss at any
// instant, and system calls that fail or are the last. What was committed counts, once.
package power

import (
	"os"
	"strconv"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// roleNow, when set, turns this binary into one of the programs, at that clock: seconds
// since the epoch; role says into which.
const (
	roleNow = "PIPELINE_SLI_TEST_NOW"
	role    = "PIPELINE_SLI_TEST_ROLE"
)

func TestMain(m *testing.M) {
	if now := os.Getenv(roleNow); now != "" {
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
	if os.Getenv(role) == "check" {
		return cli.Check(env)
	}
	return cli.Main(env)
}
