package insights

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Format is how a log's events are written.
type Format struct {
	Name    string         // json, ltsv or regex
	Pattern *regexp.Regexp // of regex
}

// Columns are the fields that a query asks for.
type Columns struct {
	format Format
	seen   map[string]string
	parse  []string
}

// NewColumns begins a query's.
func NewColumns(f Format) *Columns { return &Columns{format: f, seen: map[string]string{}} }

var plainName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^@?[A-Za-z_][A-Za-z0-9_.-]*$`)
})

// reserved are the words of the language, which fields may be called, too.
var reserved = []string{"in", "like", "and", "or", "not", "by", "as", "asc", "desc", "with", "fields", "display", "filter", "stats", "sort", "limit", "parse", "dedup", "unmask", "pattern", "diff"}

// Column is how the query calls a field: Insights itself finds those of JSON; others are
// parsed out of the message.
func (c *Columns) Column(field string) (string, error) {
	if column, ok := c.seen[field]; ok {
		return column, nil
	}
	column, expression := fmt.Sprintf("c%d", len(c.seen)), ""
	switch c.format.Name {
	case "json":
		if !plainName().MatchString(field) {
			return "", fmt.Errorf("no field that Insights can be asked for (got %q)", field)
		}
		if column = field; strings.Contains(field, "-") || slices.Contains(reserved, strings.ToLower(field)) {
			column = "`" + field + "`"
		}
	case "ltsv":
		expression = `(?:^|\t)` + regexp.QuoteMeta(field) + `:(?<` + column + `>[^\t\n]+)`
	case "regex":
		if c.format.Pattern.SubexpIndex(field) < 0 {
			return "", fmt.Errorf("pattern has no group called %q", field)
		}
		expression = only(c.format.Pattern, field, column)
	}
	if expression != "" {
		c.parse = append(c.parse, "parse @message "+slashed(expression))
	}
	c.seen[field] = column
	return column, nil
}

// number is a decimal as logs have it; what is none is no number.
const number = `^\s*(?<%s>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*$`

// Number is how the query calls the number in a field; it is missing where the field is
// none that isn't negative.
func (c *Columns) Number(field string) (string, error) {
	column, err := c.Column(field)
	if err != nil {
		return "", err
	}
	key := "number " + field
	if n, ok := c.seen[key]; ok {
		return n, nil
	}
	n := fmt.Sprintf("n%d", len(c.seen))
	c.parse = append(c.parse, "parse "+column+" "+slashed(fmt.Sprintf(number, n)))
	c.seen[key] = n
	return n, nil
}

// Commands are those that find the fields.
func (c *Columns) Commands() []string { return c.parse }

var group = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\(\?P?<([A-Za-z0-9_]+)>`)
})

// only is a pattern of which one group is kept, under a name that Insights takes.
func only(pattern *regexp.Regexp, field, column string) string {
	return group().ReplaceAllStringFunc(pattern.String(), func(begin string) string {
		if group().FindStringSubmatch(begin)[1] == field {
			return "(?<" + column + ">"
		}
		return "(?:"
	})
}

// slashed is a regular expression as queries have it.
func slashed(expression string) string {
	var b strings.Builder
	b.WriteByte('/')
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '\\' && i+1 < len(expression):
			b.WriteString(expression[i : i+2])
			i++
		case c == '/':
			b.WriteString(`\/`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('/')
	return b.String()
}

// Matches is the condition that a column matches a regular expression; missing ones don't.
func Matches(column, expression string) string {
	return "(ispresent(" + column + ") and " + column + " like " + slashed(expression) + ")"
}

// Equals is the condition that a column is this text; a missing one is not.
func Equals(column, text string) string {
	return Matches(column, "^"+regexp.QuoteMeta(text)+"$")
}

// Query puts commands together.
func Query(commands ...string) string { return strings.Join(commands, "\n| ") }

// StreamsBegin is the command that keeps to streams whose names begin with a prefix.
func StreamsBegin(prefix string) string {
	return "filter @logStream like " + slashed("^"+regexp.QuoteMeta(prefix))
}
