package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// configuration is the suite's; the verbs are the paths of the three logs.
const configuration = `
metrics: [standard]
pipelines:
  - name: box
    window: 1m
    stages:
      - name: nginx
        access_log: { path: %q, format: ltsv, where: { method: POST, uri: ^/videos } }
      - name: front
        app_log:
          path: %q
          events: [{ match: { msg: accepted }, is: accepted }]
          fields: { time: ts, id: id }
      - name: worker
        app_log:
          path: %q
          fields: { time: ts, accepted_at: rec.accepted_at, id: rec.id }
          events:
            - { match: { msg: done }, is: done }
            - { match: { msg: skipped }, is: filtered }
            - { match: { msg: error }, is: failed }
            - { match: { msg: audit, equal: "true" }, is: correct }
            - { match: { msg: audit }, is: wrong }
    slis:
      availability: { target: 99.9 }
      latency: { threshold: 1s, target: 95 }
      freshness: { threshold: 5s, target: 99 }
      coverage: { target: 99.9, deadline: 1m, window: 1m }
      correctness: { target: 99.9 }
    check: { sli: [availability, coverage, correctness], warning_age: 10s, critical_age: 60s, warning_ratio: 99, critical_ratio: 95 }
`

// A window is what explain says of an SLI in one minute.
type window struct {
	Name, Status, Method string
	Since                *time.Time
	Window               struct{ Start, End time.Time }
	Valid, Good          float64
}

// A verdict is what the check said.
type verdict struct {
	at           time.Time
	status, text string
}

// A suite is the programs as they are run here, and all they have said.
type suite struct {
	programs, config, state string

	windows  []window
	events   map[string]map[int64]float64 // by name below events.box, and the time of the point
	verdicts []verdict
	stderr   strings.Builder
}

// into is how long after every minute's end the programs run: when nothing came out of a minute is known, which is at its
// end + the threshold + the logs' settle of 10 s.
const into = freshnessThreshold + 15*time.Second

// minutely runs the programs into every minute until the context ends.
func (s *suite) minutely(ctx context.Context) error {
	for {
		if err := s.round(); err != nil {
			return err
		}
		next := time.Now().Truncate(time.Minute).Add(time.Minute + into)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(next)):
		}
	}
}

// round runs each program once, as the agent does, and explain.
func (s *suite) round() error {
	points, err := s.run("mackerel-plugin-pipeline-sli")
	if err != nil {
		return err
	}
	if err := s.keep(string(points)); err != nil {
		return err
	}
	at := time.Now()
	said, err := s.run("check-pipeline-freshness")
	if err != nil {
		return err
	}
	text, _ := strings.CutPrefix(strings.TrimSpace(string(said)), "PipelineFreshness ")
	status, text, _ := strings.Cut(text, ": ")
	s.verdicts = append(s.verdicts, verdict{at, status, text})

	document, err := s.run("mackerel-plugin-pipeline-sli", "explain", "--json")
	if err != nil {
		return err
	}
	var explained struct {
		Pipelines []struct {
			SLIs []window `json:"slis"`
		}
	}
	if err := json.Unmarshal(document, &explained); err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	for _, p := range explained.Pipelines {
		s.windows = append(s.windows, p.SLIs...)
	}
	return nil
}

// run runs a program to its end, whatever verdict it ends with. It isn't interrupted: it takes no second.
func (s *suite) run(program string, args ...string) ([]byte, error) {
	command := exec.Command(filepath.Join(s.programs, program), append([]string{"--config", s.config, "--state-dir", s.state}, args...)...)
	command.Env = append(os.Environ(), "MACKEREL_AGENT_PLUGIN_META=")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	s.stderr.Write(stderr.Bytes())
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(out) > 0 {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", program, err, stderr.Bytes())
	}
	return out, nil
}

// keep takes the points of events out of what the plugin printed.
func (s *suite) keep(points string) error {
	for line := range strings.Lines(points) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		if len(columns) != 3 {
			return fmt.Errorf("the plugin printed %q", line)
		}
		name, ok := strings.CutPrefix(columns[0], "pipeline-sli.events.box.")
		if !ok {
			continue
		}
		value, errValue := strconv.ParseFloat(columns[1], 64)
		at, errTime := strconv.ParseInt(columns[2], 10, 64)
		if err := errors.Join(errValue, errTime); err != nil {
			return err
		}
		if s.events[name] == nil {
			s.events[name] = map[int64]float64{}
		}
		s.events[name][at] = value
	}
	return nil
}
