package prover

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"text/template"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
)

func TestTemplates(t *testing.T) {
	v := values{ID: "pipeline-sli-prover-1-2-3", N: 12, Slot: 7, Want: "144"}
	for source, want := range map[string]string{
		"":                                "",
		`{"id":"{{.ID}}","n":{{.N}}}`:     `{"id":"pipeline-sli-prover-1-2-3","n":12}`,
		"{{mul .N .N}}":                   "144",
		"{{add (mul .N 2) 1}}":            "25",
		"{{sub .Slot .N}}":                "-5",
		"{{mod (sub .Slot .N) 10}}":       "5",
		"{{.ID | upper}}":                 "PIPELINE-SLI-PROVER-1-2-3",
		`{{lower "ÄB"}}{{/* nothing */}}`: "äb",
		"{{json .ID}} {{.Want}}":          `"pipeline-sli-prover-1-2-3" 144`,
		"{{hash .N}}":                     "6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918",
		"{{uuid .N}}":                     "6b51d431-df5d-8f14-9cbe-ceccf79edf3d",
	} {
		parsed, err := parseText(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := parsed.expand(v); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", source, got, err, want)
		}
	}
}

func TestTemplatesThatAreRefused(t *testing.T) {
	for source, why := range map[string]string{
		"{{":                              "is no template",
		"hunter2 {{.ID":                   "is no template",
		"{{.Secret}}":                     "no value .Secret",
		"{{.ID.N}}":                       "no value .ID.N",
		"{{.}}":                           "may only hold",
		"{{range 1000000000000}}x{{end}}": "may only hold",
		"{{if .ID}}x{{end}}":              "may only hold",
		`{{printf "%999999d" 1}}`:         "is no template",
		`{{define "a"}}{{end}}`:           "others",
		"{{$x := 1}}":                     "variables",
		"{{with .ID}}x{{end}}":            "may only hold",
		`{{template "text"}}`:             "may only hold",
		"{{nil}}":                         "may only hold",
		"{{call .ID}}":                    "is no template",
		"{{mul 9223372036854775807 2}}":   "out of range",
		"{{mod .N 0}}":                    "divisor",
		"{{mul .ID 2}}":                   "",
		"{{add 1}}":                       "",
	} {
		parsed, err := parseText(source)
		if err == nil {
			_, err = parsed.expand(values{N: 3})
		}
		if err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want %q", source, err, why)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, source := range []string{"{{.ID}}", "{{mul .N .N}}", "{{range 9}}{{end}}", "{{define `text`}}{{end}}", "{{hash (add 1 2)}}"} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		parsed, err := parseText(source)
		if err != nil {
			return
		}
		if out, err := parsed.expand(values{ID: "a", N: 1}); err == nil && len(out) > 100*len(source)+100 {
			t.Errorf("%d bytes out of %d", len(out), len(source))
		}
	})
}

func TestNumbersAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"81", "81", true}, {"81", "81.0", true}, {"81", "8.1e1", true}, {"81", "+81", true}, {"81", "82", false}, {"81", " 81", false},
		{"1e999999999", "1e999999998", false}, {"0.1", "0.10000000000000000000000000000000000001", false}, {"", "0", false}, {"x", "x", true},
	} {
		if got := sameNumber(c.a, c.b); got != c.same {
			t.Errorf("%q and %q: %t", c.a, c.b, got)
		}
	}
}

func TestInstantsAreReadAsStoresWriteThem(t *testing.T) {
	const want = 1795347612
	for _, text := range []string{"2026-11-22T11:40:12Z", "2026-11-22T20:40:12+09:00", "2026-11-22 11:40:12", "1795347612", "1795347612000", "1795347612000000", "1795347612000000000"} {
		if at := instant(text); at.Unix() != want {
			t.Errorf("%s: %v", text, at)
		}
	}
	for _, text := range []string{"", "soon", "0", "-1", "NaN", "1e30", strings.Repeat("9", 99)} {
		if at := instant(text); !at.IsZero() {
			t.Errorf("%s: %v", text, at)
		}
	}
}

// inWords evaluates a template that parseText has let through by text/template itself.
func inWords(source string, v values) (string, error) {
	var b strings.Builder
	err := template.Must(template.New("text").Funcs(functions).Parse(source)).Execute(&b, v)
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	if err != nil {
		return "", fmt.Errorf("template: %s", awsconf.Plain(err.Error()))
	}
	return b.String(), nil
}

// FuzzTemplatesAreText holds templates to what text/template makes of them.
func FuzzTemplatesAreText(f *testing.F) {
	for _, source := range []string{
		"", "a {{.ID}} b {{- .N -}} c", "{{add 1}}", "{{add}}", "{{add 1 2 3}}", "{{add .ID 1}}", "{{add 1.5 1}}", "{{add 1e3 1}}", `{{add "1" 1}}`, "{{1 | add 2}}", "{{.N | add 2}}",
		"{{upper 1}}", "{{upper .N}}", "{{.N | upper}}", "{{hash 1.50}}", `{{json "a\"b"}}`, "{{1}}", "{{1.50}}", "{{1e3}}", "{{0x1E}}", "{{0x1p4}}", "{{0x1ep-1}}", "{{1i}}", "{{'e'}}", "{{'.'}}",
		"{{99999999999999999999}}", "{{9223372036854775808}}", "{{hash 9223372036854775808}}", "{{add 9223372036854775808 1}}", `{{"x"}}`, "{{1 2}}", "{{.ID 1}}", "{{.N | .ID}}", "{{(add 1 2)}}",
		"{{(add 1 2) 3}}", "{{add (1) 2}}", "{{add (.N) (mul 2 .Slot | sub 3)}}", "{{add upper 1}}", "{{hash upper}}", "{{mul .N 9223372036854775807}}", "{{mod .N 0}}", "{{/* c */}}x", "{{uuid (hash .ID)}}",
		"{{lower\n.ID}}", "{{add 1 (upper .N)}}", "{{.N | add .ID}}", "{{1_000}}", "{{0b11}}", "{{-3}}", "{{+3 | hash}}", "{{hash 1i}}", "{{add 1i 2}}",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		parsed, err := parseText(source)
		if err != nil {
			return
		}
		v := values{ID: "Id-1", N: 12, Slot: 7, Want: "144"}
		got, err := parsed.expand(v)
		want, wantErr := inWords(source, v)
		if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%q: %q, %v; want %q, %v", source, got, err, want, wantErr)
		}
	})
}
