package cases

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A key that is given wins, also where it says what another default says.
func TestACoverageWindowThatIsGivenIsUsed(t *testing.T) {
	for _, c := range []struct{ name, pipeline, coverage, want string }{
		{"the pipeline's default", "", "window: 5m", "window 5m"},
		{"as the pipeline's", "window: 10m", "window: 10m", "window 10m"},
		{"the method's default", "window: 10m", "window: 1h", "window 1h"},
		{"another", "", "window: 20m", "window 20m"},
		{"none", "", "", "window 1h"},
		{"none, the pipeline's given", "window: 30m", "", "window 1h"},
	} {
		h := newHost(t)
		coverage := "target: 99, deadline: 2m"
		if c.coverage != "" {
			coverage += ", " + c.coverage
		}
		h.config(frontAndWorker(false, "", fmt.Sprintf("slis: { freshness: { threshold: 60s, target: 99 }, coverage: { %s } }\n    %s", coverage, c.pipeline)))
		a := h.run(612, "validate")
		line := lineWith(a.out, "coverage")
		if !strings.Contains(line, c.want) {
			t.Errorf("%s: want %s, got %q %s", c.name, c.want, line, a.complaints)
		}
	}
}

// lineWith is the first line that holds a word.
func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func TestAFlagThatSaysNoLimitWinsOverTheFile(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], warning_ratio: 95, critical_ratio: 90 }"))
	each(0, 600, 2, func(n float64, i int) {
		h.lines("a.log", fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:%d", stamp(n), 200+300*(i%2)))
	})
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "CRITICAL"},
		{[]string{"--critical-ratio", "0"}, "WARNING"},
		{[]string{"--critical-ratio", "0", "--warning-ratio", "0"}, "UNKNOWN"}, // no rule is left
		{[]string{"--critical-ratio", "40"}, "WARNING"},
	} {
		if got := h.check(612, c.args...); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: want %s, got %s", c.args, c.want, got)
		}
	}
}

func TestNoMalformedLineMayBeAllowed(t *testing.T) {
	for limit, want := range map[string]string{"0": "not_measured", "10": "value", "1": "not_measured"} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning, max_malformed: "+limit, "slis: { availability: { target: 99 } }"))
		each(0, 600, 0.2, func(n float64, i int) {
			h.lines("a.log", fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:200", stamp(n)))
			if i%25 == 0 {
				h.lines("a.log", "garbage")
			}
		})
		if got := h.explain(612).sli("availability"); got.Status != want {
			t.Errorf("max_malformed %s: want %s, got %s %s", limit, want, got.Status, got.counts())
		}
	}
}

func TestRatesArePrintedAsTheNumbersTheyAre(t *testing.T) {
	for _, c := range []struct {
		target float64
		bad    int // every so manieth
		burn   string
	}{
		{99.9, 4, "250"},
		{99.9, 2, "500"},
		{99.99, 5, "2000"},
		{99.5, 20, "10"},
		{99.7, 12, "27.77777777777778"},
	} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", fmt.Sprintf("slis: { availability: { target: %v } }\n    metrics: [full]", c.target)))
		var lines []string
		each(-3000, 600, 1, func(n float64, i int) {
			status := 200
			if i%c.bad == 0 {
				status = 500
			}
			lines = append(lines, fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:%d", stamp(n), status))
		})
		h.lines("a.log", lines...)
		m := h.metrics(612)
		if got := m["burn.v.availability_1h"]; got != c.burn {
			t.Errorf("target %v, one bad of %d: want a burn of %s, got %s", c.target, c.bad, c.burn, got)
		}
		for name, value := range m {
			if len(value) > 18 && name != "budget.v.availability" {
				t.Errorf("%s is %s", name, value)
			}
		}
	}
}

func TestAYoungBudgetIsCalledAProjection(t *testing.T) {
	for _, c := range []struct {
		from float64
		want bool
	}{{0, true}, {-86400, false}, {-80000, true}} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", ""+"slis: { availability: { target: 99 } }"))
		var lines []string
		each(c.from, 600, 60, func(n float64, _ int) {
			lines = append(lines, "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200")
		})
		h.lines("a.log", lines...)
		line := lineWith(h.run(612, "explain").out, "error budget left")
		if strings.Contains(line, "a projection until a whole day is measured") != c.want {
			t.Errorf("a history from %v on: want a projection %v, got %q", c.from, c.want, line)
		}
	}
}

