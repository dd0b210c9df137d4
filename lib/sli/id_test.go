package sli

import "testing"

func TestAnIDNeedsAllItsValues(t *testing.T) {
	for _, c := range []struct {
		values []string
		is     bool
	}{
		{[]string{"a"}, true}, {[]string{"0"}, true}, {[]string{"--"}, true}, {[]string{"a", "b"}, true},
		{nil, false}, {[]string{""}, false}, {[]string{"-"}, false}, {[]string{" \t"}, false}, {[]string{" - "}, false}, {[]string{"a", "-"}, false}, {[]string{"", "b"}, false},
	} {
		var values [][]byte
		for _, v := range c.values {
			values = append(values, []byte(v))
		}
		if id, is := RecordID(values...); is != c.is || is != (id != 0) {
			t.Errorf("%q: got %v %v", c.values, id, is)
		}
	}
	blank, _ := RecordID([]byte(" r1 "))
	if bare, _ := RecordID([]byte("r1")); bare != blank || bare != HashID([]byte("r1")) {
		t.Error("blanks around an id make another one")
	}
}
