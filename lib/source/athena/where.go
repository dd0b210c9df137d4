package athena

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// What rows are grouped by as it is, so that any condition can be judged here.
const (
	fieldStatus = "status"
	fieldMethod = "method"
)

// The parts of a request's target, as access logs have them: the uri without scheme and
// host, the path without query, the host without a default port.
const (
	scheme = `'^[A-Za-z][A-Za-z0-9+.-]{0,12}://'`
	uri    = `nullif(nullif(regexp_replace("request_url", '^[A-Za-z][A-Za-z0-9+.-]{0,12}://[^/?#]*', ''), ''), '-')`
	path   = `split_part(` + uri + `, '?', 1)`
	// A malformed request is logged as http://HOST:PORT-, which is no part of the host.
	host = `CASE WHEN regexp_like("request_url", ` + scheme + `) THEN nullif(regexp_replace(regexp_replace(` +
		`split_part(split_part(split_part("request_url", '/', 3), '?', 1), '#', 1), '-$', ''), ':(80|443)$', ''), '') END`
)

// expressions give the fields that conditions may ask for, null where a line has none.
var expressions = map[string]string{
	"uri":  uri,
	"path": path,
	"host": host,

	"user_agent":            column("user_agent"),
	"type":                  column("type"),
	"elb":                   column("elb"),
	"target_status_code":    column("target_status_code"),
	"ssl_cipher":            column("ssl_cipher"),
	"ssl_protocol":          column("ssl_protocol"),
	"target_group_arn":      column("target_group_arn"),
	"domain_name":           column("domain_name"),
	"chosen_cert_arn":       column("chosen_cert_arn"),
	"matched_rule_priority": column("matched_rule_priority"),
	"actions_executed":      column("actions_executed"),
	"redirect_url":          column("redirect_url"),
	"error_reason":          column("lambda_error_reason"),
	"classification":        column("classification"),
}

// column is a column's text; a dash says that there is none.
func column(c string) string { return "nullif(" + name(c) + ", '-')" }

// where is what requests count: the conditions that are judged here, and those that
// Athena tests.
type where struct {
	here   sli.Match
	there  []string
	source sli.Match
	fields []string // of source
}

// String spells all conditions in a stable order.
func (w where) String() string { return w.source.String() }

func parseWhere(n *section.Node, conditions map[string]section.StringList) (where, error) {
	var w where
	here := map[string]section.StringList{}
	at, _ := n.Get("where")
	for _, field := range slices.Sorted(maps.Keys(conditions)) {
		if field == fieldStatus || field == fieldMethod {
			here[field] = conditions[field]
			continue
		}
		expression, ok := expressions[field]
		if !ok {
			return w, at.Errorf("choose from status, method, "+strings.Join(slices.Sorted(maps.Keys(expressions)), ", "), "Athena can't be asked for %q", field)
		}
		condition, err := there(expression, conditions[field])
		if err != nil {
			return w, at.Errorf("give text, or a regular expression (^…); read the log by access_log for the rest", "%s: %v", field, err)
		}
		w.there = append(w.there, condition)
	}
	var err error
	if w.source, err = sli.ParseMatch(conditions); err == nil {
		w.fields = w.source.Fields()
		w.here, err = sli.ParseMatch(here)
	}
	if err != nil {
		return w, at.Errorf("values are text, a regular expression (^…), a number (<500) or a class (4xx)", "%v", err)
	}
	return w, nil
}

// longestSeen is how many characters of a value are asked for, one more than are shown.
const longestSeen = 41

// seen asks each group how many requests where was asked of, and for one value of each of
// its fields: what is selected of a row, handed on, and told. It says nothing where there
// is no condition.
func (w where) seen() (of, carried, told string) {
	if len(w.fields) == 0 {
		return "", "", ""
	}
	of, carried, told = ", CASE WHEN "+others+" THEN 1 END AS asked", ", asked", ", count(asked) AS asked"
	for i, field := range w.fields {
		expression := expressions[field]
		switch field {
		case fieldStatus:
			expression = `nullif(CAST("elb_status_code" AS varchar), '-')`
		case fieldMethod:
			expression = column("request_verb")
		}
		as := fmt.Sprintf("seen_%d", i)
		of += fmt.Sprintf(",\nCASE WHEN %s THEN substr(%s, 1, %d) END AS %s", others, expression, longestSeen, as)
		carried += ", " + as
		told += fmt.Sprintf(", max(%[1]s) AS %[1]s", as)
	}
	return of, carried, told
}

// there is a field's condition in SQL; it is never null.
func there(expression string, values []string) (string, error) {
	var plain, negated []string
	for _, v := range values {
		t, err := sli.ParseTerm(v)
		if err != nil {
			return "", err
		}
		var test string
		switch t.Kind {
		case sli.IsEqual:
			test = expression + " = " + text(t.Text)
		case sli.IsPattern:
			test = "regexp_like(" + expression + ", " + text(t.Text) + ")"
		default:
			return "", fmt.Errorf("only texts and regular expressions are asked of Athena (got %q)", v)
		}
		if t.Negated {
			negated = append(negated, test)
		} else {
			plain = append(plain, test)
		}
	}
	var all []string
	if len(plain) > 0 {
		all = append(all, "coalesce("+strings.Join(plain, " OR ")+", false)")
	}
	if len(negated) > 0 {
		all = append(all, "NOT coalesce("+strings.Join(negated, " OR ")+", false)")
	}
	return strings.Join(all, " AND "), nil
}
