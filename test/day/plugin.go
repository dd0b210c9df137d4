//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mackerel-plugin-pipeline-sli/test/balancer"
)

// plugin is the metric program under test.
type plugin struct {
	program, dir string
	out          io.Writer
}

// cost is what runs of the program took.
type cost struct {
	runs       int
	wall       time.Duration
	user, sys  time.Duration
	peak       int64 // KiB
	unfinished bool
}

const configuration = `aws: { region: us-east-1, endpoint_url: %q }
pipelines:
  - name: day
    stages:
      - name: front
        access_log: { s3: %q, format: alb, start: beginning }
    slis:
      availability: { target: 99.9 }
      latency: { threshold: %gs, target: 99 }
`

// mostRuns is after how many runs it should have caught up.
const mostRuns = 1000

// round reads everything from nothing, in the runs of the agent, then in the one run of
// a command, and returns how many counts are wrong.
func (p plugin) round(d *balancer.Day) (wrong int, err error) {
	file := filepath.Join(p.dir, "pipeline-sli.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, d.Endpoint, balancer.Location, balancer.Slow), 0o600); err != nil {
		return 0, err
	}
	state := filepath.Join(p.dir, "state")
	if err := os.RemoveAll(state); err != nil {
		return 0, err
	}
	args := []string{"--config", file, "--state-dir", state}
	var caughtUp, whole cost
	for caughtUp.unfinished = true; caughtUp.unfinished; {
		if _, err := p.run(&caughtUp, args); err != nil {
			return 0, err
		}
		if caughtUp.runs > mostRuns {
			return 0, fmt.Errorf("not caught up after %d runs", mostRuns)
		}
	}
	var quiet cost
	exported, err := p.run(&quiet, append([]string{"export", "--from", d.Begin().Add(time.Minute).Format(time.RFC3339), "--to", d.Last.Format(time.RFC3339)}, args...))
	if err != nil {
		return 0, err
	}
	all, err := p.run(&whole, append([]string{"explain", "--json", "--all", "--timeout", "10m"}, args...))
	if err != nil {
		return 0, err
	}
	p.report("caught up", d, caughtUp)
	p.report("nothing new", d, quiet)
	p.report("explain --all", d, whole)
	return p.compareExport(d, exported) + p.compareAll(d, all), nil
}

func (p plugin) report(what string, d *balancer.Day, c cost) {
	fmt.Fprintf(p.out, "%-14s %3d runs  wall %6.2f s  user %6.2f s  sys %5.2f s  %5.0f MB/s  peak %5.1f MiB\n", what, c.runs, c.wall.Seconds(), c.user.Seconds(), c.sys.Seconds(),
		mega(d.Content)/c.wall.Seconds(), float64(c.peak)/1024)
}

// run runs the program once more and adds what it took.
func (p plugin) run(c *cost, args []string) (stdout []byte, err error) {
	command := exec.Command(p.program, args...)
	command.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_EC2_METADATA_DISABLED=true")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	begun := time.Now()
	err = command.Run()
	c.wall += time.Since(begun)
	c.runs++
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	used := command.ProcessState.SysUsage().(*syscall.Rusage)
	c.user += command.ProcessState.UserTime()
	c.sys += command.ProcessState.SystemTime()
	c.peak = max(c.peak, used.Maxrss)
	c.unfinished = strings.Contains(errs.String(), "not read to its end")
	return out.Bytes(), nil
}

// compareExport adds up the events of all minutes.
func (p plugin) compareExport(d *balancer.Day, lines []byte) (wrong int) {
	sums := map[string]float64{}
	for line := range strings.Lines(string(lines)) {
		var name string
		var value float64
		if _, err := fmt.Sscan(line, &name, &value); err == nil {
			sums[name[strings.LastIndexByte(name, '.')+1:]] += value
		}
	}
	for name, want := range map[string]float64{
		"availability_valid": d.Truth.Valid, "availability_good": d.Truth.Good, "latency_valid": d.Truth.Good, "latency_good": d.Truth.Fast,
	} {
		wrong += p.check("caught up", name, sums[name], want)
	}
	return wrong
}

// compareAll looks at what explain counted.
func (p plugin) compareAll(d *balancer.Day, answer []byte) (wrong int) {
	var got struct {
		Pipelines []struct {
			SLIs []struct {
				Valid, Good float64
			} `json:"slis"`
			Stages []struct {
				Source struct{ Lines, Malformed int64 } `json:"source"`
			} `json:"stages"`
		} `json:"pipelines"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || len(got.Pipelines) != 1 || len(got.Pipelines[0].SLIs) != 2 || len(got.Pipelines[0].Stages) != 1 {
		fmt.Fprintf(p.out, "explain --all: no answer: %v\n%s\n", err, answer)
		return 1
	}
	one, truth := got.Pipelines[0], d.All()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"availability valid", one.SLIs[0].Valid, truth.Valid},
		{"availability good", one.SLIs[0].Good, truth.Good},
		{"latency valid", one.SLIs[1].Valid, truth.Good},
		{"latency good", one.SLIs[1].Good, truth.Fast},
		{"lines", float64(one.Stages[0].Source.Lines), float64(truth.Lines)},
		{"malformed", float64(one.Stages[0].Source.Malformed), float64(truth.Malformed)},
	} {
		wrong += p.check("explain --all", c.name, c.got, c.want)
	}
	return wrong
}

// check prints what differs from the truth.
func (p plugin) check(what, name string, got, want float64) (wrong int) {
	if got == want {
		return 0
	}
	fmt.Fprintf(p.out, "%s: %s is %.0f, want %.0f\n", what, name, got, want)
	return 1
}
