package cases

import (
	"fmt"
	"strings"
	"testing"
)

// matched is how many lines of the first stage were let through in the window.
func (e explained) matched() any { return e.Stages[0].Source["matched"] }

// TestAWhereThatNeverMatches: it is said, with what the log has instead; and where no line
// has the key at all, nothing was measured.
func TestAWhereThatNeverMatches(t *testing.T) {
	post := func(n float64, _ int) string { return combined(n, "POST", "/videos", 200, "") }
	for _, c := range []struct {
		name, format, where string
		line                func(n float64, i int) string
		step                float64
		status              string
		says                []string
		loud                bool // on stderr too
	}{
		{"a path is no prefix", "combined", "{ uri: /video }", post, 20, "no_traffic",
			[]string{`where matches 0 of 30 lines`, `uri is "/videos"`, `^/video`}, false},
		{"a path is no prefix in 300 lines", "combined", "{ uri: /video }", post, 2, "no_traffic",
			[]string{`where matches 0 of 300 lines`, `^/video`}, true},
		{"case counts", "combined", "{ method: post }", post, 2, "no_traffic",
			[]string{`where matches 0 of 300 lines`, `method is "POST"`, "case"}, true},
		{"other values", "ltsv", "{ host: api }", func(n float64, i int) string { return labelled(n, "status:200", fmt.Sprintf("vhost:web%d", i%2)) }, 2, "no_traffic",
			[]string{`where matches 0 of 300 lines`, `host is "web0", "web1"`}, true},
		{"no such label in 30 lines", "ltsv", "{ status_class: 2xx }", func(n float64, _ int) string { return labelled(n, "status:200", "uri:/") }, 20, "no_traffic",
			[]string{`where matches 0 of 30 lines`, "no status_class", "did you mean status?"}, false},
		{"no such label in 300 lines", "ltsv", "{ status_class: 2xx }", func(n float64, _ int) string { return labelled(n, "status:200", "uri:/") }, 2, "not_measured",
			[]string{`where matches 0 of 300 lines`, "no status_class", "did you mean status?"}, true},
		{"a label without a value", "ltsv", "{ tenant: a }", func(n float64, _ int) string { return labelled(n, "status:200", "tenant:-") }, 2, "not_measured",
			[]string{`where matches 0 of 300 lines`, "no tenant", "what stands there is empty, or a dash"}, true},
		{"one of two labels", "json", "{ method: POST, tenant: a }", func(n float64, _ int) string {
			return fmt.Sprintf(`{"time":"%s","status":200,"method":"POST","uri":"/"}`, stamp(n))
		}, 2, "not_measured", []string{`where matches 0 of 300 lines`, "no tenant", "they have method, status, time, uri"}, true},
		{"a label that some lines have", "ltsv", "{ kind: write }", func(n float64, i int) string {
			if i%2 == 0 {
				return labelled(n, "status:200", "kind:read")
			}
			return labelled(n, "status:200")
		}, 2, "no_traffic", []string{`where matches 0 of 300 lines`, `kind is "read"`}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.config(oneLog(c.format, "start: beginning, where: "+c.where, "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"))
			each(0, 600, c.step, func(n float64, i int) { h.lines("a.log", c.line(n, i)) })
			e := h.explain(612)
			s := e.sli("availability")
			if s.Status != c.status || (s.Measured == 0) != (c.status == "not_measured") {
				t.Errorf("want %s, got %+v", c.status, s)
			}
			if got := e.matched(); got != 0. {
				t.Errorf("matched: want 0, got %v", got)
			}
			doctor, run := h.run(612, "doctor"), h.run(612)
			for _, word := range c.says {
				for where, text := range map[string]string{"explain": h.run(612, "explain").out, "json": e.raw, "doctor": doctor.out, "reason": s.Reason} {
					if !strings.Contains(strings.ReplaceAll(text, `\"`, `"`), word) {
						t.Errorf("%s: want %q in %q", where, word, text)
					}
				}
				if strings.Contains(run.complaints, word) != c.loud {
					t.Errorf("stderr: want %q: %v, got %q", word, c.loud, run.complaints)
				}
			}
			if strings.Count(run.complaints, "where matches") > 1 {
				t.Errorf("stderr: want it once, got %q", run.complaints)
			}
			want := "OK: v: no traffic"
			if c.status == "not_measured" {
				want = "UNKNOWN: v: availability not measured: stage front: where matches 0 of 300 lines"
			}
			if got := h.check(612); !strings.HasPrefix(got, want) {
				t.Errorf("check: want %q, got %q", want, got)
			}
			if c.status == "not_measured" && doctor.code != 1 {
				t.Errorf("doctor: want exit 1, got %d", doctor.code)
			}
		})
	}
}

