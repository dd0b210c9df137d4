package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/real"
)

// TestExportBecomesServiceMetrics hands what the plugin exports to the real mkr, which keeps every minute's own time.
func TestExportBecomesServiceMetrics(t *testing.T) {
	plugin, _ := real.Programs(t)
	dir := t.TempDir()
	written := &truth{}
	access := newWriter(t, written, filepath.Join(dir, "access.log"))
	slow := newWriter(t, written, filepath.Join(dir, "slow.log"))
	history(access, slow)
	config := filepath.Join(dir, "pipeline-sli.yaml")
	writeFile(t, config, fmt.Sprintf(pipeline, access.path, slow.path))

	to := time.Now().Add(-time.Minute).Truncate(time.Minute)
	from := to.Add(-8 * time.Minute) // more than the window
	export := exec.Command(plugin, "--config", config, "export", "--from", from.Format(time.RFC3339), "--to", to.Format(time.RFC3339))
	export.Env = append(os.Environ(), "MACKEREL_PLUGIN_WORKDIR="+t.TempDir())
	export.Stderr = os.Stderr
	lines, err := export.Output()
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	api := startAPI(t)
	api.AddService("shop")
	mkr(t, api, string(lines), "throw", "--service", "shop")

	refuseNone(t, api)
	points := api.ServiceValues("shop", prefix+"events.web.availability_valid")
	if len(points) != 8 {
		t.Errorf("%d points for 8 minutes:\n%s", len(points), lines)
	}
	for _, p := range points {
		if want := written.between(p.Time-60, p.Time, time.Now()).availabilityValid; p.Value != want || p.Time%60 != 0 {
			t.Errorf("%v events at %d, want the %v lines of that minute", p.Value, p.Time, want)
		}
	}
}
