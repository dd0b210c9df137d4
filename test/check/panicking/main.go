//go:build panictest

// Command panicking is check-pipeline-freshness with kinds of stages that panic, for
// tests of what mackerel-agent then gets: an access_log when it is set up, an app_log
// when it is read.
package main

import (
	"context"
	"os"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// source panics when it is read.
type source struct{ config.Evidence }

func (source) Read(context.Context, sli.Ask, []byte) (sli.Batch, error) { panic("while reading") }

// inSetup panics in place of making a source.
func inSetup[N any](func(N, config.StageContext) (config.Evidence, error)) func(N, config.StageContext) (config.Evidence, error) {
	return func(N, config.StageContext) (config.Evidence, error) { panic("while setting up") }
}

// inReading makes a source that panics.
func inReading[N any](make func(N, config.StageContext) (config.Evidence, error)) func(N, config.StageContext) (config.Evidence, error) {
	return func(n N, a config.StageContext) (config.Evidence, error) {
		e, err := make(n, a)
		return source{e}, err
	}
}

func main() {
	env := cli.Host()
	builtin.Into(&env)
	access, app := env.Kinds["access_log"], env.Kinds["app_log"]
	access.New, app.New = inSetup(access.New), inReading(app.New)
	env.Kinds["access_log"], env.Kinds["app_log"] = access, app
	os.Exit(cli.Check(env))
}
