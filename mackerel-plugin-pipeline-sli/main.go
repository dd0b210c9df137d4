// Command mackerel-plugin-pipeline-sli prints the SLIs of pipeline-style services as
// Mackerel metrics.
package main

import (
	"os"
	_ "time/tzdata" // zones are known on hosts without zone files

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/output/explain"
	"mackerel-plugin-pipeline-sli/lib/output/mackerel"
	"mackerel-plugin-pipeline-sli/lib/source/builtin"
)

func main() {
	env := cli.Host()
	env.Kinds = builtin.Kinds()
	env.Outputs = cli.Outputs{
		Lines:       mackerel.Lines,
		Definitions: mackerel.Definitions,
		Series:      mackerel.Count,
		Explain:     explain.Text,
		ExplainJSON: explain.JSON,
	}
	os.Exit(cli.Main(env))
}
