package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A share that isn't all is never shown as all, beside whatever else is said of it.
func TestNearlyAllIsNeverShownAsAll(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 }, latency: { threshold: 1s, target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"))
	var lines strings.Builder
	line := func(n float64, status int) {
		fmt.Fprintf(&lines, "time:%s\tmethod:GET\turi:/\tstatus:%d\treqtime:0.1\n", stamp(n), status)
	}
	for i := range 60_000 {
		status := 200
		if i == 30_000 {
			status = 500
		}
		line(float64(i)*0.005, status)
	}
	h.file("a.log", lines.String())
	for _, command := range []string{"explain", "doctor", "budget"} {
		for _, lang := range []string{"en", "ja"} {
			out := h.run(312, command, "--lang", lang).out
			for text := range strings.Lines(out) {
				said := strings.Contains(text, "availability") && strings.Contains(text, "%") && !strings.Contains(text, "projected") && !strings.Contains(text, "参考値")
				if said && (strings.Contains(text, "100%") || strings.Contains(text, "100 %") || strings.Contains(text, "100.000")) {
					t.Errorf("%s --lang %s: %s", command, lang, text)
				}
			}
		}
	}
	for _, lang := range []string{"en", "ja"} {
		h.run(312, "report", "--out", h.path("r.html"), "--from", stamp(0), "--to", stamp(300), "--lang", lang)
		page, err := os.ReadFile(h.path("r.html"))
		if err != nil {
			t.Fatal(err)
		}
		if text := string(page); !strings.Contains(text, "99.99") {
			t.Errorf("--lang %s: the page tells one bad of 60,000 from none nowhere", lang)
		}
	}
}

// Of a batch no record waits: it is said how old its data are.
func TestTheAgeOfABatchIsThatOfItsData(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages: [ { name: job, app_log: { path: DIR/job.json, format: json, start: beginning, fields: { time: ts }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 10m, within: 2m } } } ]
    slis: { freshness: { threshold: 12m, target: 99, expect_every: 10m } }
`)
	h.lines("job.json", fmt.Sprintf(`{"ts":"%s","msg":"run"}`, stamp(-600)), fmt.Sprintf(`{"ts":"%s","msg":"run"}`, stamp(5)))
	for lang, want := range map[string]string{"en": "how old the data are", "ja": "データの古さ"} {
		out := h.run(312, "explain", "--lang", lang).out
		if !strings.Contains(out, want) || strings.Contains(out, "not yet visible") || strings.Contains(out, "まだ見えていない") {
			t.Errorf("--lang %s: %s", lang, out)
		}
		if strings.Contains(out, "1 lines") {
			t.Errorf("--lang %s: one of them in the plural: %s", lang, out)
		}
	}
}

// In the hour that a clock goes through twice each time that is shown is one instant.
func TestTimesOfTheHourThatComesTwiceAreToldApart(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	h.zone = zone
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"))
	back := time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC).Sub(noon).Seconds() // 2:00 EDT is 1:00 EST
	each(back-5400, back+5400, 20, func(n float64, _ int) {
		status := 200
		if back-2400 < n && n < back-1500 || back+1200 < n && n < back+2100 {
			status = 500
		}
		h.lines("a.log", fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:%d", stamp(n), status))
	})
	at, from, to := back+5412, stamp(back-3600), stamp(back+3600)
	h.run(at, "--take")
	h.run(at, "report", "--out", h.path("r.html"), "--incident", "--from", from, "--to", to)
	page, err := os.ReadFile(h.path("r.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{
		"backtest": h.run(at, "backtest", "--from", from, "--to", to).out,
		"budget":   h.run(at, "budget", "--from", from, "--to", to).out,
		"report":   string(page),
	} {
		if !strings.Contains(out, "01:23 EDT") && !strings.Contains(out, "01:20 EDT") && !strings.Contains(out, "01:22 EDT") || !strings.Contains(out, " EST") {
			t.Errorf("%s: %s", name, out)
		}
		if !strings.Contains(out, "2026-11-01 01:00 EDT") {
			t.Errorf("%s: begins in another hour: %s", name, out)
		}
	}
}

// Where there was nothing to judge doctor names the window that was looked at, which a
// deadline puts long before now, as explain does.
func TestDoctorNamesTheWindowThatHeldNothing(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 10m } }"))
	h.lines("front.json", request(0, 200, "r0"))
	h.lines("worker.json", worked(1, "done", "r0", 0))
	for lang, want := range map[string]string{"en": "v coverage: no traffic in 12:45–12:50 UTC", "ja": "v coverage: トラフィックなし (12:45–12:50 UTC)"} {
		if out := h.run(3612, "doctor", "--lang", lang).out; !strings.Contains(out, want) {
			t.Errorf("--lang %s: %s", lang, out)
		}
	}
}
