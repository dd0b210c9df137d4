package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/sqlro/sqlrotest"
)

// TestAnAgeIsToldHoweverOldOrFarAheadARowIs: no duration saturates and no instant
// wraps around; what lies in the future is not fresh.
func TestAnAgeIsToldHoweverOldOrFarAheadARowIs(t *testing.T) {
	for row, want := range map[string]string{
		"0001-01-01 00:00:00+00":   "CRITICAL: q: oldest record not yet visible is 739941d old, limit 5m",
		"1600-01-01 00:00:00+00":   "CRITICAL: q: oldest record not yet visible is 155919d old, limit 5m",
		"1700-01-01 00:00:00+00":   "CRITICAL: q: oldest record not yet visible is 119394d old, limit 5m",
		"1900-01-01 00:00:00+00":   "CRITICAL: q: oldest record not yet visible is ",
		"1970-01-01 00:00:00+00":   "CRITICAL: q: oldest record not yet visible is ",
		"2847-01-01 00:00:00+00":   "UNKNOWN: q: clock skew: 100% of the rows of stage store",
		"294260-06-01 00:00:00+00": "UNKNOWN: q: clock skew: 100% of the rows of stage store",
		"294276-12-31 00:00:00+00": "UNKNOWN: q: clock skew: 100% of the rows of stage store",
		"infinity":                 "UNKNOWN: q: not measured: ",
		"-infinity":                "UNKNOWN: q: not measured: ",
	} {
		server, err := sqlrotest.New(func(string, []string) sqlrotest.Result {
			return sqlrotest.Result{Columns: []sqlrotest.Column{{Name: "updated_at", Type: sqlrotest.Timestamptz}}, Rows: [][]any{{row}}}
		})
		if err != nil {
			t.Fatal(err)
		}
		h := newHost(t)
		h.config(fmt.Sprintf("pipelines:\n- name: q\n  stages: [{ name: store, sql: { dsn: %q, query: \"SELECT updated_at FROM t\" } }]\n  slis: { freshness: { threshold: 60s, target: 99 } }\n", server.DSN()))
		if a := h.check(); !strings.HasPrefix(a.out, "PipelineFreshness "+want) {
			t.Errorf("%s: got %s; want %s", row, a.out, want)
		}
		for _, args := range [][]string{nil, {"explain"}, {"explain", "--json"}} {
			if a := h.plugin(args...); strings.Contains(a.out+a.complaints, "2562047h") || strings.Contains(a.out, "\t-") {
				t.Errorf("%s: %v: %s%s", row, args, a.out, a.complaints)
			}
		}
		server.Close()
	}
}
