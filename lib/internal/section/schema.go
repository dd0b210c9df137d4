package section

import (
	"encoding/json"
	"maps"
	"reflect"
	"strconv"
	"strings"
)

// Describer is implemented, on its pointer, by a type whose form in the file can't be read off its Go type: a text that
// stands for a struct, a text or a list. word names it in tables; schema is its JSON Schema.
type Describer interface {
	DescribeSection() (word string, schema map[string]any)
}

// Schema returns a JSON Schema (draft 2020-12) that completes and checks, in an editor, a file that decodes into root.
// Struct types must not contain themselves.
func Schema(root any, title string, kinds Variants) []byte {
	s := schemaOf(structType(root), field{}, kinds)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = title
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("section: schema: " + err.Error())
	}
	return append(out, '\n')
}

// structType is the struct behind a value or pointer.
func structType(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// describe returns what a type says of itself, if it does.
func describe(t reflect.Type) (string, map[string]any, bool) {
	d, ok := reflect.New(t).Interface().(Describer)
	if !ok {
		return "", nil, false
	}
	word, schema := d.DescribeSection()
	return word, schema, true
}

// scalarTypes are what YAML may take an unquoted text for.
var scalarTypes = []string{"string", "number", "boolean"}

// variable is the pattern of text that only shows its value at run time.
const variable = `\$\{`

func schemaOf(t reflect.Type, f field, kinds Variants) map[string]any {
	if t == nodeType {
		return map[string]any{}
	}
	if t.Kind() == reflect.Pointer {
		return schemaOf(t.Elem(), f, kinds)
	}
	if _, own, ok := describe(t); ok {
		return maps.Clone(own)
	}
	switch t {
	case durationType:
		form := strings.ReplaceAll(durationPattern, "N", number)
		own := map[string]any{"type": []string{"string", "number"}, "minLength": 1, "pattern": `^(` + form + `|-?` + number + `)$|` + variable}
		if f.min == "" {
			own["exclusiveMinimum"] = 0
		}
		return bounded(own, f, seconds)
	case unitDurationType:
		return map[string]any{"type": "string", "minLength": 1, "pattern": `^` + strings.ReplaceAll(durationPattern, "N", number) + `$|` + variable}
	case targetType:
		return map[string]any{"type": []string{"number", "string"}, "exclusiveMinimum": 1, "exclusiveMaximum": 100, "pattern": percentPattern + `|` + variable}
	case percentType:
		return bounded(map[string]any{"type": []string{"number", "string"}, "minimum": 0, "maximum": 100, "pattern": percentPattern + `|` + variable}, f, mustFloat)
	case stringListType:
		entry := textSchema(f)
		return map[string]any{"anyOf": []any{entry, map[string]any{"type": "array", "items": entry}}}
	}
	if as, ok := sectionsOf(t); ok {
		return objectSchema(as, kinds)
	}
	switch t.Kind() {
	case reflect.Struct:
		return objectSchema(t, kinds)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), f, kinds)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), f, kinds)}
	case reflect.String:
		return textSchema(f)
	case reflect.Bool:
		return map[string]any{"type": []string{"boolean", "string"}, "pattern": variable}
	case reflect.Int:
		return bounded(map[string]any{"type": []string{"integer", "string"}, "pattern": variable}, f, mustFloat)
	default:
		return bounded(map[string]any{"type": []string{"number", "string"}, "pattern": variable}, f, mustFloat)
	}
}

func seconds(s string) float64 { return mustDuration(s) / 1e9 }

// bounded adds a field's range.
func bounded(s map[string]any, f field, read func(string) float64) map[string]any {
	if f.min != "" {
		s["minimum"] = read(f.min)
	}
	if f.max != "" {
		s["maximum"] = read(f.max)
	}
	return s
}

func textSchema(f field) map[string]any {
	switch {
	case len(f.enum) > 0:
		return map[string]any{"enum": f.enum}
	case f.pattern != "":
		return map[string]any{"type": scalarTypes, "pattern": `^(?:` + f.pattern + `)$|` + variable}
	default:
		return map[string]any{"type": scalarTypes}
	}
}

func objectSchema(t reflect.Type, kinds Variants) map[string]any {
	properties, required := map[string]any{}, []string{}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	for _, f := range fieldsOf(t) {
		if f.typ == variantType {
			var one []any
			for _, kind := range kinds.names() {
				properties[kind] = schemaOf(structType(kinds[kind]), field{}, kinds)
				one = append(one, map[string]any{"required": []string{kind}})
			}
			s["oneOf"] = one
			continue
		}
		p := schemaOf(f.typ, f, kinds)
		if text := f.description(); text != "" {
			p["description"] = text
		}
		if f.hasDef {
			p["default"] = f.jsonDefault()
		}
		if f.required {
			required = append(required, f.name)
		}
		properties[f.name] = p
	}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// description is the doc, with the default where that can't be given as a value.
func (f field) description() string {
	if f.otherwise == "" {
		return f.doc
	}
	return strings.TrimSpace(f.doc + " (default: " + f.otherwise + ")")
}

// jsonDefault is the default as JSON would write it. It is decoded first, so that no default is shown that isn't valid.
func (f field) jsonDefault() any {
	f.mustDecodeDefault(&Node{}, reflect.New(f.typ).Elem())
	if isNumber(f.def) {
		return json.Number(f.def)
	}
	if b, err := strconv.ParseBool(f.def); err == nil && f.typ.Kind() == reflect.Bool {
		return b
	}
	return f.def
}
