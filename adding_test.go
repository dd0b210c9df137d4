package pipelinesli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

var pageFile = regexp.MustCompile("(?s)```go file=(\\S+)\n(.*?)```")

// The SLI of the page for those who add one is put beside the others for as long as its
// own test runs.
func TestTheSLIOfThePageIsOneFileAndOneLine(t *testing.T) {
	page := namesFields[sli.Rule](t, "docs/adding-an-sli.md")
	line := regexp.MustCompile(`(?m)^\{"durability".*$`).FindString(page)
	list, err := os.ReadFile("lib/indicator/list.go")
	if err != nil {
		t.Fatal(err)
	}
	const begin = "var All = []SLI{\n"
	files := map[string]string{"list.go": strings.Replace(string(list), begin, begin+line+"\n", 1)}
	for _, m := range pageFile.FindAllStringSubmatch(page, -1) {
		files[m[1]] = m[2]
	}
	if line == "" || len(files) != 3 {
		t.Fatalf("the page has the line %q and %d files", line, len(files)-1)
	}
	out := overlaid(t, "lib/indicator", files, "test", "-run", "Durability|EverySLI", "-v", "./lib/indicator")
	if strings.Count(out, "--- PASS") < 3 {
		t.Error(out)
	}
}

// What the other pages add is built, and its own tests run, beside what is there.
func TestWhatPagesAddIsBuiltAndTested(t *testing.T) {
	for page, c := range map[string]struct {
		files int
		line  string // that the page has added to the file, behind
		file  string
		after string
		run   []string
	}{
		"docs/adding-an-aws-kind.md": {files: 2, run: []string{"test", "-vet=off", "-c", "-o", "TEST", "./lib/source/queue"}},
		"docs/adding-an-output.md":   {files: 2, run: []string{"test", "-vet=off", "-c", "-o", "TEST", "./lib/output/openmetrics"}},
		"docs/adding-a-command.md": {files: 1, line: "\t\"stages\": {nil, \"where the evidence of each stage is read\", (*program).stages, \"stages\"},\n",
			file: "lib/cli/program.go", after: "var commands = map[string]command{\n", run: []string{"vet", "./lib/cli"}},
	} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, m := range pageFile.FindAllStringSubmatch(string(text), -1) {
			files[m[1]] = m[2]
		}
		if len(files) != c.files || !strings.Contains(string(text), c.line) {
			t.Errorf("%s has %d files, want %d, and the line %q", page, len(files), c.files, c.line)
			continue
		}
		if c.file != "" {
			old, err := os.ReadFile(c.file)
			if err != nil {
				t.Fatal(err)
			}
			files[c.file] = strings.Replace(string(old), c.after, c.after+c.line, 1)
		}
		program := filepath.Join(t.TempDir(), "test")
		args := strings.Split(strings.ReplaceAll(strings.Join(c.run[1:], " "), "TEST", program), " ")
		overlaid(t, ".", files, c.run[0], args...)
		if slices.Contains(args, program) { // a package whose folder isn't there can't be the place to run it
			if out, err := exec.CommandContext(t.Context(), program).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", page, err, out)
			}
		}
	}
}

// overlaid runs a command of go as if the files were there, below a folder.
func overlaid(t *testing.T, below string, files map[string]string, command string, args ...string) string {
	t.Helper()
	overlay, dir := map[string]string{}, t.TempDir()
	for name, text := range files {
		at, err := filepath.Abs(filepath.Join(below, name))
		if err != nil {
			t.Fatal(err)
		}
		overlay[at] = filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(overlay[at], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, said, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", append([]string{command, "-overlay", file}, args...)...).CombinedOutput()
	if err != nil {
		t.Errorf("go %s %v: %v\n%s", command, args, err, out)
	}
	return string(out)
}
