package cases

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
)

// line is a request of an access log in a format.
func line(format string, n float64, status int) string {
	switch format {
	case "combined":
		at := noonPlus(n).Format("02/Jan/2006:15:04:05 -0700")
		return fmt.Sprintf(`192.0.2.1 - - [%s] "GET /a HTTP/1.1" %d 12 "-" "ua" 0.1`, at, status)
	case "json":
		return fmt.Sprintf(`{"time":"%s","method":"GET","uri":"/","status":%d,"request_time":0.02}`, stamp(n), status)
	}
	return fmt.Sprintf("time:%s\tmethod:GET\turi:/\tstatus:%d", stamp(n), status)
}

// exported is what export printed, by metric: how many points, and their sum.
func (a answer) exported(metric string) (points int, sum float64) {
	for text := range strings.Lines(a.out) {
		fields := strings.Split(strings.TrimSpace(text), "\t")
		if fields[0] == "pipeline-sli."+metric && len(fields) == 3 {
			v, _ := strconv.ParseFloat(fields[1], 64)
			points, sum = points+1, sum+v
		}
	}
	return points, sum
}

// aRotatedLog has seven minutes of ten lines in its state, of which the log holds the
// last one only.
func aRotatedLog(t *testing.T, format string, rotate func(h *host)) *host {
	h := newHost(t)
	h.config(oneLog(format, "start: beginning", "slis: { availability: { target: 99 } }\n    metrics: [standard]"))
	each(0, 360, 6, func(n float64, _ int) { h.lines("a.log", line(format, n, 200)) })
	h.run(372, "--take")
	rotate(h)
	each(360, 480, 6, func(n float64, _ int) { h.lines("a.log", line(format, n, 200)) })
	h.run(492, "--take")
	return h
}

var rotations = map[string]func(h *host){
	"renamed away": func(h *host) { os.MkdirAll(h.path("old"), 0o755); os.Rename(h.path("a.log"), h.path("old/a.log")) },
	"cut":          func(h *host) { os.Truncate(h.path("a.log"), 0) },
	"deleted":      func(h *host) { os.Remove(h.path("a.log")) },
}

func TestAnExportHoldsTheMinutesOfTheState(t *testing.T) {
	for name, rotate := range rotations {
		for _, format := range []string{"combined", "ltsv", "json"} {
			h := aRotatedLog(t, format, rotate)
			for _, from := range []string{"2026-03-02T12:00:00Z", "2026-03-02T11:00:00Z", "-20d"} {
				a := h.run(502, "export", "--from", from, "--to", "2026-03-02T13:00:00Z")
				if points, sum := a.exported("events.v.availability_valid"); points != 7 || sum != 70 || a.code != 0 {
					t.Errorf("%s, %s, from %s: want 7 minutes, 70 requests, got %d, %v, exit %d: %s", name, format, from, points, sum, a.code, a.complaints)
				}
				if told := strings.Contains(a.complaints, "neither in the state nor"); !told {
					t.Errorf("%s, %s, from %s: want a word of the minutes before: %s", name, format, from, a.complaints)
				}
			}
		}
	}
}

// A pipeline that has just begun beside another takes nothing from the other's history.
func TestAnExportOfOnePipelineAndANewOne(t *testing.T) {
	h := aRotatedLog(t, "ltsv", rotations["cut"])
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }") + `
  - name: q
    stages: [ { name: front, access_log: { path: DIR/b.log, format: ltsv } } ]
    slis: { availability: { target: 99 } }
