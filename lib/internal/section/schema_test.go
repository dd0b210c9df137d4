package section

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// violations checks a value against the part of JSON Schema that Schema writes.
func violations(schema map[string]any, value any, path string) []string {
	var out []string
	fail := func(format string, args ...any) { out = append(out, path+": "+fmt.Sprintf(format, args...)) }
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		fail("not in %v", enum)
	}
	matches := func(key string) int {
		list, _ := schema[key].([]any)
		return len(list) - len(slices.DeleteFunc(slices.Clone(list), func(s any) bool { return len(violations(s.(map[string]any), value, path)) == 0 }))
	}
	if schema["anyOf"] != nil && matches("anyOf") == 0 {
		fail("none of anyOf")
	}
	if schema["oneOf"] != nil && matches("oneOf") != 1 {
		fail("%d of oneOf", matches("oneOf"))
	}
	if types := typeList(schema["type"]); len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return isType(value, t) }) {
		fail("%v is not %v", value, types)
	}
	switch v := value.(type) {
	case string:
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			fail("%q does not match", v)
		}
	case float64:
		for key, ok := range map[string]func(limit float64) bool{
			"minimum": func(l float64) bool { return v >= l }, "maximum": func(l float64) bool { return v <= l },
			"exclusiveMinimum": func(l float64) bool { return v > l }, "exclusiveMaximum": func(l float64) bool { return v < l },
		} {
			if limit, given := schema[key].(float64); given && !ok(limit) {
				fail("%v breaks %s", v, key)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for i, item := range v {
			out = append(out, violations(items, item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		out = append(out, objectViolations(schema, v, path)...)
	}
	return out
}

func objectViolations(schema, v map[string]any, path string) []string {
	var out []string
	required, _ := schema["required"].([]any)
	for _, key := range required {
		if _, ok := v[key.(string)]; !ok {
			out = append(out, fmt.Sprintf("%s: no %s", path, key))
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for key, value := range v {
		if s, ok := properties[key]; ok {
			out = append(out, violations(s.(map[string]any), value, path+"."+key)...)
			continue
		}
		switch more := schema["additionalProperties"].(type) {
		case bool:
			out = append(out, path+": unknown "+key)
		case map[string]any:
			out = append(out, violations(more, value, path+"."+key)...)
		}
	}
	return out
}

func typeList(t any) []string {
	switch t := t.(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, s := range t {
			out = append(out, s.(string))
		}
		return out
	}
	return nil
}

func isType(value any, t string) bool {
	number, isNumber := value.(float64)
	switch t {
	case "integer":
		return isNumber && number == float64(int(number))
	case "number":
		return isNumber
	case "string":
		_, ok := value.(string)
		return ok
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "array":
		_, ok := value.([]any)
		return ok
	default:
		_, ok := value.(map[string]any)
		return ok
	}
}

// plain is a node as JSON would hold it, with YAML's reading of unquoted scalars.
func plain(n *Node) any {
	switch n.Type() {
	case Map:
		out := map[string]any{}
		for _, key := range n.Keys() {
			child, _ := n.Get(key)
			out[key] = plain(child)
		}
		return out
	case List:
		out := []any{}
		for _, item := range n.Items() {
			out = append(out, plain(item))
		}
		return out
	}
	if !n.quoted && n.Raw() == n.String() {
		if x, err := strconv.ParseFloat(n.String(), 64); err == nil {
			return x
		}
		if b, err := strconv.ParseBool(n.String()); err == nil {
			return b
		}
	}
	return n.Raw()
}

func testSchema(t *testing.T) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(Schema(&file{}, "pipeline-sli.yaml", stageKinds()), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaAgreesWithDecoding: what one accepts or refuses, so does the other.
func TestSchemaAgreesWithDecoding(t *testing.T) {
	sample, err := os.ReadFile("testdata/spec.ok.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schema := testSchema(t)
	edit := func(old, new string) string {
		text := strings.Replace(string(sample), old, new, 1)
		if text == string(sample) {
			t.Fatalf("%q is not in the sample", old)
		}
		return text
	}
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"sample":             {string(sample), true},
		"bare seconds":       {edit("window: 5m", "window: 300"), true},
		"combined duration":  {edit("window: 5m", "window: 1m30s"), true},
		"percent sign":       {edit("target: 99.9", `target: "99.9%"`), true},
		"variable":           {edit("target: 99.9", `target: "${TARGET}"`), true},
		"list of paths":      {edit("path: /var/log/nginx/access.log", "path: [a, 5]"), true},
		"number as text":     {edit("label: 動画配信", "label: 5"), true},
		"misspelt key":       {edit("threshold: 500ms", "treshold: 500ms"), false},
		"misspelt kind":      {edit("kinesis:", "kinessis:"), false},
		"misspelt in a kind": {edit("stream: video-events", "steam: video-events"), false},
		"two kinds":          {edit("- name: transform\n        ", "  "), false},
		"unit missing":       {edit("threshold: 500ms", "threshold: 500"), false},
		"fraction as target": {edit("target: 99.9", "target: 0.999"), false},
		"unknown format":     {edit("format: ltsv", "format: jsn"), false},
		"bad name":           {edit("name: video", "name: a b"), false},
		"window too short":   {edit("window: 5m", "window: 5"), false},
		"no duration":        {edit("period: 28d", "period: 28x"), false},
		"missing key":        {edit("threshold: 60s, ", ""), false},
		"text for a map":     {edit("slo: { period: 28d }", "slo: 28d"), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := load("f.yaml", []byte(test.text), environment)
			if ok := len(errs) == 0; ok != test.ok {
				t.Errorf("decoding: %s", report(errs))
			}
			root, err := Parse("f.yaml", []byte(test.text), environment)
			if err != nil {
				if test.ok {
					t.Error(err)
				}
				return
			}
			if found := violations(schema, plain(root), ""); (len(found) == 0) != test.ok {
				t.Errorf("schema: %q", found)
			}
		})
	}
}

// TestSchemaShowsDocsAndDefaults that editors complete with.
func TestSchemaShowsDocsAndDefaults(t *testing.T) {
	got := schemaOf(reflect.TypeFor[accessLog](), field{}, nil)["properties"].(map[string]any)
	for key, want := range map[string]any{"format": "auto", "big_lines": json.Number("2"), "max_malformed": "10%", "optional": false} {
		if value := got[key].(map[string]any)["default"]; !cmp.Equal(value, want) {
			t.Errorf("%s: %v, want %v", key, value, want)
		}
	}
	shards := schemaOf(reflect.TypeFor[kinesis](), field{}, nil)["properties"].(map[string]any)["shards"].(map[string]any)
	if got := shards["description"]; got != "number of shards (default: asked of AWS)" {
		t.Error(got)
	}
}

// sized describes itself to schema and table.
type sized struct{}

func (*sized) DescribeSection() (string, map[string]any) {
	return "size like 64MiB", map[string]any{"type": "string"}
}

func TestTable(t *testing.T) {
	type inner struct {
		Every Duration `yaml:"every" default:"1m" doc:"how often"`
	}
	type described struct {
		Size  *sized  `yaml:"size" doc:"how much"`
		Stage stage   `yaml:"stage" doc:"kinds"`
		Raw   *Node   `yaml:"raw" doc:"kept"`
		Share float64 `yaml:"share" doc:"number"`
	}
	want := `| key | type | default | meaning |
|---|---|---|---|
| size | size like 64MiB |  | how much |
| stage | map |  | kinds |
| stage.name | text | required | unique in the pipeline |
| stage.aws | map |  | overrides the pipeline's |
| stage.aws.region | text |  | AWS region |
| stage.KIND | map | required | exactly one kind |
| raw | map |  | kept |
| share | number |  | number |
`
	if diff := cmp.Diff(want, Table(described{})); diff != "" {
		t.Error(diff)
	}
	type rest struct {
		accessLog
		Inner  *inner           `yaml:"inner" doc:"a section"`
		Rules  []inner          `yaml:"rules" doc:"a list"`
		ByName map[string]inner `yaml:"by_name" doc:"a map"`
		Tags   []string         `yaml:"tags" enum:"x|y" doc:"some | words"`
	}
	want = `| key | type | default | meaning |
|---|---|---|---|
| path | text or list |  | files, globs |
| format | ltsv \| json \| combined \| alb \| regex \| auto | auto | of a line |
| where | map of text or list |  | lines that count |
| big_lines | whole number | 2 | whole number in a range |
| share | number |  | number with a lower bound |
| max_malformed | percent | 10% | above it the minute is not measured |
| optional | true \| false | false | a missing file is no failure |
| password | text |  | never shown |
| inner | map |  | a section |
| inner.every | duration | 1m | how often |
| rules | list of map |  | a list |
| rules[].every | duration | 1m | how often |
| by_name | map of map |  | a map |
| by_name.NAME.every | duration | 1m | how often |
| tags | list of x \| y |  | some \| words |
`
	if diff := cmp.Diff(want, Table(&rest{})); diff != "" {
		t.Error(diff)
	}
}
