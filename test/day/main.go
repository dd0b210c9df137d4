//go:build unix

// Command day lays a day of a load balancer's access logs into an S3 of its own, in the
// layout in which they are delivered, and has the metric program read them from nothing
// until it has caught up. It prints what that took and compares all counts with the
// truth. Run it in the repository's root:
//
//	go run ./test/day
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func main() {
	var d day
	flag.IntVar(&d.Nodes, "nodes", 2, "nodes of the load balancer, each of which delivers an object per interval")
	flag.IntVar(&d.Intervals, "intervals", 288, "intervals of five minutes")
	flag.IntVar(&d.Lines, "lines", 3000, "requests in each object")
	rounds := flag.Int("rounds", 1, "how often all is read from nothing")
	program := flag.String("program", "", "the metric program; built when empty")
	serves := flag.Bool("serve", false, "be the S3; the command starts itself so")
	flag.Parse()
	do := func() error { return run(&d, *rounds, *program) }
	if *serves {
		do = d.serve
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve holds the day in memory, says what it is, and ends with its input.
func (d *day) serve() error {
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	defer server.Close()
	d.Endpoint = server.URL
	d.Last = time.Now().UTC().Add(-settle - time.Minute).Truncate(interval)
	if err := d.deliver(); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(d); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func run(d *day, rounds int, program string) error {
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
	stop, err := d.startServer()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("a day of %d objects, %d lines, %.1f MB packed, %.1f MB of content\n", d.Objects, d.all().Lines, mega(d.Packed), mega(d.Content))
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

// startServer starts the S3 in a process of its own: the peak memory that the system
// reports of a program is never below that of the one that started it.
func (d *day) startServer() (stop func(), err error) {
	server := exec.Command(os.Args[0], append(os.Args[1:], "-serve")...)
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = server.Wait() // it holds nothing to be kept
	}
	if err := json.NewDecoder(out).Decode(d); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func mega(bytes int64) float64 { return float64(bytes) / 1e6 }
