package logscan

import "bytes"

// nextToken splits off the next token of a line of space-separated tokens, which
// may be in double quotes. whole is false when a quote is never closed; the
// token is then all there is.
func nextToken(b []byte) (token []byte, quoted bool, rest []byte, whole bool) {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) > 0 && b[0] == '"' {
		end := quoteEnd(b, 1, atBreak)
		if end < 0 {
			return b[1:], true, nil, false
		}
		return b[1:end], true, b[end+1:], true
	}
	if i := valueEnd(b, 0, ' '); i < len(b) {
		return b[:i], false, b[i:], true
	}
	return b, false, nil, true
}

// quoteEnd finds the quote that closes a string beginning at i: the first one
// that is not escaped by a backslash and followed by what must follow it. Where
// there is none, an escaped one will do (writers that don't escape backslashes);
// -1 when there is none at all.
func quoteEnd(b []byte, i int, follows func([]byte) bool) int {
	second := -1
	for start := i; ; i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return second
		}
		if i += n; !follows(b[i+1:]) {
			continue
		}
		if !escaped(b[start:i]) {
			return i
		}
		if second < 0 {
			second = i
		}
	}
}

// escaped says whether what follows b is escaped by its last backslash.
func escaped(b []byte) bool {
	n := 0
	for n < len(b) && b[len(b)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// atBreak says that a token ends before b.
func atBreak(b []byte) bool { return len(b) == 0 || b[0] == ' ' || b[0] == '\t' }

// atStatus says that b goes on as behind a request: with a status code or a dash.
func atStatus(b []byte) bool {
	if len(b) < 2 || b[0] != ' ' && b[0] != '\t' {
		return false
	}
	token, _, _, _ := nextToken(b[1:])
	if tab := bytes.IndexByte(token, '\t'); tab > 0 {
		token = token[:tab]
	}
	return isDash(token) || allDigits(token)
}
