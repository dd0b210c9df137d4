package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheHomeIsSetInEveryPlaceThatRepeatsIt(t *testing.T) {
	dir := t.TempDir()
	before := map[string]string{
		"go.mod":      "module " + suite + "\n\ngo 1.24\n",
		"e2e/go.mod":  "module " + suite + "/e2e\n\nrequire " + suite + " v0.0.0\n\nreplace " + suite + " => ../\n",
		"main.go":     "package main\n\nimport \"" + suite + "/lib/cli\"\n\nconst program, folder = \"" + suite + "\", \"" + suite + "/\"\n",
		"README.md":   "mkr plugin install OWNER/" + suite + ", https://github.com/OWNER/" + suite + "/releases, /usr/share/doc/" + suite + "/README.md",
		"page.md":     "```go\nimport \"" + suite + "/lib/sli\"\n```\n",
		"other.txt":   "OWNER/" + suite,
		"bin/kept.md": "OWNER/" + suite,
	}
	for name, text := range before {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, owner := range []string{"someone", "else"} {
		if err := move(dir, "github.com/"+owner+"/"+suite); err != nil {
			t.Fatal(err)
		}
		home := "github.com/" + owner + "/" + suite
		for name, want := range map[string]string{
			"go.mod":      "module " + home + "\n\ngo 1.24\n",
			"e2e/go.mod":  "module " + home + "/e2e\n\nrequire " + home + " v0.0.0\n\nreplace " + home + " => ../\n",
			"main.go":     "package main\n\nimport \"" + home + "/lib/cli\"\n\nconst program, folder = \"" + suite + "\", \"" + home + "/\"\n",
			"README.md":   "mkr plugin install " + owner + "/" + suite + ", https://" + home + "/releases, /usr/share/doc/" + suite + "/README.md",
			"page.md":     "```go\nimport \"" + home + "/lib/sli\"\n```\n",
			"other.txt":   before["other.txt"],
			"bin/kept.md": before["bin/kept.md"],
		} {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
				t.Errorf("%s: %s: %q, %v; want %q", owner, name, got, err, want)
			}
		}
	}
}

func TestAHomeThatMkrWouldntFindIsRefused(t *testing.T) {
	for _, to := range []string{"", "github.com/someone", "github.com/someone/other", "https://github.com/someone/" + suite, "example.com/someone/" + suite} {
		if err := move(t.TempDir(), to); err == nil || !strings.Contains(err.Error(), "must be github.com/OWNER/") {
			t.Errorf("%q: %v", to, err)
		}
	}
}

// TestTheRepositoryBuildsInANewHome sets the home of a copy, and vets what links everything.
func TestTheRepositoryBuildsInANewHome(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs")
	}
	files, err := exec.Command("git", "-C", "../..", "ls-files", "-z", "*.go", "*.mod", "*.sum").Output()
	if err != nil {
		t.Skipf("not in a repository: %v", err)
	}
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := move(dir, "github.com/someone/"+suite); err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-e", "-deps", "-test", "./...")
	list.Dir = dir
	out, err := list.Output() // -e: embedded files aren't there
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, suite+"/") {
			t.Errorf("%s has stayed behind", strings.TrimSpace(line))
		}
	}
}
