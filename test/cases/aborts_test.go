package cases

import (
	"fmt"
	"testing"
	"time"
)

// aborted is a load balancer's line, at n, of a request whose client went away after so many
// seconds; phases are the times it took, -1 where none is known.
func aborted(n, lasted float64, phases string) string {
	const form = "2006-01-02T15:04:05.000000Z"
	at := noonPlus(n)
	return fmt.Sprintf(`https %s app/web/50dc6c495c0c9188 192.0.2.1:2817 - %s 460 - 34 0 "POST https://example.com:443/videos HTTP/1.1" "ua" - - - "Root=1" "-" "-" 0 %s "forward" "-" "-" "-" "-"`,
		at.Format(form), phases, at.Add(-time.Duration(lasted*float64(time.Second))).Format(form))
}

// TestAnAbortIsJudgedByHowLongItLasted: a balancer tells no processing times of a request whose
// client went away, but when it came.
func TestAnAbortIsJudgedByHowLongItLasted(t *testing.T) {
	for _, c := range []struct {
		phases, option string
		lasted         float64
		want           string
	}{
		{"-1 -1 -1", "", 30, "0/30"},
		{"0.001 -1 -1", "", 30, "0/30"},
		{"0.001 29.998 -1", "", 30, "0/30"},
		{"-1 -1 -1", "", 10, "0/0 uncertain 30"},
		{"-1 -1 -1", "", 10.001, "0/30"},
		{"-1 -1 -1", ", abort_limit: 60s", 30, "0/0 uncertain 30"},
		{"0.001 12.000 0.000", "", 12.001, "0/30"},
		{"0.001 2.000 0.000", "", 2.001, "0/0 uncertain 30"},
	} {
		h := newHost(t)
		h.config(oneLog("alb", "start: beginning", "slis: { availability: { target: 99"+c.option+" } }"))
		each(0, 600, 10, func(n float64, _ int) { h.lines("a.log", aborted(n, c.lasted, c.phases)) })
		if got := h.explain(612).sli("availability"); got.counts() != c.want {
			t.Errorf("%s, %g s%s: %s, want %s", c.phases, c.lasted, c.option, got.counts(), c.want)
		}
	}
}
