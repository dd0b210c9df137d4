package section

import (
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Enumerated is implemented by a text type that knows itself which texts are allowed: what
// an enum tag says of other fields.
type Enumerated interface{ Enum() []string }

// field is what the tags of one struct field say.
type field struct {
	name      string
	index     []int
	typ       reflect.Type
	doc       string
	def       string
	hasDef    bool
	otherwise string
	required  bool
	secret    bool
	enum      []string
	min, max  string
	whole     string // a duration is a whole number of these
	pattern   string
	hint      string // where the pattern isn't met
}

// fieldsOf lists the fields of a struct that have a key, embedded structs flattened, in the order of the source. A
// Variant has no key of its own and is listed under "".
//
// Nobody changes what is listed: a file of hundreds of pipelines asks for the same types over and over.
var fieldsOf = remembered(listFields)

// remembered asks of each type once.
func remembered[T any](of func(reflect.Type) T) func(reflect.Type) T {
	var known sync.Map
	return func(t reflect.Type) T {
		said, ok := known.Load(t)
		if !ok {
			now := of(t)
			said, _ = known.LoadOrStore(t, &now)
		}
		return *said.(*T)
	}
}

func listFields(t reflect.Type) []field {
	var out []field
	for sf := range t.Fields() {
		name, tagged := sf.Tag.Lookup("yaml")
		switch {
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct:
			for _, inner := range listFields(sf.Type) {
				inner.index = slices.Concat(sf.Index, inner.index)
				out = append(out, inner)
			}
		case sf.Type == variantType, tagged && sf.IsExported() && name != "-":
			out = append(out, newField(sf, name))
		}
	}
	return out
}

func newField(sf reflect.StructField, name string) field {
	f := field{name: name, index: sf.Index, typ: sf.Type}
	for key, value := range tags(sf.Tag) {
		switch key {
		case "doc":
			f.doc = value
		case "default":
			f.def, f.hasDef = value, true
		case "otherwise":
			f.otherwise = value
		case "required":
			f.required = value == "true"
		case "secret":
			f.secret = value == "true"
		case "enum":
			f.enum = strings.Split(value, "|")
		case "min":
			f.min = value
		case "max":
			f.max = value
		case "whole":
			f.whole = value
		case "pattern":
			f.pattern = value
		case "hint":
			f.hint = value
		}
	}
	if own, ok := reflect.Zero(sf.Type).Interface().(Enumerated); ok && f.enum == nil {
		f.enum = own.Enum()
	}
	return f
}

// tags are the keys and values of a struct tag. reflect.StructTag looks for one key in all of
// it, which at a start, for all keys of all fields, is a tenth of reading a configuration.
func tags(tag reflect.StructTag) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for rest := string(tag); ; {
			key, behind, _ := strings.Cut(strings.TrimLeft(rest, " "), ":")
			quoted, err := strconv.QuotedPrefix(behind)
			if err != nil {
				return
			}
			value, _ := strconv.Unquote(quoted)
			if rest = behind[len(quoted):]; !yield(key, value) {
				return
			}
		}
	}
}

// names lists the keys of fields and the kinds of a Variant among them.
func names(fields []field, kinds Variants) []string {
	var out []string
	for _, f := range fields {
		if f.typ == variantType {
			out = append(out, kinds.names()...)
		} else {
			out = append(out, f.name)
		}
	}
	return out
}

// checkText applies enum and pattern.
func (f field) checkText(n *Node, text string) *Error {
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		hint := ""
		if best, ok := Suggest(text, f.enum); ok && !n.expanded {
			hint = `did you mean "` + best + `"?`
		}
		return n.Errorf(hint, "must be one of %s", strings.Join(f.enum, ", "))
	}
	if f.pattern != "" && !regexp.MustCompile(`^(?:`+f.pattern+`)$`).MatchString(text) {
		hint := f.hint
		if name := text[strings.LastIndexAny(text, ":/")+1:]; hint == "" && !n.expanded && strings.HasPrefix(text, "arn:") && f.checkText(n, name) == nil {
			hint = `did you mean "` + name + `"?` // the name alone
		}
		return n.Errorf(hint, "must match %s", f.pattern)
	}
	return nil
}

// checkRange applies min and max; read gives the number that such a tag stands for.
func (f field) checkRange(n *Node, x float64, read func(string) float64) *Error {
	below, above := f.min != "" && x < read(f.min), f.max != "" && x > read(f.max)
	switch {
	case !below && !above:
		return nil
	case f.min != "" && f.max != "":
		return n.Errorf("", "must be %s to %s", f.min, f.max)
	case below:
		return n.Errorf("", "must be at least %s", f.min)
	default:
		return n.Errorf("", "must be at most %s", f.max)
	}
}

// defaultNode is the default as if it stood in the file, at the section it is missing from.
func (f field) defaultNode(n *Node) *Node {
	return &Node{file: n.file, parent: n, step: keyStep(f.name), kind: Scalar, line: n.line, column: n.column,
		keyLine: n.line, keyColumn: n.column, text: f.def, raw: f.def, source: show(f.def)}
}

// mustDecodeDefault decodes the default into v. A default that isn't valid is a mistake in the program.
func (f field) mustDecodeDefault(n *Node, v reflect.Value) {
	d := decoder{}
	if d.value(f.defaultNode(n), v, f); len(d.errs) > 0 {
		panic(fmt.Sprintf("section: default of %q: %v", f.name, d.errs))
	}
}
