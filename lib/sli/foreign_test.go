package sli

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestForeignTextIsEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"plain, 日本語, é, 👨\u200d👩\u200d👧, می\u200cخواهم": "plain, 日本語, é, 👨\u200d👩\u200d👧, می\u200cخواهم",
		"\x1b[31mred\a\n\t\x7f":        `\x1b[31mred\x07\x0a\x09\x7f`,
		"\u009b2J \u0085":              `\x9b2J \x85`,
		"a\u202eb\u2066c\u200fd\u061c": `a\u202eb\u2066c\u200fd\u061c`,
		"\ufeffa\u200b\u2060\u00ad":    `\ufeffa\u200b\u2060\xad`,
		"\u2028\u2029\U000e0041":       `\u2028\u2029\U000e0041`,
		"\xff\xfea\xed\xa0\x80":        `\xff\xfea\xed\xa0\x80`,
	} {
		if got := Escaped(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func FuzzEscaped(f *testing.F) {
	f.Add("a\u202e\x1b\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escaped(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, hidden) {
			t.Errorf("%q: %q", s, got)
		}
		text, _ := json.Marshal(s)
		escaped := EscapedJSON(text)
		var back, was string
		if err := json.Unmarshal(escaped, &back); err != nil || strings.ContainsFunc(string(escaped), hidden) {
			t.Errorf("%q: %q, %v", s, escaped, err)
		}
		_ = json.Unmarshal(text, &was)
		if back != was {
			t.Errorf("%q: %q says %q", s, escaped, back)
		}
	})
}
