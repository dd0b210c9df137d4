package section

import (
	"maps"
	"reflect"
	"slices"
)

// Variant is the part of a section that differs by kind: the one key, out of the Variants given to DecodeVariants,
// that names the kind. Its own section is kept for whoever knows that kind to decode. The struct field needs no yaml tag.
type Variant struct {
	Kind string
	Node *Node
}

// Variants maps each kind that a section may have to its options: a struct, or a pointer to one. Decoding uses the
// names, Schema the structs.
type Variants map[string]any

var variantType = reflect.TypeFor[Variant]()

func (v Variants) names() []string { return slices.Sorted(maps.Keys(v)) }
