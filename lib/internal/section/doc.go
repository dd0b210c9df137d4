// Package section reads YAML strictly: the configuration file's frame and every source's own section of it.
//
// Parse makes a tree of nodes that know their place; Decode fills a struct from a node by its field tags. What isn't
// known, given twice, empty or of the wrong type is refused with file, line, path, rule, the value got and one hint,
// as many at once as can be found. The same structs give the JSON Schema for editors and the tables of the manual.
//
// Field tags:
//
//	yaml:"threshold"       the key; fields without it are left alone, embedded structs are flattened
//	doc:"one sentence"     what the key means, for schema and table
//	default:"500ms"        used when the key is absent, read as if it stood in the file
//	otherwise:"asked"      shown in place of a default where that is found out elsewhere
//	required:"true"        the key must be there and not be empty
//	enum:"a|b|c"           the texts allowed; an Enumerated type says so itself
//	min:"1" max:"10"       inclusive range of numbers, durations and percentages
//	whole:"minutes"        a duration of whole ones
//	pattern:"[a-z]+"       RE2 that the whole text must match
//	hint:"only letters"    what to say where it doesn't
//	secret:"true"          the value is never shown in a message
//
// enum, min, max, pattern and secret hold for each entry of a list or map.
//
// Field types: string (any scalar, as written), bool, int, float64, Duration, UnitDuration, Target, Percent, StringList,
// text types that are Enumerated, *Node (kept for decoding later), Variant, structs, pointers (nil when absent), slices, maps with string keys, Sectioned maps, and types
// with their own UnmarshalSection.
package section
