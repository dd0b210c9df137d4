package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

// modes is what happens to the plugin's runs, one a minute, the first at the agent's start; see e2e/wrapper.
var modes = []string{"pass", "skip", "killed", "pass", "closed", "pass", "pass"}

const (
	logSettle = 10 * time.Second // of a log, unless configured
	window    = 5 * time.Minute
	prefix    = "pipeline-sli."
)

const pipeline = `
metrics: [standard]
pipelines:
  - name: web
    window: 5m
    stages:
      - name: nginx
        access_log:
          path: [%q, %q]
          format: ltsv
          where: { method: POST }
    slis:
      availability: { target: 99.9 }
      latency: { threshold: 500ms, target: 99 }
`

// run mirrors the wrapper's record of one run.
type run struct {
	Mode           string
	Start, End     time.Time
	Stdout, Stderr string
	Exit           int
	CPU            time.Duration
	Peak           int64 // KiB
}

// point is a printed value.
type point struct {
	value float64
	at    int64
}

// TestAgentCountsEveryLineOnce runs both programs under the real agent over logs that are rotated in every way, with runs
// that are left out or killed while they print, and an API that fails in between.
func TestAgentCountsEveryLineOnce(t *testing.T) {
	plugin, check := real.Programs(t)
	need(t, "logrotate")
	long(t, 9*time.Minute)

	dir := t.TempDir()
	written := &truth{}
	access := newWriter(t, written, filepath.Join(dir, "access.log"))
	slow := newWriter(t, written, filepath.Join(dir, "slow.log"))
	history(access, slow)
	background := newBackground(t)
	background.run(func() { access.writeUntil(background.done, 100*time.Millisecond) })
	background.run(func() { slow.writeUntil(background.done, time.Second) })

	config := filepath.Join(dir, "pipeline-sli.yaml")
	writeFile(t, config, fmt.Sprintf(pipeline, access.path, slow.path))
	runs := t.TempDir()
	writeFile(t, filepath.Join(runs, "modes"), strings.Join(modes, "\n"))
	plugins := fmt.Sprintf(`[plugin.metrics.pipeline-sli]
command = [%q, %q, %q, "--config", %q]
use_plugin_timestamp = true
[plugin.checks.pipeline-freshness-web]
command = [%q, "--config", %q, "--pipeline", "web", "--sli", "availability", "--critical-ratio", "10"]
check_interval = 1
max_check_attempts = 3
notification_interval = 60
`, real.Build(t, "./wrapper"), runs, plugin, config, check, config)

	api := startAPI(t)
	awayFromEdges()
	agent := real.StartAgent(t, api.URL, plugins, "MACKEREL_PLUGIN_WORKDIR="+t.TempDir())
	disturb(background, api, access, slow)
	last := len(modes) - 1
	var finished []run
	wait(t, api, 15*time.Minute, "the last run's values", func() bool {
		finished = readRuns(t, runs)
		return len(finished) > last && arrived(api, finished[last])
	})
	background.stop()
	finished = finished[:last+1]

	refuseNone(t, api)
	if log := agent.Log(t); strings.Contains(log, "plugin has a bug") || strings.Contains(log, "acceptable time window") {
		t.Error("the agent complained of the plugin")
	}
	checkDefinitions(t, api)
	for i, r := range finished {
		t.Logf("run %d %s at %s, exit %d\n%s%s", i, r.Mode, r.Start.Format(time.TimeOnly), r.Exit, r.Stderr, r.Stdout)
		if r.Mode == "pass" {
			checkRun(t, api, written, r)
		}
	}
	checkAcknowledgement(t, finished)
	checkSums(t, api, written, finished[last])
	checkReports(t, api)
}

// history writes what the logs held before the agent was started.
func history(logs ...*writer) {
	now := time.Now()
	for at := now.Add(-12 * time.Minute); at.Before(now); at = at.Add(time.Second) {
		for _, log := range logs {
			log.write(at)
		}
	}
}

// awayFromEdges waits until the clock is far from where a minute ends or has settled, so that the first run, which comes
// at once, is surely of one minute.
func awayFromEdges() {
	now := time.Now()
	if second := now.Second(); second < 15 || second > 50 {
		time.Sleep(now.Truncate(time.Minute).Add(75*time.Second).Sub(now) % time.Minute)
	}
}

