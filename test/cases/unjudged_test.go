package cases

import (
	"fmt"
	"strings"
	"testing"
)

// combined is a line of a combined log: a request answered at n, and what stands
// behind its user agent.
func combined(n float64, method, uri string, status int, behind string) string {
	at := noon.Add(seconds(n)).Format("02/Jan/2006:15:04:05 -0700")
	return fmt.Sprintf(`192.0.2.1 - - [%s] "%s %s HTTP/1.1" %d 12 "-" "ua"%s`, at, method, uri, status, behind)
}

// labelled is a line of an LTSV log.
func labelled(n float64, fields ...string) string {
	return strings.Join(append([]string{"time:" + stamp(n)}, fields...), "\t")
}

// TestRequestsThatCannotBeJudgedAreNotMeasured: requests came, and of none it can be
// told whether it was good. That is no quiet night; the reason names what is missing,
// or what can't be read, and what to do.
func TestRequestsThatCannotBeJudgedAreNotMeasured(t *testing.T) {
	const (
		available = "slis: { availability: { target: 99 } }"
		quick     = "slis: { latency: { threshold: 100ms, target: 99 } }"
	)
	for _, c := range []struct {
		name, format, slis string
		line               func(n float64, i int) string
		uncertain          float64
		because            []string
	}{
		{"combined logs have no request time", "combined", quick, func(n float64, _ int) string { return combined(n, "GET", "/a", 200, "") },
			30, []string{"no request time", "$request_time"}},
		{"common logs have none either", "combined", quick,
			func(n float64, _ int) string {
				return strings.TrimSuffix(combined(n, "GET", "/a", 200, ""), ` "-" "ua"`)
			},
			30, []string{"no request time", "$request_time"}},
		{"a fraction is no duration", "combined", quick, func(n float64, _ int) string { return combined(n, "GET", "/a", 200, " 1/1200300") },
			30, []string{"1/1200300", "columns"}},
		{"a dash is no duration", "combined", quick, func(n float64, _ int) string { return combined(n, "GET", "/a", 200, " -") },
			30, []string{`"-"`}},
		{"LTSV with a status under another name", "ltsv", available, func(n float64, _ int) string { return labelled(n, "uri:/", "http_code:500", "reqtime:0.2") },
			30, []string{"no status", "fields: {status: http_code}"}},
		{"JSON with a status under another name", "json", available,
			func(n float64, _ int) string {
				return fmt.Sprintf(`{"time":"%s","http_code":500,"method":"GET","uri":"/","request_time":0.2}`, stamp(n))
			},
			30, []string{"no status", "fields: {status: http_code}"}},
		{"a status that is a dash", "ltsv", available, func(n float64, _ int) string { return labelled(n, "uri:/", "status:-") },
			30, []string{"status", `"-"`}},
		{"a status that is a word", "json", available,
			func(n float64, _ int) string { return fmt.Sprintf(`{"time":"%s","status":"OK","uri":"/"}`, stamp(n)) },
			30, []string{"status", `"OK"`}},
		{"a status outside of HTTP", "ltsv", available, func(n float64, _ int) string { return labelled(n, "uri:/", "status:1200") },
			30, []string{"status", `"1200"`}},
		{"a good condition on a label that no line has", "ltsv", `slis: { availability: { target: 99, good: { upstream_bytes: "<1000" } } }`,
			func(n float64, _ int) string { return labelled(n, "uri:/", "status:200") },
			30, []string{"upstream_bytes", "good"}},
		{"a good condition on a label that few lines have", "ltsv", `slis: { availability: { target: 99, good: { error: "!E1" } } }`,
			func(n float64, i int) string {
				if i%10 == 0 {
					return labelled(n, "uri:/", "status:200", "error:E1")
				}
				return labelled(n, "uri:/", "status:200")
			},
			27, []string{"27 of 30", "error", "good"}},
		{"a duration that is a word", "json", quick,
			func(n float64, _ int) string {
				return fmt.Sprintf(`{"time":"%s","status":200,"method":"GET","uri":"/","request_time":"quick"}`, stamp(n))
			},
			30, []string{"request_time", `"quick"`}},
		{"LTSV without a duration", "ltsv", quick, func(n float64, _ int) string { return labelled(n, "uri:/", "status:200", "took:0.2") },
			30, []string{"no request time", "fields: {latency: took}"}},
		{"a pattern without a group for the duration", `regex, pattern: '^(?P<time>\S+) (?P<status>\d+)'`, quick,
			func(n float64, _ int) string { return stamp(n) + " 200" },
			30, []string{"no request time", "(?P<latency>"}},
		{"a balancer that got no answer", "alb", quick,
			func(n float64, _ int) string {
				return fmt.Sprintf(`https %s app/a/1 192.0.2.1:1 - -1 -1 -1 200 - 1 1 "GET https://h:443/ HTTP/1.1" "ua" - - - "-" "-" "-" 0 %s "-" "-" "-" "-" "-" "-" "-"`,
					noon.Add(seconds(n)).Format("2006-01-02T15:04:05.000000Z"), noon.Add(seconds(n)).Format("2006-01-02T15:04:05.000000Z"))
			},
			30, []string{"-1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			kind := "availability"
			if strings.Contains(c.slis, "latency") {
				kind = "latency"
			}
			h.config(oneLog(c.format, "start: beginning", c.slis+"\n    check: { sli: ["+kind+"], warning_ratio: 1.5 }"))
			each(0, 600, 10, func(n float64, i int) { h.lines("a.log", c.line(n, i)) })
			e := h.explain(612)
			s := e.sli(kind)
			if s.Status != "not_measured" || s.Measured != 0 || s.Ratio != nil || s.Uncertain != c.uncertain || s.Valid != 30-c.uncertain {
				t.Errorf("want not_measured, measured 0, %v uncertain, got %+v", c.uncertain, s)
			}
			if s.Budget != nil {
				t.Errorf("want no budget where no minute was measured, got %v", *s.Budget)
			}
			run := h.run(612)
			line := h.check(612)
			if !strings.HasPrefix(line, "UNKNOWN: v: "+kind+" not measured") {
				t.Errorf("check: got %q", line)
			}
			if got := h.metrics(612)["sli.v.measured"]; got != "0" {
				t.Errorf("measured: want 0, got %q", got)
			}
			if e.Verdict.Rule == nil || *e.Verdict.Rule != "not_measured" {
				t.Errorf("rule: got %v", e.Verdict)
			}
			for _, word := range c.because {
				for where, text := range map[string]string{"reason": s.Reason, "stderr": run.complaints, "check": line} {
					if !strings.Contains(text, word) {
						t.Errorf("%s: want %q in %q", where, word, text)
					}
				}
			}
		})
	}
}

