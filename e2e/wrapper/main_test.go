package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
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
