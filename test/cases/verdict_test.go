package cases

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// haltedAt is a front that goes on and a worker that stops: records each step seconds
// until to, done lag seconds later, none after halt.
func haltedAt(h *host, to, step, lag, halt float64) {
	var front, worker []string
	each(0, to, step, func(n float64, i int) {
		id := fmt.Sprintf("r%d", i)
		front = append(front, request(n, 200, id))
		if n+lag < halt {
			worker = append(worker, worked(n+lag, "done", id, n))
		}
	})
	h.lines("front.json", front...)
	h.lines("worker.json", worker...)
}

const fromTheBeginning = "start: beginning"

// A pipeline that stands still is critical whichever SLIs it has.
func TestStateIsJudgedWhateverSLIsThereAre(t *testing.T) {
	for name, slis := range map[string]string{
		"coverage":                  "slis: { coverage: { target: 99, deadline: 10m } }",
		"availability and coverage": "slis: { availability: { target: 99 }, coverage: { target: 99, deadline: 3m } }",
		"availability by ratio":     "slis: { availability: { target: 99 }, coverage: { target: 99, deadline: 3m } }\n    check: { sli: [availability], critical_ratio: 90 }",
		"freshness":                 "slis: { freshness: { threshold: 60s, target: 99 } }",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, fromTheBeginning, slis))
			haltedAt(h, 1200, 1, 1, 700)
			e := h.explain(1190)
			if e.stateName() != "FROZEN" || e.Verdict.Status != "CRITICAL" || e.Verdict.Rule == nil || *e.Verdict.Rule != "state" {
				t.Errorf("state %s, %s: %s", e.stateName(), e.Verdict.Status, e.Verdict.Message)
			}
			if line := h.check(1190); !strings.HasPrefix(line, "CRITICAL: v: FROZEN: ") {
				t.Error(line)
			}
		})
	}
}