// disturb starts what happens to the logs and the API, by the time since the agent's start.
func disturb(b *background, api *fakemackerel.Server, access, slow *writer) {
	resume := make(chan struct{})
	b.after(20*time.Second, func() { access.logrotate("create") })
	b.after(50*time.Second, func() { slow.cut(resume, b.done) })
	b.after(80*time.Second, func() { access.logrotate("copytruncate") })
	b.after(100*time.Second, func() { access.logrotate("create") })
	b.after(130*time.Second, func() { close(resume) })
	b.after(150*time.Second, func() { api.Inject(fakemackerel.Fault{Path: "/api/v0/tsdb", Status: 500}) })
	b.after(200*time.Second, func() { access.logrotate("create") })
	b.after(230*time.Second, func() { access.logrotate("copytruncate") })
}

// due is the end of the newest minute that a run may speak of.
func due(r run) int64 { return r.Start.Add(-logSettle).Truncate(time.Minute).Unix() }

// arrived says whether every line of a run was posted under its own time.
func arrived(api *fakemackerel.Server, r run) bool {
	values, _ := printed(r)
	for name, p := range values {
		if !posted(api, name, p) {
			return false
		}
	}
	return true
}

func posted(api *fakemackerel.Server, name string, p point) bool {
	return slices.ContainsFunc(api.Values("custom."+name), func(q fakemackerel.Point) bool {
		return q.Time == p.at && q.Value == p.value
	})
}

// checkDefinitions compares definitions and values by name.
func checkDefinitions(t *testing.T, api *fakemackerel.Server) {
	t.Helper()
	defined := api.Defined()
	for _, name := range api.Names("custom.") {
		if _, ok := defined[name]; !ok {
			t.Errorf("%s was posted without a definition", name)
		}
	}
	for name, metric := range defined {
		if metric.DisplayName == "" {
			t.Errorf("%s has no label", name)
		}
		if api.Values(name) == nil {
			t.Logf("%s is defined and was never posted", name)
		}
	}
	for graph, unit := range map[string]string{"sli": "percentage", "age": "seconds", "measure": "integer", "events": "integer", "budget": "percentage"} {
		if got := api.Definitions()["custom."+prefix+graph+".web"].Unit; got != unit {
			t.Errorf("graph %s.web: unit %q, want %q", graph, got, unit)
		}
	}
}

// applies is what must be printed in every passed run, with the statements about the run apart.
var (
	applies    = []string{"sli.web.availability", "sli.web.latency", "budget.web.availability", "budget.web.latency"}
	ofTheRun   = []string{"sli.web.measured", "measure.web.up", "measure.web.sources_failed", "measure.web.minutes_skipped", "age.web.measure_lag"}
	ofThePoint = []string{"events.web.availability_valid", "events.web.availability_good", "events.web.latency_valid", "events.web.latency_good", "events.web.minutes"}
)

// checkRun compares what one run printed with the contract and with what was posted.
func checkRun(t *testing.T, api *fakemackerel.Server, written *truth, r run) {
	t.Helper()
	at := r.Start.Format(time.TimeOnly)
	if r.Exit != 0 {
		t.Errorf("run at %s: exit %d", at, r.Exit)
	}
	values, odd := printed(r)
	if odd != nil {
		t.Errorf("run at %s: lines that are not NAME<TAB>NUMBER<TAB>EPOCH, once each: %q", at, odd)
	}
	for name, p := range values {
		if !posted(api, name, p) {
			t.Errorf("run at %s: %s = %v at %d was not posted so", at, name, p.value, p.at)
		}
	}
	for _, name := range append(append(slices.Clone(applies), ofTheRun...), ofThePoint...) {
		if _, ok := values[prefix+name]; !ok {
			t.Errorf("run at %s: no %s", at, name)
		}
	}
	for _, name := range ofTheRun {
		if p := values[prefix+name]; p.at != r.Start.Truncate(time.Minute).Unix() {
			t.Errorf("run at %s: %s at %d, want the run's minute", at, name, p.at)
		}
	}
	for _, name := range applies {
		if p := values[prefix+name]; p.at != due(r) {
			t.Errorf("run at %s: %s at %d, want the newest due minute's end %d", at, name, p.at, due(r))
		}
	}
	for name, want := range map[string]float64{"sli.web.measured": 100, "measure.web.up": 1, "measure.web.sources_failed": 0, "measure.web.minutes_skipped": 0} {
		if got := values[prefix+name].value; got != want {
			t.Errorf("run at %s: %s = %v, want %v", at, name, got, want)
		}
	}
	now := written.between(due(r)-int64(window/time.Second), due(r), r.Start)
	checkRatio(t, at, "availability", values, now.availabilityGood/now.availabilityValid)
	checkRatio(t, at, "latency", values, now.latencyGood/now.latencyValid)
}

func checkRatio(t *testing.T, at, sli string, values map[string]point, want float64) {
	t.Helper()
	if got := values[prefix+"sli.web."+sli].value; math.Abs(got-100*want) > 1e-9 {
		t.Errorf("run at %s: %s %v %%, want %v", at, sli, got, 100*want)
	}
}

// checkAcknowledgement: a point that a run fixed and could not print is printed by the next one, before a newer one.
func checkAcknowledgement(t *testing.T, runs []run) {
	t.Helper()
	for i, r := range runs[:len(runs)-1] {
		if r.Mode != "killed" && r.Mode != "closed" {
			continue
		}
		values, _ := printed(runs[i+1])
		if next := values[prefix+"events.web.availability_valid"]; next.at != due(r) {
			t.Errorf("after the run that was %s at %s: events at %d, want the same point at %d", r.Mode, r.Start.Format(time.TimeOnly), next.at, due(r))
		}
	}
}

// checkSums: over the minutes that the points cover, the posted counts are exactly the lines that were written.
func checkSums(t *testing.T, api *fakemackerel.Server, written *truth, last run) {
	t.Helper()
	minutes := sum(t, api, "minutes")
	first, end := math.Inf(1), int64(0)
	for at := range minutes {
		first, end = math.Min(first, float64(at)), max(end, at)
	}
	if len(minutes) == 0 {
		t.Error("no events were posted")
		return
	}
	if end != due(last) {
		t.Errorf("the newest point is of %d, want the last run's newest due minute %d", end, due(last))
	}
	if minutes[int64(first)] != 1 {
		t.Errorf("the first point holds %v minutes, want 1", minutes[int64(first)])
	}
	from := int64(first) - 60
	if got, want := total(minutes), float64(end-from)/60; got != want {
		t.Errorf("points hold %v minutes, want %v", got, want)
	}
	want := written.between(from, end, last.Start)
	for name, want := range map[string]float64{
		"availability_valid": want.availabilityValid, "availability_good": want.availabilityGood,
		"latency_valid": want.latencyValid, "latency_good": want.latencyGood,
	} {
		if got := total(sum(t, api, name)); got != want {
			t.Errorf("Σ %s = %v, want the %v lines that were written", name, got, want)
		}
	}
}

// sum collects the posted points of an events metric by time. A point that came twice must have come with one value.
func sum(t *testing.T, api *fakemackerel.Server, metric string) map[int64]float64 {
	t.Helper()
	byTime := map[int64]float64{}
	for _, p := range api.Values("custom." + prefix + "events.web." + metric) {
		if known, twice := byTime[p.Time]; twice && known != p.Value {
			t.Errorf("events.web.%s at %d is %v and %v", metric, p.Time, known, p.Value)
		}
		byTime[p.Time] = p.Value
	}
	return byTime
}

func total(byTime map[int64]float64) (sum float64) {
	for _, v := range byTime {
		sum += v
	}
	return sum
}

// checkReports: the check is content, and says so in one stable text.
func checkReports(t *testing.T, api *fakemackerel.Server) {
	t.Helper()
	reports := api.Reports("pipeline-freshness-web")
	if len(reports) != 1 {
		t.Errorf("%d reports, want one: an OK text doesn't change", len(reports))
	}
	for _, r := range reports {
		if r.Status != "OK" || r.Message != "PipelineFreshness OK: web: fresh\n" {
			t.Errorf("report %s %q", r.Status, r.Message)
		}
	}
}

var printedLine = regexp.MustCompile(`^([^\t]+)\t(-?\d+(?:\.\d+)?)\t(\d+)\n$`)

// printed parses a run's lines; odd are those of another form and those whose name came before.
func printed(r run) (values map[string]point, odd []string) {
	values = map[string]point{}
	for text := range strings.Lines(r.Stdout) {
		fields := printedLine.FindStringSubmatch(text)
		if fields == nil {
			odd = append(odd, text)
			continue
		}
		if _, twice := values[fields[1]]; twice {
			odd = append(odd, text)
		}
		value, _ := strconv.ParseFloat(fields[2], 64) // the pattern holds only numbers
		at, _ := strconv.ParseInt(fields[3], 10, 64)
		values[fields[1]] = point{value, at}
	}
	return values, odd
}

// readRuns returns the runs that have ended, as far as they follow one another.
func readRuns(t *testing.T, dir string) (runs []run) {
	t.Helper()
	for {
		text, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("run.%d.json", len(runs))))
		if os.IsNotExist(err) {
			return runs
		}
		var r run
		if err == nil {
			err = json.Unmarshal(text, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
