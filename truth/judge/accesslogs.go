package judge

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// formats are the access logs that a world can write, as configuration names them.
var formats = []struct {
	name   string
	format sim.Format
}{{"ltsv", sim.LTSV}, {"json", sim.JSON}, {"combined", sim.Combined}, {"alb", sim.ALB}}

// latencyThreshold is that of all access logs.
const latencyThreshold = 50 * time.Millisecond

// AccessLogs is a trial of availability and latency by access logs of every
// format, one pipeline each.
func AccessLogs(w *sim.World) *Trial {
	t := &Trial{World: w, Second: 12 * time.Second}
	var config strings.Builder
	config.WriteString("metrics: [minimal, events]\npipelines:\n")
	for _, f := range formats {
		fmt.Fprintf(&config, `- name: %[1]s
  stages:
  - name: front
    access_log: {path: "{{dir}}/%[1]s.log", format: %[2]s, where: {method: POST}}
  slis:
    availability: {target: 99.9}
    latency: {threshold: %[3]s, target: 99}
`, f.name, format(f.name), latencyThreshold)
		t.Logs = append(t.Logs, Log{f.name + ".log", func(from, to sim.Instant) iter.Seq[sim.Line] { return w.AccessLog(f.format, from, to) }})
		t.claims = append(t.claims,
			&claim{pipeline: f.name, sli: "availability", method: "access_log " + f.name, exact: true, settle: 10 * time.Second, truth: w.Logged(f.format)},
			&claim{pipeline: f.name, sli: "latency", method: "access_log " + f.name, exact: true, settle: 10 * time.Second, truth: w.LoggedWithin(f.format, latencyThreshold)})
	}
	t.Config = config.String()
	return t
}

// format is what the configuration says; two formats have to be found.
func format(name string) string {
	if name == "ltsv" || name == "alb" {
		return "auto"
	}
	return name
}

// known tells whether the suite has these kinds of stages.
func known(kinds ...string) bool {
	have := builtin.Kinds()
	return !slices.ContainsFunc(kinds, func(k string) bool { _, ok := have[k]; return !ok })
}
