// Command linked is a hello with all that the programs link: what their start costs before
// anything of them runs. With arguments it is the metric program, at the clock that the
// environment may set.
package main

import (
	"os"
	"time"
	_ "time/tzdata"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

func main() {
	if len(os.Args) == 1 {
		println("hello")
		return
	}
	env := cli.Host()
	builtin.Into(&env)
	if now, err := time.Parse(time.RFC3339, os.Getenv("PIPELINE_SLI_BENCH_NOW")); err == nil {
		env.Now = func() time.Time { return now }
	}
	os.Exit(cli.Main(env))
}
