//go:build unix

package pipelinesli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onlyEnglish are the pages without a Japanese twin, beside docs/adding-*.md: those of the
// code, and those that nobody has written yet.
var onlyEnglish = []string{
	"docs/box.md",           // written by a program
	"docs/configuration.md", // written by a program
	"docs/performance.md",   // written by a program
	"docs/tests.md",
	"docs/truth.md", // written by a program
}

// twin is the Japanese page of an English one.
func twin(page string) string {
	switch dir, name := filepath.Split(page); {
	case page == "docs/verdicts.md":
		return "docs/verdicts.ja.md"
	case dir == "docs/":
		return dir + "ja/" + name
	default:
		return strings.TrimSuffix(page, ".md") + ".ja.md"
	}
}

// TestPagesHaveAJapaneseTwin lists the pages that lack one, and those that have one by now.
func TestPagesHaveAJapaneseTwin(t *testing.T) {
	for _, pattern := range []string{"README.md", "docs/*.md", "examples/*/*.md"} {
		for _, page := range glob(t, pattern) {
			if strings.HasSuffix(page, ".ja.md") {
				continue
			}
			_, err := os.Stat(twin(page))
			switch known := slices.Contains(onlyEnglish, page) || strings.HasPrefix(page, "docs/adding-"); {
			case err != nil && !known:
				t.Errorf("%s: no Japanese page %s; write it, or say in onlyEnglish that there is none", page, twin(page))
			case err == nil && known:
				t.Errorf("%s: has a Japanese page by now; take it out of onlyEnglish", page)
			}
		}
	}
	for _, page := range onlyEnglish {
		if _, err := os.Stat(page); err != nil {
			t.Errorf("onlyEnglish names a page that isn't there: %v", err)
		}
	}
}

// TestBothLanguagesSayTheSame compares what doesn't depend on the language: headings by their
// depth, the shape of tables, code but for its comments, and what is quoted as code in tables.
func TestBothLanguagesSayTheSame(t *testing.T) {
	for _, pattern := range []string{"README.md", "docs/*.md", "examples/*/*.md"} {
		for _, page := range glob(t, pattern) {
			if strings.HasSuffix(page, ".ja.md") || page == "docs/verdicts.md" { // whose texts are the programs' own
				continue
			}
			japanese, err := os.ReadFile(twin(page))
			if err != nil {
				continue // TestPagesHaveAJapaneseTwin says so
			}
			english, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(shape(string(english)), shape(string(japanese))); diff != "" {
				t.Errorf("-%s +%s\n%s", page, twin(page), diff)
			}
		}
	}
}

var (
	quoted  = regexp.MustCompile("`[^`]+`")
	comment = regexp.MustCompile(`(^|\s+)(#|//|--) .*$`)
	label   = regexp.MustCompile(`^\s*label: .*$`)
)

// inJapanese makes a command that prints Japanese, and looks for it, the English one.
var inJapanese = strings.NewReplacer(" --lang ja", "", "'(目標値'", "'(target'", "-e 期限超過", "-e overdue")

// shape is what two pages that say the same in two languages have in common, line by line.
func shape(page string) []string {
	var out []string
	language, code := "", []string(nil)
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case language != "" && trimmed == "```":
			out = append(out, language+"\n"+strings.Join(code, "\n"))
			language, code = "", nil
		case language != "":
			if language != "console" {
				line = strings.TrimRight(comment.ReplaceAllString(line, ""), " ")
			} else if !strings.HasPrefix(line, "$ ") {
				continue // what the command prints, in the page's language: another test runs it
			}
			if line != "" && !label.MatchString(line) {
				code = append(code, inJapanese.Replace(line))
			}
		case strings.HasPrefix(trimmed, "```"):
			language = strings.TrimPrefix(trimmed, "```")
			if language == "" {
				language = "text"
			}
		case strings.HasPrefix(line, "#"):
			out = append(out, "heading "+line[:strings.IndexByte(line, ' ')])
		case strings.HasPrefix(trimmed, "|"):
			words := quoted.FindAllString(trimmed, -1)
			slices.Sort(words)
			out = append(out, fmt.Sprintf("row of %d: %s", strings.Count(strings.ReplaceAll(trimmed, `\|`, ""), "|")-1, strings.Join(slices.Compact(words), " ")))
		}
	}
	return out
}
