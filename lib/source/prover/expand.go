package prover

import (
	"fmt"
	"strings"
	"text/template/parse"
)

// expansion evaluates what allowed lets through, in the words of text/template. That
// package itself calls methods by name, so the linker of a program that holds it must
// keep every method of every type: a third of the program.
type expansion struct {
	tree   *parse.Tree
	values values
	at     parse.Node // what is being evaluated
}

// missing stands for no value coming down a pipe.
type missing struct{}

func (e *expansion) text() (string, error) {
	var b strings.Builder
	for _, n := range e.tree.Root.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			b.Write(n.Text)
		case *parse.ActionNode:
			value, err := e.pipe(n.Pipe)
			if err != nil {
				return "", err
			}
			fmt.Fprint(&b, value)
		}
	}
	return b.String(), nil
}

// errorf says where in the template something is wrong.
func (e *expansion) errorf(format string, args ...any) error {
	location, context := e.tree.ErrorContext(e.at)
	return fmt.Errorf("template: %s: executing %q at <%s>: %s", location, e.tree.Name, context, fmt.Sprintf(format, args...))
}

func (e *expansion) pipe(n *parse.PipeNode) (value any, err error) {
	e.at = n
	value = missing{}
	for _, c := range n.Cmds {
		if value, err = e.command(c, value); err != nil {
			return nil, err
		}
	}
	return value, nil
}

// command evaluates one command of a pipe; final came down the pipe.
func (e *expansion) command(c *parse.CommandNode, final any) (any, error) {
	first := c.Args[0]
	if function, ok := first.(*parse.IdentifierNode); ok {
		return e.call(function, c.Args[1:], final)
	}
	if _, parenthesis := first.(*parse.PipeNode); !parenthesis {
		e.at = first
	}
	if field, ok := first.(*parse.FieldNode); ok && (len(c.Args) > 1 || final != missing{}) {
		return nil, e.errorf("%s has arguments but cannot be invoked as function", field.Ident[0])
	}
	if len(c.Args) > 1 || final != (missing{}) {
		return nil, e.errorf("can't give argument to non-function %s", first)
	}
	return e.value(first)
}

// value evaluates a node where nothing says of what type it must be.
func (e *expansion) value(n parse.Node) (any, error) {
	switch n := n.(type) {
	case *parse.PipeNode:
		return e.pipe(n)
	case *parse.IdentifierNode:
		return e.call(n, nil, missing{})
	case *parse.FieldNode:
		e.at = n
		return map[string]any{"ID": e.values.ID, "N": e.values.N, "Slot": e.values.Slot, "Want": e.values.Want}[n.Ident[0]], nil
	case *parse.StringNode:
		return n.Text, nil
	case *parse.NumberNode:
		e.at = n
		return e.number(n)
	}
	return nil, e.errorf("can't evaluate command %q", n)
}

// number is a constant as its spelling has it.
func (e *expansion) number(n *parse.NumberNode) (any, error) {
	character := n.Text[0] == '\''
	hex := strings.HasPrefix(strings.ToLower(n.Text), "0x") && !strings.ContainsAny(n.Text, "pP")
	switch {
	case n.IsComplex:
		return n.Complex128, nil
	case n.IsFloat && !character && !hex && strings.ContainsAny(n.Text, ".eEpP"):
		return n.Float64, nil
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		return int(n.Int64), nil
	}
	return nil, e.errorf("%s overflows int", n.Text)
}

// call calls one of functions; final, where there is one, is the last argument.
func (e *expansion) call(name *parse.IdentifierNode, args []parse.Node, final any) (any, error) {
	e.at = name
	switch f := functions[name.Ident].(type) {
	case func(a, b int64) (int64, error):
		v, err := arguments[int64](e, name.Ident, 2, args, final)
		if err != nil {
			return nil, err
		}
		return f(v[0], v[1])
	case func(string) string:
		v, err := arguments[string](e, name.Ident, 1, args, final)
		if err != nil {
			return nil, err
		}
		return f(v[0]), nil
	case func(any) string:
		v, err := arguments[any](e, name.Ident, 1, args, final)
		if err != nil {
			return nil, err
		}
		return f(v[0]), nil
	case func(any) (string, error):
		v, err := arguments[any](e, name.Ident, 1, args, final)
		if err != nil {
			return nil, err
		}
		return f(v[0])
	}
	return nil, e.errorf("%q is not a defined function", name.Ident)
}

// arguments evaluates as many arguments of a type as a function wants.
func arguments[T any](e *expansion, name string, want int, args []parse.Node, final any) ([]T, error) {
	got := len(args)
	if final != (missing{}) {
		got++
	}
	if got != want {
		return nil, e.errorf("wrong number of args for %s: want %d got %d", name, want, got)
	}
	var out []T
	for _, n := range args {
		v, err := e.argument(n, *new(T))
		if err != nil {
			return nil, err
		}
		if out, err = appendTyped(e, out, v); err != nil {
			return nil, err
		}
	}
	if got == len(args) {
		return out, nil
	}
	return appendTyped(e, out, final)
}

// argument evaluates one argument. A constant takes the type that is asked for, which
// like is of.
func (e *expansion) argument(n parse.Node, like any) (any, error) {
	e.at = n
	word := ""
	switch like.(type) {
	case int64:
		if number, ok := n.(*parse.NumberNode); ok && number.IsInt {
			return number.Int64, nil
		}
		word = "integer"
	case string:
		word = "string"
	}
	_, number := n.(*parse.NumberNode)
	_, quoted := n.(*parse.StringNode)
	if number && word != "" || quoted && word == "integer" {
		return nil, e.errorf("expected %s; found %s", word, n)
	}
	return e.value(n)
}

func appendTyped[T any](e *expansion, list []T, value any) ([]T, error) {
	v, ok := value.(T)
	if !ok {
		return nil, e.errorf("wrong type for value; expected %T; got %T", *new(T), value)
	}
	return append(list, v), nil
}
