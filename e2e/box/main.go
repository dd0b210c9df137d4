// Command box runs a small pipeline of real components on 127.0.0.1, breaks it on a script, and compares what the suite's
// programs say of it with the truth: nginx before a front, a stream, a worker and a table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "box:", err)
		stop()
		os.Exit(1)
	}
}

// errDiffers is that the programs and the truth don't agree.
var errDiffers = errors.New("what was measured isn't the truth")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("box", flag.ContinueOnError)
	flags.SetOutput(stderr)
	length := flags.Duration("for", 10*time.Minute, "how long; the script of faults is stretched to it")
	bin := flags.String("bin", "../bin", "`folder` of the suite's programs")
	only := flags.String("only", "", "the one `fault` that happens, from a quarter of the time to five eighths")
	out := flags.String("out", "", "`file` that the table is written to, beside standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	programs, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	faults, err := chosen(*length, *only)
	if err != nil {
		return err
	}

	h := &host{log: stderr}
	defer func() { err = errors.Join(err, h.end(recover())) }()
	b := newBox(h, programs, faults)
	if err := b.live(ctx, *length); err != nil {
		return err
	}
	page, agrees := b.judge(h)
	fmt.Fprint(stdout, page)
	if *out != "" {
		if err := os.WriteFile(*out, []byte(page), 0o644); err != nil {
			return err
		}
	}
	if !agrees {
		return errDiffers
	}
	return nil
}
