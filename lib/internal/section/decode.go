package section

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Unmarshaler is implemented, on its pointer, by a type that reads its section by itself. To use Decode on itself it
// does so through a type without the method (type plain T).
type Unmarshaler interface {
	UnmarshalSection(n *Node) error
}

// StringList is one text or a list of texts.
type StringList []string

// Decode fills into, a pointer, from the node and returns all that is wrong as Errors. Fields without a key in the file
// get their default, or keep the value they have. A type that no field may have is a mistake in the program and panics.
func (n *Node) Decode(into any) error { return n.DecodeVariants(into, nil) }

// DecodeVariants is Decode for structs that hold, at any depth but not inside an Unmarshaler, a Variant of the given kinds.
func (n *Node) DecodeVariants(into any, kinds Variants) error {
	d := decoder{kinds: kinds}
	d.value(n, reflect.ValueOf(into).Elem(), field{})
	return d.errs.orNil()
}

// decoder fills values and collects errors.
type decoder struct {
	kinds Variants
	errs  Errors
}

var (
	nodeType       = reflect.TypeFor[*Node]()
	stringListType = reflect.TypeFor[StringList]()
)

// add keeps an error; of a secret field without the value.
func (d *decoder) add(err *Error, f field) {
	if err == nil {
		return
	}
	if f.secret {
		clean := *err
		clean.Got = ""
		err = &clean
	}
	d.errs = append(d.errs, err)
}

// value fills v from n under the constraints of f.
func (d *decoder) value(n *Node, v reflect.Value, f field) {
	switch {
	case n.kind == Refused:
		return
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case v.Kind() == reflect.Pointer:
		inner := reflect.New(v.Type().Elem())
		d.value(n, inner.Elem(), f)
		v.Set(inner)
		return
	}
	if own, ok := v.Addr().Interface().(Unmarshaler); ok {
		for _, e := range flatten(own.UnmarshalSection(n)) {
			d.add(n.place(e), f)
		}
		return
	}
	if as, ok := sectionsOf(v.Type()); ok {
		d.sections(n, v, as)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Slice:
		d.list(n, v, f)
	case reflect.Map:
		d.table(n, v, f)
	default:
		d.add(setScalar(n, v, f), f)
	}
}

func (d *decoder) list(n *Node, v reflect.Value, f field) {
	items := n.values
	switch {
	case n.kind == Scalar && v.Type() == stringListType:
		items = []*Node{n}
	case n.kind != List && v.Type() == stringListType:
		d.add(n.typeError("", "a text or a list of texts"), f)
		return
	case n.kind != List:
		d.add(n.typeError(`begin each entry with "- "`, "a list"), f)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.value(item, out.Index(i), f)
	}
	v.Set(out)
}

func (d *decoder) table(n *Node, v reflect.Value, f field) {
	if n.kind != Map {
		d.add(n.typeError("write key: value", "a map"), f)
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.keys))
	for i, key := range n.keys {
		entry := reflect.New(v.Type().Elem()).Elem()
		d.value(n.values[i], entry, f)
		out.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), entry)
	}
	v.Set(out)
}

// structure fills a struct: known keys, then defaults and what is missing.
func (d *decoder) structure(n *Node, v reflect.Value) {
	fields := fieldsOf(v.Type())
	known := names(fields, d.kinds)
	if n.kind != Map {
		d.add(n.typeError("keys here: "+strings.Join(known, ", "), "a map"), field{})
		return
	}
	unknown, meant := d.unknownKeys(n, known)
	for _, f := range fields {
		at := v.FieldByIndex(f.index)
		if f.typ == variantType {
			d.variant(n, at, unknown)
			continue
		}
		child, ok := n.Get(f.name)
		switch {
		case ok:
			before := len(d.errs)
			d.value(child, at, f)
			if f.required && child.kind != Refused && isEmpty(at) && len(d.errs) == before {
				d.add(child.Errorf("", "must not be empty"), f)
			}
		case f.required && slices.Contains(meant, f.name): // reported as a misspelt key
		case f.required:
			d.add(n.keyErrorf(missingHint(f), "missing key %q", f.name), f)
		case f.hasDef:
			f.mustDecodeDefault(n, at)
		case at.Kind() == reflect.Struct && !ownsSection(at.Type()):
			d.structure(&Node{file: n.file, parent: n, step: keyStep(f.name), kind: Map, line: n.line, column: n.column,
				keyLine: n.line, keyColumn: n.column}, at)
		}
	}
}

// unknownKeys reports the keys that aren't known here, says whether there were any, and which keys they may stand for.
func (d *decoder) unknownKeys(n *Node, known []string) (found bool, meant []string) {
	for i, key := range n.keys {
		if slices.Contains(known, key) {
			continue
		}
		found = true
		if best, ok := Suggest(key, known); ok {
			meant = append(meant, best)
		}
		err := n.errorAt(n.values[i].keyLine, n.values[i].keyColumn, keysHint(key, known), "unknown key %s", show(key))
		err.File = n.values[i].file // which isn't the section's where it was put there
		d.add(err, field{})
	}
	return found, meant
}

// variant finds the one key that names the kind. A section that has an unknown key instead has been reported already.
func (d *decoder) variant(n *Node, v reflect.Value, unknown bool) {
	var found Variant
	for i, key := range n.keys {
		if _, ok := d.kinds[key]; !ok {
			continue
		}
		if found.Kind != "" {
			child := n.values[i]
			d.add(n.errorAt(child.keyLine, child.keyColumn, "keep one of the two", "has two kinds, %s and %s", found.Kind, key), field{})
			continue
		}
		found = Variant{Kind: key, Node: n.values[i]}
	}
	if found.Kind == "" && !unknown {
		d.add(n.keyErrorf("add one of: "+strings.Join(d.kinds.names(), ", "), "has no kind"), field{})
	}
	v.Set(reflect.ValueOf(found))
}

// ownsSection says whether values of the type read their section by themselves.
func ownsSection(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[Unmarshaler]())
}

func missingHint(f field) string {
	if f.doc == "" {
		return ""
	}
	return fmt.Sprintf("add %s: %s", f.name, f.doc)
}

// isEmpty says whether a value that was given holds nothing. How many of its sections a Sectioned needs is for whoever
// decodes it to say.
func isEmpty(v reflect.Value) bool {
	if _, ok := sectionsOf(v.Type()); ok {
		return false
	}
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}