// TestWhatCanBeJudgedIsAValue: some that can't be judged among others leave a value, with
// a warning where they are over a tenth.
func TestWhatCanBeJudgedIsAValue(t *testing.T) {
	for _, c := range []struct {
		name  string
		every int // so many requests hold one without a status
		warns bool
	}{{"one in twenty", 20, false}, {"one in three", 3, true}} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
			each(0, 600, 2, func(n float64, i int) {
				if i%c.every == 0 {
					h.lines("a.log", labelled(n, "uri:/"))
				} else {
					h.lines("a.log", labelled(n, "uri:/", "status:200"))
				}
			})
			s := h.explain(612).sli("availability")
			if s.Status != "value" || s.Ratio == nil || *s.Ratio != 1 || s.Measured != 1 {
				t.Errorf("want a value of 1, got %+v", s)
			}
			warned := strings.Contains(strings.Join(s.Warnings, " "), "can't be judged: their lines have no status")
			if warned != c.warns {
				t.Errorf("want a warning: %v, got %q", c.warns, s.Warnings)
			}
			for where, text := range map[string]string{"stderr": h.run(612).complaints, "doctor": h.run(612, "doctor").out, "explain": h.run(612, "explain").out} {
				if got := strings.Contains(text, "can't be judged: their lines have no status"); got != c.warns {
					t.Errorf("%s: want a warning: %v, got %q", where, c.warns, text)
				}
			}
		})
	}
}

