package section

import (
	"reflect"
	"strings"
)

// Table returns the keys of a struct as a Markdown table: key, type, default, meaning. Keys of inner structs follow
// their section's, joined with dots; [] stands for each entry of a list, NAME for each key of a map.
func Table(structure any) string {
	var b strings.Builder
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	writeRows(&b, structType(structure), "")
	return b.String()
}

func writeRows(b *strings.Builder, t reflect.Type, prefix string) {
	for _, f := range fieldsOf(t) {
		key := prefix + f.name
		if f.typ == variantType {
			key = prefix + "KIND"
		}
		cells := []string{key, typeWord(f.typ, f), f.tableDefault(), f.doc}
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		if inner, step := innerStruct(f.typ); inner != nil {
			writeRows(b, inner, key+step+".")
		}
	}
}

// tableDefault is what the default column says.
func (f field) tableDefault() string {
	switch {
	case f.hasDef:
		f.mustDecodeDefault(&Node{}, reflect.New(f.typ).Elem())
		return f.def
	case f.required || f.typ == variantType:
		return "required"
	default:
		return f.otherwise
	}
}

// innerStruct returns the struct whose keys stand below a field of type t, and the path between; nil if there is none.
func innerStruct(t reflect.Type) (reflect.Type, string) {
	if t == nodeType || t == variantType {
		return nil, ""
	}
	if _, _, ok := describe(t); ok {
		return nil, ""
	}
	if as, ok := sectionsOf(t); ok {
		return as, ""
	}
	step := ""
	switch t.Kind() {
	case reflect.Struct:
		return t, ""
	case reflect.Slice:
		step = "[]"
	case reflect.Map:
		step = ".NAME"
	case reflect.Pointer:
	default:
		return nil, ""
	}
	inner, more := innerStruct(t.Elem())
	return inner, step + more
}

// typeWord names a type for people.
func typeWord(t reflect.Type, f field) string {
	if t == nodeType || t == variantType {
		return "map"
	}
	if t.Kind() == reflect.Pointer {
		return typeWord(t.Elem(), f)
	}
	if word, _, ok := describe(t); ok {
		return word
	}
	switch t {
	case durationType:
		return "duration"
	case unitDurationType:
		return "duration with unit"
	case targetType, percentType:
		return "percent"
	case stringListType:
		return textWord(f) + " or list"
	}
	if _, ok := sectionsOf(t); ok {
		return "map"
	}
	switch t.Kind() {
	case reflect.Struct:
		return "map"
	case reflect.Slice:
		return "list of " + typeWord(t.Elem(), f)
	case reflect.Map:
		return "map of " + typeWord(t.Elem(), f)
	case reflect.Bool:
		return "true | false"
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	default:
		return textWord(f)
	}
}

func textWord(f field) string {
	if len(f.enum) > 0 {
		return strings.Join(f.enum, " | ")
	}
	return "text"
}