// TestAWhereThatMatchedOnceIsNotDoubted, however long ago, from run to run.
func TestAWhereThatMatchedOnceIsNotDoubted(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning, where: { kind: write }", "slis: { availability: { target: 99 } }"))
	h.lines("a.log", labelled(-100, "status:200", "kind:write"))
	h.run(12)
	for minute := 0.; minute < 8; minute++ {
		each(60*minute+20, 60*minute+70, 1, func(n float64, _ int) { h.lines("a.log", labelled(n, "status:200")) })
		h.run(60*minute + 72)
	}
	e := h.explain(500)
	if s := e.sli("availability"); s.Status != "no_traffic" || s.Measured != 1 {
		t.Errorf("want no_traffic, got %+v", s)
	}
	if a := h.run(500); strings.Contains(a.complaints, "where") {
		t.Errorf("stderr: got %q", a.complaints)
	}
}

// TestAWhereIsDoubtedFromRunToRun: the lines of all runs since its history began are
// counted together; the first match ends the doubt.
func TestAWhereIsDoubtedFromRunToRun(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning, where: { kind: write }", "slis: { availability: { target: 99 } }"))
	var last string
	for minute := 0.; minute < 8; minute++ {
		each(60*minute, 60*minute+60, 3, func(n float64, _ int) { h.lines("a.log", labelled(n, "status:200")) })
		last = h.run(60*minute + 72).complaints
	}
	if want := "where matches 0 of 160 lines"; !strings.Contains(last, want) {
		t.Errorf("want %q, got %q", want, last)
	}
	if s := h.explain(492).sli("availability"); s.Status != "not_measured" {
		t.Errorf("want not_measured, got %+v", s)
	}
	h.lines("a.log", labelled(490, "status:200", "kind:write"))
	if s := h.explain(552).sli("availability"); s.Status != "value" || s.counts() != "1/1" || s.Measured != 1 {
		t.Errorf("want 1/1, got %+v", s)
	}
}

// TestEventsThatNeverMatch are judged together: a single rule that never matches is nothing.
func TestEventsThatNeverMatch(t *testing.T) {
	for _, c := range []struct {
		name, events string
		status       string
		says         string
	}{
		{"no rule's key is there", "[ { match: { event: done }, is: done }, { match: { event: dlq }, is: dropped } ]", "not_measured",
			"events match 0 of 300 lines: their lines have no event"},
		{"the key is there", "[ { match: { msg: Done }, is: done }, { match: { event: dlq }, is: dropped } ]", "no_traffic",
			`events match 0 of 300 lines: msg is "done"`},
		{"one rule matches", "[ { match: { msg: done }, is: done }, { match: { event: dlq }, is: dropped } ]", "value", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(fmt.Sprintf(`
pipelines:
  - name: v
    stages: [ { name: worker, app_log: { path: DIR/a.log, format: json, start: beginning, fields: { time: ts, accepted_at: acc }, events: %s } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
`, c.events))
			each(0, 600, 2, func(n float64, i int) { h.lines("a.log", worked(n+1, "done", "-", n)) })
			e := h.explain(612)
			if s := e.sli("freshness"); s.Status != c.status {
				t.Errorf("want %s, got %+v", c.status, s)
			}
			want := 0.
			if c.status == "value" {
				want = 150
			}
			if got := e.matched(); got != want {
				t.Errorf("matched: want %v, got %v", want, got)
			}
			for where, text := range map[string]string{"explain": h.run(612, "explain").out, "stderr": h.run(612).complaints, "doctor": h.run(612, "doctor").out} {
				if got := strings.Contains(text, "events match"); got != (c.says != "") || !strings.Contains(text, c.says) {
					t.Errorf("%s: want %q in %q", where, c.says, text)
				}
			}
		})
	}
}

// TestAWorkerWhoseEventsNeverMatchIsNoStandstill: nothing is known of what came out.
func TestAWorkerWhoseEventsNeverMatchIsNoStandstill(t *testing.T) {
	h := newHost(t)
	h.config(strings.ReplaceAll(frontAndWorker(true, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99 } }"), "msg:", "message:"))
	each(0, 1200, 2, func(n float64, i int) {
		id := fmt.Sprintf("r%d", i)
		h.lines("front.json", request(n, 200, id))
		h.lines("worker.json", worked(n+1, "done", id, n))
	})
	if got := h.check(1212); !strings.HasPrefix(got, "UNKNOWN: v: ") || !strings.Contains(got, "events match 0 of") || !strings.Contains(got, "no message; they have acc, id, msg, ts") {
		t.Errorf("got %q", got)
	}
}
