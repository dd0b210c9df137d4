package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

// TestContainerAgentRunsBoth runs both programs under the real mackerel-container-agent for five minutes, with the state on
// a volume. It stamps every value with its own time; all else arrives as under mackerel-agent.
func TestContainerAgentRunsBoth(t *testing.T) {
	plugin, check := real.Programs(t)
	agent := real.ContainerAgent(t)
	long(t, 5*time.Minute)

	volume, runs := t.TempDir(), t.TempDir()
	log := newWriter(t, &truth{}, filepath.Join(volume, "access.log"))
	history(log)
	background := newBackground(t)
	background.run(func() { log.writeUntil(background.done, 200*time.Millisecond) })
	config := filepath.Join(volume, "pipeline-sli.yaml")
	writeFile(t, config, fmt.Sprintf("state_dir: %q", filepath.Join(volume, "state"))+fmt.Sprintf(pipeline, log.path, log.path))
	writeFile(t, filepath.Join(runs, "modes"), "pass")

	api := startAPI(t)
	settings := filepath.Join(volume, "mackerel.conf")
	writeFile(t, settings, fmt.Sprintf(`apibase: %q
apikey: dummy
root: %q
plugin:
  metrics:
    pipeline-sli:
      command: [%q, %q, %q, "--config", %q]
  checks:
    pipeline-freshness-web:
      command: [%q, "--config", %q, "--sli", "availability", "--critical-ratio", "10"]
`, api.URL, volume, real.Build(t, "./wrapper"), runs, plugin, config, check, config))
	said := filepath.Join(volume, "agent.log")
	startContainerAgent(t, agent, settings, said)

	var done []run
	wait(t, api, 8*time.Minute, "the values of five runs", func() bool {
		done = readRuns(t, runs)
		return len(done) >= 5 && late(api, done[4]) == nil
	})
	background.stop()
	refuseNone(t, api)
	checkDefinitions(t, api)
	for _, r := range done[:5] {
		if r.Exit != 0 {
			t.Errorf("run at %s: exit %d\n%s", r.Start.Format(time.TimeOnly), r.Exit, r.Stderr)
		}
		if missing := late(api, r); missing != nil {
			t.Errorf("run at %s: not posted with the agent's time: %q", r.Start.Format(time.TimeOnly), missing)
		}
		values, odd := printed(r)
		for _, name := range slices.Concat(applies, ofTheRun, ofThePoint) {
			if _, ok := values[prefix+name]; !ok {
				t.Errorf("run at %s: no %s, which mackerel-agent gets (%q)", r.Start.Format(time.TimeOnly), name, odd)
			}
		}
	}
	checkReports(t, api)
	if found, err := filepath.Glob(filepath.Join(volume, "state", "*", "state.db")); err != nil || len(found) == 0 {
		if _, err := os.Stat(filepath.Join(volume, "state", "state.db")); err != nil {
			t.Errorf("no state on the volume: %v", err)
		}
	}
}

// startContainerAgent runs the agent as a container does, beside no platform, until the test ends.
func startContainerAgent(t *testing.T, agent, settings, log string) {
	t.Helper()
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(agent)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MACKEREL_") { // in a container nobody sets MACKEREL_PLUGIN_WORKDIR
			command.Env = append(command.Env, v)
		}
	}
	command.Env = append(command.Env, "MACKEREL_CONTAINER_PLATFORM=none", "MACKEREL_AGENT_CONFIG="+settings)
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		ended := make(chan struct{})
		go func() { _ = command.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = command.Process.Kill()
			<-ended
		}
		out.Close()
		if text, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("mackerel-container-agent:\n%s", text)
		}
	})
}

// late lists what a run printed and the API doesn't have with a time of about the run's, whatever minute the value is of.
func late(api *fakemackerel.Server, r run) (missing []string) {
	values, _ := printed(r)
	for name, p := range values {
		if !slices.ContainsFunc(api.Values("custom."+name), func(q fakemackerel.Point) bool {
			return q.Value == p.value && r.Start.Unix()-60 <= q.Time && q.Time <= r.End.Unix()+60
		}) {
			missing = append(missing, name)
		}
	}
	return missing
}
