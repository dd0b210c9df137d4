package section

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// NodeType says what a node is.
type NodeType int

const (
	// Refused is a value that Parse has already reported; decoding passes over it.
	Refused NodeType = iota
	// Map has keys.
	Map
	// List has entries.
	List
	// Scalar is one text, number or truth value.
	Scalar
)

// Node is one value of a file and knows its place there.
//
// Large: where a value stands and how it was written, for messages; its methods are the
// questions that decoders ask of one node.
type Node struct {
	file         string
	parent       *Node
	step         string // what the path adds to the parent's: .key or [0]
	kind         NodeType
	line, column int // of a scalar: where it stands; of a map or list under a key: the key's
	keyLine      int
	keyColumn    int

	text     string // the value of a scalar, variables expanded
	parts    []Part // the same, piece by piece
	raw      string // the same before variables were expanded
	source   string // the same as messages show it
	quoted   bool   // text by its form, never a number
	expanded bool   // a variable was put in

	keys   []string
	values []*Node
}

// Type returns what the node is.
func (n *Node) Type() NodeType { return n.kind }

// File returns the name that was given to Parse.
func (n *Node) File() string { return n.file }

// Line returns the line of the value, or of its key for a map or list, from 1.
func (n *Node) Line() int { return n.line }

// Column returns the column that belongs to Line, from 1.
func (n *Node) Column() int { return n.column }

// Path returns how to reach the node from the top, like pipelines[0].stages[1].access_log; empty at the top.
func (n *Node) Path() string {
	var steps []string
	for at := n; at != nil; at = at.parent {
		steps = append(steps, at.step)
	}
	slices.Reverse(steps)
	return strings.TrimPrefix(strings.Join(steps, ""), ".")
}

// Keys returns a map's keys in file order; nil for anything else.
func (n *Node) Keys() []string { return slices.Clone(n.keys) }

// Get returns the value of a map's key.
func (n *Node) Get(key string) (*Node, bool) {
	if i := slices.Index(n.keys, key); i >= 0 {
		return n.values[i], true
	}
	return nil, false
}

// At is the node under the keys, as far as they are there: the place of an error.
func (n *Node) At(keys ...string) *Node {
	for _, key := range keys {
		if child, ok := n.Get(key); ok {
			n = child
		}
	}
	return n
}

// Items returns the entries of a list, or the values of a map in the order of its Keys; nil for a scalar.
func (n *Node) Items() []*Node { return slices.Clone(n.values) }

// String returns a scalar's text, variables expanded, which may be secret: messages show Got instead. It is empty for
// maps and lists.
func (n *Node) String() string { return n.text }

// Raw returns a scalar's text with its variables still unexpanded: what may be kept or compared without keeping a secret.
func (n *Node) Raw() string { return n.raw }

// Parts returns a scalar's text piece by piece: what is written, and what variables hold, which may be secret. Where a grammar
// gives some characters a meaning, those of a variable have none.
func (n *Node) Parts() []Part { return slices.Clone(n.parts) }

// Got describes the value as a message may show it: as written, variables not expanded, one line, shortened.
func (n *Node) Got() string {
	switch n.kind {
	case Map:
		return "a map"
	case List:
		return "a list"
	default:
		return n.source
	}
}

// Errorf returns an error at this node. The format gives the rule only: place and, for a scalar, the value got are
// added. The hint may be empty.
func (n *Node) Errorf(hint, format string, args ...any) *Error {
	e := n.errorAt(n.line, n.column, hint, format, args...)
	if n.kind == Scalar {
		e.Got = n.source
	}
	return e
}

// keyErrorf is Errorf at the node's key.
func (n *Node) keyErrorf(hint, format string, args ...any) *Error {
	return n.errorAt(n.keyLine, n.keyColumn, hint, format, args...)
}

func (n *Node) errorAt(line, column int, hint, format string, args ...any) *Error {
	hides := n.top().hides(nil)
	return &Error{File: n.file, Line: line, Column: column, Path: n.Path(), Rule: hidden(fmt.Sprintf(format, args...), hides), Hint: hidden(hint, hides)}
}

// top is the node that all others of the file lie in.
func (n *Node) top() *Node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// hides appends what variables hold in the values of n.
func (n *Node) hides(held []string) []string {
	for _, p := range n.parts {
		if p.Variable && p.Text != "" {
			held = append(held, p.Text)
		}
	}
	for _, v := range n.values {
		held = v.hides(held)
	}
	return held
}

// hidden is a text without what variables hold, which may be secret wherever it was put; of fewer
// letters than could be a secret only where they are all that is quoted.
func hidden(text string, held []string) string {
	const fewest, blot = 4, "${…}"
	slices.SortFunc(held, func(a, b string) int { return len(b) - len(a) }) // one may be a part of another
	for _, h := range held {
		quoted := strconv.Quote(h)
		text = strings.ReplaceAll(text, quoted, strconv.Quote(blot))
		if len(h) >= fewest {
			text = strings.ReplaceAll(text, h, blot)
			text = strings.ReplaceAll(text, quoted[1:len(quoted)-1], blot)
		}
	}
	return text
}

// typeError says that the node should have been something else.
func (n *Node) typeError(hint, want string) *Error {
	e := n.Errorf(hint, "must be %s", want)
	e.Got = n.Got()
	return e
}

// place gives an error about a bare value this node's position and the value as written. A hint made from a variable's
// value is dropped: it may show that value.
func (n *Node) place(err error) *Error {
	var e *Error
	switch {
	case !errors.As(err, &e):
		return n.Errorf("", "%v", err)
	case e.Line != 0:
		return e
	case n.expanded:
		return n.Errorf("", "%s", e.Rule)
	default:
		return n.Errorf(e.Hint, "%s", e.Rule)
	}
}

// keyStep is what a key adds to a path.
func keyStep(key string) string {
	if isPlainKey(key) {
		return "." + key
	}
	return "[" + show(key) + "]"
}
