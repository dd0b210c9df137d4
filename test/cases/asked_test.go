package cases

import (
	"strings"
	"testing"
)

// TestATimeThatIsAskedForIsReadWhereThereIsNoState: a budget of --from speaks of what the
// sources have of it, not of the window alone.
func TestATimeThatIsAskedForIsReadWhereThereIsNoState(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }\n    slo: { period: 7d }"))
	var lines []string
	each(-7200, 0, 10, func(n float64, i int) {
		status := "status:200"
		if n >= -5400 && n < -5340 {
			status = "status:503"
		}
		lines = append(lines, labelled(n, "method:GET", "uri:/v", status))
	})
	h.lines("a.log", lines...)
	text := h.run(12, "budget", "--from", "-100m", "--to", "-60m").out
	if !strings.Contains(text, "100% of 40 minutes") || !strings.Contains(text, "6 bad (100%)") {
		t.Errorf("got %s", text)
	}
}

// TestATimeToComeHasNoBudget: it is refused, not told as one of which nothing is measured.
func TestATimeToComeHasNoBudget(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"))
	h.lines("a.log", labelled(-60, "method:GET", "status:200"))
	for _, args := range [][]string{{"--month", "2999-01"}, {"--from", "2999-01-01 00:00", "--to", "2999-01-02 00:00"}} {
		if got := h.run(12, append([]string{"budget"}, args...)...); got.code != 2 || !strings.Contains(got.complaints, "must not be in the future") {
			t.Errorf("%v: got exit %d, %s%s", args, got.code, got.complaints, got.out)
		}
	}
}
