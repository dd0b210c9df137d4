package sqlro

import (
	"errors"
	"strings"
)

// kind is what a token of SQL is.
type kind int

const (
	word   kind = iota // a bare identifier or keyword
	quoted             // an identifier in quotes
	text               // a string
	number
	param // :name
	mark  // anything else, one character or ::
)

type token struct {
	kind       kind
	value      string // a word in upper case, an identifier without its quotes, a parameter without its colon
	start, end int    // in the statement
	depth      int    // of parentheses around it
}

// lexer cuts a statement into tokens; comments are none.
type lexer struct {
	driver Driver
	in     string
	at     int
	depth  int
	out    []token
}

func lex(driver Driver, in string) ([]token, error) {
	l := &lexer{driver: driver, in: in}
	for l.at < len(l.in) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return l.out, nil
}

func (l *lexer) next() error {
	rest := l.in[l.at:]
	switch c := rest[0]; {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		l.at++
	case l.lineComment(rest):
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		l.at += end
	case strings.HasPrefix(rest, "/*"):
		return l.comment(rest)
	case c == '\'':
		return l.quote(text, l.backslashes())
	case c == '"':
		return l.quote(quoted, l.driver == MySQL)
	case c == '`' && l.driver == MySQL:
		return l.quote(quoted, false)
	case c == '$' && l.driver == Postgres:
		return l.dollar(rest)
	case isLetter(c):
		l.emit(word, strings.ToUpper(rest[:span(rest, 0)]), span(rest, 0))
	case isDigit(c):
		n := span(rest, 0)
		l.emit(number, rest[:n], n)
	case c == ':' && len(rest) > 1 && isLetter(rest[1]):
		n := span(rest, 1)
		l.emit(param, rest[1:n], n)
	case strings.HasPrefix(rest, "::"):
		l.emit(mark, "::", 2)
	default:
		l.mark(rest[:1])
	}
	return nil
}

// mark takes a single character and keeps count of parentheses.
func (l *lexer) mark(c string) {
	if c == ")" {
		l.depth--
	}
	l.emit(mark, c, 1)
	if c == "(" {
		l.depth++
	}
}

func (l *lexer) emit(k kind, value string, length int) {
	l.out = append(l.out, token{kind: k, value: value, start: l.at, end: l.at + length, depth: l.depth})
	l.at += length
}

// lineComment tells whether a comment to the line's end begins here. MySQL wants a
// space after the dashes: 5--1 is 6 there.
func (l *lexer) lineComment(rest string) bool {
	if l.driver == MySQL {
		return rest[0] == '#' || strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ')
	}
	return strings.HasPrefix(rest, "--")
}

// comment passes over a block comment; PostgreSQL's nest, and MySQL runs what stands
// in some of them.
func (l *lexer) comment(rest string) error {
	if l.driver == MySQL && (strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!")) {
		return errors.New("has a comment that the server would execute, /*! … */")
	}
	depth, i := 1, 2
	for ; depth > 0 && i < len(rest); i++ {
		switch {
		case strings.HasPrefix(rest[i:], "*/"):
			depth--
			i++
		case strings.HasPrefix(rest[i:], "/*") && l.driver == Postgres:
			depth++
			i++
		}
	}
	if depth > 0 {
		return errors.New("has a comment without an end")
	}
	l.at += i
	return nil
}

// backslashes tells whether the string that begins here has backslash escapes: all of
// MySQL's, and PostgreSQL's E'…'.
func (l *lexer) backslashes() bool {
	if l.driver == MySQL {
		return true
	}
	n := len(l.out)
	return n > 0 && l.out[n-1].kind == word && l.out[n-1].value == "E" && l.out[n-1].end == l.at
}

// quote takes what stands in quotes; a doubled quote stands for itself.
func (l *lexer) quote(k kind, backslashes bool) error {
	q := l.in[l.at]
	var value strings.Builder
	for i := l.at + 1; i < len(l.in); i++ {
		switch c := l.in[i]; {
		case c == '\\' && backslashes && i+1 < len(l.in):
			i++
			value.WriteByte(l.in[i])
		case c == q && i+1 < len(l.in) && l.in[i+1] == q:
			i++
			value.WriteByte(q)
		case c == q:
			l.emit(k, value.String(), i+1-l.at)
			return nil
		default:
			value.WriteByte(c)
		}
	}
	return errors.New("has a quote without an end")
}

// dollar takes $tag$ … $tag$; a numbered placeholder is not the user's to write.
func (l *lexer) dollar(rest string) error {
	end := span(rest, 1)
	if end >= len(rest) || rest[end] != '$' || (end > 1 && isDigit(rest[1])) {
		return errors.New("has a $ placeholder; write :from, :to or :threshold")
	}
	tag := rest[:end+1]
	length := strings.Index(rest[len(tag):], tag)
	if length < 0 {
		return errors.New("has a quote without an end")
	}
	l.emit(text, rest[len(tag):len(tag)+length], length+2*len(tag))
	return nil
}

// span is where the word that goes on at i ends.
func span(s string, i int) int {
	for i < len(s) && (isLetter(s[i]) || isDigit(s[i])) {
		i++
	}
	return i
}

func isLetter(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
