// Command check-pipeline-freshness judges pipelines and prints one verdict for
// mackerel-agent.
package main

import (
	"os"
	_ "time/tzdata" // zones are known on hosts without zone files

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/output/check"
	"mackerel-plugin-pipeline-sli/lib/source/builtin"
)

func main() {
	env := cli.Host()
	env.Kinds = builtin.Kinds()
	env.Check = cli.CheckOutput{Line: check.Line, Text: check.Text}
	os.Exit(cli.Check(env))
}
