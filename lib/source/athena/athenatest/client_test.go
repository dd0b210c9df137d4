package athenatest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/internal/clientstest"
)

func TestIndependentClientsUnderstandEverything(t *testing.T) {
	start := func(t *testing.T) clientstest.Service {
		s := New()
		t.Cleanup(s.Close)
		s.PageSize = 2
		s.Expect("SELECT 1", Answer{Columns: []string{"a", "b"}, Rows: [][]any{{"1", nil}, {"", "x"}}, Scanned: 42})
		s.Expect("SELECT 2", Answer{Hangs: true})
		return clientstest.Service{URL: s.URL, Name: "athena", Package: "athena", Scripts: "../../../../e2e/jsonclients"}
	}
	token := func(n string) string { return n + "0123456789012345678901234567890123456789" }
	begin := func(query, n string) clientstest.Call {
		return clientstest.Call{Operation: "StartQueryExecution", Input: map[string]any{"QueryString": query, "ClientRequestToken": token(n), "WorkGroup": "sli"}}
	}
	of := func(operation, id string, more ...string) clientstest.Call {
		input := map[string]any{"QueryExecutionId": id}
		if len(more) > 0 {
			input["NextToken"] = more[0]
		}
		return clientstest.Call{Operation: operation, Input: input}
	}
	const ask, results, stop = "GetQueryExecution", "GetQueryResults", "StopQueryExecution"
	calls := []clientstest.Call{
		begin("SELECT 1", "a"), begin("SELECT 1", "a"), begin("SELECT 2", "b"), begin("SELECT 3", "c"),
		of(results, "query-0"), of(ask, "query-0"), of(ask, "query-0"), of(ask, "query-0"), of(results, "query-0"), of(results, "query-0", "2"),
		of(ask, "query-1"), of(ask, "query-1"), of(stop, "query-1"), of(ask, "query-1"),
		of(ask, "query-2"), of(ask, "query-2"), of(ask, "query-9"),
	}
	clientstest.Each(t, start, calls, func(t *testing.T, answers []map[string]any) {
		var got []any
		for i, a := range answers {
			got = append(got, told(calls[i].Operation, a))
		}
		want := []any{
			"query-0", "query-0", "query-1", "query-2",
			"InvalidRequestException", "RUNNING", "SUCCEEDED 42", "SUCCEEDED 42", "a b|1 null|2", " x|",
			"RUNNING", "RUNNING", "", "CANCELLED 0",
			"RUNNING", "FAILED 0 SYNTAX_ERROR: no answer was given for this query: SELECT 3", "InvalidRequestException",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("understood (-want +got):\n%s", diff)
		}
	})
}

// told is what an answer says, in short.
func told(operation string, a map[string]any) string {
	if code, refused := a["refused"]; refused {
		return code.(string)
	}
	switch operation {
	case "StartQueryExecution":
		return a["QueryExecutionId"].(string)
	case "GetQueryExecution":
		execution := a["QueryExecution"].(map[string]any)
		status := execution["Status"].(map[string]any)
		text := status["State"].(string)
		if statistics, ok := execution["Statistics"].(map[string]any); ok {
			text += fmt.Sprintf(" %v", statistics["DataScannedInBytes"])
		}
		if reason, ok := status["StateChangeReason"]; ok {
			text += fmt.Sprintf(" %v", reason)
		}
		return text
	case "GetQueryResults":
		text := ""
		for _, row := range a["ResultSet"].(map[string]any)["Rows"].([]any) {
			for i, datum := range row.(map[string]any)["Data"].([]any) {
				if i > 0 {
					text += " "
				}
				if v, ok := datum.(map[string]any)["VarCharValue"]; ok {
					text += v.(string)
				} else {
					text += "null"
				}
			}
			text += "|"
		}
		if next, ok := a["NextToken"]; ok {
			text += next.(string)
		}
		return text
	}
	return ""
}
