// Package container holds the recipe of an image, which only a machine with a registry can build: here it is read.
package container

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instructions are those of the Containerfile, each as a line.
func instructions(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func TestTheRecipeIsWellFormed(t *testing.T) {
	known := []string{"FROM", "WORKDIR", "COPY", "RUN", "ARG", "VOLUME"}
	stages := []string{}
	for i, line := range instructions(t) {
		word, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, word) || (i == 0) != (word == "FROM" && len(stages) == 0) {
			t.Errorf("%q: not an instruction of this recipe, or not in its place", line)
		}
		if word == "FROM" {
			_, name, _ := strings.Cut(rest, " AS ")
			stages = append(stages, name)
		}
		if m := regexp.MustCompile(`--from=(\S+)`).FindStringSubmatch(line); m != nil && !slices.Contains(stages[:len(stages)-1], m[1]) {
			t.Errorf("%q: no stage of that name above", line)
		}
	}
	if len(stages) != 2 {
		t.Errorf("stages %q, want one that builds and the image", stages)
	}
}

func TestTheImageIsTheAgentsWithBothPrograms(t *testing.T) {
	all := strings.Join(instructions(t), "\n")
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	golang := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))[1]
	for _, want := range []string{
		"FROM golang:" + golang + " AS build",
		"FROM mackerel/mackerel-container-agent:plugins",
		"COPY --from=build --chmod=0755 /out/ /opt/mackerel-agent/plugins/bin/",
		"CGO_ENABLED=0", "-trimpath", "./mackerel-plugin-pipeline-sli", "./check-pipeline-freshness",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the recipe lacks %q", want)
		}
	}
	for _, m := range regexp.MustCompile(` \./([a-z-]+)`).FindAllStringSubmatch(all, -1) {
		if _, err := os.Stat(filepath.Join("../..", m[1], "main.go")); err != nil {
			t.Error(err)
		}
	}
}

func TestTheStateLiesInTheVolume(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^state_dir: (\S+)$`).FindStringSubmatch(string(page))
	if m == nil || !slices.Contains(instructions(t), "VOLUME "+m[1]) || !strings.Contains(string(page), ":"+m[1]+" ") {
		t.Errorf("state_dir of README.md, the recipe's VOLUME and the command's -v differ: %q", m)
	}
}
