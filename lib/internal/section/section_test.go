package section

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t *testing.T, text string) *Node {
	t.Helper()
	n, err := Parse("f.yaml", []byte(text), environment)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestGoodFileIsDecodedWithDefaults reads the manual's sample whole, and the same with a byte order mark and CRLF.
func TestGoodFileIsDecodedWithDefaults(t *testing.T) {
	data, err := os.ReadFile("testdata/spec.ok.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as it is":       string(data),
		"with a mark":    "\ufeff" + string(data),
		"with CRLF":      strings.ReplaceAll(string(data), "\n", "\r\n"),
		"with a header":  "---\n" + string(data) + "...\n",
		"with a comment": "# c\n---\n" + string(data),
	} {
		t.Run(name, func(t *testing.T) {
			f, errs := load("f.yaml", []byte(text), nil)
			if len(errs) > 0 {
				t.Fatal(report(errs))
			}
			p := f.Pipelines[0]
			got := []any{f.AWS.Region, p.Name, p.Label, p.Window, p.SLO.Period, p.Check.CriticalAge, p.SLIs.Availability.Target,
				p.SLIs.Latency.Threshold, p.SLIs.Latency.Target, p.SLIs.Coverage.Deadline, len(p.Stages), p.Stages[0].Kind.Kind, p.Prover.Type()}
			want := []any{"ap-northeast-1", "video", "動画配信", Duration(5 * time.Minute), Duration(28 * 24 * time.Hour), Duration(10 * time.Minute), Target(99.9),
				UnitDuration(500 * time.Millisecond), Target(99), Duration(10 * time.Minute), 4, "access_log", Map}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			var log accessLog
			if err := p.Stages[0].Kind.Node.Decode(&log); err != nil {
				t.Fatal(err)
			}
			wantLog := accessLog{lines: lines{Path: StringList{"/var/log/nginx/access.log"}, Format: "ltsv"},
				Where: map[string]StringList{"method": {"POST", "PUT"}, "uri": {"^/videos"}}, BigLines: 2, Malformed: 10}
			if diff := cmp.Diff(wantLog, log, cmp.AllowUnexported(accessLog{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAbsentKeysTakeDefaultsOrStay also covers sections that aren't there.
func TestAbsentKeysTakeDefaultsOrStay(t *testing.T) {
	n := mustParse(t, "name: x\nstages: [{name: a, lambda: {function: f}}]\n")
	p := pipeline{Label: "kept"}
	if err := n.DecodeVariants(&p, stageKinds()); err != nil {
		t.Fatal(err)
	}
	if p.Label != "kept" || p.Window != Duration(5*time.Minute) || p.SLO.Period != Duration(28*24*time.Hour) {
		t.Errorf("label %q, window %v, period %v", p.Label, p.Window, p.SLO.Period)
	}
	if p.Check != nil || p.SLIs.Latency != nil || p.Prover != nil {
		t.Error("an absent section is not nil")
	}
}

// TestTextKeepsItsSource: what YAML takes for a number or truth value is its source text where text is wanted.
func TestTextKeepsItsSource(t *testing.T) {
	n := mustParse(t, "a: 123\nb: 0x1F\nc: True\nd: 1_0\ne: .inf\nf: 2026-11-22\ng: 'null'\nh: yes\ni: 007\nj: \"\"\nk: a b # c\nl: |\n  x\n  y\n")
	var got map[string]string
	if err := n.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "123", "b": "0x1F", "c": "True", "d": "1_0", "e": ".inf", "f": "2026-11-22", "g": "null", "h": "yes", "i": "007", "j": "", "k": "a b", "l": "x\ny\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestVariablesExpandInScalarsOnly, once, and never what they hold.
func TestVariablesExpandInScalarsOnly(t *testing.T) {
	n := mustParse(t, `{"${KEY}": "a-${SECRET}-b", two: "${SECRET}${SECRET}", nested: "${NESTED}", literal: "$${SECRET}", dollars: "$SECRET $$ $", `+
		`double: "$$${SECRET}", empty: "${EMPTY}", comment: x } # ${NOWHERE}`)
	var got map[string]string
	if err := n.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"${KEY}": "a-hunter2-b", "two": "hunter2hunter2", "nested": "${SECRET}", "literal": "${SECRET}", "dollars": "$SECRET $$ $",
		"double": "$${SECRET}", "empty": "", "comment": "x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if two, _ := n.Get("two"); two.Raw() != "${SECRET}${SECRET}" || strings.Contains(two.Got(), "hunter2") {
		t.Errorf("raw %q, got %q", two.Raw(), two.Got())
	}
}

// TestVariableMayHoldANumber, quoted or not.
func TestVariableMayHoldANumber(t *testing.T) {
	for _, text := range []string{"target: ${TARGET}", `target: "${TARGET}"`, "target: ${TARGET}%"} {
		var o objective
		if err := mustParse(t, text).Decode(&o); err != nil || o.Target != 99.5 {
			t.Errorf("%s: %v, %v", text, o.Target, err)
		}
	}
	var x struct {
		Share float64 `yaml:"share"`
	}
	if err := mustParse(t, `share: "${TARGET}"`).Decode(&x); err != nil || x.Share != 99.5 {
		t.Errorf("share: %v, %v", x.Share, err)
	}
}

// TestFileSizeIsBounded by bytes, by values, and by what variables put in.
func TestFileSizeIsBounded(t *testing.T) {
	long := func(string) (string, bool) { return strings.Repeat("x", 1<<19), true }
	for name, text := range map[string]string{
		"f.yaml:1: file is too large: 1048577 bytes, at most 1048576":            strings.Repeat("#", 1<<20+1),
		"f.yaml:1: file is too large: over 20000 keys, values and marks":         "a: [" + strings.Repeat("x,", 10000) + "]",
		`f.yaml:1: a: environment variables make the file too large, over 1 MiB`: "a: ${A}${A}${A}",
		`f.yaml:1: nested more than 50 deep`:                                     strings.Repeat("[", 15000),
		"f.yaml:51: nested more than 50 deep":                                    indented(60),
		`f.yaml:1: YAML tags are not allowed`:                                    strings.Repeat("!", 10000),
	} {
		if _, err := Parse("f.yaml", []byte(text), long); err == nil || err.Error() != name {
			t.Errorf("got  %.200v\nwant %s", err, name)
		}
	}
	if _, err := Parse("f.yaml", []byte(indented(50)), long); err != nil {
		t.Errorf("50 deep: %v", err)
	}
}

func indented(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return strings.TrimSuffix(b.String(), "\n") + " x\n"
}

// TestNodesKnowTheirPlace.
func TestNodesKnowTheirPlace(t *testing.T) {
	n := mustParse(t, "pipelines:\n  - name: a\n    stages:\n    - name: b\n      access_log:\n        path: p\n  - {name: c}\n")
	pipelines, _ := n.Get("pipelines")
	stages, _ := pipelines.Items()[0].Get("stages")
	log, _ := stages.Items()[0].Get("access_log")
	path, _ := log.Get("path")
	type place struct {
		Path         string
		Line, Column int
		Kind         NodeType
	}
	var got []place
	for _, n := range []*Node{n, pipelines, pipelines.Items()[1], log, path} {
		got = append(got, place{n.Path(), n.Line(), n.Column(), n.Type()})
	}
	want := []place{{"", 1, 1, Map}, {"pipelines", 1, 1, List}, {"pipelines[1]", 7, 5, Map}, {"pipelines[0].stages[0].access_log", 5, 7, Map},
		{"pipelines[0].stages[0].access_log.path", 6, 15, Scalar}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := log.Get("format"); ok || log.File() != "f.yaml" || path.Keys() != nil {
		t.Error("Get, File or Keys")
	}
	err := path.Errorf("try x", "no file %d", 7)
	want2 := &Error{File: "f.yaml", Line: 6, Column: 15, Path: "pipelines[0].stages[0].access_log.path", Rule: "no file 7", Got: `"p"`, Hint: "try x"}
	if diff := cmp.Diff(want2, err); diff != "" {
		t.Error(diff)
	}
}

// pair reads itself: "a-b", or a map.
type pair struct{ A, B string }

func (p *pair) UnmarshalSection(n *Node) error {
	switch n.Type() {
	case Scalar:
		a, b, ok := strings.Cut(n.String(), "-")
		if !ok {
			return errors.New("must be two words with - between")
		}
		*p = pair{a, b}
		return nil
	default:
		var m struct {
			A string `yaml:"a" required:"true"`
			B string `yaml:"b" required:"true"`
		}
		if err := n.Decode(&m); err != nil {
			return err
		}
		*p = pair(m)
		return nil
	}
}

// TestOwnSectionsKeepTheirPlaces: plain errors get the node's, the rest is passed on; absent ones aren't called.
func TestOwnSectionsKeepTheirPlaces(t *testing.T) {
	type config struct {
		Pairs  []pair          `yaml:"pairs"`
		Absent pair            `yaml:"absent"`
		Named  map[string]pair `yaml:"named"`
		Often  *pair           `yaml:"often" default:"x-y"`
	}
	var c config
	n := mustParse(t, "pairs: [a-b, {a: c, b: d}]\nnamed: {x: e-f}\n")
	if err := n.Decode(&c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config{Pairs: []pair{{"a", "b"}, {"c", "d"}}, Named: map[string]pair{"x": {"e", "f"}}, Often: &pair{"x", "y"}}, c); diff != "" {
		t.Error(diff)
	}
	err := mustParse(t, "pairs:\n  - ab\n  - {a: c}\n  - ${SECRET}\n").Decode(&c)
	want := "f.yaml:2: pairs[0]: must be two words with - between (got \"ab\")\n" +
		"f.yaml:3: pairs[1]: missing key \"b\"\n" +
		"f.yaml:4: pairs[2]: must be two words with - between (got \"${SECRET}\")"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestErrorsOfSeveralSectionsAreListedOnceInFileOrder, through joins and wraps, with errors of other kinds.
func TestErrorsOfSeveralSectionsAreListedOnceInFileOrder(t *testing.T) {
	at := func(file string, line int) *Error { return &Error{File: file, Line: line, Rule: "r"} }
	err := errors.Join(Errors{at("b", 9), at("b", 2)}, fmt.Errorf("wrapped: %w", at("a", 5)), at("b", 2), nil, errors.Join(errors.New("plain")))
	var got []string
	for _, e := range All(err) {
		got = append(got, e.Error())
	}
	if diff := cmp.Diff([]string{"b:2: r", "b:9: r", "a:5: r", "plain"}, got); diff != "" {
		t.Error(diff)
	}
	if All(nil) != nil || Errors(nil).orNil() != nil {
		t.Error("no error is not nil")
	}
	if !errors.As(error(Errors{at("a", 1)}), new(*Error)) {
		t.Error("Errors can't be taken apart")
	}
}

// TestMistakesInTagsAreFoundByAnyUse: a default or a field type that can't be is the program's fault.
func TestMistakesInTagsAreFoundByAnyUse(t *testing.T) {
	type badDefault struct {
		D Duration `yaml:"d" default:"never"`
	}
	type badType struct {
		D complex128 `yaml:"d"`
	}
	type badRange struct {
		N int `yaml:"n" min:"one"`
	}
	for name, use := range map[string]func(){
		"default, decoding": func() { _ = mustParse(t, "{}").Decode(new(badDefault)) },
		"default, schema":   func() { Schema(badDefault{}, "", nil) },
		"default, table":    func() { Table(badDefault{}) },
		"type":              func() { _ = mustParse(t, "d: 1").Decode(new(badType)) },
		"range":             func() { _ = mustParse(t, "n: 1").Decode(new(badRange)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			use()
		}()
	}
}

func TestSuggest(t *testing.T) {
	keys := []string{"threshold", "target", "from", "window", "access_log", "explain", "s3"}
	for word, want := range map[string]string{
		"treshold": "threshold", "threshhold": "threshold", "tagret": "target", "form": "from", "Window": "window", "access-log": "access_log",
		"acces_log": "access_log", "s4": "s3", "colour": "", "": "", "x": "", strings.Repeat("x", 1000): "", "explian": "explain",
	} {
		if got, ok := Suggest(word, keys); got != want || ok != (want != "") {
			t.Errorf("Suggest(%q) = %q, %v; want %q", word, got, ok, want)
		}
	}
}

// TestPanicWhileParsingIsAnError: here of getenv, as the parser's own aren't known.
func TestPanicWhileParsingIsAnError(t *testing.T) {
	n, err := Parse("f.yaml", []byte("a: ${X}\n"), func(string) (string, bool) { panic("x") })
	if n != nil || err == nil || err.Error() != "f.yaml:1: not valid YAML" {
		t.Errorf("%v, %v", n, err)
	}
}
