package section

import (
	"regexp"
	"strings"
	"testing"
)

// forms are the functions with the expression that each stands for.
var forms = []struct {
	name string
	is   func(string) bool
	form *regexp.Regexp
}{
	{"bare", isBare, regexp.MustCompile(`^-?` + number + `$`)},
	{"whole", isWhole, regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)},
	{"number", isNumber, regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)},
	{"bare word", isBareWord, regexp.MustCompile(`^[0-9.+-][A-Za-z0-9._+-]{0,30}%?$`)},
	{"plain key", isPlainKey, regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)},
	{"variable", isVariable, regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)},
	{"percent", isPercent, regexp.MustCompile(percentPattern)},
	{"duration", isDuration, durationForm},
}

var durationForm = regexp.MustCompile(`^` + strings.ReplaceAll(durationPattern, "N", number) + `$`)

// FuzzForms holds every form told by hand to the expression that the schema shows.
func FuzzForms(f *testing.F) {
	for _, text := range []string{"", "-", "0", "00", "-0", "01", "5", "5.", ".5", "0.50", "-1.5e+10", "1e", "1e+-1", "1E5", "1.5.5", "5%", "5%%", "%", "a", "_a1", "1a",
		"5ms", "5m5s", "1h30m", "1d2h3m4s5ms6us", "5s5m", "5mss", "ms", "-5us", "--5", "5 m", "+5", "12:30", "a b", "ключ", "5\n", "\n", "a\x00",
		strings.Repeat("a", 60), strings.Repeat("a", 61), strings.Repeat("1", 31) + "%", strings.Repeat("1", 32)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, form := range forms {
			if got, want := form.is(text), form.form.MatchString(text); got != want {
				t.Errorf("%q is a %s: %t, want %t", text, form.name, got, want)
			}
		}
		amounts, ok := splitDuration(text)
		if groups := durationForm.FindStringSubmatch(text); ok && [6]string(groups[1:]) != amounts {
			t.Errorf("%q is made of %q, want %q", text, amounts, groups[1:])
		}
	})
}
