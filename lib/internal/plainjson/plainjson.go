// Package plainjson writes objects byte by byte as encoding/json does, and reads what it has written, without reflection and with hardly an allocation. It is
// for what a state holds thousands of. Whatever is spelled otherwise it leaves to encoding/json.
package plainjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Text is JSON that is read from its beginning, or else written at its end. What an object's members are is said once for both: each is written, or read into.
type Text struct {
	text   []byte
	at     int // of what is read
	reads  bool
	odd    bool      // what is read isn't spelled as here
	to     io.Writer // takes what is written
	err    error     // the first of what was to be written
	begins bool      // of an object: no member was there yet
	last   string
}

// Reader reads a text. What is read holds on to it.
func Reader(text []byte) *Text { return &Text{text: text, reads: true} }

// Writer writes to w, piece by piece.
func Writer(w io.Writer) *Text { return &Text{to: w} }

// piece is about so much as is written at once, in bytes.
const piece = 4 << 10

// End is the end of what is written; it tells why it couldn't be.
func (t *Text) End() error {
	t.flush()
	return t.err
}

func (t *Text) flush() {
	if t.err == nil {
		_, t.err = t.to.Write(t.text)
	}
	t.text = t.text[:0]
}

// All tells whether all of a text was read, and is spelled as here.
func (t *Text) All() bool { return !t.odd && t.at == len(t.text) }

// takes writes a piece of text, or passes over it if it comes next, and tells whether it did.
func (t *Text) takes(s string) bool {
	if !t.reads {
		t.text = append(t.text, s...)
		return true
	}
	if t.odd || len(t.text)-t.at < len(s) || string(t.text[t.at:t.at+len(s)]) != s {
		return false
	}
	t.at += len(s)
	return true
}

// needs is takes where nothing else may come.
func (t *Text) needs(s string) { t.odd = !t.takes(s) || t.odd }

// Object writes an object, or reads it.
func (t *Text) Object(members func()) {
	t.begins = true
	t.needs("{")
	members()
	t.needs("}")
	if t.begins = false; !t.reads && len(t.text) >= piece {
		t.flush()
	}
}

// Must says how a member is spelled that is zero.
type Must bool

const (
	Always Must = true  // as zero
	Set    Must = false // not at all
)

// member writes or reads a member's name, and tells whether it has a value.
func (t *Text) member(name string, zero bool, must Must) bool {
	begin, parted := t.at, `,"`
	if t.begins {
		parted = `"`
	}
	switch {
	case !t.reads && zero && must == Set:
		return false
	case t.takes(parted) && t.takes(name) && t.takes(`":`):
		t.begins = false
		return true
	}
	t.at, t.odd = begin, t.odd || must == Always
	return false
}

// String is a member of that type.
func (t *Text) String(name string, v *string, must Must) {
	switch {
	case !t.member(name, *v == "", must):
	case t.reads:
		if s := t.string(); string(s) != t.last { // often two members are the same
			t.last = string(s)
		}
		*v = t.last
	default:
		t.writeString(*v)
	}
}

// Number is a member that is a whole number.
func Number[N int | int64 | uint32 | uint64](t *Text, name string, v *N, must Must) {
	switch {
	case !t.member(name, *v == 0, must):
	case t.reads:
		n := t.natural()
		*v = N(n)
		t.odd = t.odd || *v < 0 || uint64(*v) != n
	case *v < 0:
		t.text = strconv.AppendInt(t.text, int64(*v), 10)
	default:
		t.text = strconv.AppendUint(t.text, uint64(*v), 10)
	}
}

// Pair is a member that is two whole numbers.
func (t *Text) Pair(name string, v *[2]uint64, must Must) {
	if !t.member(name, *v == [2]uint64{}, must) {
		return
	}
	for i, before := range []string{"[", ","} {
		if t.needs(before); t.reads {
			v[i] = t.natural()
		} else {
			t.text = strconv.AppendUint(t.text, v[i], 10)
		}
	}
	t.needs("]")
}

