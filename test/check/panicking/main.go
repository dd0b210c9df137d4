//go:build panictest

// Command panicking is check-pipeline-freshness with kinds of stages that panic, for
// tests of what mackerel-agent then gets: an access_log when it is set up, an app_log
// when it is read.
package main

import (
	"context"
	"os"

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/output/check"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// options are the keys of the sections.
type options struct {
	Path string `yaml:"path" doc:"ignored"`
}

// source panics when it is read.
type source struct{}

func (source) Facts() sli.Facts {
	return sli.Facts{Reads: "nothing", Rule: "none", Signals: []sli.Signal{sli.Request, sli.Accepted}, Scope: sli.Local}
}

func (source) Read(context.Context, sli.Ask, []byte) (sli.Batch, error) { panic("while reading") }

func main() {
	env := cli.Host()
	env.Kinds = map[string]config.Kind{
		"access_log": {Options: options{}, New: func(*section.Node, config.Around) (config.Evidence, error) { panic("while setting up") }},
		"app_log":    {Options: options{}, New: func(*section.Node, config.Around) (config.Evidence, error) { return source{}, nil }},
	}
	env.Check = cli.CheckOutput{Line: check.Line, Text: check.Text}
	os.Exit(cli.Check(env))
}
