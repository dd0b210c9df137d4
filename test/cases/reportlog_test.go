package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestAFunctionsLogReportsItsInvocations: report_log at a stage of kind lambda.
func TestAFunctionsLogReportsItsInvocations(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/a.log, format: ltsv, start: beginning } }
      - { name: work, lambda: { function: f, region: eu-west-1, endpoint_url: "http://127.0.0.1:9", timeout: 3s, batch_size: 10, parallelization_factor: 1, filtered: false, report_log: { path: DIR/r.log, start: beginning } } }
    slis: { availability: { target: 99 } }
`)
	h.env["AWS_ACCESS_KEY_ID"], h.env["AWS_SECRET_ACCESS_KEY"] = "k", "s"
	each(0, 600, 10, func(n float64, i int) {
		h.lines("a.log", "time:"+stamp(n)+"\tstatus:200")
		line := fmt.Sprintf("%s REPORT RequestId: %d\tDuration: %d.00 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB\tMax Memory Used: 50 MB\t", stamp(n), i, i)
		switch i % 10 {
		case 3:
			line += "Init Duration: 120.5 ms\t"
		case 7:
			h.lines("r.log", fmt.Sprintf("%s %d Task timed out after 3.00 seconds", stamp(n), i))
			line += "Status: timeout"
		}
		h.lines("r.log", line)
	})
	e := h.explain(612)
	const want = `"reports":{"count":30,"duration":{"count":30,"min":0.03,`
	raw := strings.Join(strings.Fields(e.raw), "")
	if strings.Count(raw, want) != 2 || !strings.Contains(raw, `"cold_starts":3,"timeouts":3,"killed":0}`) {
		t.Errorf("want %s at the function and its log in\n%s", want, e.raw)
	}
	if e.sli("availability").counts() != "30/30" || e.Stages[2].Name != "work.report_log" || e.Stages[2].Source["parsed"] != 33.0 {
		t.Errorf("availability %s; %+v", e.sli("availability").counts(), e.Stages[2])
	}
}

// TestAReportLogSaysOnlyWhereItLies.
func TestAReportLogSaysOnlyWhereItLies(t *testing.T) {
	for section, want := range map[string]string{
		"{ path: r.log, events: [{ is: done }] }": "events",
		"{ path: r.log, format: json }":           "format",
		"{}":                                      "needs one of path",
		"{ cloudwatch_logs: { group: /aws/lambda/f, mode: insights } }": "insights",
		"r.log": "",
	} {
		h := newHost(t)
		h.config(`
pipelines:
  - name: v
    stages: [ { name: work, lambda: { function: f, region: eu-west-1, report_log: ` + section + ` } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
`)
		if a := h.run(0, "validate"); a.code != 2 || !strings.Contains(a.complaints+a.out, want) || !strings.Contains(a.complaints+a.out, "c.yaml:") {
			t.Errorf("%s: exit %d, %s", section, a.code, a.complaints+a.out)
		}
	}
}

// TestAReportLogNeedsItsPermission, in the function's region.
func TestAReportLogNeedsItsPermission(t *testing.T) {
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/a.log } }
      - { name: work, lambda: { function: f, region: eu-west-1, report_log: { cloudwatch_logs: /aws/lambda/f } } }
    slis: { availability: { target: 99 } }
`)
	if a := h.run(0, "iam-policy"); !strings.Contains(a.out, "logs:FilterLogEvents") || !strings.Contains(a.out, "eu-west-1:*:log-group:/aws/lambda/f:*") {
		t.Errorf("exit %d, %s%s", a.code, a.out, a.complaints)
	}
}
