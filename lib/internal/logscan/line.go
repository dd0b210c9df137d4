package logscan

import "errors"

// Malformed is the reason why a line could not be read.
type Malformed string

func (m Malformed) Error() string { return string(m) }

// Unreadable is the reason for a line of which one field could not be read.
type Unreadable struct {
	Malformed
	Field string // its name, as the line has it
	Value string // its beginning
}

func (u *Unreadable) Unwrap() error { return u.Malformed }

// NewUnreadable keeps the beginning of the value.
func NewUnreadable(reason Malformed, field string, value []byte) *Unreadable {
	const most = 64
	return &Unreadable{reason, field, string(value[:min(len(value), most)])}
}

// The reasons for a line that formats have in common.
const (
	ErrUnrecognised Malformed = "line fits no known format"
	ErrNoTime       Malformed = "no time in the line"
	ErrTime         Malformed = "time is not readable"
)

// Undecided is the reason for a line that is but text, in an application's log that hasn't
// shown yet what it is, or when: where it turns out to be a function's, with times, the line
// was one of it all the same.
type Undecided struct {
	Malformed
	platform bool // it is what a function's platform writes
}

func (u Undecided) Unwrap() error { return u.Malformed }

// ErrBlank says that the line is empty or white space: neither parsed nor malformed.
var ErrBlank = errors.New("blank line")

// ErrPartial says that this physical line is a part of a later one: it counts
// as no line at all, the line that ends it counts as one.
var ErrPartial = errors.New("part of a later line")

func trimLineEnd(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if len(line) >= 3 && line[0] == 0xEF && line[1] == 0xBB && line[2] == 0xBF { // byte order mark
		line = line[3:]
	}
	return line
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && (c < '\t' || c > '\r') {
			return false
		}
	}
	return true
}
