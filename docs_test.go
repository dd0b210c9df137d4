//go:build unix

package pipelinesli_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// documents are searched for examples.
var documents = []string{"*.md", "docs/*.md", "docs/ja/*.md", "mackerel-plugin-pipeline-sli/*.md", "check-pipeline-freshness/*.md", "lib/source/*/README.md", "packaging/*/README.md", "examples/*/*.md"}

// block is a fenced block of a document.
var block = regexp.MustCompile("(?m)^( *)```([a-z]+)[^\n]*\n((?:.*\n)*?) *```$")

// eachBlock visits the blocks of a language in all documents.
func eachBlock(t *testing.T, language string, visit func(t *testing.T, file, text string)) {
	for _, pattern := range documents {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range block.FindAllStringSubmatch(string(text), -1) {
				if m[2] == language {
					visit(t, file, strings.ReplaceAll(m[3], "\n"+m[1], "\n"))
				}
			}
		}
	}
}

// TestTheSourcePageNamesEveryFact keeps the page of those who add a source whole.
func TestTheSourcePageNamesEveryFact(t *testing.T) {
	namesFields[sli.Facts](t, "docs/adding-a-source.md")
}

// namesFields holds a page, and gives it, to naming every field of a struct.
func namesFields[S any](t *testing.T, file string) (page string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	of := reflect.TypeFor[S]()
	for field := range of.Fields() {
		if !strings.Contains(string(text), "`"+field.Name+"`") {
			t.Errorf("%s doesn't say what %v.%s means", file, of, field.Name)
		}
	}
	return string(text)
}

// TestCommandsInDocumentsPrintWhatIsShown runs every `$ command` of console blocks in the
// repository's root; what follows it is all that it prints.
func TestCommandsInDocumentsPrintWhatIsShown(t *testing.T) {
	eachBlock(t, "console", func(t *testing.T, file, text string) {
		got := ""
		for line := range strings.Lines(text) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				got += line + shell(t, command)
			}
		}
		if got == text {
			return
		}
		if !*update {
			t.Errorf("%s: -shown +printed\n%s", file, cmp.Diff(text, got))
			return
		}
		all, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(all), text, got, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBothReadmesListEveryCommand finds a command that nobody reads of.
func TestBothReadmesListEveryCommand(t *testing.T) {
	for _, page := range []string{"README.md", "README.ja.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, manual := range cli.Manuals() {
			for _, c := range manual.Commands {
				if !regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(c.Name) + "[ `]").Match(text) {
					t.Errorf("%s: its table of commands has no row for %s", page, c.Name)
				}
			}
		}
	}
}

// TestRecipesShowTheirConfiguration holds each recipe's page to the file beside it, and the
// recipe to having all its parts.
func TestRecipesShowTheirConfiguration(t *testing.T) {
	for _, config := range glob(t, "examples/*/pipeline-sli.yaml") {
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"README.md", "README.ja.md"} {
			page := filepath.Join(filepath.Dir(config), name)
			got, err := os.ReadFile(page)
			if err != nil {
				t.Error(err)
				continue
			}
			if !strings.Contains(string(got), "```yaml\n"+string(text)+"```\n") {
				t.Errorf("%s doesn't show %s as it is", page, config)
			}
			for _, part := range []string{"```console\n$ ", "mackerel-plugin-pipeline-sli", "check-pipeline-freshness"} {
				if !strings.Contains(string(got), part) {
					t.Errorf("%s: shows no %q", page, part)
				}
			}
		}
		overview, err := os.ReadFile("README.md")
		if err != nil {
			t.Fatal(err)
		}
		if page := filepath.ToSlash(filepath.Dir(config)) + "/README.md"; !strings.Contains(string(overview), "("+page+")") {
			t.Errorf("README.md doesn't lead to %s", page)
		}
	}
}

func shell(t *testing.T, command string) string {
	sh := exec.Command("sh", "-c", command)
	sh.Env = append(os.Environ(), nowEnv+"=2026-04-15T12:00:00+09:00", "TZ=Asia/Tokyo", "MACKEREL_PLUGIN_WORKDIR="+t.TempDir())
	out, err := sh.CombinedOutput()
	if len(out) == 0 && err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return string(out)
}

// TestConfigurationsInDocumentsAreAccepted reads every YAML block that is a whole file.
func TestConfigurationsInDocumentsAreAccepted(t *testing.T) {
	reader := config.Reader{Kinds: builtin.Kinds(), Getenv: func(string) (string, bool) { return "x", true }}
	eachBlock(t, "yaml", func(t *testing.T, file, text string) {
		if !strings.HasPrefix(text, "pipelines:") && !strings.Contains(text, "\npipelines:") {
			return
		}
		if _, err := reader.Read([]config.Source{{Name: file, Text: []byte(text)}}); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	})
}

// TestAgentSettingsInDocumentsCallOurPrograms takes the commands out of mackerel-agent.conf
// blocks: they must be arrays, since a shell between would swallow SIGTERM, and their flags
// must be known.
func TestAgentSettingsInDocumentsCallOurPrograms(t *testing.T) {
	setting := regexp.MustCompile(`(?m)^command = (.*)$`)
	eachBlock(t, "toml", func(t *testing.T, file, text string) {
		for _, m := range setting.FindAllStringSubmatch(text, -1) {
			var args []string
			if err := json.Unmarshal([]byte(m[1]), &args); err != nil {
				t.Errorf("%s: %s: %v", file, m[1], err)
				continue
			}
			command := exec.CommandContext(context.Background(), args[0], append(args[1:], "--version")...)
			command.Env = append(os.Environ(), nowEnv+"=2026-04-15T12:00:00+09:00")
			if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "(commit ") {
				t.Errorf("%s: %s: %v\n%s", file, m[1], err, out)
			}
		}
	})
}