// TestWhereNothingWasLoggedIsNoTraffic, and so is where nothing is left to judge.
func TestWhereNothingWasLoggedIsNoTraffic(t *testing.T) {
	const available = "slis: { availability: { target: 99 } }"
	for _, c := range []struct {
		name, section, slis string
		line                func(n float64) string
		kind, because       string
	}{
		{"a silent log", "", available, nil, "availability", "no requests"},
		{"none of the methods that are wanted", "where: { method: POST }", available,
			func(n float64) string { return labelled(n, "method:GET", "status:200") }, "availability", "no requests"},
		{"all were given up by their clients", "", available,
			func(n float64) string { return labelled(n, "status:499", "reqtime:0.3") }, "availability", "their clients went away"},
		{"all failed and speed is of those that succeeded", "", "slis: { latency: { threshold: 1s, target: 99 } }",
			func(n float64) string { return labelled(n, "status:500", "reqtime:0.3") }, "latency", "no requests answered successfully"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning, "+c.section, c.slis+"\n    check: { sli: ["+c.kind+"], warning_ratio: 90 }"))
			h.lines("a.log", labelled(-10, "method:POST", "status:200", "reqtime:0.1"))
			if c.line != nil {
				each(0, 600, 10, func(n float64, _ int) { h.lines("a.log", c.line(n)) })
			}
			s := h.explain(612).sli(c.kind)
			if s.Status != "no_traffic" || s.Measured != 1 || s.Ratio != nil || !strings.Contains(s.Reason, c.because) {
				t.Errorf("want no_traffic, for %q, got %+v", c.because, s)
			}
			if got := h.check(612); got != "OK: v: no traffic" {
				t.Errorf("check: got %q", got)
			}
			if a := h.run(612); a.complaints != "" {
				t.Errorf("stderr: want none, got %q", a.complaints)
			}
			if text := h.run(612, "explain").out; !strings.Contains(text, c.because) {
				t.Errorf("explain: want %q in %q", c.because, text)
			}
		})
	}
}

// TestAMinuteThatCannotBeJudgedLeavesWindowsAndBudgets: minutes are measured or not by the
// same rule as windows, and those that aren't are in no budget.
func TestAMinuteThatCannotBeJudgedLeavesWindowsAndBudgets(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 90 } }\n    slo: { period: 1d }"))
	each(0, 600, 10, func(n float64, i int) {
		switch {
		case 420 <= n && n < 440: // two of a minute fail, three have no status, one is well
			h.lines("a.log", labelled(n, "status:500"))
		case 440 <= n && n < 470:
			h.lines("a.log", labelled(n, "uri:/"))
		default:
			h.lines("a.log", labelled(n, "status:200"))
		}
	})
	s := h.explain(612).sli("availability")
	if got := s.counts(); s.Status != "value" || got != "25/27 uncertain 3" {
		t.Errorf("three of six of the minute can be judged, want 25/27 uncertain 3, got %s %s", s.Status, got)
	}
	h.lines("a.log", labelled(470, "uri:/")) // late: four of seven can't be
	s = h.explain(612).sli("availability")
	if got := s.counts(); s.Status != "value" || got != "24/24" || s.Measured != 0.8 {
		t.Errorf("four of seven can't be judged, want 24/24 of 0.8, got %s %s of %v", s.Status, got, s.Measured)
	}
	if s.Budget == nil || *s.Budget != 1 {
		t.Errorf("budget: want 1, got %v", s.Budget)
	}
}

// TestABreachStandsWhateverCouldNotBeJudged: where a limit is broken even if all that
// couldn't be judged was good, the check says so.
func TestABreachStandsWhateverCouldNotBeJudged(t *testing.T) {
	for _, c := range []struct {
		limit string
		want  string
	}{{"95", "CRITICAL: v: availability at most 60% is below 95%"}, {"50", "UNKNOWN: v: availability not measured"}} {
		t.Run(c.limit, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", `slis: { availability: { target: 99, good: { error: "!E1" } } }`))
			each(0, 600, 2, func(n float64, i int) {
				if i%10 < 4 {
					h.lines("a.log", labelled(n, "status:200", "error:E1"))
				} else {
					h.lines("a.log", labelled(n, "status:200"))
				}
			})
			if got := h.check(612, "--sli", "availability", "--critical-ratio", c.limit); !strings.HasPrefix(got, c.want) {
				t.Errorf("want %q, got %q", c.want, got)
			}
		})
	}
}

// TestSpeedIsNotJudgedWhereSuccessIsNotKnown: what isn't known to have succeeded is none of
// the requests whose speed counts, nor is it known not to be.
func TestSpeedIsNotJudgedWhereSuccessIsNotKnown(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 }, latency: { threshold: 1s, target: 99 } }"))
	each(0, 600, 10, func(n float64, i int) { h.lines("a.log", labelled(n, "http_code:200", "reqtime:0.2")) })
	e := h.explain(612)
	for _, kind := range []string{"availability", "latency"} {
		if s := e.sli(kind); s.Status != "not_measured" || s.counts() != "0/0 uncertain 30" || !strings.Contains(s.Reason, "fields: {status: http_code}") {
			t.Errorf("want not_measured for lack of a status, got %+v", s)
		}
	}
	if a := h.run(612); strings.Count(a.complaints, "\n") != 1 || !strings.Contains(a.complaints, "availability, latency not measured: 30 of 30 requests can't be judged") {
		t.Errorf("stderr: got %q", a.complaints)
	}
}

