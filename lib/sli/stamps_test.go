package sli

import "testing"

func TestStampsKeepTheNewestMinutesAndAdd(t *testing.T) {
	var s, u Stamps
	for m := int64(0); m < 3*MaxStamps; m++ {
		s.note(1000*microsecondsPerMinute, m*microsecondsPerMinute, 2)
	}
	if len(s) != MaxStamps || s[3*MaxStamps-1] != 2 || s[2*MaxStamps-1] != 0 {
		t.Errorf("%d minutes are kept; newest %g, oldest %g", len(s), s[3*MaxStamps-1], s[2*MaxStamps-1])
	}
	u.note(90_000_000, 59_999_999, 1)
	u.note(90_000_000, 60_000_000, 1) // of the minute itself
	u.note(90_000_000, 120_000_000, 1)
	u.merge(u)
	if len(u) != 1 || u[0] != 2 || u.Total() != 2 {
		t.Errorf("stamps of an earlier minute: %v", u)
	}
}
