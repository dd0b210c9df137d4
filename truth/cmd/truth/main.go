// Command truth judges the suite against simulated pipelines whose truth is
// known, and writes what it found.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"mackerel-plugin-pipeline-sli/truth/judge"
)

func main() {
	out := flag.String("out", "docs/truth.md", "where the page is written; - is stdout")
	small := flag.Bool("small", false, "the small set, as every test run judges it")
	postgres := flag.String("postgres", "", "`DSN` of a PostgreSQL database that a table videos may be made in, for the method rows")
	flag.Parse()
	if err := run(*out, *small, *postgres); err != nil {
		fmt.Fprintln(os.Stderr, "truth: error:", err)
		os.Exit(1)
	}
}

func run(path string, small bool, postgres string) error {
	if err := judge.Credentials(); err != nil {
		return err
	}
	set := judge.Standard
	if small {
		set = judge.Small
	}
	set.Postgres = postgres
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
