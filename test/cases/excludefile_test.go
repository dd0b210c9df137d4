package cases

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestAFileOfExclusionsLeavesOutWhatItSays: a list as the configuration has it, or downtimes
// as Mackerel's API gives them, whoever wrote it and whenever; without a file nothing.
func TestAFileOfExclusionsLeavesOutWhatItSays(t *testing.T) {
	downtimes := func(start, minutes int64, recurrence string) string {
		if recurrence != "" {
			recurrence = `,"recurrence":` + recurrence
		}
		return fmt.Sprintf(`{"downtimes":[{"id":"abc","name":"deploy","memo":"","start":%d,"duration":%d%s,"serviceScopes":["shop"]}]}`, start, minutes, recurrence)
	}
	at := func(minutes int64) int64 { return noon.Unix() + 60*minutes }
	for _, c := range []struct {
		name, file, reason string
		excluded           int
	}{
		{"none", "", "", 0},
		{"empty", "\n", "", 0},
		{"a list", "- { from: 2026-03-02T11:20:00Z, to: 2026-03-02T11:30:00Z, reason: restart }\n", "restart", 10},
		{"a list in one line", `[{from: "2026-03-02T11:20:00Z", to: "2026-03-02T11:30:00Z", reason: restart}]`, "restart", 10},
		{"a list under its key", "exclude:\n  - { weekly: \"Mon 11:20-11:30\", time_zone: UTC, reason: restart }\n", "restart", 10},
		{"a list for another SLI", "- { from: 2026-03-02T11:20:00Z, to: 2026-03-02T11:30:00Z, reason: restart, slis: [latency] }\n", "", 0},
		{"a downtime", downtimes(at(-40), 10, ""), "downtime deploy", 10},
		{"a downtime of another time", downtimes(at(-4000), 10, ""), "", 0},
		{"hourly", downtimes(at(-40-60*100), 5, `{"type":"hourly","interval":1}`), "downtime deploy", 5},
		{"every second hour but not this one", downtimes(at(-40-60*101), 5, `{"type":"hourly","interval":2}`), "", 0},
		{"daily", downtimes(at(-40-24*60*9), 7, `{"type":"daily","interval":3}`), "downtime deploy", 7},
		{"daily until it ended", downtimes(at(-40-24*60*9), 7, fmt.Sprintf(`{"type":"daily","interval":3,"until":%d}`, at(-24*60*2))), "", 0},
		{"weekly on its day", downtimes(at(-40-24*60*21), 7, `{"type":"weekly","interval":3}`), "downtime deploy", 7},
		{"weekly on some days", downtimes(at(-40-24*60*3), 7, `{"type":"weekly","interval":1,"weekdays":["Monday","Friday"]}`), "downtime deploy", 7},
		{"weekly on other days", downtimes(at(-40-24*60*7), 7, `{"type":"weekly","interval":1,"weekdays":["Tuesday"]}`), "", 0},
		{"monthly", downtimes(at(-40-24*60*28), 7, `{"type":"monthly","interval":1}`), "downtime deploy", 7},
		{"yearly", downtimes(at(-40-24*60*365), 7, `{"type":"yearly","interval":1}`), "downtime deploy", 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", `slis: { availability: { target: 99 } }
    exclude_file: DIR/exclude.yaml`))
			each(-3690, 0, 30, func(n float64, _ int) { h.lines("a.log", labelled(n, "status:200")) })
			if c.file != "" {
				h.file("exclude.yaml", c.file)
			}
			h.run(12)
			a := of(h.budget(12, "--from", "-60m", "--to", "-0m"), "availability")
			if a.Minutes["excluded"] != c.excluded || a.Exclusions[c.reason] != c.excluded {
				t.Errorf("want %d minutes excluded for %q, got %v, %v", c.excluded, c.reason, a.Minutes, a.Exclusions)
			}
			if a.Valid != float64(2*(60-c.excluded)) {
				t.Errorf("want the events of the other minutes, got %v", a.Valid)
			}
		})
	}
}

// TestABrokenFileOfExclusionsCostsItsPipelineAndShowsNothingOfIt: a number without what it
// leaves out would be wrong, of others it is none of their business, and definitions don't
// depend on it.
func TestABrokenFileOfExclusionsCostsItsPipelineAndShowsNothingOfIt(t *testing.T) {
	for name, c := range map[string]struct{ file, says string }{
		"no list":         {"root:secret1:0:0\nbin:x\n", "exclude.yaml:"},
		"an unknown key":  {"- { from: 2026-03-02T11:20:00Z, till: secret1, reason: x }\n", "exclude.yaml:1: exclude[0]: unknown key"},
		"a wrong time":    {"# deploys\n- { from: secret1, to: 2026-03-02T11:20:00Z, reason: x }\n", "exclude.yaml:2: "},
		"no reason":       {"- { from: 2026-03-02T11:20:00Z, to: 2026-03-02T11:30:00Z }\n", `missing key "reason"`},
		"other JSON":      {`{"token":"secret1"}`, "is neither a list of exclusions nor downtimes"},
		"no duration":     {`{"downtimes":[{"name":"secret1","start":1772450000}]}`, "downtime 1: needs a start and a duration"},
		"a new kind":      {`{"downtimes":[{"start":1772450000,"duration":5,"recurrence":{"type":"secret1"}}]}`, "recurrence: must be one of"},
		"a directory":     {"", "c.yaml:6: pipelines[0].exclude_file: exclude.yaml can't be read by this user, hangs, or is no file"},
		"half of it only": {`{"downtimes":[{"name":"secret1","sta`, "is neither a list"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", `slis: { availability: { target: 99 } }
    exclude_file: DIR/exclude.yaml`) + `
  - name: w
    stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv, start: beginning } } ]
    slis: { availability: { target: 99 } }
`)
			each(-600, 0, 60, func(n float64, _ int) { h.lines("a.log", labelled(n, "status:200")) })
			if c.file != "" {
				h.file("exclude.yaml", c.file)
			} else if err := os.Mkdir(h.path("exclude.yaml"), 0o700); err != nil {
				t.Fatal(err)
			}
			a := h.run(12)
			if a.code != 0 || strings.Contains(a.out, "sli.v.availability") || !strings.Contains(a.out, "measure_lag") || !strings.Contains(a.out, "sli.w.availability\t100\t") {
				t.Errorf("want a number of w and none of v, got %d %q", a.code, a.out)
			}
			if !strings.Contains(a.complaints, c.says) || strings.Contains(a.complaints, "secret1") {
				t.Errorf("want it told with %q, got %q", c.says, a.complaints)
			}
			if strings.Contains(a.complaints, "not measured: \n") {
				t.Errorf("a reason is empty: %q", a.complaints)
			}
			if got := h.check(12, "--pipeline", "v", "--sli", "availability", "--critical-ratio", "90"); !strings.HasPrefix(got, "UNKNOWN: v: not measured: ") || !strings.Contains(got, c.says) {
				t.Errorf("want UNKNOWN with %q, got %q", c.says, got)
			}
			if a := h.run(12, "validate"); a.code != 2 || a.out != "" || !strings.Contains(a.complaints, c.says) || strings.Contains(a.complaints, "secret1") {
				t.Errorf("want validate to refuse it with %q, got %d %q %q", c.says, a.code, a.out, a.complaints)
			}
			if a := h.run(12, "doctor"); a.code != 1 || !strings.Contains(a.out, "FAILED v/front") || !strings.Contains(a.out, c.says) {
				t.Errorf("want doctor to say it with %q, got %d %q", c.says, a.code, a.out)
			}
			if err := os.RemoveAll(h.path("exclude.yaml")); err != nil {
				t.Fatal(err)
			}
			if a := h.run(72); a.code != 0 || !strings.Contains(a.out, "sli.v.availability\t100\t") || !strings.Contains(a.out, "sli.v.measured\t100\t") {
				t.Errorf("want all of v measured once it can be read, got %d %q", a.code, a.out)
			}
			h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
			if a := h.run(12); a.code != 0 || !strings.Contains(a.out, "sli.v") {
				t.Errorf("want definitions all the same, got %d %q", a.code, a.complaints)
			}
		})
	}
}
