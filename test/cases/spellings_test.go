package cases

import (
	"fmt"
	"strings"
	"testing"
)

// half is a log of a line each ten seconds, two ways of writing in turn.
func half(h *host, first, second string) {
	each(0, 600, 10, func(n float64, i int) {
		h.lines("a.log", strings.ReplaceAll([]string{first, second}[i%2], "TIME", stamp(n)))
	})
}

// TestANumberIsTheSameInEverySpelling: blanks around it are nothing, and a whole number is
// a status with decimals or an exponent too.
func TestANumberIsTheSameInEverySpelling(t *testing.T) {
	for name, c := range map[string]struct{ format, first, second string }{
		"blank before":        {"ltsv", "time:TIME\tstatus: 500", "time:TIME\tstatus: 200"},
		"blank behind":        {"ltsv", "time:TIME\tstatus:500 ", "time:TIME\tstatus:200 "},
		"blank before a time": {"ltsv", "time: TIME\tstatus:500", "time:\u0020\u0020TIME \tstatus:200"},
		"decimals":            {"json", `{"time":"TIME","status":"500.0"}`, `{"time":"TIME","status":"200.0"}`},
		"decimal number":      {"json", `{"time":"TIME","status":503.0}`, `{"time":"TIME","status":2.00e2}`},
		"exponent":            {"json", `{"time":"TIME","status":5e2}`, `{"time":"TIME","status":2E+2}`},
		"tab in a string":     {"json", `{"time":"\tTIME","status":"\t500"}`, `{"time":"TIME\t","status":" 200\t"}`},
		"sign and zeros":      {"ltsv", "time:TIME\tstatus:0500", "time:TIME\tstatus:+200"},
		"tabs for blanks":     {"combined", "192.0.2.1 - - [02/Mar/2026:12:05:00 +0000] \"GET /a HTTP/1.1\"\t500\t12", "192.0.2.1 - - [02/Mar/2026:12:05:00 +0000] \"GET /a HTTP/1.1\"  200  12 "},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog(c.format, "start: beginning", "slis: { availability: { target: 99 } }"))
			half(h, c.first, c.second)
			if got := h.explain(612, "--all").sli("availability").counts(); got != "30/60" {
				t.Errorf("want 30/60, got %s", got)
			}
			e := h.explain(612)
			if s := e.Stages[0].Status; s["5xx"] != s["2xx"] || s["other"] != 0 || s["2xx"] == 0 {
				t.Errorf("by classes: %v", s)
			}
		})
	}
}

// TestConditionsKnowAStatusInAnySpelling: where and good speak of the number.
func TestConditionsKnowAStatusInAnySpelling(t *testing.T) {
	for name, c := range map[string]struct{ section, good, want string }{
		"class":   {"start: beginning", `good: { status: ["2xx", "3xx"] }`, "30/60"},
		"limit":   {"start: beginning", `good: { status: "<500" }`, "30/60"},
		"equal":   {`start: beginning, where: { status: "500" }`, `good: { status: "200" }`, "0/30"},
		"pattern": {`start: beginning, where: { status: "^[25]00$" }`, `good: { status: "!^5" }`, "30/60"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("json", c.section, "slis: { availability: { target: 99, "+c.good+" } }"))
			half(h, `{"time":"TIME","status":" 500.0"}`, `{"time":"TIME","status":2e2}`)
			if got := h.explain(612, "--all").sli("availability").counts(); got != c.want {
				t.Errorf("want %s, got %s", c.want, got)
			}
		})
	}
}

// TestSeveralDurationsAreTheirSum: one time per upstream that was tried.
func TestSeveralDurationsAreTheirSum(t *testing.T) {
	combined := func(took string) string {
		return `192.0.2.1 - - [02/Mar/2026:12:05:00 +0000] "GET /a HTTP/1.1" 200 12 "-" "ua" ` + took
	}
	for name, c := range map[string]struct{ format, section, first, second string }{
		"retried":                {"ltsv", "start: beginning", "time:TIME\tstatus:200\tapptime:0.000, 2.900", "time:TIME\tstatus:200\tapptime:0.020"},
		"redirected":             {"ltsv", "start: beginning", "time:TIME\tstatus:200\tapptime:0.300 : 1.100", "time:TIME\tstatus:200\tapptime:0.020"},
		"both":                   {"ltsv", "start: beginning", "time:TIME\tstatus:200\tapptime:0.400, 0.400 : 0.400", "time:TIME\tstatus:200\tapptime:0.020"},
		"the first is not known": {"ltsv", "start: beginning", "time:TIME\tstatus:200\tapptime:-, 1.100", "time:TIME\tstatus:200\tapptime:0.020, -"},
		"in a JSON string":       {"json", "start: beginning, fields: { latency: urt }", `{"time":"TIME","status":200,"urt":"0.9, 0.2"}`, `{"time":"TIME","status":200,"urt":"0.9"}`},
		"in microseconds":        {"ltsv", "start: beginning, fields: { latency: t }, latency_unit: us", "time:TIME\tstatus:200\tt: 214, 1000000", "time:TIME\tstatus:200\tt: 214"},
		"in a column":            {"combined", "start: beginning", combined("0.600, 0.600"), combined("0.600")},
		"in a quoted column":     {"combined", "start: beginning, columns: [latency, id]", combined(`rt="0.600 : 0.600" x`), combined(`rt="0.600" x`)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog(c.format, c.section, "slis: { latency: { threshold: 1s, target: 99 } }"))
			half(h, c.first, c.second)
			if got := h.explain(612, "--all").sli("latency").counts(); got != "30/60" {
				t.Errorf("want 30/60, got %s", got)
			}
		})
	}
}

