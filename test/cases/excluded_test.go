package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestAWindowWhollyExcludedIsExcluded: it is neither measured nor missing but left out, as
// the user asked, whatever its source says.
func TestAWindowWhollyExcludedIsExcluded(t *testing.T) {
	const (
		once   = "{ from: 2026-03-02T11:30:00Z, to: 2026-03-02T12:30:00Z, reason: maintenance }"
		weekly = `{ weekly: "Mon 11:00-13:00", time_zone: UTC, reason: maintenance }`
		other  = "{ from: 2026-03-02T11:30:00Z, to: 2026-03-02T12:30:00Z, reason: speed, slis: [latency] }"
		begun  = "{ from: 2026-03-02T11:57:00Z, to: 2026-03-02T12:30:00Z, reason: maintenance }"
	)
	for _, c := range []struct {
		name, kind, exclude, check string
		status                     string
		says, measured             string
		log                        bool
		args                       []string
	}{
		{name: "availability once", kind: "availability", exclude: once, status: "excluded", says: "OK: v: excluded (maintenance)", measured: "100", log: true},
		{name: "latency weekly", kind: "latency", exclude: weekly, status: "excluded", says: "OK: v: excluded (maintenance)", measured: "100", log: true},
		{name: "while its source fails", kind: "availability", exclude: once, status: "excluded", says: "OK: v: excluded (maintenance)", measured: "0"},
		{name: "another SLI alone", kind: "availability", exclude: other, status: "value", says: "OK: v: fresh", measured: "100", log: true},
		{name: "this SLI alone", kind: "latency", exclude: other, status: "excluded", says: "OK: v: excluded (speed)", measured: "100", log: true},
		{name: "where no traffic warns", kind: "availability", exclude: once, check: ", no_traffic: WARNING", status: "excluded", says: "OK: v: excluded (maintenance)", measured: "100", log: true},
		{name: "burn rates", kind: "availability", exclude: once, check: ", burn_rate: true", status: "excluded", says: "OK: v: excluded (maintenance)", measured: "100", log: true},
		{name: "begun three minutes ago and nothing was read before", kind: "availability", exclude: begun, status: "not_measured", says: "UNKNOWN: v: availability not measured", measured: "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", fmt.Sprintf(`slis: { availability: { target: 99 }, latency: { threshold: 100ms, target: 99 } }
    exclude: [ %s ]
    check: { sli: [%s], critical_ratio: 90%s }`, c.exclude, c.kind, c.check)))
			if c.log {
				each(-600, 600, 10, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200", "reqtime:0.02")) })
			}
			e := h.explain(12)
			s := e.sli(c.kind)
			if s.Status != c.status || (s.Ratio != nil) != (c.status == "value") {
				t.Errorf("want %s, got %+v", c.status, s)
			}
			if c.status == "excluded" && (s.Reason == "" || e.Verdict.Rule == nil || *e.Verdict.Rule != "excluded") {
				t.Errorf("want a reason, and the rule named, got %q, %+v", s.Reason, e.Verdict)
			}
			m := h.metrics(12)
			if got := m["sli.v.measured"]; got != c.measured {
				t.Errorf("measured: want %s, got %q", c.measured, got)
			}
			if _, printed := m["sli.v."+c.kind]; printed != (c.status == "value") {
				t.Errorf("the ratio is printed: %v", printed)
			}
			if got := h.check(12); !strings.HasPrefix(got, c.says) {
				t.Errorf("check: want %q, got %q", c.says, got)
			}
			if c.status == "excluded" {
				if text := h.run(12, "explain").out; !strings.Contains(text, "excluded in 11:55–12:00 UTC: "+s.Reason) {
					t.Errorf("explain: got %q", text)
				}
			}
		})
	}
}

// TestWhileEverythingIsExcludedAgesCallNobody: age and state are shown; the verdict is left
// alone until the exclusion ends, and then they count at once.
func TestWhileEverythingIsExcludedAgesCallNobody(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(false, "start: beginning", `slis: { freshness: { threshold: 60s, target: 99 } }
    exclude: [ { from: 2026-03-02T12:05:00Z, to: 2026-03-02T12:20:00Z, reason: migration } ]`))
	logged := func(n float64, _ int) {
		h.lines("front.json", request(n, 200, "-"))
		if n < 360 {
			h.lines("worker.json", worked(n+1, "done", "-", n))
		}
	}
	each(0, 1150, 10, logged)
	e := h.explain(1152)
	if e.age() < 600 || e.Verdict.Status != "OK" {
		t.Errorf("want the age, and OK, got %v, %+v", e.age(), e.Verdict)
	}
	if got := h.check(1152); got != "OK: v: excluded (migration)" {
		t.Errorf("want it excluded, got %q", got)
	}
	each(1150, 1270, 10, logged)
	if got := h.check(1272); !strings.HasPrefix(got, "CRITICAL: v: FROZEN") {
		t.Errorf("want CRITICAL after the end, got %q", got)
	}
}

// TestOneOfSeveralPipelinesIsExcluded: the others are judged as ever.
func TestOneOfSeveralPipelinesIsExcluded(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", `slis: { availability: { target: 99 } }
    exclude: [ { from: 2026-03-02T11:30:00Z, to: 2026-03-02T12:30:00Z, reason: maintenance } ]
    check: { sli: [availability], critical_ratio: 90 }
  - name: w
    stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv, start: beginning } } ]
    slis: { availability: { target: 99 } }
    check: { sli: [availability], critical_ratio: 90 }`))
	each(-600, 60, 2, func(n float64, i int) { h.lines("a.log", labelled(n, "status:500")) })
	if got := h.check(12); !strings.HasPrefix(got, "CRITICAL: w: availability 0% is below 90%") {
		t.Errorf("got %q", got)
	}
}
