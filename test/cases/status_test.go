package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestAConditionOnTheStatusJudgesNoStatusThatHTTPHasNot: proxies write 0 where nobody
// answered. A limit or a negation holds for it by chance: neither good nor bad is known.
func TestAConditionOnTheStatusJudgesNoStatusThatHTTPHasNot(t *testing.T) {
	t.Parallel()
	for _, good := range []string{`status: "<400"`, `status: "!5xx"`, `status: ["2xx", "3xx"]`, `status: ">=200"`, `status: "<400", method: "!PUT"`} {
		for _, status := range []string{"0", "000", "99", "600", "999", "-1", "1e3", "200.5"} {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99, good: { "+good+" } }, latency: { threshold: 1s, target: 99 } }"))
			each(0, 600, 10, func(n float64, i int) {
				h.lines("a.log", fmt.Sprintf("time:%s\tmethod:GET\treqtime:0.1\tstatus:%s", stamp(n), []string{"200", status}[i%2]))
			})
			e := h.explain(612, "--all")
			if got := e.sli("availability").counts() + ", " + e.sli("latency").counts(); got != "30/30 uncertain 30, 30/30 uncertain 30" {
				t.Errorf("%s of %s: got %s", good, status, got)
			}
			if got := strings.Join(e.sli("availability").Warnings, " "); !strings.Contains(got, "30 of 60") || !strings.Contains(got, "status is \"") {
				t.Errorf("%s of %s: warned %q", good, status, got)
			}
		}
	}
}

// Another field of the conditions that fails tells enough, and where they ask for another
// field alone the status says nothing.
func TestAStatusThatHTTPHasNotIsBadByAnotherCondition(t *testing.T) {
	t.Parallel()
	for good, want := range map[string]string{
		`status: "<400", method: GET`: "15/30",
		`method: "!PUT"`:              "15/30",
		`status: "5e2"`:               "0/15 uncertain 15",
	} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99, good: { "+good+" } } }"))
		each(0, 600, 10, func(n float64, i int) {
			h.lines("a.log", fmt.Sprintf("time:%s\t%s", stamp(n), []string{"method:GET\tstatus:2.0e2", "method:PUT\tstatus:0"}[i%2]))
		})
		if got := h.explain(612).sli("availability").counts(); got != want {
			t.Errorf("%s: want %s, got %s", good, want, got)
		}
	}
}

// What a record's answer says of acceptance isn't said by a status that HTTP hasn't.
func TestNoRecordIsAcceptedByAStatusThatHTTPHasNot(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.config(strings.Replace(frontAndWorker(true, "start: beginning", "slis: { coverage: { target: 99, deadline: 2m } }"), "front.json, ", `front.json, accepted: { status: "<500" }, `, 1))
	each(0, 900, 10, func(n float64, i int) {
		id := fmt.Sprint("r", i)
		if i%2 == 0 {
			h.lines("front.json", request(n, 404, id))
			h.lines("worker.json", worked(n+1, "done", id, n))
			return
		}
		h.lines("front.json", request(n, 0, id))
	})
	if got := h.explain(912).sli("coverage").counts(); got != "15/15" {
		t.Errorf("want 15/15, got %s", got)
	}
}

// TestTheFirstMalformedLineIsKept: a later run, which reads nothing new, shows the line as
// the one that read it; and none where the window holds none.
func TestTheFirstMalformedLineIsKept(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"ltsv", "json", "combined"} {
		h := newHost(t)
		h.config(oneLog(format, "start: beginning", "slis: { availability: { target: 99 } }"))
		each(0, 600, 1, func(n float64, i int) {
			h.lines("a.log", line(format, n, 200))
			if i == 500 {
				h.lines("a.log", "garbage")
			}
		})
		h.run(612)
		for _, c := range []string{"doctor", "explain"} {
			if got := h.run(613, c).out; !strings.Contains(got, "a.log: byte ") && !strings.Contains(got, "a.log: line 502") {
				t.Errorf("%s: %s names no line: %s", format, c, got)
			}
		}
		each(600, 1200, 1, func(n float64, i int) { h.lines("a.log", line(format, n, 200)) })
		h.run(1212)
		if got := h.run(1212, "explain").out; strings.Contains(got, "garbage") {
			t.Errorf("%s: a line of another window: %s", format, got)
		}
	}
}
