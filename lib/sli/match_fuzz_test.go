package sli

import (
	"encoding/json"
	"testing"
)

// FuzzMatch: conditions that are accepted judge any value, and stay the same when they are
// kept and read again.
func FuzzMatch(f *testing.F) {
	for _, condition := range []string{"^/videos", "~x+", "<500", ">=1e3", "4xx", "!GET", "=^x", "!~(a|b)", "", "!", "<", "^(", "9xx"} {
		f.Add(condition, "/videos")
		f.Add(condition, "499.5")
	}
	f.Fuzz(func(t *testing.T, condition, value string) {
		m, err := ParseMatch(map[string][]string{"a": {condition}})
		if err != nil {
			return
		}
		field := func(int) ([]byte, bool) { return []byte(value), true }
		holds := m.Holds(field)
		kept, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again Match
		if err := json.Unmarshal(kept, &again); err != nil || again.Holds(field) != holds {
			if json.Valid(kept) && string([]rune(condition)) != condition {
				return // what is no UTF-8 is no text of a file
			}
			t.Errorf("%q of %q: %v, kept as %s: %v %v", condition, value, holds, kept, again.Holds(field), err)
		}
	})
}