// Where nothing can be judged the check says what is missing.
func TestNothingToJudgeSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name string
		log  bool
		args []string
		want string
	}{
		{"no rule", true, nil, `^UNKNOWN: v: nothing to judge; name --sli with --warning-ratio, --critical-ratio or --burn-rate$`},
		{"a limit of the age", true, []string{"-w", "5m"}, `^UNKNOWN: v: nothing to judge; no stage tells ages, and -w and -c need freshness; name --sli with`},
		{"a ratio without an SLI", true, []string{"--critical-ratio", "90"}, `^UNKNOWN: v: nothing to judge; freshness, the default of --sli, is not configured; name one of availability with --sli$`},
		{"no log", false, nil, `^UNKNOWN: v: stage front: log file a\.log: no such file or directory; nothing to judge`},
		{"no log but a ratio", false, []string{"--sli", "availability", "--critical-ratio", "90"}, `^UNKNOWN: v: not measured: stage front: log file a\.log: no such file or directory$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", fromTheBeginning, "slis: { availability: { target: 99 } }"))
			if c.log {
				failing(h, -600, 10, 1000)
			}
			if line := strings.ReplaceAll(h.check(12, c.args...), h.dir+"/", ""); !regexp.MustCompile(c.want).MatchString(line) {
				t.Error(line)
			}
		})
	}
}

// The age of a log's first seconds isn't that of a minute which never was.
func TestBeforeTheFirstWholeMinuteThatIsSaid(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"))
	each(-46, 30, 10, func(n float64, _ int) {
		h.lines("a.log", fmt.Sprintf("time:%s\tmethod:POST\turi:/videos\tstatus:200", stamp(n)))
	})
	if line := h.check(34); !strings.HasPrefix(line, "UNKNOWN: v: not measured: no whole minute ") {
		t.Error(line)
	}
}

// A warning limit that can't come before the critical one is a mistake, wherever each
// of them stands.
func TestAWarningThatCanNeverComeFirstIsRefused(t *testing.T) {
	both := "slis: { availability: { target: 99.95 }, freshness: { threshold: 60s, target: 99 } }"
	for _, c := range []struct {
		check string
		args  []string
		want  string // empty: taken
	}{
		{"sli: [availability], warning_ratio: 99, critical_ratio: 99.9", nil, "critical_ratio: must be below warning_ratio 99 "},
		{"sli: [availability], warning_ratio: 99, critical_ratio: 99", nil, "critical_ratio: must be below warning_ratio 99 "},
		{"sli: [availability], warning_ratio: 99.9, critical_ratio: 99", nil, ""},
		{"sli: [availability], critical_ratio: 99.9", []string{"--warning-ratio", "99"}, "critical_ratio: must be below warning_ratio 99 "},
		{"sli: [availability], warning_ratio: 99", []string{"--critical-ratio", "99.5"}, "critical_ratio: must be below warning_ratio 99 "},
		{"", []string{"--sli", "availability", "--warning-ratio", "99", "--critical-ratio", "99.9"}, "--warning-ratio 99 must be above --critical-ratio 99.9"},
		{"warning_age: 10m, critical_age: 5m", nil, "critical_age: must be longer than warning_age 10m"},
		{"warning_age: 10m", nil, "warning_age: must be shorter than critical_age, which is 5m unless it is given"},
		{"warning_age: 10m", []string{"-c", "20m"}, "unless it is given"}, // the file alone must be right
		{"critical_age: 5m", []string{"-w", "5m"}, "critical_age: must be longer than warning_age 5m (got 5m)"},
		{"warning_age: 2m", []string{"-c", "1m"}, "critical_age: must be longer than warning_age 2m (got 1m)"},
		{"", []string{"-w", "5m", "-c", "1m"}, "-c 1m must be longer than -w 5m"},
		{"", []string{"-w", "5m"}, "warning_age: must be shorter than critical_age, which is 5m unless it is given"},
		{"", []string{"-w", "5m", "-c", "6m"}, ""},
		{"", []string{"-c", "30s"}, ""},
	} {
		t.Run(strings.ReplaceAll(c.check+" "+strings.Join(c.args, " "), ",", ""), func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, fromTheBeginning, both+"\n    check: { "+c.check+" }"))
			haltedAt(h, 600, 5, 1, 900)
			line := h.check(612, c.args...)
			switch {
			case c.want == "" && strings.HasPrefix(line, "UNKNOWN"):
				t.Error(line)
			case c.want != "" && (!strings.HasPrefix(line, "UNKNOWN: ") || !strings.Contains(line, c.want)):
				t.Errorf("%s; want %s", line, c.want)
			}
		})
	}
}

// What grows is told by what it is now; a slope over minutes lags behind.
func TestWhatGrowsIsToldByItsPresentAge(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, fromTheBeginning, "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 10m } }"))
	haltedAt(h, 900, 0.5, 20, 640)
	for at := 672.0; at <= 792; at += 60 {
		e := h.explain(at)
		text := e.Verdict.Message + e.raw + h.run(at, "explain").out
		if strings.Contains(text, "grows by") || strings.Contains(text, "a minute (limit") {
			t.Errorf("at %v: %s", at, e.Verdict.Message)
		}
		if e.stateName() == "LOSING" && !regexp.MustCompile(`^v: LOSING: records wait longer and longer; oldest is [0-9ms]+, limit 5m$`).MatchString(e.Verdict.Message) {
			t.Errorf("at %v: %s", at, e.Verdict.Message)
		}
	}
}

// A breach that goes on within the limit says until when.
func TestABreachSaysWhenItEnds(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(false, fromTheBeginning, "slis: { freshness: { threshold: 60s, target: 99 } }\n    check: { warning_age: 100s, critical_age: 1h }"))
	// Until +600 the worker is 120 s behind; at +660 it is 95 s behind.
	each(0, 600, 5, func(n float64, i int) {
		h.lines("front.json", request(n, 200, ""))
		if n+120 <= 590 {
			h.lines("worker.json", worked(n+120, "done", "", n))
		}
	})
	each(600, 660, 5, func(n float64, i int) { h.lines("front.json", request(n, 200, "")) })
	each(475, 568, 5, func(n float64, i int) { h.lines("worker.json", worked(601+(n-475)/2, "done", "", n)) })
	line := h.check(672)
	want := regexp.MustCompile(`^WARNING: v: oldest record not yet visible is 1m3[0-9]s old, within the limit of 1m40s again; the breach ends below 1m30s, or after two minutes in a row within it`)
	if !want.MatchString(line) {
		t.Error(line)
	}
}

// --missing and --no-traffic speak of each pipeline, then the worst counts, then
// --status-as.
func TestStatusesOfEachPipelineThenTheWorstThenTheMap(t *testing.T) {
	pipeline := func(name, log string) string {
		return strings.Replace(strings.Replace(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"), "name: v", "name: "+name, 1), "a.log", log, 1)
	}
	h := newHost(t)
	two := pipeline("busy", "a.log") + strings.Replace(pipeline("quiet", "b.log"), "\npipelines:", "", 1) + strings.Replace(pipeline("gone", "c.log"), "\npipelines:", "", 1)
	h.config(two)
	failing(h, -600, 1, 3)
	h.lines("b.log", fmt.Sprintf("time:%s\tmethod:POST\turi:/videos\tstatus:200", stamp(-4000)), "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "CRITICAL: busy: "},
		{[]string{"--pipeline", "quiet"}, "OK: quiet: no traffic"},
		{[]string{"--pipeline", "quiet", "--no-traffic", "WARNING"}, "WARNING: quiet: no traffic"},
		{[]string{"--pipeline", "gone"}, "UNKNOWN: gone: not measured"},
		{[]string{"--pipeline", "gone", "--missing", "OK"}, "OK: gone: not measured"},
		{[]string{"--pipeline", "gone", "--missing", "CRITICAL"}, "CRITICAL: gone: not measured"},
		{[]string{"--pipeline", "quiet", "--pipeline", "gone"}, "UNKNOWN: gone: not measured"},
		{[]string{"--pipeline", "quiet", "--pipeline", "gone", "--no-traffic", "WARNING"}, "WARNING: quiet: no traffic; gone: not measured"},
		{[]string{"--pipeline", "quiet", "--pipeline", "gone", "--status-as", "unknown=ok"}, "OK: gone: not measured"},
		{[]string{"--pipeline", "busy", "--status-as", "critical=warning"}, "WARNING: busy: "},
	} {
		if line := h.check(12, c.args...); !strings.HasPrefix(line, c.want) {
			t.Errorf("%v: %s, want %s", c.args, line, c.want)
		}
	}
}

// People read the label; the name is told with it.
func TestTheMessageNamesThePipelineByItsLabel(t *testing.T) {
	h := newHost(t)
	h.config(strings.Replace(oneLog("ltsv", fromTheBeginning, "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"), "name: v", "name: video\n    label: 動画配信", 1))
	failing(h, -600, 10, 1000)
	if line := h.check(12); line != "OK: 動画配信 (video): fresh" {
		t.Error(line)
	}
	h.file("a.log", "")
	failing(h, -600, 10, 2)
	if line := h.check(72, "--state-dir", h.path("anew")); !strings.HasPrefix(line, "CRITICAL: 動画配信 (video): availability 50%") {
		t.Error(line)
	}
}