// List is a member that is objects, each spelled by one function. It isn't there where there is none.
func List[E any](t *Text, name string, v *[]E, spell func(*E, *Text)) {
	if !t.member(name, len(*v) == 0, Set) {
		return
	}
	for i, begin := 0, t.at; i == 0 || t.reads && t.takes(",") || i < len(*v) && !t.reads; i++ {
		switch {
		case !t.reads && i > 0:
			t.needs(",")
		case !t.reads:
			t.needs("[")
		case i == 0:
			t.needs("[")
			*v = append([]E(nil), *new(E))
		case i == 1: // as many as are left, if they aren't much shorter than the first
			left := (len(t.text) - begin) / (t.at - begin)
			*v = append(slices.Grow(*v, left+left/8), *new(E))
		default:
			*v = append(*v, *new(E))
		}
		spell(&(*v)[i], t)
	}
	t.needs("]")
}

// Strings is a member that is texts. It isn't there where there is none.
func (t *Text) Strings(name string, v *[]string) {
	if !t.member(name, len(*v) == 0, Set) {
		return
	}
	before := "["
	for i := 0; t.reads || i < len(*v); i++ {
		if !t.takes(before) {
			break
		}
		if t.reads {
			*v = append(*v, string(t.string()))
		} else {
			t.writeString((*v)[i])
		}
		before = ","
	}
	t.needs("]")
}

// Flag is a member that is true or, where it isn't there, false.
func (t *Text) Flag(name string, v *bool) {
	if t.member(name, !*v, Set) {
		t.needs("true")
		*v = true
	}
}

// Time is a member of that type.
func (t *Text) Time(name string, v *time.Time, must Must) {
	switch {
	case !t.member(name, v.IsZero(), must):
	case t.reads:
		t.odd = v.UnmarshalText(t.string()) != nil || t.odd
	default:
		var err error
		t.text, err = v.AppendText(append(t.text, '"'))
		t.text = append(t.text, '"')
		t.failed(err)
	}
}

// Data is a member that is bytes in base64.
func (t *Text) Data(name string, v *[]byte, must Must) {
	switch {
	case !t.member(name, len(*v) == 0, must):
	case t.reads:
		data, err := base64.StdEncoding.AppendDecode([]byte{}, t.string())
		*v, t.odd = data, t.odd || err != nil
	default:
		t.text = append(base64.StdEncoding.AppendEncode(append(t.text, '"'), *v), '"')
	}
}

// Kept is what a member holds that is an object and spells itself.
type Kept interface {
	IsZero() bool
	MarshalJSON() ([]byte, error)
	KeepJSON(text []byte) // it is left in text
}

// Value is a member that spells itself.
func (t *Text) Value(name string, v Kept, must Must) {
	switch {
	case !t.member(name, v.IsZero(), must):
	case t.reads:
		v.KeepJSON(t.object())
	default:
		text, err := v.MarshalJSON()
		t.text = append(t.text, text...)
		t.failed(err)
	}
}

func (t *Text) failed(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *Text) writeString(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s)
			t.text = append(t.text, quoted...)
			t.failed(err)
			return
		}
	}
	t.text = append(append(append(t.text, '"'), s...), '"')
}

// string reads one that has no escapes.
func (t *Text) string() []byte {
	t.needs(`"`)
	end := bytes.IndexByte(t.text[t.at:], '"')
	if end < 0 {
		t.odd = true
		return nil
	}
	s := t.text[t.at : t.at+end]
	t.at += end + 1
	ascii := true
	for _, c := range s {
		t.odd = t.odd || c < ' ' || c == '\\'
		ascii = ascii && c < utf8.RuneSelf
	}
	t.odd = t.odd || !ascii && !utf8.Valid(s)
	return s
}

// natural reads a number of digits alone.
func (t *Text) natural() (n uint64) {
	begin := t.at
	for t.at < len(t.text) && '0' <= t.text[t.at] && t.text[t.at] <= '9' {
		digit := uint64(t.text[t.at] - '0')
		t.odd = t.odd || n > (math.MaxUint64-digit)/10
		n = 10*n + digit
		t.at++
	}
	t.odd = t.odd || t.at == begin || t.text[begin] == '0' && t.at > begin+1
	return n
}

// object passes over an object.
func (t *Text) object() []byte {
	begin, depth := t.at, 0
	for t.at < len(t.text) {
		c := t.text[t.at]
		t.at++
		switch c {
		case '"':
			for t.at < len(t.text) && t.text[t.at] != '"' {
				if t.text[t.at] == '\\' {
					t.at++
				}
				t.at++
			}
			t.at++
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			if c == '}' {
				return t.text[begin:t.at:t.at]
			}
			break
		}
	}
	t.odd, t.at = true, len(t.text)
	return nil
}
