package cases

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// spent are an account's stretches in one text each: stage, class, bad.
func (a account) spent() string {
	var out []string
	for _, w := range a.Worst {
		out = append(out, fmt.Sprintf("%s %s %v", w.Stage, w.Class, w.Bad))
	}
	return strings.Join(out, "; ")
}

// TestWhatSpentABudgetIsToldByWhatItWas: stage, class, and of requests path, method and
// status, whatever the format and however many lines are read at once; together all that was
// bad.
func TestWhatSpentABudgetIsToldByWhatItWas(t *testing.T) {
	line := map[string]func(n float64, method, uri string, status int, took float64) string{
		"ltsv": func(n float64, method, uri string, status int, took float64) string {
			return labelled(n, "method:"+method, "uri:"+uri, fmt.Sprintf("status:%d", status), fmt.Sprintf("reqtime:%.3f", took))
		},
		"json": func(n float64, method, uri string, status int, took float64) string {
			return fmt.Sprintf(`{"time":"%s","method":"%s","uri":"%s","status":%d,"request_time":%.3f}`, stamp(n), method, uri, status, took)
		},
		"combined": func(n float64, method, uri string, status int, took float64) string {
			return fmt.Sprintf(`1.2.3.4 - - [%s] "%s %s HTTP/1.1" %d 5 "-" "curl" %.3f`, noonPlus(n).Format("02/Jan/2006:15:04:05 -0700"), method, uri, status, took)
		},
	}
	for format, write := range line {
		for _, section := range []string{"", ", where: { uri: ^/ }", ", where: { method: [GET, POST] }", ", fields: { id: id }"} {
			t.Run(strings.NewReplacer(",", "", " ", "", "{", "", "}", "", ":", "").Replace(format+section), func(t *testing.T) {
				h := newHost(t)
				h.config(oneLog(format, "start: beginning"+section, `slis: { availability: { target: 99 }, latency: { threshold: 200ms, target: 99 } }
    slo: { period: 1d }`))
				var lines []string
				each(-3600, 0, 1, func(n float64, i int) {
					switch {
					case n >= -1800 && n < -1680 && i%2 == 0: // two minutes
						lines = append(lines, write(n, "POST", fmt.Sprintf("/videos/%d/parts?x=%d", i, i), 503, 0.01))
					case n >= -1800 && n < -1680 && i%10 == 1:
						lines = append(lines, write(n, "GET", "/lists", 500, 0.01))
					case n >= -600 && n < -570:
						lines = append(lines, write(n, "GET", "/slow/7", 200, 0.9))
					case n == -300:
						lines = append(lines, write(n, "GET", "/gone", 499, 30))
					default:
						lines = append(lines, write(n, "GET", "/lists", 200, 0.01))
					}
				})
				h.lines("a.log", lines...)
				h.run(12)
				accounts := h.budget(12)
				a := of(accounts, "availability")
				if got := a.spent(); got != "front 5xx 72; front aborted 1" {
					t.Fatalf("availability: got %s of %v bad", got, a.Valid-a.Good)
				}
				by := a.Worst[0].By
				for name, want := range map[string]map[string]float64{
					"path":   {"/videos/#/parts": 60, "/lists": 12},
					"method": {"POST": 60, "GET": 12},
					"status": {"503": 60, "500": 12},
				} {
					if !maps.Equal(by[name], want) {
						t.Errorf("%s: want %v, got %v", name, want, by[name])
					}
				}
				if w := a.Worst[0]; w.To.Sub(w.From).Minutes() != 2 {
					t.Errorf("want two minutes in a row, got %v to %v", w.From, w.To)
				}
				l := of(accounts, "latency")
				if got := l.spent(); got != "front slow 30" || !maps.Equal(l.Worst[0].By["path"], map[string]float64{"/slow/#": 30}) {
					t.Errorf("latency: got %s, %v", got, l.Worst)
				}
				text := h.run(12, "budget").out
				if !strings.Contains(text, "5xx at front; path /videos/#/parts 60, /lists 12; method POST 60, GET 12; status 503 60, 500 12") {
					t.Errorf("got %s", text)
				}
			})
		}
	}
}

