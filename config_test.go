//go:build unix

package pipelinesli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
)

// validate runs the command of that name over a file and returns its exit code and
// what it said.
func validate(file string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := cli.Env{
		Context: context.Background(),
		Args:    []string{"validate", "--config", file},
		Getenv: func(name string) (string, bool) {
			value, ok := map[string]string{"LOG_DIR": "/var/log"}[name]
			return value, ok
		},
		Stdout: &out,
		Stderr: &errs,
		Now:    func() time.Time { return time.Date(2026, 4, 15, 2, 40, 12, 0, time.UTC) },
		Zone:   time.UTC,
	}
	builtin.Into(&env)
	code = cli.Main(env)
	return code, out.String(), strings.ReplaceAll(errs.String(), filepath.Dir(file)+string(filepath.Separator), "")
}

func TestGoodConfigurationsAreAccepted(t *testing.T) {
	for _, file := range glob(t, "testdata/config/*.ok.yaml") {
		if code, _, stderr := validate(file); code != 0 || stderr != "" {
			t.Errorf("%s: exit status %d\n%s", file, code, stderr)
		}
	}
}

// TestBadConfigurationsAreRefusedInTheseWords compares all that is said of each bad
// file with the .want beside it.
func TestBadConfigurationsAreRefusedInTheseWords(t *testing.T) {
	for _, file := range glob(t, "testdata/config/*.bad.yaml") {
		code, stdout, stderr := validate(file)
		if code != 2 || stdout != "" {
			t.Errorf("%s: exit status %d, want 2; stdout %q", file, code, stdout)
		}
		want := strings.TrimSuffix(file, ".bad.yaml") + ".want"
		if *update {
			if err := os.WriteFile(want, []byte(stderr), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(want)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(text), stderr); diff != "" {
			t.Errorf("%s: -want +got\n%s", file, diff)
		}
		if strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: a neighbouring line was printed\n%s", file, stderr)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no such files (%v)", pattern, err)
	}
	return files
}
