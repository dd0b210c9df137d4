package section

import (
	"strings"
	"testing"
)

// FuzzAmounts: a duration, percentage or target is within its range, and told and read as the same, or refused in one
// short line.
func FuzzAmounts(f *testing.F) {
	for _, text := range []string{"5m", "1h30m", "-0.5us", "90", "99.9", "99.95%", "0.001us", "292y", "106751d23h47m16s", "1e3", "00", "5 m", "100%", "0.999", "9" + strings.Repeat("9", 40)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err == nil {
			if again, err := ParseDuration(d.String()); err != nil || again != d {
				t.Errorf("%q is %d, told as %s, and then %d (%v)", text, d, d, again, err)
			}
		} else if len(err.Error()) > 400 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		if p, err := ParsePercent(text); err == nil && !(p >= 0 && p <= 100) {
			t.Errorf("%q is %v percent", text, p)
		}
		if target, err := ParseTarget(text); err == nil && !(target > 1 && target < 100) {
			t.Errorf("%q is a target of %v", text, target)
		}
	})
}
