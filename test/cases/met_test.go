package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestIDsThatNeverMeetTellNothing: where whatever comes out names no record that was
// accepted, or none at all, nobody knows what is owed. Silence, and replays of old
// records beside it, are a standstill all the same.
func TestIDsThatNeverMeetTellNothing(t *testing.T) {
	t.Parallel()
	goOn := func(i int) bool { return true }
	for name, c := range map[string]struct {
		id   func(i int) string // as the worker spells it; "": its line has none
		out  func(i int) bool   // records that come out
		ends float64
		want string
	}{
		"spelled in another way": {func(i int) string { return fmt.Sprintf(`"id":%d,`, i) }, goOn, 1200, "UNKNOWN: v: age not measured: the stages front and worker don't log the same records: no id that comes out was accepted before; see that id: names the same in both logs"},
		"of another field":       {func(i int) string { return fmt.Sprintf(`"id":"msg-%d",`, i) }, goOn, 1200, "UNKNOWN: v: age not measured"},
		"null":                   {func(int) string { return `"id":null,` }, goOn, 1200, "UNKNOWN: v: age not measured"},
		"empty":                  {func(int) string { return `"id":"",` }, goOn, 1200, "UNKNOWN: v: age not measured"},
		"missing":                {func(int) string { return "" }, goOn, 1200, "UNKNOWN: v: age not measured"},
		"missing since a release": {func(i int) string {
			if i < 120 {
				return fmt.Sprintf(`"id":"r%d",`, i)
			}
			return ""
		}, goOn, 1800, "UNKNOWN: v: age not measured"},
		"met":                   {func(i int) string { return fmt.Sprintf(`"id":"r%d",`, i) }, goOn, 1200, "OK: v: fresh"},
		"met, then silence":     {func(i int) string { return fmt.Sprintf(`"id":"r%d",`, i) }, func(i int) bool { return i < 120 }, 1200, "CRITICAL: v: FROZEN"},
		"missing, then silence": {func(int) string { return "" }, func(i int) bool { return i < 20 }, 1200, "CRITICAL: v: FROZEN"},
	} {
		h := newHost(t)
		h.config(followed(""))
		each(0, c.ends, 5, func(n float64, i int) {
			h.lines("front.json", request(n, 200, fmt.Sprint("r", i)))
			if c.out(i) {
				h.lines("worker.json", fmt.Sprintf(`{"ts":"%s","msg":"done",%s"acc":"%s"}`, stamp(n+1), c.id(i), stamp(n)))
			}
		})
		e := h.explain(c.ends + 12)
		if got := h.check(c.ends + 12); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: want %s, got %s", name, c.want, got)
		}
		s := e.sli("coverage")
		if unknown := strings.HasPrefix(c.want, "UNKNOWN"); unknown != (s.Status == "not_measured") || unknown && (e.age() != -1 || e.sli("freshness").Status != "value") {
			t.Errorf("%s: coverage %s %s (%s), age %v", name, s.Status, s.counts(), s.Reason, e.age())
		}
	}
}
