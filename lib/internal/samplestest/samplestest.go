// Package samplestest finds the logs and recordings that decide whether parsers are
// right: those in testdata/samples, written from the definitions of the formats, and a
// collection of other people's, where there is one.
package samplestest

import (
	"os"
	"path/filepath"
	"testing"
)

// Root names the environment variable with the folder of the collection.
const Root = "PIPELINE_SLI_SAMPLES"

// Truths lists what is known of all samples that a pattern fits: each file's name with
// .truth.json behind it.
func Truths(t testing.TB, pattern string) []string {
	t.Helper()
	top := repository(t)
	var found []string
	for _, root := range []string{filepath.Join(top, "testdata", "samples"), collection(top)} {
		more, err := filepath.Glob(filepath.Join(root, pattern+".truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, more...)
	}
	if len(found) == 0 {
		t.Skipf("no sample fits %s: set %s to a folder with such", pattern, Root)
	}
	return found
}

// Collected is a file of the collection; the test is skipped where it isn't there.
func Collected(t testing.TB, name ...string) (path string) {
	t.Helper()
	path = filepath.Join(append([]string{collection(repository(t))}, name...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no sample %s: set %s to a folder with it", filepath.Join(name...), Root)
	}
	return path
}

func collection(top string) string {
	if root := os.Getenv(Root); root != "" {
		return root
	}
	return filepath.Join(top, "..", "shared", "samples")
}

// repository is the folder of go.mod, above the package under test.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the tests")
	return ""
}
