package section

import (
	"errors"
	"fmt"
	"strings"
)

// expander puts environment variables into scalars.
type expander struct {
	getenv func(string) (string, bool)
	left   int // bytes that may still be put in, over the whole file
}

// Part is a piece of a value: text as it is written, or what a variable holds.
type Part struct {
	Text     string
	Variable bool
}

// expand replaces ${NAME} by the variable's value and $${ by a literal ${. A variable's value is never expanded again.
func (x *expander) expand(s string) ([]Part, error) {
	if !strings.Contains(s, "${") {
		return []Part{{Text: s}}, nil
	}
	var parts []Part
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			b.WriteString(s)
			return append(parts, Part{Text: b.String()}), nil
		}
		if i > 0 && s[i-1] == '$' {
			b.WriteString(s[:i-1] + "${")
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		name, rest, closed := strings.Cut(s[i+2:], "}")
		if !closed || !isVariable(name) {
			return nil, &Error{Rule: "${ begins no variable", Hint: "write ${NAME} for a variable, $${ for the text ${"}
		}
		value, err := x.lookup(name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{Text: b.String()}, Part{Text: value, Variable: true})
		b.Reset()
		s = rest
	}
}

func (x *expander) lookup(name string) (string, error) {
	value, ok := "", false
	if x.getenv != nil {
		value, ok = x.getenv(name)
	}
	if !ok {
		return "", &Error{
			Rule: fmt.Sprintf("environment variable %s is not set", shorten(name)),
			Hint: fmt.Sprintf(`set it, in mackerel-agent.conf with env = { %s = "…" }, or write $${%[1]s} for the text itself`, shorten(name)),
		}
	}
	if x.left -= len(value); x.left < 0 {
		return "", errors.New("environment variables make the file too large, over 1 MiB")
	}
	return value, nil
}
