package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
	"mackerel-plugin-pipeline-sli/e2e/real"
)

const objectives = `
metrics: [standard]
pipelines:
  - name: video
    label: 動画配信
    stages: [{ name: front, access_log: { path: /var/log/nginx/access.log } }]
    slis:
      availability: { target: 99.9 }
      latency: { threshold: 500ms, target: 99 }
`

// organisation fills an API with monitors of every type that mkr can read, one of them muted.
func organisation(t *testing.T, api *fakemackerel.Server, n int) {
	t.Helper()
	for i := range n {
		body := []string{
			`{"type":"host","name":"cpu %d","metric":"cpu%%","operator":">","duration":3,"warning":80,"critical":90,"isMute":true}`,
			`{"type":"service","name":"orders %d","service":"shop","metric":"orders","operator":"<","duration":5,"warning":1,"critical":null,"missingDurationWarning":30}`,
			`{"type":"expression","name":"load %d","expression":"max(role('a:b','loadavg5'))","operator":">","warning":1,"critical":2.5,"memo":"5 > 3"}`,
			`{"type":"external","name":"page %d","url":"https://example.com/","method":"GET","maxCheckAttempts":1}`,
			`{"type":"query","name":"query %d","query":"up","legend":"l","operator":">","warning":1,"critical":null}`,
			`{"type":"anomalyDetection","name":"strange %d","scopes":["a:b"],"warningSensitivity":"normal","maxCheckAttempts":3}`,
		}[i%6]
		post(t, api, fmt.Sprintf(body, i))
	}
	post(t, api, `{"type":"connectivity","name":"connectivity","alertStatusOnGone":"CRITICAL"}`)
}

func post(t *testing.T, api *fakemackerel.Server, body string) {
	t.Helper()
	request, err := http.NewRequest("POST", api.URL+"/api/v0/monitors", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Api-Key", "dummy")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", body, response.Status)
	}
}

// generated is what the metric program prints, and what it says.
func generated(t *testing.T, args ...string) (stdout []byte, stderr string, err error) {
	t.Helper()
	plugin, _ := real.Programs(t)
	config := filepath.Join(t.TempDir(), "c.yaml")
	writeFile(t, config, objectives)
	var said strings.Builder
	command := exec.Command(plugin, append(args, "--config", config)...)
	command.Stderr = &said
	stdout, err = command.Output()
	return stdout, said.String(), err
}

// pushMonitors pulls, merges and pushes as the page for users says, and returns how many calls wrote something.
func pushMonitors(t *testing.T, api *fakemackerel.Server) int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "monitors.json")
	mkr(t, api, "", "monitors", "pull", "--file-path", file)
	merged, said, err := generated(t, "monitors", "--role", "shop:web", "--merge", file)
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if err := os.WriteFile(file, merged, 0o600); err != nil {
		t.Fatal(err)
	}
	before := writes(api)
	mkr(t, api, "", "monitors", "push", "--file-path", file)
	return writes(api) - before
}

// writes counts the calls that change monitors or dashboards.
func writes(api *fakemackerel.Server) int {
	n := 0
	for _, p := range api.Posts() {
		if p.Method != "GET" && (strings.HasPrefix(p.Path, "/api/v0/monitors") || strings.HasPrefix(p.Path, "/api/v0/dashboards")) {
			n++
		}
	}
	return n
}

