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

// expand replaces ${NAME} by the variable's value and $${ by a literal ${. A variable's value is never expanded again.
// It reports whether a variable was put in.
func (x *expander) expand(s string) (text string, expanded bool, err error) {
	if !strings.Contains(s, "${") {
		return s, false, nil
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			b.WriteString(s)
			return b.String(), expanded, nil
		}
		if i > 0 && s[i-1] == '$' {
			b.WriteString(s[:i-1] + "${")
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		name, rest, closed := strings.Cut(s[i+2:], "}")
		if !closed || !isVariable(name) {
			return "", false, &Error{Rule: "${ begins no variable", Hint: "write ${NAME} for a variable, $${ for the text ${"}
		}
		value, err := x.lookup(name)
		if err != nil {
			return "", false, err
		}
		b.WriteString(value)
		s, expanded = rest, true
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
