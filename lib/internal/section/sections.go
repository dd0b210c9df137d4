package section

import (
	"fmt"
	"reflect"
)

// Sectioned is implemented by a map type that knows the optional sections that may stand in it, each with options of its
// own. The map gets, under its name, a pointer to the options of every section that the file has.
type Sectioned interface{ Sections() []Section }

// Section is one of them. Options is a pointer to its struct; what it points to is never written to.
type Section struct {
	Name, Doc string
	Options   any
}

// sectionsOf is the struct that a Sectioned is read, described and tabled as: a field of its own for every section.
func sectionsOf(t reflect.Type) (as reflect.Type, ok bool) {
	if t.Kind() == reflect.Map {
		as = structOfSections(t)
	}
	return as, as != nil
}

var structOfSections = remembered(func(t reflect.Type) reflect.Type {
	own, ok := reflect.Zero(t).Interface().(Sectioned)
	if !ok {
		return nil
	}
	var fields []reflect.StructField
	for i, s := range own.Sections() {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Section%d", i), Type: reflect.TypeOf(s.Options),
			Tag: reflect.StructTag(fmt.Sprintf("yaml:%q doc:%q", s.Name, s.Doc)),
		})
	}
	return reflect.StructOf(fields)
})

// sections fills a Sectioned.
func (d *decoder) sections(n *Node, v reflect.Value, as reflect.Type) {
	all := reflect.New(as).Elem()
	d.structure(n, all)
	v.Set(reflect.MakeMap(v.Type()))
	for _, f := range fieldsOf(as) {
		if options := all.FieldByIndex(f.index); !options.IsNil() {
			v.SetMapIndex(reflect.ValueOf(f.name).Convert(v.Type().Key()), options)
		}
	}
}

// Enum is what the enum tag of a key allows, in its order; options is a struct or a pointer to one, without such a key
// there is nothing.
func Enum(options any, key string) []string {
	for _, f := range fieldsOf(structType(options)) {
		if f.name == key {
			return f.enum
		}
	}
	return nil
}
