package applog

import (
	"fmt"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

const worker = `
path: PATH
fields: { time: ts, accepted_at: rec.accepted_at, id: rec.id }
events:
  - { match: {msg: done},    is: done }
  - { match: {msg: skipped}, is: filtered }
  - { match: {msg: error},   is: failed }
  - { match: {msg: audit, equal: "true"},  is: correct }
  - { match: {msg: audit}, is: wrong }
`

func TestALineSaysWhatItsFirstMatchingRuleSays(t *testing.T) {
	rec := `"rec":{"id":"a","accepted_at":"2026-11-22T02:39:58.5Z"}`
	for _, c := range []struct{ line, want string }{
		{`"msg":"done",` + rec, "done 1 delay 1.5s"},
		{`"msg":"done","rec":{"accepted_at":1795315198500}`, "done 1 delay 1.5s"},
		{`"msg":"done"`, "done 1"},
		{`"msg":"done","rec":{"accepted_at":""}`, "done 1"},
		{`"msg":"done","rec":{"accepted_at":"2026-11-22T02:40:04Z"}`, "done 1 delay 0s"},
		{`"msg":"done","rec":{"accepted_at":"2026-11-22T02:40:06Z"}`, "done 1"},
		{`"msg":"done","rec":{"accepted_at":"yesterday"}`, "malformed"},
		{`"msg":"done","rec":{"id":"pipeline-sli-prover-0a-1"}`, ""}, // a known-answer record
		{`"msg":"skipped",` + rec, "filtered 1"},
		{`"msg":"error"`, "failed 1"},
		{`"msg":"audit","equal":true`, "correct 1"},
		{`"msg":"audit","equal":false`, "wrong 1"},
		{`"msg":"audit"`, "wrong 1"},
		{`"msg":"hello"`, ""},
		{`"level":"info"`, ""},
	} {
		checkLine(t, worker, c.line, c.want)
	}
}

// checkLine reads one JSON line, stamped, beside one that matches nothing.
func checkLine(t *testing.T, section, members, want string) {
	t.Helper()
	got := lines(t, section, `{"ts":"`+stamp+`","time":"`+stamp+`"}`, `{"ts":"`+stamp+`","time":"`+stamp+`",`+members+`}`)
	tally := got.cell.Tally
	events := strings.Join(got.events, ", ")
	if want == "malformed" {
		if tally.Malformed != 1 || tally.Parsed != 1 || events != "" || got.batch.FirstBad == "" {
			t.Errorf("%s: want malformed, got %q %+v %q", members, events, tally, got.batch.FirstBad)
		}
		return
	}
	if events != want || tally.Parsed != 2 {
		t.Errorf("%s: want %q, got %q, %+v %q", members, want, events, tally, got.batch.FirstBad)
	}
}

func TestALineMayCountABatch(t *testing.T) {
	for _, c := range []struct{ section, line, want string }{
		{"events: [{match: {msg: batch}, signals: {received: in, done: ok, failed: ng}}]", `"msg":"batch","in":10,"ok":8,"ng":2`, "received 10, done 8, failed 2"},
		{"events: [{match: {msg: batch}, signals: {received: in, done: ok, failed: ng}}]", `"msg":"batch","in":"10","ok":10,"ng":0`, "received 10, done 10"},
		{"events: [{match: {msg: batch}, signals: {received: in, done: ok, failed: ng}}]", `"msg":"batch","in":10`, "received 10"},
		{"events: [{match: {msg: batch}, signals: {received: in, done: ok, failed: ng}}]", `"msg":"batch"`, "malformed"},
		{"events: [{match: {msg: batch}, signals: {received: in, done: ok, failed: ng}}]", `"msg":"batch","in":10,"ok":-1`, "malformed"},
		{"events: [{match: {msg: batch}, signals: {received: in, done: ok, failed: ng}}]", `"msg":"batch","in":10,"ok":"many"`, "malformed"},
		{"events: [{is: accepted, match: {n: '>=0'}, count: n}]", `"n":3`, "accepted 3"},
		{"events: [{is: accepted, match: {n: '~.'}, count: n}]", `"n":-3`, "malformed"},
		{"events: [{is: accepted, match: {n: '~.'}, count: n}]", `"n":"NaN"`, "malformed"},
		{"events: [{is: accepted, match: {n: '~.'}, count: n}]", `"n":1e300`, "malformed"},
		{"events: [{is: accepted, match: {n: '~.'}, count: m}]", `"n":1`, "malformed"},
		{"events: [{is: dropped, match: {n: '~.'}, count: 2.5}]", `"n":1`, "dropped 2.5"},
		{"events: [{match: {n: '~.'}, count: n, delay: d}]", `"n":4,"d":0.25`, "done 4 delay 250ms"},
		{"latency_unit: ms\nevents: [{match: {d: '~.'}, delay: d}]", `"d":250`, "done 1 delay 250ms"},
		{"events: [{match: {d: '~.'}, delay: d}]", `"d":"250ms"`, "done 1 delay 250ms"},
		{"events: [{match: {d: '~.'}, delay: d}]", `"d":"soon"`, "malformed"},
		{"events: [{match: {d: '~.'}, delay: d}]", `"d":-1`, "malformed"},
		{"events: [{match: {s: '~.'}, delay: d}]", `"s":1`, "done 1"},
		{"events: [{match: {s: '~.'}, ok: {s: '<400'}}]", `"s":200`, "done 1"},
		{"events: [{match: {s: '~.'}, ok: {s: '<400'}}]", `"s":500`, "failed 1"},
		{"events: [{match: {s: '~.'}, ok: {t: x}}]", `"s":500`, "failed 1"},
		{"where: {s: '!500'}\nevents: [{match: {s: '~.'}}]", `"s":500`, ""},
		{"fields: {kind: log.kind}\nevents: [{match: {kind: x}, is: duplicate}]", `"log":{"kind":"x"}`, "duplicate 1"},
		{"events: [{match: {id: a, host: 'h:80'}, is: dead_lettered}]", `"id":"a","host":"h:80"`, "dead_lettered 1"},
	} {
		checkLine(t, "path: PATH\n"+c.section, c.line, c.want)
	}
}

func TestRunsOfABatchJob(t *testing.T) {
	section := `
path: PATH
fields: { watermark: upto, should: should, processed: did }
runs: { every: 1h, at: "05", target: 90 }
events:
  - { match: {msg: start}, is: run_start }
  - { match: {msg: end}, is: run_done }
`
	for _, c := range []struct{ line, want string }{
		{`"msg":"start"`, "run_start 1"},
		{`"msg":"end","should":100,"did":90`, "run_done 1 watermark 02:40:00 should 100 good"},
		{`"msg":"end","should":100,"did":89`, "run_done 1 watermark 02:40:00 should 100 bad"},
		{`"msg":"end","should":0,"did":0`, "run_done 1 watermark 02:40:00 should 0 good"},
		{`"msg":"end","did":89`, "run_done 1 watermark 02:40:00 uncertain"},
		{`"msg":"end","upto":"2026-11-22T02:00:00Z","should":1,"did":1`, "run_done 1 watermark 02:00:00 should 1 good"},
		{`"msg":"end","should":"x"`, "malformed"},
		{`"msg":"end","upto":"x"`, "malformed"},
	} {
		checkLine(t, section, c.line, c.want)
	}
	facts := configured(t, section, "/x").Facts()
	if got := fmt.Sprint(*facts.Runs); got != "{1h0m0s 5m0s 30m0s 0.9 UTC}" {
		t.Errorf("schedule %s", got)
	}
}

func TestIDsOfSeveralFieldsDontRunTogether(t *testing.T) {
	ids := map[uint64]string{}
	none := 0
	for _, line := range []string{`"a":"x","b":"yz"`, `"a":"xy","b":"z"`, `"a":"xyz"`, `"b":"xyz"`, `"a":"x","b":""`} {
		id, has := idOf(t, "[a, b]", line)
		if !has {
			none++
			continue
		}
		if other, ok := ids[id]; ok {
			t.Errorf("%s and %s have the same id", line, other)
		}
		ids[id] = line
	}
	if none != 3 {
		t.Errorf("%d lines without an id", none)
	}
	one, _ := idOf(t, "a", `"a":"x"`)
	again, _ := idOf(t, "b", `"c":1,"b":"x"`)
	if one != again {
		t.Error("one id under two names differs")
	}
}

func idOf(t *testing.T, fields, members string) (id uint64, has bool) {
	t.Helper()
	path := write(t, `{"time":"`+stamp+`",`+members+"}\n")
	s := configured(t, "path: PATH\nfields: {id: "+fields+"}\nevents: [{is: accepted}]", path)
	_, err := s.Read(t.Context(), sli.Ask{Now: now, Final: true, Count: func(sli.Minute, sli.Tally) {},
		Emit: func(e *sli.Event) { id, has = e.ID, e.HasID }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id, has
}

func TestRecordsThatComeOutTooEarlyAreUncertainAndSaid(t *testing.T) {
	got := lines(t, worker, `{"ts":"`+stamp+`","msg":"done","rec":{"accepted_at":"2026-11-22T02:40:06Z"}}`)
	if len(got.batch.Warnings) != 1 || !strings.Contains(got.batch.Warnings[0], "1 records came out more than 5s before") {
		t.Errorf("warnings %q", got.batch.Warnings)
	}
}

func TestOtherFormats(t *testing.T) {
	for _, c := range []struct{ section, line, want string }{
		{"format: ltsv\nfields: {accepted_at: acc}", "time:" + stamp + "\tacc:2026-11-22T02:39:59Z", "done 1 delay 1s"},
		{"format: auto\nevents: [{match: {msg: done}}]", "time:" + stamp + "\tmsg:done", "done 1"},
		{"format: regex\npattern: '^(?P<time>\\S+) (?P<what>\\w+) (?P<n>\\d+)$'\nevents: [{match: {what: out}, count: n}]", stamp + " out 7", "done 7"},
		{"format: json\ntime_zone: Asia/Tokyo", `{"time":"2026-11-22 11:40:00"}`, "done 1"},
		{"", "2026-11-22T02:40:00.1Z stdout F " + `{"time":"` + stamp + `"}`, "done 1"},
		{"", `{"log":"{\"msg\":1}\n","stream":"stdout","time":"` + stamp + `"}`, "done 1"},
	} {
		got := lines(t, "path: PATH\n"+c.section, c.line)
		same(t, c.line, got.events, []string{c.want})
	}
}

func TestWrongSectionsAreRefusedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ section, want string }{
		{"events: [{is: delivered}]", "events[0].is: must be one of accepted, received, done"},
		{"events: [{signals: {sent: n}}]", `signals.sent: no signal is called "sent"`},
		{"events: [{signals: {done: n}, is: done}]", "signals says what is counted already"},
		{"events: [{count: -1}]", "events[0].count: must be a field, or a number from 0 to 2^53"},
		{"events: [{is: accepted, ok: {a: b}}]", "ok is for done only"},
		{"events: [{is: accepted, delay: d}]", "delay is for done only"},
		{"events: [{match: {a: '<x'}}]", "events[0].match: a: < needs a number"},
		{"where: {a: '~('}", "where: a: not a regular expression"},
		{"fields: {watermark: [a, b]}", "fields.watermark: must be one field"},
		{"runs: {every: 7h}", "runs.every: must be whole minutes that divide a day"},
		{"runs: {every: 1h, at: '61'}", "runs.at: must be a minute or a time of day"},
		{"runs: {every: 1h, at: '02:30'}", "runs.at: must be"},
		{"format: combined", "format: must be one of json, ltsv, emf, report, regex, "},
		{"format: regex", "needs a pattern"},
	} {
		_, err := tryConfigured("path: /x\n" + c.section)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %q, got %v", c.section, c.want, err)
		}
	}
}

