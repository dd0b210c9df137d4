package pipelinesli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

var pageFile = regexp.MustCompile("(?s)```go file=(\\S+)\n(.*?)```")

// The SLI of the page for those who add one is put beside the others for as long as its
// own test runs.
func TestTheSLIOfThePageIsOneFileAndOneLine(t *testing.T) {
	page, err := os.ReadFile("docs/adding-an-sli.md")
	if err != nil {
		t.Fatal(err)
	}
	for field := range reflect.TypeFor[sli.Rule]().Fields() {
		if !strings.Contains(string(page), "`"+field.Name+"`") {
			t.Errorf("docs/adding-an-sli.md doesn't say what sli.Rule.%s means", field.Name)
		}
	}
	line := regexp.MustCompile(`(?m)^\{"durability".*$`).FindString(string(page))
	list, err := os.ReadFile("lib/indicator/list.go")
	if err != nil {
		t.Fatal(err)
	}
	const begin = "var All = []SLI{\n"
	files := map[string]string{"list.go": strings.Replace(string(list), begin, begin+line+"\n", 1)}
	for _, m := range pageFile.FindAllStringSubmatch(string(page), -1) {
		files[m[1]] = m[2]
	}
	if line == "" || len(files) != 3 {
		t.Fatalf("the page has the line %q and %d files", line, len(files)-1)
	}
	overlay, dir := map[string]string{}, t.TempDir()
	for name, text := range files {
		at, err := filepath.Abs(filepath.Join("lib/indicator", name))
		if err != nil {
			t.Fatal(err)
		}
		overlay[at] = filepath.Join(dir, name)
		if err := os.WriteFile(overlay[at], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), said, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-overlay", filepath.Join(dir, "overlay.json"), "-run", "Durability|EverySLI", "-v", "./lib/indicator").CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") < 3 {
		t.Errorf("%v\n%s", err, out)
	}
}
