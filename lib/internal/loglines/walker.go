package loglines

import "encoding/json"

// walker follows the syntax of JSON (RFC 8259) byte by byte, over the ends of lines
// and of runs. Its zero value is before a value.
type walker struct {
	stack  []byte // the objects and arrays that are open: { and [
	expect expectation
	place  place
	isKey  bool   // the string is a key
	hex    int    // digits of \u that are missing
	atom   []byte // a number or a word so far
}

// expectation is what may come next outside of strings and atoms.
type expectation uint8

const (
	aValue expectation = iota
	aValueOrEnd
	aKeyOrEnd
	aKey
	aColon
	aCommaOrEnd
	nothing // the value is complete
)

// place says what the walker is inside of.
type place uint8

const (
	between place = iota
	inString
	inEscape
	inAtom
)

// Bounds of what is followed.
const (
	maxNesting = 256
	maxAtom    = 400 // digits of a number
)

// step takes one byte; false when it can't be JSON any more.
func (w *walker) step(c byte) bool {
	switch w.place {
	case inString:
		return w.inString(c)
	case inEscape:
		return w.inEscape(c)
	case inAtom:
		if isAtom(c) {
			w.atom = append(w.atom, c)
			return len(w.atom) <= maxAtom
		}
		if w.place = between; !json.Valid(w.atom) {
			return false
		}
		w.end()
	}
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return true
	case c == '"' && w.expect <= aKey:
		w.place, w.isKey = inString, w.expect == aKey || w.expect == aKeyOrEnd
		return true
	}
	return w.between(c)
}

func (w *walker) between(c byte) bool {
	switch w.expect {
	case aValue, aValueOrEnd:
		switch {
		case c == '{':
			return w.open(c, aKeyOrEnd)
		case c == '[':
			return w.open(c, aValueOrEnd)
		case c == ']' && w.expect == aValueOrEnd:
			return w.close('[')
		case isAtom(c):
			w.place, w.atom = inAtom, append(w.atom[:0], c)
			return true
		}
	case aKeyOrEnd:
		return c == '}' && w.close('{')
	case aColon:
		w.expect = aValue
		return c == ':'
	case aCommaOrEnd:
		switch c {
		case ',':
			if w.expect = aValue; w.stack[len(w.stack)-1] == '{' {
				w.expect = aKey
			}
			return true
		case '}':
			return w.close('{')
		case ']':
			return w.close('[')
		}
	}
	return false
}

func (w *walker) open(c byte, expect expectation) bool {
	w.stack, w.expect = append(w.stack, c), expect
	return len(w.stack) <= maxNesting
}

func (w *walker) close(open byte) bool {
	last := len(w.stack) - 1
	if w.stack[last] != open {
		return false
	}
	w.stack = w.stack[:last]
	w.end()
	return true
}

// end is the end of a value.
func (w *walker) end() {
	if w.expect = aCommaOrEnd; len(w.stack) == 0 {
		w.expect = nothing
	}
}

func (w *walker) inString(c byte) bool {
	switch {
	case w.hex > 0:
		w.hex--
		return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
	case c == '\\':
		w.place = inEscape
	case c == '"':
		w.place = between
		if w.isKey {
			w.expect = aColon
		} else {
			w.end()
		}
	}
	return c >= ' '
}

func (w *walker) inEscape(c byte) bool {
	w.place = inString
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		w.hex = 4
		return true
	}
	return false
}

// isAtom tells what numbers, true, false and null are made of.
func isAtom(c byte) bool {
	return c-'0' <= 9 || c == '-' || c == '+' || c == '.' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
