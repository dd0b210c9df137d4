// Package e2e runs the suite's programs against real parts: the real mackerel-agent and mkr, real servers, emulators.
package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/fakemackerel"
)

// startAPI starts a fake API that ends with the test.
func startAPI(t *testing.T) *fakemackerel.Server {
	t.Helper()
	api, err := fakemackerel.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return api
}

// wait ends the test when the API has not seen something within a limit.
func wait(t *testing.T, api *fakemackerel.Server, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := api.Wait(ctx, what, ok); err != nil {
		t.Fatal(err)
	}
}

// refuseNone fails the test for every post that the API's rules forbid.
func refuseNone(t *testing.T, api *fakemackerel.Server) {
	t.Helper()
	for _, p := range api.Refusals() {
		t.Errorf("%s %s was refused: %s\n%.2000s", p.Method, p.Path, p.Error, p.Body)
	}
}

// script writes an executable file.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// long skips a test that takes as long as said when only short ones are wanted, and lets it run beside other long ones:
// they wait for the agent's minutes and hardly work.
func long(t *testing.T, about time.Duration) {
	t.Helper()
	if testing.Short() {
		t.Skipf("takes about %v", about)
	}
	t.Parallel()
}

// need skips a test when a program isn't installed.
func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed: run e2e/install.sh", program)
	}
}
