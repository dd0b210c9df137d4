package sli

import "testing"

// TestWhatCannotBeJudgedIsSaidWithItsReason: what is lacking of the fields that the rule
// judges by, else what the rule knows by itself.
func TestWhatCannotBeJudgedIsSaidWithItsReason(t *testing.T) {
	requests := &Rule{Population: "requests", JudgesBy: []string{FieldStatus, "error"}, Unclear: "their status isn't known"}
	status, took := Lack{FieldStatus, "no status"}, Lack{FieldLatency, "no time"}
	for _, c := range []struct {
		name    string
		rule    *Rule
		of      Counts
		lacking []Lack
		want    string
	}{
		{"a field", requests, Counts{Uncertain: 1200}, []Lack{took, status}, "1,200 of 1,200 requests can't be judged: no status"},
		{"another SLI's field", requests, Counts{Valid: 1, Uncertain: 2}, []Lack{took}, "2 of 3 requests can't be judged: their status isn't known"},
		{"clients", requests, Counts{Uncertain: 2, Aborted: 2}, []Lack{status}, "2 of 2 requests can't be judged: their clients went away"},
		{"known-answer records", &Rule{Population: "probes", Unclear: "what became of them could not be looked up"}, Counts{Uncertain: 3}, nil,
			"3 of 3 probes can't be judged: what became of them could not be looked up"},
		{"nothing is known", &Rule{Population: "reads"}, Counts{Uncertain: 3}, nil, "3 of 3 reads can't be judged"},
	} {
		if got := c.rule.Unjudged(c.of, c.lacking); got != c.want {
			t.Errorf("%s: want %q, got %q", c.name, c.want, got)
		}
	}
}

// TestWhatIsLackingIsTheNewestOfEachField.
func TestWhatIsLackingIsTheNewestOfEachField(t *testing.T) {
	got := Lacking([]Lack{{"status", "new"}}, []Lack{{"status", "old"}, {"latency", "old"}})
	if len(got) != 2 || got[0] != (Lack{"status", "new"}) || got[1] != (Lack{"latency", "old"}) {
		t.Errorf("got %v", got)
	}
}
