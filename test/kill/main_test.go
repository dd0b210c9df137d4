// Package kill holds the promise against real processes: every complete line is
// counted exactly once, after SIGKILL at any instant and with overlapping runs.
package kill

import (
	"os"
	"strconv"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// pluginNow, when set, turns this binary into the plugin, at that clock: seconds
// since the epoch.
const pluginNow = "PIPELINE_SLI_TEST_NOW"

func TestMain(m *testing.M) {
	if now := os.Getenv(pluginNow); now != "" {
		os.Exit(plugin(now))
	}
	os.Exit(m.Run())
}

// plugin is the metric program as its main calls it, but for the clock.
func plugin(now string) int {
	seconds, err := strconv.ParseInt(now, 10, 64)
	if err != nil {
		panic(err)
	}
	env := cli.Host()
	env.Now = func() time.Time { return time.Unix(seconds, 0) }
	env.Zone = time.UTC
	builtin.Into(&env)
	return cli.Main(env)
}