func TestFactsFollowFromTheSectionAlone(t *testing.T) {
	for _, c := range []struct{ section, signals string }{
		{"", "[done invocations]"},
		{"format: ltsv", "[done]"},
		{"format: report", "[invocations]"},
		{"format: emf", "[done invocations]"},
		{"events: [{is: accepted}]", "[accepted invocations]"},
		{"events: [{signals: {received: a, done: b, failed: c}}]", "[received done failed invocations]"},
		{"events: [{ok: {a: b}}]", "[done failed invocations]"},
	} {
		if got := fmt.Sprint(configured(t, "path: PATH\n"+c.section, "/x").Facts().Signals); got != c.signals {
			t.Errorf("%s: want %s, got %s", c.section, c.signals, got)
		}
	}
	with := configured(t, worker, "/x").Facts()
	if !with.Delay || !with.IDs || with.Scope != sli.Local || with.Reads != "/x" || with.MaxMalformed != 0.1 {
		t.Errorf("%+v", with)
	}
	rules := map[string]bool{}
	for _, section := range []string{"", "where: {a: b}", "events: [{is: done}]", "events: [{is: done, count: n}]", "fields: {id: x}", "fields: {time: x}", "runs: {every: 1h}", "format: json", "latency_unit: ms"} {
		rule := configured(t, "path: PATH\n"+section, "/x").Facts().Rule
		if rules[rule] {
			t.Errorf("%q doesn't change the rule", section)
		}
		rules[rule] = true
	}
}
