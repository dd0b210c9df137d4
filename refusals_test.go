package pipelinesli_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/words"
)

// TestWhatIsRefusedIsSaidInJapanese finds a rule or hint of the configuration that the catalogue lacks, where the kinds refuse it.
func TestWhatIsRefusedIsSaidInJapanese(t *testing.T) {
	japanese := regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`)
	prose := regexp.MustCompile(`^[a-z]+ [a-z]+|\b(the|of|to)\b`)
	verb := regexp.MustCompile(`%(\[\d+\])?[-+#0]*\d*(\.\d+)?[a-z]`)
	seen := 0
	for _, dir := range []string{"lib/config", "lib/source", "lib/internal/section", "lib/internal/loglines"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || strings.Contains(path, "sourcetest") || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) < 2 {
					return true
				}
				of, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || of.Sel.Name != "Errorf" && of.Sel.Name != "keyErrorf" {
					return true
				}
				if from, ok := of.X.(*ast.Ident); ok && from.Name == "fmt" {
					return true
				}
				for _, arg := range call.Args[:2] {
					lit, ok := arg.(*ast.BasicLit)
					if !ok {
						continue
					}
					text, _ := strconv.Unquote(lit.Value)
					sentence := verb.ReplaceAllString(strings.ReplaceAll(text, "%%", "%"), "X1")
					if text == "must be %s" { // of a type's name
						continue
					}
					if !prose.MatchString(strings.ReplaceAll(sentence, "X1", "")) {
						continue // to be typed, or said elsewhere
					}
					seen++
					if said := words.Japanese.Render(words.Heard(sentence)); !japanese.MatchString(said) {
						t.Errorf("%s: no Japanese in lib/words/refused.go for %q", set.Position(lit.Pos()), text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 60 {
		t.Errorf("only %d rules and hints found", seen)
	}
}
