//go:build unix

// Command day lays a day of a load balancer's access logs into an S3 of its own, in the
// layout in which they are delivered, and has the metric program read them from nothing
// until it has caught up. It prints what that took and compares all counts with the
// truth. Run it in the repository's root:
//
//	go run ./test/day
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"mackerel-plugin-pipeline-sli/test/balancer"
	"mackerel-plugin-pipeline-sli/test/served"
)

func main() {
	var d balancer.Day
	flag.IntVar(&d.Nodes, "nodes", 2, "nodes of the load balancer, each of which delivers an object per interval")
	flag.IntVar(&d.Intervals, "intervals", 288, "intervals of five minutes")
	flag.IntVar(&d.Lines, "lines", 3000, "requests in each object; 20000 make 11.5 million")
	rounds := flag.Int("rounds", 1, "how often all is read from nothing")
	program := flag.String("program", "", "the metric program; built when empty")
	serves := flag.Bool("serve", false, "be the S3; the command starts itself so")
	flag.Parse()
	do := func() error { return run(&d, *rounds, *program) }
	if *serves {
		do = d.Serve
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(d *balancer.Day, rounds int, program string) error {
	dir, err := os.MkdirTemp("", "day")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if program == "" {
		program = filepath.Join(dir, "program")
		build := exec.Command("go", "build", "-trimpath", "-o", program, "./mackerel-plugin-pipeline-sli")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	stop, err := served.Start(d, os.Args[0], append(os.Args[1:], "-serve")...)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("a day of %d objects, %d lines, %.1f MB packed, %.1f MB of content\n", len(d.Keys), d.All().Lines, mega(d.Packed), mega(d.Content))
	p := plugin{program: program, dir: dir, out: os.Stdout}
	wrong := 0
	for range max(rounds, 1) {
		n, err := p.round(d)
		if err != nil {
			return err
		}
		wrong += n
	}
	if wrong > 0 {
		return fmt.Errorf("%d counts differ from the truth", wrong)
	}
	fmt.Println("all counts are the truth's")
	return nil
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }
