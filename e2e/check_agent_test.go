package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

// checkPipeline is what the agent's checks judge; %q is the log.
const checkPipeline = `
pipelines:
  - name: web
    window: 1m
    stages: [{ name: front, access_log: { path: %q, format: ltsv, settle: 2s } }]
    slis: { availability: { target: 99.9 } }
    check: { sli: availability, warning_ratio: 99, critical_ratio: 90 }
    runbook: https://example.com/runbook
`

// agentCheck is a [plugin.checks.…] table with the settings that the README names.
func agentCheck(name, program string, args ...string) string {
	command := fmt.Sprintf("%q", append([]string{program}, args...))
	return fmt.Sprintf("[plugin.checks.%s]\ncommand = %s\ncheck_interval = 1\nmax_check_attempts = 3\nnotification_interval = 60\n",
		name, strings.ReplaceAll(command, `" "`, `", "`))
}

// TestAgentReportsEveryChangeOfTheVerdictOnce runs the check under the real agent while the service breaks and heals, beside
// one with a flag it refuses and builds that panic.
func TestAgentReportsEveryChangeOfTheVerdictOnce(t *testing.T) {
	_, check := real.Programs(t)
	long(t, 6*time.Minute)

	dir := t.TempDir()
	config, log := filepath.Join(dir, "pipeline-sli.yaml"), filepath.Join(dir, "access.log")
	writeFile(t, config, fmt.Sprintf(checkPipeline, log))
	front := startFront(t, log)
	panicking := buildPanicking(t)
	inReading := filepath.Join(dir, "reading.yaml")
	writeFile(t, inReading, fmt.Sprintf("pipelines: [{ name: reading, stages: [{ name: worker, app_log: { path: %q, fields: { accepted_at: at } } }], slis: { freshness: { threshold: 60s, target: 99 } }, check: { warning_ratio: 90 } }]\n", log))

	api := startAPI(t)
	real.StartAgent(t, api.URL, agentCheck("web", check, "--config", config)+
		agentCheck("refused", check, "--config", config, "--critical-ratio", "0.99")+
		agentCheck("setup", panicking, "--config", config)+
		agentCheck("reading", panicking, "--config", inReading), "MACKEREL_PLUGIN_WORKDIR="+t.TempDir())

	last := func(status string) func() bool {
		return func() bool {
			reports := api.Reports("web")
			return len(reports) > 0 && reports[len(reports)-1].Status == status
		}
	}
	wait(t, api, 3*time.Minute, "a first OK", last("OK"))
	refused := len(api.Reports("refused"))
	wait(t, api, 4*time.Minute, "two more runs", func() bool { return len(api.Reports("refused")) >= refused+2 })
	if n := len(api.Reports("web")); n != 1 {
		t.Errorf("%d reports while nothing changed, want one: an OK text doesn't repeat", n)
	}
	front.broken.Store(true)
	wait(t, api, 4*time.Minute, "CRITICAL", last("CRITICAL"))
	front.broken.Store(false)
	wait(t, api, 4*time.Minute, "OK again", last("OK"))

	refuseNone(t, api)
	checkVerdicts(t, api.Reports("web"))
	for name, want := range map[string]string{
		"refused": "--critical-ratio: must be a percentage over 1 (got 0.99) (did you mean 99?)\n",
		"setup":   "internal error: while setting up\n",
		"reading": "internal error: while reading",
	} {
		reports := api.Reports(name)
		if len(reports) == 0 {
			t.Errorf("check %s: no report", name)
		}
		for _, r := range reports {
			if r.Status != "UNKNOWN" || !strings.HasPrefix(r.Message, "PipelineFreshness UNKNOWN: ") || !strings.Contains(r.Message, want) {
				t.Errorf("check %s: %s %q, want UNKNOWN with %q", name, r.Status, r.Message, want)
			}
		}
	}
}

// checkVerdicts: the check said OK, then WARNING or CRITICAL with its reason and the runbook, then OK, and no OK twice in a
// row.
func checkVerdicts(t *testing.T, reports []fakemackerel.Report) {
	t.Helper()
	var path []string
	for _, r := range reports {
		t.Logf("%s %s %q", r.Posted.Format(time.TimeOnly), r.Status, r.Message)
		status := r.Status
		switch status {
		case "OK":
			if r.Message != "PipelineFreshness OK: web: fresh\n" {
				t.Errorf("OK with %q", r.Message)
			}
		case "WARNING", "CRITICAL":
			if !strings.HasPrefix(r.Message, "PipelineFreshness "+status+": web: availability ") || !strings.HasSuffix(r.Message, " https://example.com/runbook\n") {
				t.Errorf("%s with %q", status, r.Message)
			}
			status = "breach"
		}
		if len(path) == 0 || status == "OK" || path[len(path)-1] != status {
			path = append(path, status)
		}
	}
	if got := strings.Join(path, " "); got != "OK breach OK" {
		t.Errorf("reports were %s, want OK, a breach, OK", got)
	}
}

// A front writes twenty requests a second to its log, all of which fail while it is broken.
type front struct{ broken atomic.Bool }

func startFront(t *testing.T, log string) *front {
	t.Helper()
	f := &front{}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	write := func(at time.Time) {
		status := 200
		if f.broken.Load() {
			status = 503
		}
		if _, err := fmt.Fprintf(file, "time:%s\tmethod:POST\turi:/v\tstatus:%d\treqtime:0.010\n", at.Format(time.RFC3339Nano), status); err != nil {
			t.Error(err)
		}
	}
	now := time.Now()
	for at := now.Add(-4 * time.Minute); at.Before(now); at = at.Add(time.Second) {
		write(at)
	}
	b := newBackground(t)
	b.run(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-b.done:
				return
			case at := <-tick.C:
				write(at)
			}
		}
	})
	return f
}

// buildPanicking compiles the check whose sources panic.
func buildPanicking(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "panicking")
	build := exec.Command("go", "build", "-tags", "panictest", "-o", program, "./test/check/panicking")
	build.Dir = real.Repository()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}
