package cases

import (
	"fmt"
	"strings"
	"testing"
)

// All of a log is read beyond the last whole minute: that is not so long ago.
func TestWhatIsAnsweredBeyondAnInstantIsNotSaidToBeAgo(t *testing.T) {
	for _, c := range []struct {
		args  []string
		until float64 // of the log
		want  string
	}{
		{nil, 600, "up to 12:10 UTC, 12s ago"},
		{[]string{"--all"}, 590, "up to 12:10 UTC, 12s ago"},
		{[]string{"--all"}, 600, "has answered up to this instant\n"},
		{[]string{"--all"}, 661, "has answered up to this instant\n"},
		{[]string{"--all", "--lang", "ja"}, 661, "応答がこの時点までそろっています\n"},
	} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
		each(0, c.until, 10, func(n float64, _ int) {
			h.lines("a.log", fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:200", stamp(n)))
		})
		h.lines("a.log", "time:"+stamp(c.until)+"\tmethod:GET\turi:/\tstatus:200")
		if text := h.run(612, append(c.args, "explain")...).out; !strings.Contains(text, c.want) {
			t.Errorf("%v until +%v: want %q, got %s", c.args, c.until, c.want, text)
		}
	}
}