// TestRecordsThatCannotBeJudgedAreNotMeasured: of what came out it isn't known when it was
// accepted.
func TestRecordsThatCannotBeJudgedAreNotMeasured(t *testing.T) {
	for _, c := range []struct {
		name    string
		line    func(n float64, i int) string
		counts  string
		status  string
		because []string
	}{
		{"accepted after they came out", func(n float64, _ int) string { return worked(n+1, "done", "-", n+40_000) },
			"0/0 uncertain 30", "not_measured", []string{"30 of 30 records", "before they were accepted", "clocks"}},
		{"accepted_at under another name", func(n float64, _ int) string {
			return fmt.Sprintf(`{"ts":"%s","msg":"done","accepted":"%s"}`, stamp(n+1), stamp(n))
		},
			"0/0 uncertain 30", "not_measured", []string{"30 of 30 records", "no acc", "did you mean accepted?"}},
		{"two of three without", func(n float64, i int) string {
			if i%3 == 0 {
				return worked(n+1, "done", "-", n)
			}
			return fmt.Sprintf(`{"ts":"%s","msg":"done"}`, stamp(n+1))
		}, "10/10 uncertain 20", "not_measured", []string{"20 of 30 records", "no acc"}},
		{"one of three without", func(n float64, i int) string {
			if i%3 != 0 {
				return worked(n+1, "done", "-", n)
			}
			return fmt.Sprintf(`{"ts":"%s","msg":"done"}`, stamp(n+1))
		}, "20/20 uncertain 10", "value", []string{"10 of 30 records", "no acc"}},
		{"lines that fail what ok asks for came out in no way", func(n float64, _ int) string { return worked(n+1, "failed", "-", n) },
			"0/0", "no_traffic", []string{"no records that came out"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(false, "start: beginning", "slis: { freshness: { threshold: 2h, target: 99 } }"))
			each(0, 600, 10, func(n float64, i int) {
				h.lines("front.json", request(n, 200, "-"))
				h.lines("worker.json", c.line(n, i))
			})
			s := h.explain(612).sli("freshness")
			if s.Status != c.status || s.counts() != c.counts {
				t.Errorf("want %s %s, got %+v", c.status, c.counts, s)
			}
			said := s.Reason + strings.Join(s.Warnings, "; ")
			for _, word := range c.because {
				if !strings.Contains(said, word) {
					t.Errorf("want %q in %q", word, said)
				}
			}
		})
	}
}

// TestAReasonSaysWhichMinutesItCounts: the counts beside it are of the measured minutes, or of
// all that hold some; what couldn't be judged is told of those that have an answer.
func TestAReasonSaysWhichMinutesItCounts(t *testing.T) {
	for _, c := range []struct {
		name           string
		from, unjudged float64 // where the lines begin, and where their status is no longer known
		counts, said   string
	}{
		{"most minutes are doubtful", -590, -290, "30/30 uncertain 29", `in 9 minutes that have an answer, 29 of 54 requests can't be judged: status is "-"`},
		{"some are beside a value", -590, -190, "35/35 uncertain 1", `in 9 minutes that have an answer, 19 of 54 requests can't be judged: status is "-"`},
		{"all are and have an answer", -600, -600, "0/0 uncertain 60", `60 of 60 requests can't be judged: status is "-"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "window: 10m\n    slis: { availability: { target: 99 } }"))
			if c.from == -600 { // else nobody saw the first minute's begin
				h.lines("a.log", labelled(c.from-600, "status:200"))
			}
			each(c.from, 0, 10, func(n float64, _ int) {
				status := "status:200"
				if n >= c.unjudged {
					status = "status:-"
				}
				h.lines("a.log", labelled(n, status))
			})
			s := h.explain(12).sli("availability")
			said := strings.Join(append(s.Warnings, s.Reason), " ")
			if s.counts() != c.counts || !strings.HasPrefix(strings.TrimSpace(said), c.said) {
				t.Errorf("want %s and %s, got %s and %s", c.counts, c.said, s.counts(), said)
			}
		})
	}
}
