package cli

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestTheHandbookNamesEveryMemberOfABacktest, in both languages.
func TestTheHandbookNamesEveryMemberOfABacktest(t *testing.T) {
	for _, file := range []string{"../../docs/drills.md", "../../docs/ja/drills.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range jsonNames(reflect.TypeFor[backtestDocument]()) {
			if name != "version" && !strings.Contains(string(page), "`"+name+"`") {
				t.Errorf("%s doesn't name `%s`", file, name)
			}
		}
	}
}

// jsonNames are the members of a document of that type, and of what it holds.
func jsonNames(t reflect.Type) (names []string) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return jsonNames(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			names = append(append(names, name), jsonNames(t.Field(i).Type)...)
		}
	default:
	}
	return names
}