// TestMonitorsArePushedWithoutTouchingOthers merges into an organisation of 31 monitors, one of every sixth muted.
func TestMonitorsArePushedWithoutTouchingOthers(t *testing.T) {
	api := startAPI(t)
	api.AddService("shop")
	organisation(t, api, 30)
	others := api.Monitors()

	if n := pushMonitors(t, api); n != 4 {
		t.Errorf("%d calls for two SLIs with a page and a ticket each", n)
	}
	for round := range 2 {
		if n := pushMonitors(t, api); n != 0 {
			t.Errorf("round %d: %d calls though nothing changed", round, n)
		}
	}
	all := api.Monitors()
	for i, o := range others {
		if string(all[i]) != string(o) {
			t.Errorf("changed: %s\nbefore: %s", all[i], o)
		}
	}
	if len(all) != len(others)+4 {
		t.Errorf("%d monitors, want %d", len(all), len(others)+4)
	}

	// Somebody mutes one of ours; a merge keeps that, without a call.
	var ours map[string]any
	if err := json.Unmarshal(all[len(all)-1], &ours); err != nil {
		t.Fatal(err)
	}
	ours["isMute"] = true
	body, _ := json.Marshal(ours)
	request, _ := http.NewRequest("PUT", api.URL+"/api/v0/monitors/"+ours["id"].(string), strings.NewReader(string(body)))
	request.Header.Set("X-Api-Key", "dummy")
	request.Header.Set("Content-Type", "application/json")
	if response, err := http.DefaultClient.Do(request); err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(err, response)
	}
	if n := pushMonitors(t, api); n != 0 {
		t.Errorf("%d calls though only a mute changed", n)
	}
	if last := string(api.Monitors()[len(all)-1]); !strings.Contains(last, `"isMute":true`) {
		t.Errorf("the mute is gone: %s", last)
	}
	refuseNone(t, api)
}

// TestMonitorsOfOneNameAreRefused shows that nothing is printed where mkr would delete.
func TestMonitorsOfOneNameAreRefused(t *testing.T) {
	api := startAPI(t)
	organisation(t, api, 3)
	post(t, api, `{"type":"connectivity","name":"connectivity","alertStatusOnGone":"WARNING"}`)
	file := filepath.Join(t.TempDir(), "monitors.json")
	mkr(t, api, "", "monitors", "pull", "--file-path", file)
	merged, said, err := generated(t, "monitors", "--role", "shop:web", "--merge", file)
	if err == nil || len(merged) > 0 || !strings.Contains(said, `"connectivity"`) {
		t.Errorf("want it refused by name: %v %s\n%s", err, said, merged)
	}
}

// TestADashboardIsPushedAndMergedAgain lets mkr push a board, pull it and push it merged.
func TestADashboardIsPushedAndMergedAgain(t *testing.T) {
	api := startAPI(t)
	for _, args := range [][]string{{"--role", "shop:web"}, {"--host-id", "2u4PP3TJqbu"}} {
		dir := t.TempDir()
		board, said, err := generated(t, append([]string{"dashboard", "--lang", "ja"}, args...)...)
		if err != nil || said != "" {
			t.Fatal(err, said)
		}
		file := filepath.Join(dir, "board.json")
		if err := os.WriteFile(file, board, 0o600); err != nil {
			t.Fatal(err)
		}
		before := len(api.Dashboards())
		mkr(t, api, "", "dashboards", "push", "--file-path", file)
		if len(api.Dashboards()) != before+1 {
			t.Fatalf("%d dashboards", len(api.Dashboards()))
		}
		var there map[string]any
		if err := json.Unmarshal(api.Dashboards()[before], &there); err != nil {
			t.Fatal(err)
		}
		mkrIn(t, dir, api, "", "dashboards", "pull", "--id", there["id"].(string))
		pulled := filepath.Join(dir, "dashboard-"+there["id"].(string)+".json")
		once, said, err := generated(t, append([]string{"dashboard", "--lang", "ja", "--merge", pulled}, args...)...)
		if err != nil {
			t.Fatal(err, said)
		}
		if err := os.WriteFile(file, once, 0o600); err != nil {
			t.Fatal(err)
		}
		mkr(t, api, "", "dashboards", "push", "--file-path", file)
		if len(api.Dashboards()) != before+1 {
			t.Errorf("pushing the merged board made another: %d", len(api.Dashboards()))
		}
		again, _, err := generated(t, append([]string{"dashboard", "--lang", "ja", "--merge", file}, args...)...)
		if err != nil || string(again) != string(once) {
			t.Errorf("merging again changed the board: %v", err)
		}
	}
	refuseNone(t, api)
}
