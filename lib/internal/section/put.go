package section

import (
	"fmt"
	"slices"
)

// Put sets the value at a path below a map to a text, as if it stood in the file; an empty
// text takes the key away. A step is a key, or in a list the name of the entry that has it.
// Maps that aren't there are made. place is what messages show as the file of the value.
func (n *Node) Put(path []string, text, place string) error {
	at := n
	for i, step := range path {
		last := i == len(path)-1
		switch at.kind {
		case List:
			entry := slices.IndexFunc(at.values, func(e *Node) bool {
				name, ok := e.Get("name")
				return ok && name.text == step
			})
			if entry < 0 {
				return &Error{File: place, Rule: fmt.Sprintf("nothing in %s is called so", at.Path()), Got: show(step)}
			}
			if last {
				return &Error{File: place, Rule: "must lead to a key of it", Got: show(step)}
			}
			at = at.values[entry]
		case Map:
			found := slices.Index(at.keys, step)
			switch {
			case last && text == "":
				if found >= 0 {
					at.keys, at.values = slices.Delete(at.keys, found, found+1), slices.Delete(at.values, found, found+1)
				}
				return nil
			case last:
				return at.set(step, found, text, place)
			case found < 0:
				child := &Node{file: place, parent: at, step: keyStep(step), kind: Map}
				at.keys, at.values = append(at.keys, step), append(at.values, child)
				at = child
			default:
				at = at.values[found]
			}
		default:
			return &Error{File: place, Rule: fmt.Sprintf("%s is no section", at.Path()), Got: show(step)}
		}
	}
	return nil
}

// set puts a value under a key.
func (n *Node) set(key string, found int, text, place string) error {
	root, err := Parse(place, []byte("value: "+text), nil)
	if err != nil {
		return err
	}
	value, _ := root.Get("value")
	value.parent, value.step, value.line, value.keyLine = n, keyStep(key), 0, 0 // it stands in no line
	if found >= 0 {
		n.values[found] = value
		return nil
	}
	n.keys, n.values = append(n.keys, key), append(n.values, value)
	return nil
}
