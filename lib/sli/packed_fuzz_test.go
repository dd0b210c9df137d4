package sli

import (
	"encoding/json"
	"testing"
)

// FuzzPackedCell: what a packed cell may hold, it is read or refused; what was read is packed and read as the same.
func FuzzPackedCell(f *testing.F) {
	whole := StageCell{GoodRuns: 2.5, AcceptedIn: Marks{5: 1}, Groups: Groups{7: 9}, Methods: Methods{{"GET", 3}}}
	whole.Signals[0], whole.Tally.Lines = 4, 5
	for _, c := range []StageCell{{}, whole} {
		packed, err := c.AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
		f.Add(append(packed, `{"skewed":1}`...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c StageCell
		if c.UnmarshalBinary(data) != nil {
			return
		}
		packed, err := c.AppendBinary(nil)
		if err != nil {
			return // a number that no JSON holds
		}
		var again StageCell
		if err := again.UnmarshalBinary(packed); err != nil {
			t.Fatalf("%x was read, and spelled as %x, which isn't: %v", data, packed, err)
		}
		twice, err := again.AppendBinary(nil)
		if err != nil || string(twice) != string(packed) {
			t.Errorf("%x was spelled as %x and then as %x (%v)", data, packed, twice, err)
		}
	})
}

// FuzzTerm: a value of a condition is one word of a language; what is read is refused or matched against texts, and rules
// of the state are read alike.
func FuzzTerm(f *testing.F) {
	for _, text := range []string{"!=a", "5xx", "!^/a$", "~b", "<=500", ">1e3", "< x", "!", "", "((((", "[a-", "=~"} {
		f.Add(text, "500")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		term, err := ParseTerm(text)
		m, errMatch := ParseMatch(map[string][]string{"path": {text}})
		if (err == nil) != (errMatch == nil) {
			t.Errorf("%q: %v as a term, %v as a condition", text, err, errMatch)
		}
		if err != nil {
			return
		}
		if term.Kind == IsClass && (term.Class < 1 || term.Class > 5) {
			t.Errorf("%q is of class %d", text, term.Class)
		}
		spelled, err := json.Marshal(m)
		var again Match
		if err == nil {
			err = json.Unmarshal(spelled, &again)
		}
		if err != nil {
			t.Errorf("%q was spelled as %s: %v", text, spelled, err)
		}
	})
}