// TestWhatMayBeOneNumberIsNoList: rather unknown than wrong.
func TestWhatMayBeOneNumberIsNoList(t *testing.T) {
	for _, took := range []string{"1,234", "1:30", "0.1, x", "-, -"} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "slis: { latency: { threshold: 1s, target: 99 } }"))
		half(h, "time:TIME\tstatus:200\tapptime:"+took, "time:TIME\tstatus:200\tapptime:0.020")
		if got := h.explain(612, "--all").sli("latency").counts(); got != "30/30 uncertain 30" {
			t.Errorf("%s: want 30/30 uncertain 30, got %s", took, got)
		}
	}
}

// TestTheLifeOfAConnectionIsNoLatency: a WebSocket is logged when it closes.
func TestTheLifeOfAConnectionIsNoLatency(t *testing.T) {
	alb := func(n float64, kind string, took float64, status int) string {
		return fmt.Sprintf(`%s %s app/l/1 192.0.2.1:2817 10.0.0.1:80 0.001 %.3f 0.000 %d %d 34 366 "GET https://h.example:443/ HTTP/1.1" "ua" - -`, kind, stamp(n), took, status, status)
	}
	for name, c := range map[string]struct {
		format            string
		request, upgraded func(n float64) string
	}{
		"ltsv": {"ltsv",
			func(n float64) string { return "time:" + stamp(n) + "\tstatus:200\treqtime:0.020" },
			func(n float64) string { return "time:" + stamp(n) + "\tstatus:101\treqtime:86.4" }},
		"json": {"json",
			func(n float64) string { return `{"time":"` + stamp(n) + `","status":200,"request_time":0.02}` },
			func(n float64) string { return `{"time":"` + stamp(n) + `","status":101.0,"request_time":86.4}` }},
		"wss":                        {"alb", func(n float64) string { return alb(n, "https", 0.02, 200) }, func(n float64) string { return alb(n, "wss", 86400.5, 101) }},
		"ws answered in another way": {"alb", func(n float64) string { return alb(n, "http", 0.02, 200) }, func(n float64) string { return alb(n, "ws", 86400.5, 200) }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog(c.format, "start: beginning", "slis: { availability: { target: 99 }, latency: { threshold: 1s, target: 99 } }\n    metrics: [full]"))
			each(0, 600, 10, func(n float64, i int) {
				h.lines("a.log", c.request(n))
				if i%10 == 0 {
					h.lines("a.log", c.upgraded(n+1))
				}
			})
			e := h.explain(612)
			if a, l := e.sli("availability").counts(), e.sli("latency").counts(); a != "33/33" || l != "30/30" {
				t.Errorf("want availability 33/33 and latency 30/30, got %s and %s", a, l)
			}
			if got := h.metrics(612)["latency.v.max"]; got != "0.02" && got != "0.021" {
				t.Errorf("the longest latency is %s", got)
			}
		})
	}
}

// TestMethodsMayHaveDigits: they are shown by their names.
func TestMethodsMayHaveDigits(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
	half(h, "time:TIME\tmethod:GET2\tstatus:200", "time:TIME\tmethod:M-SEARCH\tstatus:200")
	if raw := h.explain(612).raw; !strings.Contains(raw, `"GET2": 15`) || !strings.Contains(raw, `"M-SEARCH": 15`) {
		t.Errorf("methods: %s", raw)
	}
}

// TestNoRequestsHaveACountOfLatencies: a count of nothing, not the lack of one.
func TestNoRequestsHaveACountOfLatencies(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning, where: { method: PUT }", "slis: { latency: { threshold: 1s, target: 99 } }"))
	half(h, "time:TIME\tmethod:GET\tstatus:200\treqtime:0.1", "time:TIME\tmethod:POST\tstatus:200\treqtime:0.1")
	if raw := strings.Join(strings.Fields(h.explain(612).raw), ""); !strings.Contains(raw, `"latency":{"count":0,`) {
		t.Errorf("latency: %s", raw)
	}
}
