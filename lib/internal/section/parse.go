package section

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// maxBytes bounds a file, and again what variables put into it.
const maxBytes = 1 << 20

// Parse reads one YAML document whose top is a map. getenv (os.LookupEnv in a program; nil for no variables) expands
// ${NAME} in values, after parsing; $${NAME} is the literal text.
//
// Tags, anchors, aliases, merge keys, further documents, directives, nulls and duplicate keys are refused; so are files
// that are empty, over 1 MiB, of more than 20,000 keys, values and marks, nested more than 50 deep, or no UTF-8 text. A
// byte order mark is accepted. The error is an Errors. When only single values were refused the node is returned beside it, so that decoding it can find the
// rest; values already reported are not reported again.
func Parse(name string, data []byte, getenv func(string) (string, bool)) (root *Node, err error) {
	defer func() {
		if recover() != nil { // the YAML parser is not known never to panic
			root, err = nil, Errors{{File: name, Line: 1, Column: 1, Rule: "not valid YAML"}}
		}
	}()
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := checkBytes(name, data); err != nil {
		return nil, Errors{err}
	}
	text := string(data) + "\n" // the lexer loses a tag that ends the file
	doc, errs := parseText(name, text)
	if len(errs) > 0 {
		return nil, errs
	}
	b := &builder{file: name, variables: expander{getenv: getenv, left: maxBytes}}
	root = b.node(doc, &Node{file: name})
	if root.kind != Map && root.kind != Refused {
		b.errs = append(b.errs, root.typeError("write key: value", "a map"))
	}
	if root.kind != Map {
		return nil, b.errs
	}
	return root, b.errs.orNil()
}

// checkBytes refuses what is no YAML text at all.
func checkBytes(name string, data []byte) *Error {
	if len(data) > maxBytes {
		return &Error{File: name, Line: 1, Rule: fmt.Sprintf("file is too large: %d bytes, at most %d", len(data), maxBytes)}
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		rule, hint := "", ""
		switch {
		case r == utf8.RuneError && size == 1:
			rule, hint = "not UTF-8 text", "save the file as UTF-8"
		case r == '\r' && !bytes.HasPrefix(data[i:], []byte("\r\n")):
			rule, hint = "carriage return within a line", "end lines with a line feed"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f:
			rule, hint = fmt.Sprintf("control character U+%04X", r), `write it in double quotes as an escape, like "\e" or "\x00"`
		}
		if rule != "" {
			before := data[:i]
			return &Error{File: name, Line: 1 + bytes.Count(before, []byte("\n")), Column: i - bytes.LastIndexByte(before, '\n'), Rule: rule, Hint: hint}
		}
		i += size
	}
	return nil
}

// parseText returns the one document of text. The YAML parser's errors are used by position and message only: their
// excerpt shows neighbouring lines, and so secrets.
func parseText(name, text string) (ast.Node, Errors) {
	tokens := lexer.Tokenize(text)
	if errs := checkTokens(name, tokens); len(errs) > 0 {
		return nil, errs
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Errors{syntaxError(name, text, err)}
	}
	for _, d := range file.Docs {
		if d.Body != nil {
			return d.Body, nil
		}
	}
	return nil, Errors{{File: name, Line: 1, Column: 1, Rule: "file is empty",
		Hint: "write a starter file with: mackerel-plugin-pipeline-sli init"}}
}

// syntaxError keeps position and message of the parser's error. What the message quotes with " is text of the file and
// is cut off.
func syntaxError(name, text string, err error) *Error {
	e := &Error{File: name, Line: 1, Column: 1, Rule: "not valid YAML"}
	detail, ok := err.(yaml.Error)
	if !ok {
		return e
	}
	message, _, _ := strings.Cut(detail.GetMessage(), `"`)
	e.Rule += ": " + strings.TrimRight(strings.ReplaceAll(message, "\t", `\t`), ": ")
	at := detail.GetToken()
	if at == nil || at.Position == nil {
		return e
	}
	e.Line, e.Column = at.Position.Line, at.Position.Column
	switch line := sourceLine(text, e.Line); {
	case strings.Contains(message, "tab") || strings.Contains(message, "\t"):
		e.Hint = "indent with spaces"
	case strings.Contains(message, "reserved character"), strings.Contains(message, "tag character"), strings.Contains(message, "header option"):
		e.Hint = "quote the value"
	case strings.Contains(message, "mapping value is not allowed"):
		e.Hint = `check the indentation of this line and the next; quote a text with ": " in it`
	case strings.Contains(message, "not allowed in this context"):
		e.Hint = "check the indentation of this line and those around it"
	case strings.Contains(line, "{{"):
		e.Hint = `quote a template: "{{…}}"`
	case strings.Contains(message, "could not find end character"):
		e.Hint = "close the quotes and brackets that are opened before here"
	case strings.Contains(line, "${"):
		e.Hint = `inside { } and [ ] quote variables: "${NAME}"`
	}
	return e
}

// sourceLine returns a line of text by its number from 1; empty when there is none.
func sourceLine(text string, number int) string {
	for line := range strings.Lines(text) {
		if number--; number == 0 {
			return line
		}
	}
	return ""
}
