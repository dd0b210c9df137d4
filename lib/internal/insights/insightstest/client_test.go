package insightstest

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
		s.Expect(Question{"/web", "stats count(*)", 60, 120}, Answer{Rows: [][]Field{{{"bin(1m)", "1970-01-01 00:01:00.000"}, {"n", "3"}}, {{"n", "4"}}}, Scanned: 42})
		s.Expect(Question{"/web", "stats count(*)", 120, 180}, Answer{Hangs: true})
		s.Expect(Question{"/web", "stats count(*)", 180, 240}, Answer{Status: "Failed"})
		return clientstest.Service{URL: s.URL, Name: "logs", Package: "cloudwatch-logs", Scripts: "../../../../e2e/jsonclients"}
	}
	begin := func(group string, from int) clientstest.Call {
		return clientstest.Call{Operation: "StartQuery", Input: map[string]any{"logGroupName": group, "queryString": "stats count(*)", "startTime": from, "endTime": from + 60, "limit": 10000}}
	}
	of := func(operation string, id string) clientstest.Call {
		return clientstest.Call{Operation: operation, Input: map[string]any{"queryId": id}}
	}
	const results, stop = "GetQueryResults", "StopQuery"
	calls := []clientstest.Call{
		begin("/web", 60), begin("/web", 120), begin("/web", 180), begin("/web", 61), begin("/none", 60),
		of(results, "query-0"), of(results, "query-0"), of(results, "query-1"), of(stop, "query-1"), of(results, "query-1"), of(stop, "query-1"),
		of(results, "query-2"), of(results, "query-2"), of(results, "query-9"),
	}
	clientstest.Each(t, start, calls, func(t *testing.T, answers []map[string]any) {
		var got []any
		for i, a := range answers {
			got = append(got, told(calls[i].Operation, a))
		}
		want := []any{
			"query-0", "query-1", "query-2", "MalformedQueryException", "ResourceNotFoundException",
			"Running 42 [bin(1m)=1970-01-01 00:01:00.000 n=3]", "Complete 42 [bin(1m)=1970-01-01 00:01:00.000 n=3][n=4]",
			"Running 0 ", "true", "Cancelled 0 ", "InvalidParameterException",
			"Running 0 ", "Failed 0 ", "ResourceNotFoundException",
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
	case "StartQuery":
		return a["queryId"].(string)
	case "StopQuery":
		return fmt.Sprint(a["success"])
	}
	text := fmt.Sprintf("%v %v ", a["status"], a["statistics"].(map[string]any)["bytesScanned"])
	for _, row := range a["results"].([]any) {
		text += "["
		for i, f := range row.([]any) {
			if i > 0 {
				text += " "
			}
			field := f.(map[string]any)
			text += fmt.Sprintf("%v=%v", field["field"], field["value"])
		}
		text += "]"
	}
	return text
}