`)
	each(0, 540, 30, func(n float64, _ int) { h.lines("b.log", line("ltsv", n, 200)) })
	h.run(542)
	a := h.run(545, "export", "--from", "2026-03-02T12:00:00Z", "--to", "2026-03-02T12:10:00Z")
	if points, sum := a.exported("events.v.availability_valid"); points != 7 || sum != 70 {
		t.Errorf("v: want 7 minutes, 70 requests, got %d, %v: %s", points, sum, a.complaints)
	}
	// What q's state doesn't have, its log has: from its first whole minute on.
	if points, sum := a.exported("events.q.availability_valid"); points != 7 || sum != 14 {
		t.Errorf("q: want 7 minutes, 14 requests, got %d, %v: %s", points, sum, a.complaints)
	}
}

func TestAnExportHoldsAMinuteThatTheSourceAloneDoesNotShowWhole(t *testing.T) {
	for format, path := range map[string]string{"ltsv": "a.log", "json": "w/a.log"} {
		h := newHost(t)
		pattern := path
		if format == "json" {
			pattern = "w/*.log"
			os.MkdirAll(h.path("w"), 0o755)
		}
		h.config(strings.ReplaceAll(oneLog(format, "optional: true", "slis: { availability: { target: 99, window: 10m } }"), "DIR/a.log", "DIR/"+pattern))
		h.run(300, "--take")
		for i := range 10 {
			h.lines(path, line(format, 302, 500+i%3))
		}
		h.run(304, "--take")
		for n := 312.0; n <= 612; n += 60 {
			h.run(n, "--take")
			h.lines(path, line(format, n, 200))
		}
		state := h.explain(672).sli("availability")
		a := h.run(672, "export", "--from", "-20m", "--to", "-0m")
		if points, sum := a.exported("events.v.availability_valid"); sum != state.Valid || points < 5 {
			t.Errorf("%s: the state has %s, the export %v in %d minutes: %s", format, state.counts(), sum, points, a.complaints)
		}
	}
}

func TestAnExportHoldsTheAges(t *testing.T) {
	for _, ids := range []bool{true, false} {
		h := newHost(t)
		h.config(frontAndWorker(ids, "start: beginning", "slis: { freshness: { threshold: 60s, target: 99 } }"))
		told := map[string]string{}
		for n := 0.0; n < 1200; n += 60 {
			each(n, n+60, 10, func(n float64, i int) {
				id := fmt.Sprintf("r%v", n)
				h.lines("front.json", request(n, 200, id))
				if n < 600 {
					h.lines("worker.json", worked(n+1, "done", id, n))
				}
			})
			a := h.run(n + 72)
			for text := range strings.Lines(a.out) {
				if strings.HasPrefix(text, "pipeline-sli.age.v.age\t") {
					fields := strings.Split(strings.TrimSpace(text), "\t")
					told[fields[2]] = fields[1]
				}
			}
		}
		check := func(name string, a answer) {
			got := map[string]string{}
			for text := range strings.Lines(a.out) {
				if strings.HasPrefix(text, "pipeline-sli.age.v.age\t") {
					fields := strings.Split(strings.TrimSpace(text), "\t")
					got[fields[2]] = fields[1]
				}
			}
			if len(got) < len(told) || len(told) < 15 {
				t.Errorf("ids %v, %s: want the %d ages that were told, got %d: %s", ids, name, len(told), len(got), a.complaints)
			}
			for at, age := range told {
				if got[at] != age {
					t.Errorf("ids %v, %s: at %s %s was told, and %q is exported", ids, name, at, age, got[at])
				}
			}
		}
		args := []string{"export", "--from", "2026-03-02T12:00:00Z", "--to", "2026-03-02T12:20:00Z"}
		check("from the state", h.run(1272, args...))
		check("from the state, long after", h.run(1272+5*3600, args...))
		check("from the sources alone", h.run(1272, append(args, "--state-dir", h.path("none"))...))
	}
}

// Beyond the period, or what the sources have, it is said from when on.
func TestAnExportBeyondThePeriod(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    slo: { period: 1d }"))
	var lines []string
	each(-2*86400-60, 0, 60, func(n float64, _ int) { lines = append(lines, line("ltsv", n, 200)) })
	h.lines("a.log", lines...)
	a := h.run(12, "export", "--from", "-2d", "--to", "-0m")
	if points, sum := a.exported("events.v.availability_valid"); points != 2880 || sum != 2880 {
		t.Errorf("want 2880 minutes, got %d, %v: %s", points, sum, a.complaints)
	}
	h.run(12, "--take")
	os.Truncate(h.path("a.log"), 0)
	a = h.run(72, "export", "--from", "2026-02-28T12:00:00Z", "--to", "2026-03-02T12:00:00Z")
	if points, _ := a.exported("events.v.availability_valid"); points < 1440 || points < 2880 && !strings.Contains(a.complaints, "minutes are measured neither in the state nor by what the sources have: 2026-02-28 12:00 to") {
		t.Errorf("got %d minutes: %s", points, a.complaints)
	}
}

// What is said of a past instant is what a run of that time said.
func TestAPastInstantIsSpokenOfFromTheState(t *testing.T) {
	for name, rotate := range rotations {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    metrics: [full]"))
		told := map[float64]map[string]string{}
		for n := 0.0; n < 720; n += 60 {
			each(n, n+60, 6, func(n float64, i int) { h.lines("a.log", line("ltsv", n, 200+300*(i%3/2))) })
			told[n+72] = h.metrics(n + 72)
			if n == 360 {
				rotate(h)
			}
		}
		for at, was := range told {
			stdout := h.metrics(1200, "--at", stamp(at))
			for metric, value := range was {
				if got := stdout[metric]; got != value {
					t.Errorf("%s: at %v %s was %s, and is said to have been %q", name, at, metric, value, got)
				}
			}
		}
		for _, at := range []float64{372, 432, 492} {
			e := h.explain(1200, "--at", stamp(at)).sli("availability")
			if e.counts() != "40/50" && e.counts() != "35/50" || e.Status != "value" {
				t.Errorf("%s: explain at %v: %s %s", name, at, e.Status, e.counts())
			}
		}
	}
}

func TestAPastVerdictIsTheChecks(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], burn_rate: true }"))
	var lines []string
	each(0, 7200, 2, func(n float64, i int) { lines = append(lines, line("ltsv", n, 200+300*(i%4/3))) })
	h.lines("a.log", lines...)
	check := h.check(7212)
	os.Remove(h.path("a.log"))
	each(7200, 7500, 2, func(n float64, i int) { h.lines("a.log", line("ltsv", n, 200)) })
	h.check(7512)
	e := h.explain(7572, "--at", stamp(7212))
	if !strings.HasPrefix(check, "CRITICAL") || e.Verdict.Status != "CRITICAL" || !strings.Contains(check, e.Verdict.Message) {
		t.Errorf("the check said %q; explain says of that time %s %q", check, e.Verdict.Status, e.Verdict.Message)
	}
}

// Records, ages and states of last night are told from what the state holds, and what it
// holds no more from the logs.
func TestLastNightIsSpokenOf(t *testing.T) {
	for _, ids := range []bool{true, false} {
		h := newHost(t)
		slis := "slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 5m, window: 20m } }"
		h.config(frontAndWorker(ids, "start: beginning", slis))
		var at1500, at2700 explained
		for n := 0.0; n < 3600; n += 60 {
			each(n, n+60, 10, func(n float64, i int) {
				id := fmt.Sprintf("r%v", n)
				h.lines("front.json", request(n, 200, id))
				if n < 1200 || n >= 1800 {
					h.lines("worker.json", worked(n+1, "done", id, n))
				}
			})
			h.run(n + 72)
			switch n {
			case 1440:
				at1500 = h.explain(n + 72)
			case 2640:
				at2700 = h.explain(n + 72)
			}
		}
		later := 9 * 3600.0
		each(3600, later, 60, func(n float64, i int) {
			id := fmt.Sprintf("r%v", n)
			h.lines("front.json", request(n, 200, id))
			h.lines("worker.json", worked(n+1, "done", id, n))
		})
		for _, now := range []float64{3672, later + 12} {
			h.run(now)
			for at, was := range map[float64]explained{1512: at1500, 2712: at2700} {
				is := h.explain(now, "--at", stamp(at))
				for _, name := range []string{"availability", "freshness", "coverage"} {
					if was, is := was.sli(name), is.sli(name); was.Status != is.Status || was.counts() != is.counts() {
						t.Errorf("ids %v, %v asked at %v: %s was %s %s, is %s %s %v", ids, at, now, name, was.Status, was.counts(), is.Status, is.counts(), is.Warnings)
					}
				}
				if was.age() != is.age() || was.stateName() != is.stateName() || was.Verdict != is.Verdict && was.Verdict.Message != is.Verdict.Message {
					t.Errorf("ids %v, %v asked at %v: was %v %s %q, is %v %s %q", ids, at, now, was.age(), was.stateName(), was.Verdict.Message, is.age(), is.stateName(), is.Verdict.Message)
				}
			}
		}
	}
}

func TestLateEventsOfAPastInstantAreInItAndTold(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "start: beginning", "slis: { availability: { target: 99 } }"))
	for n := 0.0; n < 600; n += 60 {
		each(n, n+60, 6, func(n float64, i int) { h.lines("a.log", line("ltsv", n, 200)) })
		h.run(n + 72)
	}
	for range 3 {
		h.lines("a.log", line("ltsv", 500, 500))
	}
	h.lines("a.log", line("ltsv", 100, 500))
	h.run(720)
	e := h.explain(1000, "--at", stamp(612)).sli("availability")
	if e.counts() != "50/53" || !strings.Contains(strings.Join(e.Warnings, "; "), "3 of these events came after a run of that time") ||
		!strings.Contains(strings.Join(e.Warnings, "; "), "1 events of earlier minutes") {
		t.Errorf("got %s %v", e.counts(), e.Warnings)
	}
	if e := h.explain(1000, "--at", stamp(725)).sli("availability"); len(e.Warnings) > 0 {
		t.Errorf("all were there by then: %v", e.Warnings)
	}
}

func TestDoctorLooksAtTheState(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"))
	for n := 0.0; n < 720; n += 60 {
		each(n, n+60, 6, func(n float64, _ int) { h.lines("a.log", line("ltsv", n, 200)) })
		h.run(n + 72)
		if n == 540 {
			os.Truncate(h.path("a.log"), 0)
		}
	}
	a := h.run(732, "doctor")
	if !strings.Contains(a.out, "ok     v availability: 100%") || !strings.Contains(a.out, "50 lines in the window") {
		t.Errorf("want the numbers of the state: %s", a.out)
	}
	os.Remove(h.path("a.log"))
	if a := h.run(732, "doctor"); !strings.Contains(a.out, "FAILED v/front") {
		t.Errorf("want the source asked all the same: %s", a.out)
	}
	// Of a past instant, too.
	if a := h.run(732, "doctor", "--at", stamp(492)); !strings.Contains(a.out, "v availability: 100%") {
		t.Errorf("want the state's numbers of that time: %s", a.out)
	}
}

// A clock that was wrong for some runs costs nothing once it is right.
func TestEventsComeAgainAfterAClockThatWasAhead(t *testing.T) {
	for _, c := range []struct {
		name  string
		ahead float64
		runs  int
	}{{"a day", 86400, 2}, {"three hours", 10800, 2}, {"ten minutes", 600, 2}, {"a year", 365 * 86400, 3}, {"three minutes", 180, 1}} {
		h := newHost(t)
		h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }\n    metrics: [standard]"))
		sum, written, warned := 0.0, 0, 0
		points := 0
		run := func(real, clock float64) {
			each(real, real+60, 2, func(n float64, _ int) { h.lines("a.log", line("ltsv", n, 200)); written++ })
			a := h.run(clock+72, "--take")
			n, valid := a.exported("events.v.availability_valid")
			sum, points = sum+valid, n
			if strings.Contains(a.complaints, "set aside") {
				warned++
			}
		}
		at := 0.0
		for range 8 {
			run(at, at)
			at += 60
		}
		for range c.runs {
			run(at, at+c.ahead)
			at += 60
		}
		for range 8 {
			run(at, at)
			if points == 0 && at > 720 {
				t.Errorf("%s: no events at %v", c.name, at)
			}
			at += 60
		}
		if warned != 1 {
			t.Errorf("%s: want one warning, got %d", c.name, warned)
		}
		// The first point holds a minute; the last lines aren't due.
		if want := float64(written); sum < want-60*1.2 || sum > want {
			t.Errorf("%s: %v of %v lines are in points", c.name, sum, want)
		}
		e := h.explain(at + 12).sli("availability")
		if e.counts() != "150/150" || e.Measured != 1 {
			t.Errorf("%s: then: %s, measured %v", c.name, e.counts(), e.Measured)
		}
		m, total := h.run(at+12, "export", "--from", "2026-03-02T12:01:00Z", "--to", stamp(at)).exported("events.v.availability_valid")
		if m != 15+c.runs || total != float64(m*30) {
			t.Errorf("%s: the history holds %d minutes, %v lines", c.name, m, total)
		}
	}
}

func TestAClockThatWentBack(t *testing.T) {
	for _, back := range []float64{86400, 10800, 300, 30} {
		h := newHost(t)
		h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"))
		run := func(clock float64) (map[string]string, string) {
			each(clock, clock+60, 2, func(n float64, _ int) { h.lines("a.log", line("ltsv", n, 200)) })
			a := h.run(clock+72, "--take")
			return h.metrics(clock+72, "--peek"), a.complaints
		}
		at := 0.0
		for range 8 {
			run(at)
			at += 60
		}
		said := ""
		var last map[string]string
		for range 16 { // until the window has left the minutes that were counted once and set aside
			m, complaints := run(at - back)
			said += complaints
			if lag, _ := strconv.ParseFloat(m["age.v.measure_lag"], 64); lag <= 0 {
				t.Errorf("back by %v: measure_lag %q", back, m["age.v.measure_lag"])
			}
			last = m
			at += 60
		}
		if warned := strings.Contains(said, "set aside"); warned != (back > 60) {
			t.Errorf("back by %v: said %q", back, said)
		}
		if last["sli.v.measured"] != "100" || last["sli.v.availability"] != "100" {
			t.Errorf("back by %v: then %v", back, last)
		}
	}
}

// TestAStateThatBeginsLaterHidesNothing: of an instant before its history the sources
// speak as they would if there were no state.
func TestAStateThatBeginsLaterHidesNothing(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "", "slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99 } }"))
	each(0, 600, 10, func(n float64, i int) {
		id := fmt.Sprintf("r%d", i)
		h.lines("front.json", request(n, 200, id))
		h.lines("worker.json", worked(n+1, "done", id, n))
	})
	before, metrics := h.explain(612), h.metrics(612, "--at", stamp(612))
	h.run(200_000, "--take")
	after := h.explain(200_000, "--at", stamp(612))
	if text := h.run(200_000, "explain", "--at", stamp(612)).out; strings.Count(text, "the state's history begins later") != 1 {
		t.Errorf("want one word about the state, got %s", text)
	}
	for _, name := range []string{"freshness", "coverage"} {
		was, is := before.sli(name), after.sli(name)
		if is.counts() != was.counts() || *is.Since != *was.Since || *is.Budget != *was.Budget || is.Measured != was.Measured {
			t.Errorf("%s: want %+v, got %+v", name, was, is)
		}
	}
	if after.age() != before.age() || *after.Age.MeasureLag != *before.Age.MeasureLag || after.Verdict.Message != before.Verdict.Message {
		t.Errorf("want %s, got %s", before.raw, after.raw)
	}
	if got := h.metrics(200_000, "--at", stamp(612)); !maps.Equal(got, metrics) {
		t.Errorf("metrics: want %v, got %v", metrics, got)
	}
}

// TestAnExportAddsUpToWhatWasTold, fractions of an estimate too.
func TestAnExportAddsUpToWhatWasTold(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(false, "start: beginning", "metrics: [minimal, events]\n    slis: { coverage: { target: 99, deadline: 3m } }"))
	told := map[string]float64{}
	var due, next []string // of the worker
	for m := range 30 {
		each(float64(m)*60, float64(m)*60+60, []float64{5, 3, 7, 4}[m%4], func(n float64, i int) {
			end := "done"
			if i%7 == 3 {
				end = "filtered"
			}
			h.lines("front.json", request(n, 200, "-"))
			switch late := n + 100; {
			case i%9 == 5: // it never comes out
			case late >= float64(m)*60+60:
				next = append(next, worked(late, end, "-", n))
			default:
				h.lines("worker.json", worked(late, end, "-", n))
			}
		})
		h.lines("worker.json", due...)
		due, next = next, nil
		for metric, value := range h.metrics(float64(m)*60+72, "--take") {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			told[metric] += v
		}
	}
	exported := h.run(30*60+12, "export", "--from", stamp(0), "--to", stamp(30*60))
	for _, metric := range []string{"events.v.coverage_valid", "events.v.coverage_good"} {
		if _, sum := exported.exported(metric); told[metric] == 0 || sum < told[metric]-1 || sum > told[metric]+1 {
			t.Errorf("%s: told %v, exported %v", metric, told[metric], sum)
		}
	}
}
