package cases

import (
	"strings"
	"testing"
)

// TestOneIsOneAndALateRunIsNoRecord: what is counted agrees with its number, and a batch
// job's age is that of its last update.
func TestOneIsOneAndALateRunIsNoRecord(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages:
      - name: load
        app_log: { path: DIR/b.log, format: json, start: beginning, fields: { time: ts }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 10m } }
    slis: { freshness: { threshold: 15m, target: 99, expect_every: 10m } }
`)
	each(0, 3600, 600, func(n float64, _ int) { h.lines("b.log", `{"ts":"`+stamp(n)+`","msg":"run"}`) })
	got := h.check(5400)
	if !strings.HasPrefix(got, "CRITICAL: v: last update is ") || strings.Contains(got, "record") {
		t.Errorf("a late run: %q", got)
	}

	h = newHost(t)
	h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
	each(0, 600, 5, func(n float64, _ int) {
		h.lines("front.json", request(n, 200, ""))
		h.lines("worker.json", worked(n+1, "done", "", n))
	})
	h.lines("front.json", request(620, 200, ""))
	h.run(672)
	got = h.check(1032)
	if strings.Contains(got, "1 records") || !strings.Contains(got, "1 record accepted since 12:10 UTC") {
		t.Errorf("one record waits: %q", got)
	}
}

// TestDoctorTellsAFaultOfOneHostOnce though the prover meets it at both ends.
func TestDoctorTellsAFaultOfOneHostOnce(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", `slis: { availability: { target: 99 }, correctness: { target: 99 } }
    prover: { every: 1m, deadline: 5m, inject: { http: { method: POST, url: http://127.0.0.1:9/x, body: '{"id":"{{.ID}}"}' } },
              expect: { http: { url: "http://127.0.0.1:9/x?id={{.ID}}", json: { n: "{{.Want}}" } } }, want: "{{mul .N .N}}" }`))
	each(0, 600, 10, func(n float64, _ int) { h.lines("a.log", ltsv(n, 200)) })
	if out := h.run(612, "doctor").out; strings.Count(out, "127.0.0.1:9: dial tcp") != 1 {
		t.Errorf("said:\n%s", out)
	}
}
