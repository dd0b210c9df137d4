package sli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escaped is text that may come from anywhere, a log, a path, a server, as outputs show
// it: what a terminal would obey, what turns the direction of writing or can't be seen,
// and what is no UTF-8 stand in it as \x1b, \u202e or \U000e0001.
func Escaped(s string) string {
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[size:]
	}
	return b.String()
}

// EscapedJSON is a JSON text in which the same characters are escaped as JSON does.
// They can only stand in strings, so that it says the same.
func EscapedJSON(text []byte) []byte {
	if !strings.ContainsFunc(string(text), func(r rune) bool { return r >= 0x7f && hidden(r) }) {
		return text
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < 0x7f || !hidden(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return []byte(b.String())
}

// hidden tells whether a character is none that people see. Those that join emoji and
// letters into one are seen.
func hidden(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	if r >= ' ' && r < 0x7f {
		return false
	}
	return r == utf8.RuneError || r != zeroWidthJoiner && r != zeroWidthNonJoiner &&
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}
