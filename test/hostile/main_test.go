//go:build unix

// Package hostile holds the promise that nothing outside can hang a run: whatever
// blocks, the rest is printed by the deadline, and no process is left behind.
package hostile

import (
	"os"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/output/check"
	"mackerel-plugin-pipeline-sli/lib/output/explain"
	"mackerel-plugin-pipeline-sli/lib/output/mackerel"
	"mackerel-plugin-pipeline-sli/lib/source/builtin"
)

// role, when set, turns this binary into one of the programs.
const role = "PIPELINE_SLI_TEST_PROGRAM"

func TestMain(m *testing.M) {
	env := cli.Host()
	env.Kinds = builtin.Kinds()
	env.Outputs = cli.Outputs{Lines: mackerel.Lines, Definitions: mackerel.Definitions, Series: mackerel.Count, Explain: explain.Text, ExplainJSON: explain.JSON}
	env.Check = cli.CheckOutput{Line: check.Line, Text: check.Text}
	switch os.Getenv(role) {
	case "plugin":
		os.Exit(cli.Main(env))
	case "check":
		os.Exit(cli.Check(env))
	}
	os.Exit(m.Run())
}
