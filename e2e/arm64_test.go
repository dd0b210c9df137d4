package e2e

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/e2e/real"
)

// emulator runs programs for linux/arm64 on other processors.
const emulator = "qemu-aarch64-static"

// TestLinuxARM64SaysWhatThisMachineSays packs the suite for linux/arm64 and runs it under emulation: the quickstart's
// metrics and explanation, twice over one state, are those of the programs built for this machine.
func TestLinuxARM64SaysWhatThisMachineSays(t *testing.T) {
	need(t, emulator)
	plugin, check := real.Programs(t)
	dir := t.TempDir()
	if err := packFor(dir, "v0.0.0-e2e", "linux/arm64"); err != nil {
		t.Fatal(err)
	}
	if err := unzip(filepath.Join(dir, real.PluginName+"_linux_arm64.zip"), dir); err != nil {
		t.Fatal(err)
	}
	quickstart := []string{"--config", "testdata/quickstart/pipeline-sli.yaml"}
	at := []string{"--at", "2026-04-15T11:40:12+09:00"}
	for _, c := range []struct {
		program, native string
		args            []string
	}{
		{real.PluginName, plugin, append(quickstart, at...)},
		{real.PluginName, plugin, append(append(quickstart, at...), "explain", "--all")},
		{real.PluginName, plugin, append(quickstart, "--state-dir", "STATE")},
		{real.PluginName, plugin, append(quickstart, "--state-dir", "STATE")},
		{real.PluginName, plugin, []string{"replay", "examples/kinesis-lambda-dynamodb/recording", "explain"}},
		{real.CheckName, check, append(quickstart, "--state-dir", "STATE")},
	} {
		want := said(t, filepath.Join(dir, "native"), c.native, c.args)
		got := said(t, filepath.Join(dir, "emulated"), emulator, append([]string{filepath.Join(dir, c.program)}, c.args...))
		if got != want {
			t.Errorf("%s %v: it says\n%s\nwant\n%s", c.program, c.args, got, want)
		}
	}
}

// said is what a program prints and ends with, in the repository; STATE among the arguments is a directory below state.
// Without --at the clocks of two runs differ, and with them what is said: only how it ends is compared then.
func said(t *testing.T, state, program string, args []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	fixed := true
	for i, a := range args {
		if a == "STATE" {
			args, fixed = append([]string{}, args...), false
			args[i] = state
		}
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Env = real.Repository(), append(os.Environ(), "TZ=Asia/Tokyo")
	out, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", program, err)
	}
	code := command.ProcessState.ExitCode()
	if !fixed {
		return fmt.Sprint("exit status ", code)
	}
	return fmt.Sprintf("exit status %d\n%s", code, out)
}

// unzip puts an archive's programs into a folder.
func unzip(archive, dir string) error {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, name := range []string{real.PluginName, real.CheckName} {
		from, err := r.Open(name)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o755); err != nil {
			return err
		}
	}
	return nil
}
