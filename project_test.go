//go:build unix

package pipelinesli_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// targets are what `make` knows here.
func targets(t *testing.T) []string {
	t.Helper()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		names = append(names, m[1])
	}
	return names
}

// called are the targets that a text tells to make, at the beginning of commands.
func called(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile("(?m)(?:^|run: |`|&& |PATH\" HOME=\"\\$HOME\" )make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestWorkflowsCallWhatThereIs(t *testing.T) {
	known := targets(t)
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	for _, file := range append(files, "CONTRIBUTING.md", "README.md", ".github/pull_request_template.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		calls := called(string(text))
		if len(calls) == 0 {
			t.Errorf("%s: calls nothing", file)
		}
		for _, name := range calls {
			if !slices.Contains(known, name) {
				t.Errorf("%s: make has no target %s", file, name)
			}
		}
	}
}

// TestPullRequestsAreTestedAsTheRepositoryTestsItself compares the two places that say what is run.
func TestPullRequestsAreTestedAsTheRepositoryTestsItself(t *testing.T) {
	own, err := os.ReadFile(".ci/run")
	if err != nil {
		t.Skip(err)
	}
	public, err := os.ReadFile(".github/workflows/test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range called(string(own)) {
		if !slices.Contains(called(string(public)), name) {
			t.Errorf(".github/workflows/test.yml doesn't run make %s", name)
		}
	}
	module, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	oldest := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(module))[1]
	if want := `go: ["` + oldest + `", stable]`; !strings.Contains(string(public), want) {
		t.Errorf(".github/workflows/test.yml: want the oldest and the newest Go, %s", want)
	}
}

func TestSettingsOfTheRepositoryAreYAML(t *testing.T) {
	err := filepath.WalkDir(".github", func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".yml" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var any map[string]any
		if err := yaml.UnmarshalWithOptions(text, &any, yaml.Strict()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLinksInDocumentsLeadToFiles follows links within the repository.
func TestLinksInDocumentsLeadToFiles(t *testing.T) {
	link := regexp.MustCompile(`\]\(([A-Za-z0-9_./-]+)(?:#[^)\s]*)?\)`)
	for _, pattern := range append(documents, ".github/*.md") {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range link.FindAllStringSubmatch(string(text), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
}
