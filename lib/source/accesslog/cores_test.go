package accesslog

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// longLog is long enough to be read ahead, and changes its ways as it goes on: damaged
// and blank lines, lines from the future, another order, now one label for the latency,
// now the other, and a line longer than a block.
func longLog(r *rand.Rand, bytes int) string {
	var b strings.Builder
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC)
	for i := 0; b.Len() < bytes; i++ {
		at = at.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
		stamp := at.Format("2006-01-02T15:04:05.000")
		method := []string{"GET", "POST", "OPTIONS"}[r.IntN(3)]
		status, took := []int{200, 200, 404, 503}[r.IntN(4)], r.IntN(2000)
		label := []string{"reqtime", "response_time"}[r.IntN(2)]
		switch r.IntN(300) {
		case 0:
			b.WriteString("damaged")
		case 1:
			b.WriteString(" \t")
		case 2:
			fmt.Fprintf(&b, "time:2030-01-01T00:00:00\tstatus:200\t%s:1", label)
		case 3:
			if i%10 != 0 {
				break
			}
			fmt.Fprintf(&b, "status:%d\ttime:%s\t%s:1\tstatus:500\tua:-", status, stamp, label)
		case 4:
			if i%40 == 0 {
				b.WriteString(strings.Repeat("x", 700_000))
			}
		default:
			fmt.Fprintf(&b, "time:%s\treq:%s /%x HTTP/1.1\tstatus:%d\tua:%x\treqtime:%d.%03d\tresponse_time:7\thost:10.0.0.%d", stamp, method, i*7919, status, i, took/1000, took%1000, i%250)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestTwoCoresCountWhatOneDoes promises that nothing depends on how many cores there
// are: not one event, count, position or reason.
func TestTwoCoresCountWhatOneDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	path := write(t, longLog(r, 7<<19))
	for _, section := range []string{
		"path: PATH\nstart: beginning\nformat: ltsv\nwhere: { method: [\"!OPTIONS\"], uri: [\"!^/1\"], host: [\"!10.0.0.7\"] }",
		"path: PATH\nstart: beginning\nlatency_unit: ms",
	} {
		s := configured(t, section, path)
		var got [2]outcome
		for i := range got {
			before := runtime.GOMAXPROCS(i + 1)
			got[i] = read(t, s, sli.Ask{})
			runtime.GOMAXPROCS(before)
		}
		if len(got[0].times) < 5_000 {
			t.Fatalf("only %d events", len(got[0].times))
		}
		if !reflect.DeepEqual(got[0], got[1]) {
			t.Errorf("one core -, two cores +\n%s", cmp.Diff(fmt.Sprintf("%+v", got[0].batch), fmt.Sprintf("%+v", got[1].batch)))
		}
	}
}
