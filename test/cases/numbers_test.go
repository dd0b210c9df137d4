package cases

import (
	"fmt"
	"testing"
)

// TestALogLineWithANumberBeyondExactCountsIsMalformed: it spoils itself alone.
func TestALogLineWithANumberBeyondExactCountsIsMalformed(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages:
      - name: worker
        app_log:
          { path: DIR/b.log, format: json, start: beginning, fields: { time: ts, accepted_at: acc },
            events: [ { match: { msg: done }, is: done, count: n } ] }
    slis: { freshness: { threshold: 60s, target: 99 } }
`)
	each(0, 600, 10, func(n float64, i int) {
		count := "2"
		if i%10 == 7 {
			count = []string{"1.7e308", "9007199254740994", "1e999", "-1e300", "NaN"}[i/10%5]
		}
		h.lines("b.log", fmt.Sprintf(`{"ts":"%s","msg":"done","acc":"%s","n":"%s"}`, stamp(n), stamp(n-1), count))
	})
	e := h.explain(612)
	if got := e.sli("freshness").counts(); got != "54/54" || e.Stages[0].Source["malformed"] != 3.0 {
		t.Errorf("want 54/54 and 3 malformed, got %s; %v", got, e.Stages[0].Source)
	}
}
