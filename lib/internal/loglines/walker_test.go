package loglines

import (
	"encoding/json"
	"strings"
	"testing"
)

// whole tells whether the walker takes text for one complete object or array.
func whole(text string) bool {
	var w walker
	for i := range len(text) {
		if !w.step(text[i]) {
			return false
		}
	}
	return w.expect == nothing
}

// FuzzWalker compares the walker with the standard library, which sees all at once.
func FuzzWalker(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e+3,true,false,null,"x\u00e9\n"],"b":{}}`, `[ ]`, `[1,]`, `{"a":01}`, `{"a" 1}`, "[\"\n\"]", `["\x"]`, `["\u12g4"]`, `{]`, `[1] [2]`, "\ufeff[]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		start := strings.TrimLeft(text, " \t\r\n")
		if start == "" || start[0] != '{' && start[0] != '[' || strings.Count(text, "[")+strings.Count(text, "{") > maxNesting {
			return
		}
		if got, want := whole(text), json.Valid([]byte(text)); got != want && len(text) < maxAtom {
			t.Fatalf("%q: complete %v, want %v", text, got, want)
		}
	})
}

func TestDepthAndNumbersAreBounded(t *testing.T) {
	if !whole(strings.Repeat("[", maxNesting)+strings.Repeat("]", maxNesting)) || whole(strings.Repeat("[", maxNesting+1)+strings.Repeat("]", maxNesting+1)) {
		t.Error("depth")
	}
	if !whole("["+strings.Repeat("1", maxAtom)+"]") || whole("["+strings.Repeat("1", maxAtom+1)+"]") {
		t.Error("digits")
	}
}