// TestManyPathsAreBounded: the most frequent by name, the others together, totals exact.
func TestManyPathsAreBounded(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    slo: { period: 1d }"))
	var lines []string
	each(-1200, 0, 0.3, func(n float64, i int) {
		uri := fmt.Sprintf("uri:/%s", strings.Repeat(string(rune('a'+i%26)), 1+i/26%80))
		if i%3 == 0 {
			uri = "uri:/often"
		}
		lines = append(lines, labelled(n, "method:GET", uri, "status:503"))
	})
	h.lines("a.log", lines...)
	h.run(12)
	a := of(h.budget(12), "availability")
	sum := 0.0
	for _, w := range a.Worst {
		paths := 0.0
		for _, n := range w.By["path"] {
			paths += n
		}
		if paths != w.Bad || len(w.By["path"]) > 9 {
			t.Errorf("want at most eight paths and other, together %v, got %v", w.Bad, w.By["path"])
		}
		sum += w.Bad
	}
	if sum != a.Valid-a.Good || a.Worst[0].By["path"]["/often"] < 600 || a.Worst[0].By["path"]["other"] == 0 {
		t.Errorf("want all of %v bad, mostly /often, got %v: %v", a.Valid-a.Good, sum, a.Worst[0].By)
	}
}

// TestRecordsThatSpendABudgetAreLateOrLost at the stage that they come out of.
func TestRecordsThatSpendABudgetAreLateOrLost(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", `slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 5m } }
    slo: { period: 1d }`))
	each(-3600, 0, 10, func(n float64, i int) {
		id := fmt.Sprint("r", i)
		h.lines("front.json", request(n, 200, id))
		switch {
		case i%40 == 7: // lost
		case i%40 == 9:
			h.lines("worker.json", worked(n+90, "done", id, n))
		default:
			h.lines("worker.json", worked(n+1, "done", id, n))
		}
	})
	h.run(130)
	accounts := h.budget(130)
	for name, class := range map[string]string{"freshness": "late", "coverage": "lost"} {
		a := of(accounts, name)
		bad := 0.0
		for _, w := range a.Worst {
			if w.Stage != "worker" || w.Class != class {
				t.Errorf("%s: got %+v", name, w)
			}
			bad += w.Bad
		}
		if bad == 0 || bad != a.Valid-a.Good {
			t.Errorf("%s: want all of %v bad, got %v", name, a.Valid-a.Good, bad)
		}
	}
}

// TestWhatIsLateIsNotLost: of what hadn't come out by the deadline the ledger tells what came
// out since or still stands in a queue from what others have overtaken.
func TestWhatIsLateIsNotLost(t *testing.T) {
	const deadline = 120.0
	for name, c := range map[string]struct {
		out   func(n float64, i int) (at float64, ever bool) // when a record comes out
		until float64                                        // the last run
		class string
	}{
		"overtaken":             {func(n float64, i int) (float64, bool) { return n + 1, i%40 != 7 }, 130, "lost"},
		"out after all":         {func(n float64, i int) (float64, bool) { return n + 1 + 200*float64(i%40/39), true }, 330, "late"},
		"nothing comes out":     {func(n float64, _ int) (float64, bool) { return n + 1, n < -900 }, 130, "late"},
		"out when it went on":   {func(n float64, _ int) (float64, bool) { return max(n+1, min(n+700, -100)), true }, 130, "late"},
		"lost in the outage":    {func(n float64, _ int) (float64, bool) { return n + 1, n < -900 || n > -300 }, 700, "lost"},
		"one of two is stuck":   {func(n float64, i int) (float64, bool) { return n + 1, n < -900 || i%2 == 0 }, 130, "late"},
		"lost and late":         {func(n float64, i int) (float64, bool) { return n + 1 + 200*float64(i%40/39), i%40 != 7 }, 330, "late lost"},
		"thrown away":           {func(n float64, i int) (float64, bool) { return n + 1, i%40 != 7 }, 130, "lost"},
		"one a quarter lost":    {func(n float64, i int) (float64, bool) { return n + 1, i%90 != 7 }, 130, "lost"},
		"one a quarter late":    {func(n float64, i int) (float64, bool) { return n + 1 + 200*float64(i%90/89), true }, 330, "late"},
		"nothing ever came out": {func(n float64, _ int) (float64, bool) { return n, n < -3500 }, 130, "late"},
	} {
		for _, ids := range []bool{true, false} {
			if !ids && (name == "one of two is stuck" || name == "lost in the outage" || name == "out after all" || name == "one a quarter late" || name == "lost and late") {
				continue // counts can't tell whose record came out
			}
			t.Run(fmt.Sprintf("%s by ids %v", name, ids), func(t *testing.T) {
				h := newHost(t)
				h.config(frontAndWorker(ids, "start: beginning", fmt.Sprintf(`slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: %gs } }
    slo: { period: 1d }`, deadline)))
				var front, worker []string
				run := func(now float64) {
					h.lines("front.json", front...)
					h.lines("worker.json", worker...)
					h.run(now)
					front, worker = nil, nil
				}
				ends := map[float64][]string{}
				each(-3600, 0, 10, func(n float64, i int) {
					if at, ever := c.out(n, i); ever {
						ends[math.Floor(at/10)*10] = append(ends[math.Floor(at/10)*10], worked(at, "done", fmt.Sprint("r", i), n))
					} else if name == "thrown away" {
						ends[n] = append(ends[n], worked(n+2, "dropped", fmt.Sprint("r", i), n))
					}
				})
				each(-3600, c.until, 10, func(n float64, i int) {
					if n < 0 {
						front = append(front, request(n, 200, fmt.Sprint("r", i)))
					}
					worker = append(worker, ends[n]...)
					if i%60 == 59 {
						run(n + 10)
					}
				})
				run(c.until)
				a := of(h.budget(c.until), "coverage")
				bad, classes := 0.0, map[string]bool{}
				for _, w := range a.Worst {
					classes[w.Class] = true
					bad += w.Bad
				}
				if got := strings.Join(slices.Sorted(maps.Keys(classes)), " "); got != c.class || bad != a.Valid-a.Good {
					t.Errorf("want %s, all of %v bad, got %s: %s", c.class, a.Valid-a.Good, got, a.spent())
				}
			})
		}
	}
}

// TestARunThatCameTooLateIsNotLost: of a batch's runs, too.
func TestARunThatCameTooLateIsNotLost(t *testing.T) {
	for name, late := range map[string]float64{"late": 600, "lost": 0} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(`
