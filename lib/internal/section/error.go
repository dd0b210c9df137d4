package section

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxErrors is how many errors are shown at once: enough to fix a file in one go, few enough to read.
const maxErrors = 20

// Error is one thing wrong with a file or a value.
type Error struct {
	File         string // name given to Parse; empty for a value that stands in no file
	Line, Column int    // from 1; 0 where File is empty
	Path         string // pipelines[0].slis.latency; empty at the top
	Rule         string // what was broken, in words
	Got          string // the value as written, shortened and quoted; empty where the rule names it or it is secret
	Hint         string // the next thing to type, or empty; printed by the caller
}

// Error returns "file:line: path: rule (got value)", without the parts that are empty.
func (e *Error) Error() string {
	if e.Got == "" {
		return e.Place() + e.Rule
	}
	return e.Place() + e.Rule + " (got " + e.Got + ")"
}

// Place is where it is, as it stands in front of the rule: "file:line: path: ".
func (e *Error) Place() string {
	var b strings.Builder
	switch {
	case e.File != "" && e.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	case e.File != "":
		b.WriteString(e.File + ": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	return b.String()
}

// Errors is everything found wrong, in the order it was found.
type Errors []*Error

// Error returns the errors as All gives them, one a line.
func (l Errors) Error() string {
	var lines []string
	for _, e := range All(l) {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives errors.Is and errors.As each of the errors.
func (l Errors) Unwrap() []error {
	out := make([]error, len(l))
	for i, e := range l {
		out[i] = e
	}
	return out
}

// orNil avoids a non-nil error interface that holds an empty list.
func (l Errors) orNil() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// All lists what err holds, also when it was joined from several files and sections: each error once, in the order of
// the lines of each file, at most 20; where there are more, the last one says how many.
func All(err error) []*Error {
	var list []*Error
	seen, fileRank := map[Error]bool{}, map[string]int{}
	for _, e := range flatten(err) {
		if !seen[*e] {
			seen[*e] = true
			list = append(list, e)
		}
		if _, ok := fileRank[e.File]; !ok {
			fileRank[e.File] = len(fileRank)
		}
	}
	slices.SortStableFunc(list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(fileRank[a.File], fileRank[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if len(list) <= maxErrors {
		return list
	}
	next := list[maxErrors-1]
	rest := &Error{File: next.File, Line: next.Line, Column: next.Column,
		Rule: fmt.Sprintf("%d more errors from here on", len(list)-maxErrors+1)}
	return append(list[:maxErrors-1:maxErrors-1], rest)
}

// flatten takes joined and wrapped errors apart; an error of another kind becomes one without a place.
func flatten(err error) []*Error {
	var list Errors
	var one *Error
	switch e := err.(type) {
	case nil:
		return nil
	case *Error:
		return []*Error{e}
	case Errors:
		return e
	case interface{ Unwrap() []error }:
		var out []*Error
		for _, inner := range e.Unwrap() {
			out = append(out, flatten(inner)...)
		}
		return out
	}
	if errors.As(err, &list) {
		return list
	}
	if errors.As(err, &one) {
		return []*Error{one}
	}
	return []*Error{{Rule: err.Error()}}
}

// shownRunes is how much of a value a message shows.
const shownRunes = 60

// show quotes text from the file for a message: one line, shortened, and without what stands before an @, which is
// where connection strings keep their passwords.
func show(s string) string {
	if at := strings.LastIndexByte(s, '@'); at > 0 {
		s = "…" + s[at:]
	}
	return strconv.Quote(shorten(s))
}

// shorten cuts s after shownRunes characters.
func shorten(s string) string {
	if utf8.RuneCountInString(s) <= shownRunes {
		return s
	}
	return string([]rune(s)[:shownRunes]) + "…"
}
