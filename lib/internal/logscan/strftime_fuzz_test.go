package logscan

import (
	"testing"
	"time"
)

// FuzzStrftime: any form that is accepted reads any text the same twice, or refuses it.
func FuzzStrftime(f *testing.F) {
	for _, format := range []string{"%Y-%m-%d %H:%M:%S", "%d/%b/%Y:%T %z", "%s.%f", "%y%j%I%p%%", "%a %b %e %H:%M:%S %Y", "%Y%m%d%Z", "%F", "%"} {
		f.Add(format, "2026-11-22 11:40:00")
		f.Add(format, "22/Nov/2026:11:40:00 +0900")
	}
	zone := time.FixedZone("", 9*3600)
	f.Fuzz(func(t *testing.T, format, text string) {
		c, err := newClock(format, zone)
		if err != nil {
			return
		}
		got, ok := c.parse([]byte(text))
		if again, okAgain := c.parse([]byte(text)); again != got || okAgain != ok {
			t.Errorf("%q: %q is %d %v, then %d %v", format, text, got, ok, again, okAgain)
		}
	})
}