// A table of what is left says so, too, cell by cell: what it rests on stands below it.
func TestAYoungBudgetIsCalledAProjectionInTheTable(t *testing.T) {
	for _, c := range []struct {
		from float64
		want []string // of the line of availability
	}{
		{0, []string{"100%", "(projected)", "100%", "(projected)"}},
		{-86400, []string{"100%", "100%"}},
	} {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    slo: { periods: [28d, 7d] }"))
		var lines []string
		each(c.from, 600, 60, func(n float64, _ int) { lines = append(lines, labelled(n, "status:200")) })
		h.lines("a.log", lines...)
		if got := strings.Fields(lineWith(h.run(612, "budget").out, "  availability ")); len(got) == 0 || !slices.Equal(got[1:], c.want) {
			t.Errorf("a log from %v on: want %q, got %q", c.from, c.want, got)
		}
	}
}

// Excluded minutes are none of the period that a budget is for.
func TestABudgetLeavesOutWhatIsExcluded(t *testing.T) {
	h := newHost(t)
	// Of each day half is excluded: the rest is all of what the budget is for.
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    slo: { period: 1d }\n    metrics: [full]\n    exclude: [ { weekly: \"Sun-Sat 00:00-12:00\", time_zone: UTC, reason: closed } ]"))
	var lines []string
	each(-86400, 600, 60, func(n float64, i int) {
		status := 200
		if i%100 == 0 {
			status = 500
		}
		lines = append(lines, fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:%d", stamp(n), status))
	})
	h.lines("a.log", lines...)
	e := h.explain(612).sli("availability")
	if e.Budget == nil || *e.Budget > 0.05 || *e.Budget < -0.2 {
		t.Errorf("one of a hundred bad for all of the open time: want about nothing left, got %v", e.Budget)
	}
}

// The clock on the wall decides, so that a repeated hour is excluded twice.
func TestAWeeklyExclusionOverARepeatedHour(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", `slis: { availability: { target: 99, window: 1h } }
    exclude: [ { weekly: "Sun 02:00-04:00", time_zone: Europe/Berlin, reason: maintenance } ]`))
	// 2026-10-25: 02:00 in summer is 00:00 UTC, 04:00 in winter 03:00 UTC.
	const midnight = 236*86400 + 12*3600
	var lines []string
	each(midnight-3600, midnight+5*3600, 60, func(n float64, _ int) { lines = append(lines, "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200") })
	h.lines("a.log", lines...)
	for hour, want := range map[float64]int{0: 0, 1: 60, 2: 60, 3: 60, 4: 0} {
		text := h.run(midnight+hour*3600+12, "explain").out
		if excluded := strings.Contains(text, "60 minutes excluded"); excluded != (want == 60) {
			t.Errorf("the hour before %v UTC: want %d minutes excluded: %s", hour, want, lineWith(text, "excluded"))
		}
	}
}

func TestDoctorSaysOfTheStateWhatARunSays(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
	h.lines("a.log", "time:"+stamp(0)+"\tmethod:GET\turi:/\tstatus:200")
	h.file("file", "")
	for dir, usable := range map[string]bool{
		"new": true, "new/er": true, "state": true,
		strings.Repeat("long", 75): false, "file": false, "file/below": false,
	} {
		doctor := h.run(72, "--state-dir", h.path(dir), "doctor")
		run := h.run(72, "--state-dir", h.path(dir))
		if strings.Contains(run.complaints, "without state") == usable {
			t.Errorf("%.20s: the run says %q", dir, run.complaints)
		}
		if ok := strings.Contains(doctor.out, "ok     state can be kept"); ok != usable || usable != (doctor.code == 0) && !strings.Contains(doctor.out, "mackerel-agent.conf doesn't name") {
			t.Errorf("%.20s: doctor says %s", dir, doctor.out)
		}
	}
}

// Names of limits become names of metrics, where a dot is an underscore: two that would be one
// are refused, whatever they are of.
func TestTwoLimitsThatWouldBeOneMetricAreRefused(t *testing.T) {
	for _, c := range []struct {
		indexes string
		clash   bool
	}{
		{`["by.user", "by_user"]`, true},
		{`["by_user", "a.b.c", "a_b.c"]`, true},
		{`["by.user", "by-user"]`, false},
		{`["by.user", "by.owner"]`, false},
	} {
		h := newHost(t)
		h.config(`
pipelines:
  - name: p
    metrics: [full]
    aws: { region: eu-west-1 }
    stages:
      - { name: in, kinesis: { stream: s } }
      - { name: work, lambda: { function: f } }
      - { name: table, dynamodb: { table: tab.v2, operation: PutItem, writes: one_per_record, indexes: ` + c.indexes + ` } }
    slis: { freshness: { threshold: 60s, target: 99 } }
`)
		h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
		a := h.run(0)
		if refused := a.code == 2 && strings.Contains(a.complaints, "would be one metric of the capacity graph"); refused != c.clash {
			t.Errorf("indexes %s: want them refused %v, got %d %q", c.indexes, c.clash, a.code, a.complaints)
		}
		if names := strings.Count(a.out, `"table_by_user_write"`); names > 1 {
			t.Errorf("indexes %s: table_by_user_write is defined %d times", c.indexes, names)
		}
	}
}
