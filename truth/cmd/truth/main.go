// Command truth judges the suite against simulated pipelines whose truth is
// known, and writes what it found.
package main

import (
	"flag"
	"fmt"
	"os"

	"mackerel-plugin-pipeline-sli/truth/judge"
)

func main() {
	out := flag.String("out", "", "where the page is written (default: stdout)")
	small := flag.Bool("small", false, "the small set, as every test run judges it")
	flag.Parse()
	if err := run(*out, *small); err != nil {
		fmt.Fprintln(os.Stderr, "truth: error:", err)
		os.Exit(1)
	}
}

func run(path string, small bool) error {
	if err := judge.Credentials(); err != nil {
		return err
	}
	set := judge.Standard
	if small {
		set = judge.Small
	}
	result, err := set.Run(func(part string) { fmt.Fprintln(os.Stderr, "truth:", part) })
	if err != nil {
		return err
	}
	out := os.Stdout
	if path != "" {
		if out, err = os.Create(path); err != nil {
			return err
		}
		defer out.Close()
	}
	if err := result.Table(out); err != nil {
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
