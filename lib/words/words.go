// Package words holds what the programs say to people, each sentence once, in every
// language. Findings are values; texts are made of them here.
//
// Names (of metrics, keys, flags, statuses, states) are the same in every language and
// are handed in as arguments.
package words

import (
	"fmt"
	"strings"
	"unicode"
)

// Language is a language of texts. The zero value is English.
type Language int

// The languages there are.
const (
	English Language = iota
	Japanese
)

// languages are their names as the configuration and --lang spell them.
var languages = [...]string{English: "en", Japanese: "ja"}

func (l Language) String() string { return languages[l] }

// Parse reads a language's name. The empty name is English.
func Parse(name string) (Language, error) {
	if name == "" {
		return English, nil
	}
	for l, known := range languages {
		if name == known {
			return Language(l), nil
		}
	}
	return English, fmt.Errorf("must be en or ja (got %q)", name)
}

// Text is one thing to say, in every language, with the verbs of package fmt for its
// arguments. Where another language wants them in another order it numbers them (%[2]s).
type Text struct{ En, Ja string }

// Say is the text in the language, with its arguments.
func (l Language) Say(t Text, args ...any) string { return l.format(t, l.said(args)) }

func (l Language) format(t Text, args []any) string {
	format := t.En
	if l == Japanese {
		format = t.Ja
	}
	return fmt.Sprintf(format, args...)
}

// Columns is how many columns of a terminal a text takes, where Japanese letters take two.
func Columns(text string) int {
	n := 0
	for _, r := range text {
		n++
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r == 'ー' {
			n++
		}
	}
	return n
}

// Table is rows as lines, with their columns below each other.
func Table(rows [][]string) []string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], Columns(text))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for column, text := range row {
			fmt.Fprintf(&b, "%s%s  ", text, strings.Repeat(" ", widths[column]-Columns(text)))
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
