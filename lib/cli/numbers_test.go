package cli_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/sqlro/sqlrotest"
)

// TestANumberBeyondExactCountsIsRefusedByName: it costs its minute, and is said once, with the
// column it stood in, however many minutes have it; the other pipeline's lines come.
func TestANumberBeyondExactCountsIsRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		row   []any
		says  string
	}{
		"good and valid":      {"SELECT good, valid FROM n WHERE at >= :from AND at < :to", []any{"1.7e308", "1.7e308"}, "column good must be between ±2^53 (got 1.7e+308)"},
		"valid, just beyond":  {"SELECT good, valid FROM n WHERE at >= :from AND at < :to", []any{"1", "9007199254740994"}, "column valid must be between ±2^53"},
		"an infinity":         {"SELECT done FROM n WHERE at >= :from AND at < :to", []any{"1e999"}, "column done must be between ±2^53 (got +Inf)"},
		"negative":            {"SELECT fresh, total FROM n WHERE at < :to", []any{"-1e300", "1"}, "column fresh must be between ±2^53 (got -1e+300)"},
		"no number":           {"SELECT done FROM n WHERE at >= :from AND at < :to", []any{"NaN"}, "column done is no number"},
		"a time out of reach": {"SELECT updated_at FROM n", []any{"1e300"}, "column updated_at is no time"},
	} {
		t.Run(name, func(t *testing.T) {
			columns := strings.Split(strings.Fields(strings.ReplaceAll(c.query, ", ", ","))[1], ",")
			result := sqlrotest.Result{Rows: [][]any{c.row}}
			for _, column := range columns {
				result.Columns = append(result.Columns, sqlrotest.Column{Name: column, Type: sqlrotest.Numeric})
			}
			server, err := sqlrotest.New(func(string, []string) sqlrotest.Result { return result })
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			slis := map[string]string{"good": "availability: { target: 99 }", "done": "coverage: { target: 99 }"}[columns[0]]
			if slis == "" {
				slis = "freshness: { threshold: 60s, target: 99 }"
			}
			h := newHost(t)
			h.config(minimal + fmt.Sprintf(`- name: n
  assume: single_host
  stages:
  - { name: front, access_log: { path: LOG } }
  - { name: store, sql: { dsn: %q, query: %q, every: 1m } }
  slis: { %s }
`, server.DSN(), c.query, strings.Replace(slis, "availability: { target: 99 }", "availability: { target: 99, from: store }", 1)))
			h.file("access.log", h.steady())
			h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
			a := h.plugin()
			if !strings.Contains(a.out, "sli.video.availability\t98") || strings.Contains(a.out, "Inf") || a.code != 0 {
				t.Errorf("exit %d:\n%s", a.code, a.out)
			}
			said := regexp.MustCompile(`pipeline n: stage store: postgres 127\.0\.0\.1:\d+/app: `+regexp.QuoteMeta(c.says)).FindAllString(a.complaints, -1)
			if len(said) == 0 || len(said) > 2 || strings.Contains(a.complaints, "internal error") { // of minutes before, and of the newest
				t.Errorf("want %q, got %s", c.says, a.complaints)
			}
		})
	}
}
