package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

// TestMkrUnderstandsTheFakeAPI shows that what the suite prints for mkr can be judged with the real one.
func TestMkrUnderstandsTheFakeAPI(t *testing.T) {
	api := startAPI(t)
	api.AddService("shop")
	other := api.AddHost("other")
	now := time.Now().Unix()

	values := fmt.Sprintf("pipeline-sli.events.web.availability_good\t12\t%d\n", now-600)
	mkr(t, api, values, "throw", "--service", "shop")
	mkr(t, api, values, "throw", "--host", other)
	for name, points := range map[string][]fakemackerel.Point{
		"service": api.ServiceValues("shop", "pipeline-sli.events.web.availability_good"),
		"host":    api.HostValues(other, "custom.pipeline-sli.events.web.availability_good"),
	} {
		if len(points) != 1 || points[0].Value != 12 || points[0].Time != now-600 {
			t.Errorf("%s: values %+v, want 12 at its own time", name, points)
		}
	}

	dir := t.TempDir()
	dashboard, monitors := filepath.Join(dir, "dashboard.json"), filepath.Join(dir, "monitors.json")
	writeFile(t, dashboard, `{"title":"web","urlPath":"web","memo":"","widgets":[{"type":"markdown","title":"m","markdown":"# m","layout":{"x":0,"y":0,"width":6,"height":4}}]}`)
	writeFile(t, monitors, `{"monitors":[{"type":"expression","name":"web: burn","expression":"max(service(shop, x))","operator":">","warning":1,"critical":2}]}`)
	mkr(t, api, "", "dashboards", "push", "--file-path", dashboard)
	mkr(t, api, "", "monitors", "push", "--file-path", monitors)
	mkr(t, api, "", "monitors", "push", "--file-path", monitors) // known by now: nothing new
	if got := api.Dashboards(); len(got) != 1 || !strings.Contains(string(got[0]), `"title":"web"`) {
		t.Errorf("dashboards %s", got)
	}
	if got := api.Monitors(); len(got) != 1 || !strings.Contains(string(got[0]), `"name":"web: burn"`) {
		t.Errorf("monitors %s", got)
	}
	refuseNone(t, api)
}

// mkr runs the real mkr against an API.
func mkr(t *testing.T, api *fakemackerel.Server, stdin string, args ...string) string {
	t.Helper()
	return mkrIn(t, t.TempDir(), api, stdin, args...)
}

// mkrIn runs it in a folder, where it may write files.
func mkrIn(t *testing.T, dir string, api *fakemackerel.Server, stdin string, args ...string) string {
	t.Helper()
	command := exec.Command(real.Mkr(t), append([]string{"--apibase", api.URL}, args...)...)
	command.Dir = dir
	command.Env = append(os.Environ(), "MACKEREL_APIKEY=dummy")
	command.Stdin = strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("mkr %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
