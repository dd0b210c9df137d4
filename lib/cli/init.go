package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// starterText is a configuration to begin with: what is needed stands there, what
// may be wanted is commented out and valid once it isn't.
const starterText = `# Configuration of mackerel-plugin-pipeline-sli and check-pipeline-freshness.
# Its place: %s   After an edit: mackerel-plugin-pipeline-sli validate
pipelines:
  - name: %s
    # label: Videos              # shown to people instead of the name, which is part of metric names
    # window: 5m                 # what ratios speak of
    # metrics: [minimal, events] # minimal, standard, full, and names of graphs
    stages:                      # in the order a record flows
      - name: front
        access_log:
          path: %s
          # format: ltsv         # ltsv, json, combined, alb or regex; found by itself
          # where: { method: [POST, PUT], uri: ^/videos }
    slis:
      availability: { target: 99.9 } # percent of requests that are answered below 500
      latency: { threshold: %s, target: 99 }
    check:                       # of check-pipeline-freshness; its flags win
      sli: [availability, latency]
      warning_ratio: 99
      critical_ratio: 95
      # burn_rate: true          # page when the error budget burns too fast
    # slo: { period: 28d }       # what error budgets speak of
    # exclude: [{ weekly: "Sun 02:00-04:00", reason: maintenance }]
    # runbook: https://example.com/runbook
`

// starting writes files to begin with.
type starting struct{ *program }

// starter prints a configuration file to begin with, made from the flags.
func (p starting) starter(context.Context) int {
	if len(p.opt.Config) > 0 {
		return p.usage(withHint(errors.New("init prints a file and doesn't read one"), "leave out --config, and send what it prints to a new file"))
	}
	if p.opt.Test {
		return p.firstCase()
	}
	for _, flag := range p.set {
		if !slices.Contains([]string{"access-log", "latency-threshold", "name"}, flag) {
			return p.usage(withHint(fmt.Errorf("--%s means nothing to init", flag), "--access-log, --latency-threshold and --name go with it"))
		}
	}
	log, err := filepath.Abs(cmp.Or(p.opt.AccessLog, "/var/log/nginx/access.log"))
	if err != nil {
		return p.usage(err)
	}
	name := cmp.Or(p.opt.Name, nameOf(log))
	threshold := section.UnitDuration(cmp.Or(time.Duration(p.opt.LatencyThreshold), 500*time.Millisecond))
	text := fmt.Sprintf(starterText, DefaultConfig, strconv.Quote(name), strconv.Quote(escape(log)), threshold)
	reader := config.Reader{Kinds: p.env.Kinds, Getenv: p.env.Getenv, Zone: p.env.Zone}
	if _, err := reader.Read([]config.Source{{Name: "init", Text: []byte(text)}}); err != nil {
		return p.usage(err) // a flag's value that no file may hold
	}
	fmt.Fprint(p.env.Stdout, text)
	return exitOK
}

// firstCase prints a file of cases to begin with.
func (p starting) firstCase() int {
	for _, flag := range p.set {
		if flag != "test" {
			return p.usage(fmt.Errorf("--%s means nothing to init --test", flag))
		}
	}
	fmt.Fprint(p.env.Stdout, caseText)
	return exitOK
}
