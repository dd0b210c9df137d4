//go:build unix

package pipelinesli_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// spelled are the commands' JSON: the files that spell it, and the page, in docs and in
// docs/ja, that says what each member means.
var spelled = []struct {
	page  string
	files []string
}{
	{"json.md", []string{"lib/output/explain/json.go"}},
	{"budgets.md", []string{"lib/output/budget/json.go", "lib/slo/budget.go"}},
	{"drills.md", []string{"lib/cli/backtest_page.go"}},
}

// TestPagesNameEveryMemberOfTheJSON finds a member of a document that no page explains, and
// one that a page's tables explain and no document has.
func TestPagesNameEveryMemberOfTheJSON(t *testing.T) {
	for _, d := range spelled {
		var members []string
		for _, file := range d.files {
			members = append(members, tagged(t, file)...)
		}
		if len(members) < 10 {
			t.Fatalf("%v: only %d members found", d.files, len(members))
		}
		for _, page := range []string{filepath.Join("docs", d.page), filepath.Join("docs", "ja", d.page)} {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for _, member := range members {
				if !strings.Contains(string(text), "`"+member+"`") {
					t.Errorf("%s doesn't say what %s of %s means", page, member, d.files[0])
				}
			}
			if d.page != "json.md" {
				continue
			}
			for line := range strings.Lines(string(text)) {
				if cells := strings.Split(line, "|"); len(cells) > 2 {
					for i, name := range strings.Split(cells[1], "`") {
						if i%2 == 1 && !slices.Contains(members, name) {
							t.Errorf("%s: explain's JSON has no %s", page, name)
						}
					}
				}
			}
		}
	}
}

// tagged are the names that a file's structs have in JSON.
func tagged(t *testing.T, file string) (names []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if name != "" && name != "-" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return true
	})
	return names
}
