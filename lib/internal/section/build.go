package section

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// builder turns the parser's tree into nodes and collects what it refuses.
type builder struct {
	file      string
	variables expander
	errs      Errors
}

// refuse reports an error and leaves a node that is passed over from here on.
func (b *builder) refuse(n *Node, err *Error) *Node {
	b.errs = append(b.errs, err)
	n.kind = Refused
	return n
}

// node fills n, which knows its parent and, under a key, the key's position.
func (b *builder) node(from ast.Node, n *Node) *Node {
	n.line, n.column = position(from)
	if n.keyLine == 0 {
		n.keyLine, n.keyColumn = n.line, n.column
	}
	switch v := from.(type) {
	case *ast.MappingNode:
		n.line, n.column = n.keyLine, n.keyColumn
		return b.mapping(v, n)
	case *ast.SequenceNode:
		n.line, n.column = n.keyLine, n.keyColumn
		n.kind = List
		for i, entry := range v.Values {
			n.values = append(n.values, b.node(entry, &Node{file: b.file, parent: n, step: fmt.Sprintf("[%d]", i)}))
		}
		return n
	case *ast.NullNode:
		return b.null(v, n)
	case *ast.LiteralNode:
		n.source = "a block of text"
		return b.scalar(n, v.Value.Value, true)
	case *ast.StringNode:
		quoted := v.Token.Type == token.SingleQuoteType || v.Token.Type == token.DoubleQuoteType
		n.source = shownSource(v.Value, v.Token.Origin, quoted)
		return b.scalar(n, v.Value, quoted)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		tk := v.GetToken()
		n.source = shownSource(tk.Value, tk.Origin, false)
		return b.scalar(n, tk.Value, false)
	}
	return b.refuse(n, n.keyErrorf("", "not valid YAML"))
}

func (b *builder) mapping(from *ast.MappingNode, n *Node) *Node {
	n.kind = Map
	first := map[string]int{}
	for _, pair := range from.Values {
		line, column := position(pair.Key)
		key, ok := keyText(pair.Key)
		if !ok {
			b.errs = append(b.errs, n.errorAt(line, column, "quote the key", "a key must be plain text"))
			continue
		}
		if before, twice := first[key]; twice {
			hint := fmt.Sprintf("it stands on line %d already; keep one of the two", before)
			b.errs = append(b.errs, n.errorAt(line, column, hint, "duplicate key %s", show(key)))
			continue
		}
		if value, ok := pair.Value.(*ast.NullNode); ok && value.Token.Type == token.ImplicitNullType && (pair.Start == nil || pair.Start.Value != ":") {
			// The key isn't shown: it may be a password in braces.
			b.errs = append(b.errs, n.errorAt(line, column, "write {key: value}, or quote text that begins with {", "holds a key without a value"))
			continue
		}
		first[key] = line
		n.keys = append(n.keys, key)
		child := &Node{file: b.file, parent: n, step: keyStep(key), keyLine: line, keyColumn: column}
		n.values = append(n.values, b.node(pair.Value, child))
	}
	return n
}

func (b *builder) null(from *ast.NullNode, n *Node) *Node {
	if from.Token.Type == token.ImplicitNullType {
		return b.refuse(n, n.keyErrorf(`remove it, or give it a value: "" for an empty text, {} for a section without keys`, "has no value"))
	}
	err := n.Errorf(fmt.Sprintf(`remove it, or quote it if it is text: "%s"`, from.Token.Value), "null is not allowed")
	err.Got = from.Token.Value
	return b.refuse(n, err)
}

func (b *builder) scalar(n *Node, value string, quoted bool) *Node {
	n.kind, n.raw, n.quoted = Scalar, value, quoted
	parts, err := b.variables.expand(value)
	var nameless *Error
	if errors.As(err, &nameless) { // the value isn't shown: whether it is secret isn't known yet
		return b.refuse(n, n.errorAt(n.line, n.column, nameless.Hint, "%s", nameless.Rule))
	}
	if err != nil {
		return b.refuse(n, n.errorAt(n.line, n.column, "", "%v", err))
	}
	n.parts, n.expanded = parts, len(parts) > 1
	for _, p := range parts {
		n.text += p.Text
	}
	return n
}

// shownSource is how messages show a scalar; origin is its text in the file, with quotes and white space around it.
// A quote that was left open takes in the lines that follow: none of those is shown.
func shownSource(value, origin string, quoted bool) string {
	if lines := strings.Count(strings.TrimSpace(origin), "\n"); lines > 0 {
		return fmt.Sprintf("%d lines of text", lines+1)
	}
	if !quoted && isBareWord(value) {
		return value
	}
	return show(value)
}

// keyText returns a key as written; false when it is no text, number or truth value.
func keyText(key ast.MapKeyNode) (string, bool) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, !strings.Contains(strings.TrimSpace(k.Token.Origin), "\n")
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return k.GetToken().Value, true
	}
	return "", false
}

// position returns where a value begins. The parser gives a block map the position of its first colon.
func position(n ast.Node) (line, column int) {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return position(m.Values[0].Key)
	}
	tk := n.GetToken()
	if tk == nil || tk.Position == nil {
		return 1, 1
	}
	return tk.Position.Line, tk.Position.Column
}
