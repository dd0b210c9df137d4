// Command mackerel-plugin-pipeline-sli prints the SLIs of pipeline-style services as
// Mackerel metrics.
package main

import (
	"os"
	_ "time/tzdata" // zones are known on hosts without zone files

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

func main() {
	env := cli.Host()
	builtin.Into(&env)
	os.Exit(cli.Main(env))
}
