package section

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

const (
	maxDepth  = 50    // the parser recurses, and a stack overflow can't be recovered from
	maxTokens = 20000 // the parser's time grows with the square of these
)

// checkTokens refuses, before parsing, the constructs that no configuration needs, and what would cost too much to
// parse. It works on tokens because the parser reads a tag such as !GET together with the line that follows.
func checkTokens(name string, tokens token.Tokens) Errors {
	at := func(tk *token.Token, rule, hint string) *Error {
		return &Error{File: name, Line: tk.Position.Line, Column: tk.Position.Column, Rule: rule, Hint: hint}
	}
	if len(tokens) > maxTokens {
		return Errors{at(tokens[maxTokens], fmt.Sprintf("file is too large: over %d keys, values and marks", maxTokens), "")}
	}
	var errs Errors
	var nest nesting
	started, ended := false, false // some token, and the end of the document, were seen
	for _, tk := range tokens {
		if tk.Type == token.CommentType {
			continue
		}
		if nest.add(tk) > maxDepth {
			return append(errs, at(tk, fmt.Sprintf("nested more than %d deep", maxDepth), ""))
		}
		if (tk.Type == token.DocumentHeaderType && started) || (ended && tk.Type != token.DocumentEndType) {
			return append(errs, at(tk, "a second document begins here", "one document a file; give each its own --config"))
		}
		started, ended = true, ended || tk.Type == token.DocumentEndType
		if rule, hint := refusedToken(tk); rule != "" {
			errs = append(errs, at(tk, rule, hint))
		}
		if tk.Type == token.DirectiveType {
			return errs
		}
	}
	return errs
}

// refusedToken says what is wrong with a token by its type alone; the rule is empty when nothing is. What follows the mark
// isn't shown: it may be a password that begins with it.
func refusedToken(tk *token.Token) (rule, hint string) {
	switch tk.Type {
	case token.TagType:
		return "YAML tags are not allowed", "remove it, or quote a value that begins with !: '!…'"
	case token.AnchorType:
		return "YAML anchors are not allowed", "quote a value that begins with &"
	case token.AliasType:
		return "YAML aliases are not allowed", "quote a value that begins with *: '*…'"
	case token.MergeKeyType:
		return "merge keys are not allowed", "write the keys out"
	case token.MappingKeyType:
		return "keys marked with ? are not allowed", "write key: value"
	case token.DirectiveType:
		return "YAML directives are not allowed", "quote a value that begins with %"
	}
	return "", ""
}

// nesting bounds how deep the parser will recurse: brackets that are open, and columns that are indented further and
// further by lines or by marks such as "- - -".
type nesting struct {
	open    int   // brackets
	columns []int // of what begins a block, outside brackets
	last    *token.Token
}

// add takes the next token in and returns the depth there.
func (s *nesting) add(tk *token.Token) int {
	column := tk.Position.Column
	newLine := s.last == nil || s.last.Position.Line != tk.Position.Line
	if s.open == 0 && (newLine || s.last.Type == token.SequenceEntryType) {
		for len(s.columns) > 0 && s.columns[len(s.columns)-1] >= column {
			s.columns = s.columns[:len(s.columns)-1]
		}
		s.columns = append(s.columns, column)
	}
	switch tk.Type {
	case token.MappingStartType, token.SequenceStartType:
		s.open++
	case token.MappingEndType, token.SequenceEndType:
		s.open = max(0, s.open-1)
	}
	s.last = tk
	return s.open + len(s.columns)
}
