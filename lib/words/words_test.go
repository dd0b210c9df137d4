package words

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"mackerel-plugin-pipeline-sli/lib/words/wordstest"
)

// texts are all texts of the catalogue, by name, read from its source.
func texts(t *testing.T) map[string]Text {
	t.Helper()
	all, err := wordstest.Read(".")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Text{}
	for _, text := range all {
		name := text.Name
		if name == "" {
			name = "elsewhere: " + text.En
		}
		out[name] = Text{text.En, text.Ja}
	}
	return out
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*(?:\d+)?(?:\.\d+)?([a-zA-Z%])`)

// verbs are a format's arguments in their order, with how each is printed.
func verbs(format string) map[int]string {
	out := map[int]string{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		out[next] = m[2]
		next++
	}
	return out
}

func TestEveryTextIsThereInEveryLanguageWithTheSameArguments(t *testing.T) {
	for name, text := range texts(t) {
		if text.En == "" || text.Ja == "" {
			t.Errorf("%s lacks a language: %q", name, text)
			continue
		}
		for _, format := range []string{text.En, text.Ja} {
			if rest := verb.ReplaceAllString(format, ""); strings.Contains(rest, "%") {
				t.Errorf("%s: a percent sign that is no verb is spelled %%%%: %q", name, format)
			}
		}
		en, ja := verbs(text.En), verbs(text.Ja)
		if len(en) != len(ja) {
			t.Errorf("%s: %d arguments in English, %d in Japanese: %q", name, len(en), len(ja), text)
		}
		for i, v := range en {
			// What was heard is text, whatever it was made of.
			if heard := strings.HasPrefix(name, "elsewhere: "); heard && ja[i] != "s" || !heard && ja[i] != v {
				t.Errorf("%s: argument %d is %%%s in English and %%%s in Japanese", name, i, v, ja[i])
			}
		}
	}
}

func TestJapaneseIsJapaneseAndEnglishIsNot(t *testing.T) {
	for name, text := range texts(t) {
		for _, r := range text.En {
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
				t.Errorf("%s: %q stands in the English text", name, r)
				break
			}
		}
		// The glossary's words, and how Mackerel itself spells them.
		for wrong, right := range map[string]string{"閾値": "しきい値", "エラー予算": "エラーバジェット", "サーバー": "サーバ", "メトリクス": "メトリック", "ウインドウ": "ウィンドウ"} {
			if strings.Contains(text.Ja, wrong) && !strings.Contains(text.Ja, right) {
				t.Errorf("%s: %s is spelled %s", name, wrong, right)
			}
		}
	}
}

// Said twice in two places is said in two ways soon.
func TestNoTextIsThereTwiceOrUnused(t *testing.T) {
	all := texts(t)
	seen := map[string]string{}
	used := map[string]bool{}
	for name, text := range all {
		if other, ok := seen[text.En]; ok && text.En != "%s" {
			t.Errorf("%s and %s say the same: %q", name, other, text.En)
		}
		seen[text.En] = name
	}
	ident := regexp.MustCompile(`\bwords\.(\w+)`)
	inside := regexp.MustCompile(`\b\w+\b`)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != "../.." || d.Name() == "testdata" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source := read(t, path)
		for _, m := range ident.FindAllStringSubmatch(source, -1) {
			used[m[1]] = true
		}
		if filepath.Dir(path) == filepath.Clean("../../lib/words") {
			for _, line := range strings.Split(source, "\n") {
				if !regexp.MustCompile(`^\s*\w+\s*=\s*Text\{`).MatchString(line) {
					for _, m := range inside.FindAllString(line, -1) {
						used[m] = true
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range all {
		if !used[name] && !strings.HasPrefix(name, "elsewhere: ") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		t.Errorf("nothing says %s", name)
	}
}

func TestALanguageIsReadByItsName(t *testing.T) {
	for name, want := range map[string]Language{"": English, "en": English, "ja": Japanese} {
		if got, err := Parse(name); err != nil || got != want {
			t.Errorf("%q: got %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"JA", "de", "japanese", " "} {
		if _, err := Parse(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: want it refused by name, got %v", name, err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Japanese letters take two columns of a terminal: what stands behind them lines up all the same.
func TestColumnsOfATableLineUp(t *testing.T) {
	lines := Table([][]string{{"key", "通知", "left"}, {"a longer one", "1", "100%"}, {"残り", "10", ""}})
	want := []string{"key           通知  left", "a longer one  1     100%", "残り          10"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}
