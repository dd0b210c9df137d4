// Command truth judges the suite against simulated pipelines whose truth is
// known, and writes what it found.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"

	"mackerel-plugin-pipeline-sli/truth/judge"
)

func main() {
	out := flag.String("out", "docs/truth.md", "where the page is written; - is stdout")
	small := flag.Bool("small", false, "the small set, as every test run judges it")
	postgres := flag.String("postgres", "", "`DSN` of a PostgreSQL database that a table videos may be made in, for the method rows")
	first := flag.Uint64("first", judge.Standard.First, "the first `seed` of random worlds and weeks")
	seeds := flag.Int("seeds", judge.Standard.Seeds, "worlds of each family")
	weeks := flag.Int("weeks", judge.Standard.Weeks, "healthy weeks, and as many with bursts")
	varied := flag.Int("varied", judge.Standard.Varied, "worlds of each family for each thing that is otherwise")
	several := flag.Int("several", judge.Standard.Several, "worlds of each family in which several things are otherwise")
	only := flag.String("only", "", "`parts` to judge, separated by commas: logs, worlds, variations, weeks, losses, verdicts, pipelines, methods")
	trace := flag.Bool("trace", false, "tell each false alarm")
	flag.Parse()
	set := judge.Standard
	set.First, set.Seeds, set.Weeks, set.Varied, set.Several = *first, *seeds, *weeks, *varied, *several
	if *small {
		set = judge.Small
	}
	set.Postgres = *postgres
	if *only != "" {
		set.Only = strings.Split(*only, ",")
	}
	if *trace {
		judge.Trace = func(text string) { fmt.Fprintln(os.Stderr, text) }
	}
	if err := run(*out, set); err != nil {
		fmt.Fprintln(os.Stderr, "truth: error:", err)
		os.Exit(1)
	}
}

func run(path string, set judge.Set) error {
	if err := judge.Credentials(); err != nil {
		return err
	}
	result, err := set.Run(func(part string) { fmt.Fprintln(os.Stderr, "truth:", part) })
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := result.Table(&page); err != nil {
		return err
	}
	if path == "-" {
		_, err = page.WriteTo(os.Stdout)
	} else {
		err = os.WriteFile(path, page.Bytes(), 0o644)
	}
	if err != nil {
		return err
	}
	for _, b := range result.Broken() {
		fmt.Fprintln(os.Stderr, "truth: broken:", b)
	}
	if n := len(result.Broken()); n > 0 {
		return fmt.Errorf("%d promises are broken", n)
	}
	return nil
}
