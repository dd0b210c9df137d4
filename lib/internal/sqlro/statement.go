package sqlro

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Driver is a kind of database.
type Driver string

// The databases. MariaDB is a MySQL.
const (
	MySQL    Driver = "mysql"
	Postgres Driver = "postgres"
)

// Type is what a parameter holds.
type Type string

// The types of parameters, as PostgreSQL names them.
const (
	Instant Type = "timestamptz"
	Seconds Type = "double precision"
)

// Statement is one SELECT, ready for its driver.
type Statement struct {
	SQL     string   // with the driver's placeholders
	Params  []string // what is bound, in the order of the driver's arguments
	Columns []string // of the result in order, in lower case; "" where nothing names one
}

// Parse takes one SELECT apart. params are the names that may stand in it after a
// colon. The error says what is wrong with the statement, without quoting it.
func Parse(driver Driver, sql string, params map[string]Type) (*Statement, error) {
	tokens, err := lex(driver, sql)
	if err != nil {
		return nil, err
	}
	for len(tokens) > 0 && tokens[len(tokens)-1].value == ";" && tokens[len(tokens)-1].kind == mark {
		tokens = tokens[:len(tokens)-1]
	}
	if err := oneSelect(driver, tokens); err != nil {
		return nil, err
	}
	s := &Statement{Columns: columns(tokens)}
	if err := s.bind(driver, sql, tokens, params); err != nil {
		return nil, err
	}
	return s, nil
}

// Uses tells whether the parameter stands in the statement.
func (s *Statement) Uses(name string) bool { return slices.Contains(s.Params, name) }

// oneSelect refuses what isn't one plain SELECT. The session couldn't write anyway,
// but files, locks and variables aren't all under its protection.
func oneSelect(driver Driver, tokens []token) error {
	if len(tokens) == 0 {
		return fmt.Errorf("is empty")
	}
	first := 0
	for first < len(tokens)-1 && tokens[first].value == "(" {
		first++
	}
	if !tokens[first].is("SELECT") && !tokens[first].is("WITH") {
		return fmt.Errorf("must be one SELECT")
	}
	for i, t := range tokens {
		switch {
		case t.kind == mark && t.value == ";":
			return fmt.Errorf("must be one SELECT, not several statements")
		case t.kind == mark && t.value == "?" && driver == MySQL:
			return fmt.Errorf("has a ? placeholder; write :from, :to or :threshold")
		case t.is("INTO"):
			return fmt.Errorf("must only read: INTO is refused")
		case i > 0 && tokens[i-1].value == "(" && t.is("INSERT", "UPDATE", "DELETE", "MERGE"):
			return fmt.Errorf("must only read: %s is refused", t.value)
		case i > 0 && tokens[i-1].is("FOR") && t.is("UPDATE", "SHARE", "NO", "KEY"):
			return fmt.Errorf("must not lock rows: FOR %s is refused", t.value)
		case i > 0 && tokens[i-1].is("LOCK") && t.is("IN"):
			return fmt.Errorf("must not lock rows: LOCK IN SHARE MODE is refused")
		}
	}
	return nil
}

// is tells whether the token is one of the keywords.
func (t token) is(keywords ...string) bool {
	return t.kind == word && slices.Contains(keywords, t.value)
}

// bind puts the driver's placeholders in the place of :names. PostgreSQL is told their
// types, since it can't always guess them; MySQL takes a value for every mark.
func (s *Statement) bind(driver Driver, sql string, tokens []token, params map[string]Type) error {
	var b strings.Builder
	at := 0
	for _, t := range tokens {
		if t.kind != param {
			continue
		}
		typ, known := params[t.value]
		if !known {
			return fmt.Errorf("has an unknown parameter :%s; there are :%s", t.value, strings.Join(slices.Sorted(maps.Keys(params)), ", :"))
		}
		b.WriteString(sql[at:t.start])
		at = t.end
		if driver == MySQL {
			s.Params = append(s.Params, t.value)
			b.WriteByte('?')
			continue
		}
		i := slices.Index(s.Params, t.value)
		if i < 0 {
			i = len(s.Params)
			s.Params = append(s.Params, t.value)
		}
		b.WriteString("$" + strconv.Itoa(i+1) + "::" + string(typ))
	}
	end := tokens[len(tokens)-1].end
	b.WriteString(sql[at:end])
	s.SQL = b.String()
	return nil
}

// columns names the columns of the outermost SELECT.
func columns(tokens []token) []string {
	depth := tokens[0].depth
	i := slices.IndexFunc(tokens, func(t token) bool { return t.is("SELECT") })
	if tokens[0].is("WITH") {
		i = slices.IndexFunc(tokens, func(t token) bool { return t.is("SELECT") && t.depth == depth })
	}
	if i < 0 {
		return nil
	}
	depth = tokens[i].depth
	var names []string
	begin := i + 1
	for j := begin; ; j++ {
		end := j == len(tokens) || tokens[j].depth < depth || tokens[j].depth == depth && tokens[j].is("FROM", "WHERE", "GROUP",
			"HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "WINDOW") && !named(tokens, j)
		comma := !end && tokens[j].depth == depth && tokens[j].kind == mark && tokens[j].value == ","
		if !end && !comma {
			continue
		}
		names = append(names, name(tokens[begin:j]))
		begin = j + 1
		if end {
			return names
		}
	}
}

// named tells whether the word is a name: after AS or a dot.
func named(tokens []token, i int) bool {
	return i > 0 && (tokens[i-1].is("AS") || tokens[i-1].value == "." && tokens[i-1].kind == mark)
}

// name is what a column is called: its alias, or the plain column that it is; ""
// where the databases would invent one.
func name(item []token) string {
	for len(item) > 1 && item[0].is("DISTINCT", "ALL", "STRAIGHT_JOIN", "SQL_NO_CACHE") {
		item = item[1:]
	}
	if len(item) == 0 {
		return ""
	}
	last := item[len(item)-1]
	if last.kind != quoted && last.kind != word && last.kind != text || last.is("END", "NULL", "TRUE", "FALSE") {
		return ""
	}
	if len(item) == 1 {
		if last.kind == text {
			return ""
		}
		return strings.ToLower(last.value)
	}
	before := item[len(item)-2]
	switch {
	case before.is("AS"), before.kind == mark && (before.value == "." || before.value == ")" || before.value == "]"):
	case before.kind == mark || before.kind == word && last.kind == text || before.is("ZONE", "NOT", "IS", "AND", "OR", "LIKE", "IN"):
		return "" // an operand
	}
	return strings.ToLower(last.value)
}
