package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestEachModeBreaksTheRunAsItSays runs a plugin that notes how far it got in a file.
func TestEachModeBreaksTheRunAsItSays(t *testing.T) {
	for _, c := range []struct {
		mode, stdout string
		reached      string // what the plugin noted: nothing, "began", or that it went past its printing
		exit         int
	}{
		{"pass", "a 1 2\n", "began printed ", 0},
		{"skip", "", "", 0},
		{"closed", "", "began ", -1},
		{"killed", "", "began ", -1},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "modes"), c.mode)
			script := filepath.Join(dir, "plugin")
			write(t, script, "printf 'began ' >> $1; printf 'a 1 2\\n'; printf 'printed ' >> $1\n")
			note := filepath.Join(dir, "note")

			if _, err := wrap(dir, exec.Command("sh", script, note)); err != nil {
				t.Fatal(err)
			}

			var run Run
			if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "run.0.json"))), &run); err != nil {
				t.Fatal(err)
			}
			if run.Mode != c.mode || run.Stdout != c.stdout || run.Exit != c.exit || run.End.Before(run.Start) {
				t.Errorf("run %+v, want %+v", run, c)
			}
			reached := ""
			if _, err := os.Stat(note); err == nil {
				reached = read(t, note)
			}
			if reached != c.reached {
				t.Errorf("plugin noted %q, want %q", reached, c.reached)
			}
		})
	}
}

// TestASignalMeetsARun: one that would last for a minute ends of it, and one that is stopped goes on to its end.
func TestASignalMeetsARun(t *testing.T) {
	for mode, c := range map[string]struct {
		script string
		exit   int
		least  time.Duration
	}{
		"KILL:100ms": {"exec sleep 60", -1, 100 * time.Millisecond},
		"TERM:100ms": {"exec sleep 60", -1, 100 * time.Millisecond},
		"STOP:1s":    {"sleep 0.5", 0, time.Second},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			dir := modes(t, mode)
			if _, err := wrap(dir, exec.Command("sh", "-c", c.script)); err != nil {
				t.Fatal(err)
			}
			var run Run
			if err := json.Unmarshal([]byte(read(t, filepath.Join(dir, "run.0.json"))), &run); err != nil {
				t.Fatal(err)
			}
			if run.Exit != c.exit || run.End.Sub(run.Start) < c.least || run.Peak == 0 {
				t.Errorf("run %+v, want %+v", run, c)
			}
		})
	}
	if _, err := wrap(modes(t, "HUP:1s"), exec.Command("true")); err == nil {
		t.Error("an unknown signal was taken")
	}
}

// modes is a folder with a run's mode.
func modes(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "modes"), text)
	return dir
}

func TestDefinitionsArePassedOnUncounted(t *testing.T) {
	t.Setenv("MACKEREL_AGENT_PLUGIN_META", "1")
	dir := t.TempDir()
	if exit, err := wrap(dir, exec.Command("sh", "-c", "exit 3")); exit != 3 || err != nil {
		t.Errorf("exit %d, error %v, want the program's 3", exit, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left %v", entries)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
