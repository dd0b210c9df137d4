package sli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// TermKind is how a value of a condition is to be tested.
type TermKind uint8

// The kinds of terms.
const (
	IsEqual   TermKind = iota // to Text
	IsPattern                 // the regular expression Text (RE2) is found
	IsNumber                  // on that side of Limit
	IsClass                   // of statuses: 4 for 4xx
)

// Term is one value of a condition, for sources that let another engine test it.
type Term struct {
	Negated bool
	Kind    TermKind
	Text    string
	Sign    string // < <= > >=
	Limit   float64
	Class   byte // 1…5
}

// ParseTerm reads one value of a condition, as ParseMatch takes it.
func ParseTerm(v string) (Term, error) {
	var t Term
	v, t.Negated = strings.CutPrefix(v, "!")
	switch {
	case strings.HasPrefix(v, "="):
		t.Text = v[1:]
		return t, nil
	case strings.HasPrefix(v, "^"), strings.HasPrefix(v, "~"):
		t.Kind, t.Text = IsPattern, strings.TrimPrefix(v, "~")
		if _, err := regexp.Compile(t.Text); err != nil {
			return t, fmt.Errorf("not a regular expression (got %.60q)", v)
		}
		return t, nil
	case len(v) == 3 && v[0] >= '1' && v[0] <= '5' && strings.EqualFold(v[1:], "xx"):
		t.Kind, t.Class = IsClass, v[0]-'0'
		return t, nil
	}
	for _, sign := range [...]string{"<=", ">=", "<", ">"} {
		if rest, ok := strings.CutPrefix(v, sign); ok {
			limit, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				return t, fmt.Errorf("%s needs a number behind it (got %.60q)", sign, v)
			}
			t.Kind, t.Sign, t.Limit = IsNumber, sign, limit
			return t, nil
		}
	}
	t.Text = v
	return t, nil
}