pipelines:
  - name: v
    stages: [ { name: load, app_log: { path: DIR/b.log, format: json, start: beginning, fields: { time: ts }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 30m, within: 5m } } } ]
    slis: { coverage: { from: runs, target: 99 } }
    slo: { period: 1d }
`)
			for due := -7200.0; due < 0; due += 1800 {
				switch {
				case due != -3600:
					h.lines("b.log", fmt.Sprintf(`{"ts":"%s","msg":"run"}`, stamp(due+60)))
				case late > 0:
					h.lines("b.log", fmt.Sprintf(`{"ts":"%s","msg":"run"}`, stamp(due+late)))
				}
			}
			h.run(12)
			if got := of(h.budget(12), "coverage").spent(); got != "load "+name+" 1" {
				t.Errorf("want one run %s, got %q", name, got)
			}
		})
	}
}

// TestABadRequestIsOfItsStatusOrFailed: of its status where that is what made it bad, by the
// usual rule or an own one; failed where another field did, whatever the status says.
func TestABadRequestIsOfItsStatusOrFailed(t *testing.T) {
	for _, c := range []struct{ name, good, line, class string }{
		{"the usual rule", "", "status:503", "5xx"},
		{"an own limit on the status", `, good: { status: "<400" }`, "status:404", "4xx"},
		{"another field of a good status", `, good: { error: "!E1" }`, "status:200\terror:E1", "failed"},
		{"another field beside the status", `, good: { status: "<500", error: "!E1" }`, "status:200\terror:E1", "failed"},
		{"the status beside another field", `, good: { status: "<500", error: "!E1" }`, "status:502\terror:E2", "5xx"},
		{"another field of a bad status", `, good: { error: "!E1" }`, "status:500\terror:E1", "failed"},
		{"lines without a status", `, good: { outcome: ok }`, "outcome:timeout", "failed"},
		{"a client that went away", `, good: { error: "!E1" }`, "status:499\terror:E1\treqtime:30", "aborted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99"+c.good+" } }\n    slo: { period: 1d }"))
			each(-600, 0, 10, func(n float64, i int) {
				if i%6 == 3 {
					h.lines("a.log", labelled(n, "uri:/a", c.line))
				} else {
					h.lines("a.log", labelled(n, "uri:/a", "status:200", "error:no", "outcome:ok"))
				}
			})
			h.run(12)
			if got, want := of(h.budget(12), "availability").spent(), "front "+c.class+" 9"; got != want {
				t.Errorf("want %s, got %s", want, got)
			}
		})
	}
}
