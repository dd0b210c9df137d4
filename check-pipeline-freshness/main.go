// Command check-pipeline-freshness judges pipelines and prints one verdict for
// mackerel-agent.
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
	os.Exit(cli.Check(env))
}
