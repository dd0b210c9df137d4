// Command linked is a hello with all that the programs link: what their start costs before
// anything of them runs.
package main

import (
	"os"
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
	os.Exit(cli.Main(env))
}
