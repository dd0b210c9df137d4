// Package real gives tests the real clients: mackerel-agent and mkr, built once from this module's pinned tools, and the
// suite's own programs as they were built.
package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// BinEnv names the environment variable with the folder that holds the suite's built programs.
const BinEnv = "PIPELINE_SLI_BIN"

// The suite's programs.
const (
	PluginName = "mackerel-plugin-pipeline-sli"
	CheckName  = "check-pipeline-freshness"
)

// MackerelAgent returns the path of the real mackerel-agent.
func MackerelAgent(t testing.TB) string { return tool(t, "mackerel-agent") }

// ContainerAgent returns the path of the real mackerel-container-agent, which is pinned in a module of its own.
func ContainerAgent(t testing.TB) string {
	t.Helper()
	dir, err := containerTools()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "mackerel-container-agent")
}

// Mkr returns the path of the real mkr.
func Mkr(t testing.TB) string { return tool(t, "mkr") }

// Programs returns the paths of the suite's two programs, or skips the test when BinEnv doesn't name their folder.
func Programs(t testing.TB) (plugin, check string) {
	t.Helper()
	dir := os.Getenv(BinEnv)
	if dir == "" {
		t.Skipf("%s is not set: build the programs and set it to their folder", BinEnv)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	plugin, check = filepath.Join(dir, PluginName), filepath.Join(dir, CheckName)
	for _, program := range []string{plugin, check} {
		if _, err := os.Stat(program); err != nil {
			t.Fatalf("%s=%s: %v", BinEnv, dir, err)
		}
	}
	return plugin, check
}

// Build compiles a main package of this module, e.g. "./wrapper", into a folder of the test and returns the program.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	build := exec.Command("go", "build", "-o", program, pkg)
	build.Dir = module()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return program
}

// Repository returns the folder of the suite's own module.
func Repository() string { return filepath.Dir(module()) }

func tool(t testing.TB, name string) string {
	t.Helper()
	dir, err := tools()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// tools builds this module's tools into its .bin folder; quick when they are up to date.
var tools = sync.OnceValues(func() (string, error) { return installed(module()) })

var containerTools = sync.OnceValues(func() (string, error) { return installed(filepath.Join(module(), "containeragent")) })

// installed builds the tools of the module in a folder.
func installed(folder string) (dir string, err error) {
	dir = filepath.Join(module(), ".bin")
	install := exec.Command("go", "install", "tool")
	install.Dir = folder
	install.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install tool: %w\n%s", err, out)
	}
	return dir, nil
}

// module is the folder of the go.mod beside which this package lies.
func module() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(file))
}
