package main

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// project writes a module with the suite's names and two tiny programs into a new folder.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":         "module " + modulePath + "\n\ngo 1.24\n",
		"README.md":      "readme\n",
		"LICENSE":        "licence\n",
		"lib/cli/cli.go": "package cli\n\nvar Version, Commit string\n",
		programs[0] + "/main.go": `package main

import "` + versionPackage + `"

func main() { println("plugin", cli.Version, cli.Commit) }
`,
		programs[1] + "/main.go": "package main\n\nfunc main() {}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// Modes and times of the sources must not show.
		if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func packed(t *testing.T, dir string) string {
	t.Helper()
	r, err := describe(dir, "v1.2.3", "abcdef", "1700000001")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out.zip")
	if err := r.pack(platform{runtime.GOOS, runtime.GOARCH}, name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTheSameSourceGivesTheSameBytesAnywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	first, second := packed(t, project(t)), packed(t, project(t))
	a, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two builds in two folders differ")
	}
}

func TestTheZipIsWhatMkrWants(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	archive, err := zip.OpenReader(packed(t, project(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var got []string
	for _, f := range archive.File {
		got = append(got, f.Mode().String()+" "+f.Name)
		if !f.Modified.Equal(time.Unix(1700000001, 0)) {
			t.Errorf("%s is of %v", f.Name, f.Modified)
		}
	}
	want := []string{
		"-rw-r--r-- CREDITS", "-rw-r--r-- LICENSE", "-rw-r--r-- README.md",
		"-rwxr-xr-x check-pipeline-freshness", "-rwxr-xr-x mackerel-plugin-pipeline-sli",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("entries:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	program := filepath.Join(t.TempDir(), "plugin")
	text, err := archive.Open(programs[0])
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, content.Bytes(), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program).CombinedOutput(); err != nil || string(out) != "plugin v1.2.3 abcdef\n" {
		t.Errorf("the packed program said %q, %v", out, err)
	}
}

func TestNothingIsLeftOfAZipThatFailed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x.zip")
	if err := writeZip(name, time.Unix(0, 0), []entry{{"README.md", filepath.Join(dir, "missing"), 0o644}}); err == nil {
		t.Error("a missing file went unnoticed")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestReleaseRefusesWhatItCannotStamp(t *testing.T) {
	for name, give := range map[string][3]string{
		"time":    {"v1", "c", "yesterday"},
		"version": {"v1 beta", "c", "1"},
		"commit":  {"v1", "c'", "1"},
	} {
		if _, err := describe(".", give[0], give[1], give[2]); err == nil {
			t.Errorf("%s: %q was accepted", name, give)
		}
	}
	for _, list := range []string{"", "linux", "linux/", "linux/amd64,"} {
		if _, err := parsePlatforms(list); err == nil {
			t.Errorf("platforms %q were accepted", list)
		}
	}
}
