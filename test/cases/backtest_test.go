package cases

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// backtested is `backtest --json`.
type backtested struct {
	Pipelines []struct {
		Name    string
		History string
		Untold  []string
		Missing []string
		Spans   []backtestedSpan
		Minutes map[string]int
	}
	Sweep []struct {
		History string
		Set     map[string]string
		Drills  []struct {
			Drill      string
			Spans      []backtestedSpan
			FoundAfter *float64 `json:"found_after"`
			Status     *string
		}
		Pages        int
		PagesPerWeek float64 `json:"pages_per_week"`
		Minutes      map[string]int
		Left         map[string]float64
		Budget       []struct {
			At   string
			Left map[string]float64
		}
	}
}

type backtestedSpan struct {
	From, To     time.Time
	Status, Text string
	Rule         *string
}

// backtest goes through the minutes that end in [from, to) seconds after noon.
func (h *host) backtest(at, from, to float64, args ...string) backtested {
	h.t.Helper()
	a := h.run(at, append([]string{"backtest", "--json", "--from", stamp(from), "--to", stamp(to)}, args...)...)
	var b backtested
	if err := json.Unmarshal([]byte(a.out), &b); err != nil || a.code != 0 {
		h.t.Fatalf("backtest: exit %d, %v; %s", a.code, err, a.complaints)
	}
	return b
}

// statuses are those of the first pipeline, minute by minute.
func (b backtested) statuses() []string { return minutesOf(b.Pipelines[0].Spans) }

func minutesOf(spans []backtestedSpan) []string {
	var out []string
	for _, s := range spans {
		for at := s.From; at.Before(s.To); at = at.Add(time.Minute) {
			out = append(out, s.Status)
		}
	}
	return out
}

// world is a pipeline's simulated life: what is written into its logs, and when.
type world struct {
	every    float64 // seconds between requests
	until    float64
	incident []incident
}

// incident is something that goes wrong from one second to another.
type incident struct {
	kind     string
	from, to float64
	share    float64
}

type written struct {
	at   float64
	log  string
	line string
}

// lines are those of both logs in the order they are written in.
func (w world) lines(r *rand.Rand) []written {
	var out []written
	free := 0.0
	each(0, w.until, w.every, func(n float64, i int) {
		id, status, done := fmt.Sprintf("r%d", i), 200, n+0.5+r.Float64()
		lost := false
		for _, in := range w.incident {
			if n >= in.from && n < in.to {
				switch in.kind {
				case "errors":
					if r.Float64() < in.share {
						status = 500
					}
				case "slow":
					done = n + (done-n)*in.share
				case "lost":
					lost = lost || r.Float64() < in.share
				case "front-stop":
					status = 0
				}
			}
			if in.kind == "consumer-stop" && done >= in.from && done < in.to {
				done = in.to
			}
		}
		if status == 0 {
			return
		}
		out = append(out, written{n, "front.json", request(n, status, id)})
		if status >= 400 || lost {
			return
		}
		if free > done && done >= 0 {
			done = free
		}
		for _, in := range w.incident {
			if in.kind == "consumer-stop" && done >= in.to && n < in.to { // it was waiting: at twice the rate
				free = done + w.every/2
			}
		}
		out = append(out, written{done, "worker.json", worked(done, "done", id, n)})
	})
	slices.SortStableFunc(out, func(a, b written) int { return cmp.Compare(a.at, b.at) })
	return out
}

const backtestedSLIs = "slis: { availability: { target: 99 }, latency: { threshold: 100ms, target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 3m, window: 10m } }"

// TestABacktestSaysWhatTheCheckSaid, minute by minute, of twenty random histories, and finds
// what went wrong in them.
func TestABacktestSaysWhatTheCheckSaid(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 1))
			ids := seed%2 == 0
			kinds := []string{"consumer-stop", "errors", "slow", "lost", "front-stop"}
			start := 1200 + float64(r.IntN(6))*60
			in := incident{kinds[seed%5], start, start + float64(7+r.IntN(5))*60, []float64{0, 0.5, 100, 0.6, 0}[seed%5]}
			w := world{every: float64(2 + r.IntN(4)), until: 2700, incident: []incident{in}}
			h := newHost(t)
			h.config(frontAndWorker(ids, "start: beginning", backtestedSLIs+"\n    check: { sli: [availability, freshness], warning_ratio: 99, critical_ratio: 90, no_traffic: WARNING }"))
			lines := w.lines(r)
			var said []string
			for at := 70.0; at < 2400; at += 60 {
				for len(lines) > 0 && lines[0].at < at {
					h.lines(lines[0].log, lines[0].line)
					lines = lines[1:]
				}
				if line := h.check(at); at >= 970 {
					said = append(said, line)
				}
			}
			for _, l := range lines {
				h.lines(l.log, l.line)
			}
			b := h.backtest(9000, 960, 2400)
			got := b.statuses()
			bad := 0
			for i, line := range said {
				status, _, _ := strings.Cut(line, ":")
				if status != got[i] {
					t.Errorf("minute %d: the check said %s, the backtest %s", i, line, got[i])
				}
				if status != "OK" {
					bad++
				}
			}
			if len(got) != len(said) || bad == 0 {
				t.Errorf("%d minutes of %d, %d of them not OK (%s)", len(got), len(said), bad, in.kind)
			}
			first := 0.0
			for n, s := range b.Pipelines[0].Spans {
				i := int(s.From.Sub(noonPlus(960)) / time.Minute)
				if _, text, _ := strings.Cut(said[i], ": "); !strings.HasSuffix(text, s.Text) {
					t.Errorf("the span of %v says %q, the check said %q", s.From, s.Text, said[i])
				}
				if n > 0 && !s.From.Equal(b.Pipelines[0].Spans[n-1].To) {
					t.Errorf("a gap before %v", s.From)
				}
				if first == 0 && s.Status != "OK" {
					first = s.From.Sub(noon).Seconds()
				}
			}
			if first < in.from || first > min(in.from+420, in.to+240) {
				t.Errorf("%s from %v to %v is first told at %v", in.kind, in.from, in.to, first)
			}
		})
	}
}

// TestADrillIsLikeTheIncident: the verdicts over evidence that an incident was put into are
// those over a history in which it happened, but for two minutes at each of its edges and
// what drains after it.
func TestADrillIsLikeTheIncident(t *testing.T) {
	const from, to = 1500.0, 2100.0
	for _, c := range []struct {
		kind, drill string
		share       float64
		until       float64 // compared up to there
	}{
		{"consumer-stop", "consumer-stop", 0, to},
		{"errors", "errors=50%", 0.5, 2400},
		{"slow", "slow=100x", 100, 2400},
		{"lost", "lost=60%", 0.6, 2400},
		{"front-stop", "front-stop", 0, 2400},
	} {
		for _, ids := range []bool{true, false} {
			t.Run(fmt.Sprint(c.kind, " ids ", ids), func(t *testing.T) {
				t.Parallel()
				host := func(incidents ...incident) *host {
					h := newHost(t)
					h.config(frontAndWorker(ids, "start: beginning", backtestedSLIs+"\n    check: { sli: [availability, freshness], warning_ratio: 99, critical_ratio: 90, no_traffic: WARNING }"))
					for _, l := range (world{every: 2, until: 2700, incident: incidents}).lines(rand.New(rand.NewPCG(7, 7))) {
						h.lines(l.log, l.line)
					}
					return h
				}
				happened := host(incident{c.kind, from, to, c.share}).backtest(9000, 960, 2400).statuses()
				calm := host()
				drilled := calm.backtest(9000, 960, 2400, "--drill", c.drill+"@"+stamp(from)+",10m")
				if other := drilled.Sweep[0].Minutes["OK"]; other != len(happened) {
					t.Fatalf("without the drill %d of %d minutes are OK", other, len(happened))
				}
				with := minutesOf(drilled.Sweep[0].Drills[0].Spans)
				for i, status := range happened {
					at := 960 + 60*float64(i)
					if at < from-120 || at >= c.until || at >= from-120 && at <= from+120 || at >= to-120 && at <= to+120 {
						continue
					}
					if n := int((at - from) / 60); n >= 0 && n < len(with) && with[n] != status {
						t.Errorf("at %v it was %s, in the drill %s", at, status, with[n])
					}
				}
			})
		}
	}
}

// TestSweepsAreMonotone: a limit that is wider never has more CRITICAL minutes, nor finds an
// incident sooner.
func TestSweepsAreMonotone(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", backtestedSLIs+"\n    check: { sli: [availability, freshness], critical_ratio: 90 }"))
	for _, l := range (world{every: 3, until: 3900, incident: []incident{{"slow", 1500, 2100, 150}, {"errors", 2400, 2700, 0.4}, {"lost", 3000, 3300, 0.3}}}).lines(rand.New(rand.NewPCG(3, 3))) {
		h.lines(l.log, l.line)
	}
	for _, sweep := range []string{
		"check.critical_age=2m,3m,5m,20m",
		"check.critical_ratio=99.5,95,80,50",
		"slis.freshness.threshold=20s,60s,90s,300s",
		"slis.latency.threshold=10ms,60ms",
	} {
		b := h.backtest(9000, 960, 3600, "--set", sweep, "--drill", "slow=200x@"+stamp(1200)+",5m")
		for i := 1; i < len(b.Sweep); i++ {
			x, y := b.Sweep[i-1], b.Sweep[i]
			if y.Minutes["CRITICAL"] > x.Minutes["CRITICAL"] || y.Pages > x.Pages {
				t.Errorf("%v: %v pages %d, %v: %v pages %d", x.Set, x.Minutes, x.Pages, y.Set, y.Minutes, y.Pages)
			}
			if a, b := x.Drills[0], y.Drills[0]; b.Status != nil && *b.Status == "CRITICAL" && (a.Status == nil || *a.Status != "CRITICAL" || *a.FoundAfter > *b.FoundAfter) {
				t.Errorf("%v finds it sooner than %v", y.Set, x.Set)
			}
		}
		if first, last := b.Sweep[0], b.Sweep[len(b.Sweep)-1]; strings.HasPrefix(sweep, "check") && first.Minutes["CRITICAL"] == last.Minutes["CRITICAL"] {
			t.Errorf("%s makes no difference: %v", sweep, first.Minutes)
		}
	}
}

func TestABacktestRefusesWhatMeansNothing(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }"))
	times := []string{"--from", "-60m", "--to", "-10m"}
	for _, c := range []struct{ args, want string }{
		{"backtest", "needs --from and --to"},
		{"backtest --from -10m --to -60m", "--to: must be after --from"},
		{"backtest --from -10m --to 2027-01-01T00:00:00Z", "--to: must not be in the future"},
		{"backtest T --set check", "--set: must be PATH=VALUE[,VALUE…] (got \"check\")"},
		{"backtest T --set chekc.critical_age=5m", "did you mean \"check\"?"},
		{"backtest T --set check.critical_age=5x", "--set check.critical_age: pipelines[0].check.critical_age: "},
		{"backtest T --set nothing=5", "error: --set nothing: pipelines[0]: unknown key \"nothing\""},
		{"backtest T --set nothing.at.all=5", "error: --set nothing.at.all: pipelines[0]: unknown key \"nothing\""},
		{"backtest T --set check.critical=5m", "error: --set check.critical: pipelines[0].check: unknown key \"critical\""},
		{"backtest T --set stages.front.access_log.formt=json", "error: --set stages.front.access_log.formt: pipelines[0].stages[0].access_log: unknown key \"formt\""},
		{"backtest T --set stages.frond.access_log.path=x", "nothing in pipelines[0].stages is called so (got \"frond\")"},
		{"backtest T --set name.x=x", "name is no section"},
		{"backtest T --drill stop@-30m,10m", "no drill of that name, they are"},
		{"backtest T --drill errors@-30m,10m", "errors needs a share of 0% to 100%"},
		{"backtest T --drill slow=1x@-30m,10m", "slow needs a factor over 1"},
		{"backtest T --drill front-stop=3@-30m,10m", "front-stop takes no value"},
		{"backtest T --drill front-stop@-90m,10m", "must begin between --from and --to"},
		{"backtest T --drill front-stop@-30m,10s", "must last a minute or longer"},
		{"backtest T --drill front-stop", "must be KIND@T,D"},
		{"backtest T --drill consumer-stpo@-30m,10m", "--drill consumer-stpo@-30m,10m: no drill of that name, they are consumer-stop, errors, slow, lost, front-stop (got \"consumer-stpo\")"},
		{"backtest T --drill consumer-stpo@-30m,10m", "did you mean consumer-stop?"},
		{"backtest T --drill errors=120%@-30m,10m", "like errors=20% (got \"120%\")\n"},
		{"backtest T --drill errors=20%@soon,10m", "--drill errors=20%@soon,10m: must be a time"},
		{"backtest T --set check.critical_ratio=90 --set check.critical_ratio=95", "--set check.critical_ratio: is given twice"},
		{"backtest --from 2026-03-02T12:30:20Z --to 2026-03-02T12:30:40Z", "--to: no minute ends between --from and --to"},
		{"backtest T --attempts 0", "--attempts: must be 1 or more (got 0)"},
		{"backtest T --at -5m", "--at doesn't go with backtest"},
		{"explain --set check.critical_age=5m", "--set doesn't go with explain"},
	} {
		var args []string
		for _, word := range strings.Fields(c.args) {
			if word == "T" {
				args = append(args, times...)
			} else {
				args = append(args, word)
			}
		}
		if a := h.run(7200, args...); a.code != 2 || !strings.Contains(a.complaints, c.want) {
			t.Errorf("%s: exit %d, %s", c.args, a.code, a.complaints)
		}
	}
}

// TestADayAloneIsWhenItBegins, in the host's zone, wherever a time is typed.
func TestADayAloneIsWhenItBegins(t *testing.T) {
	h := newHost(t)
	h.zone = time.FixedZone("SST", -11*3600) // where it is one in the morning
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }"))
	each(-7200, 0, 60, func(n float64, _ int) { h.lines("a.log", request(n, 200, "")) })
	h.run(60)
	for _, command := range []string{"backtest", "export", "budget"} {
		day, whole := h.run(60, command, "--to", "-10m", "--from", "2026-03-02"), h.run(60, command, "--to", "-10m", "--from", "2026-03-02T00:00:00-11:00")
		if day.out != whole.out || day.complaints != whole.complaints || day.out == "" {
			t.Errorf("%s: exit %d, %s\n%s", command, day.code, day.complaints, firstDifference(whole.out, day.out))
		}
	}
	if a := h.run(60, "explain", "--at", "2026-02-30"); a.code != 2 || !strings.Contains(a.complaints, "--at: must be a time like") {
		t.Errorf("exit %d, %s", a.code, a.complaints)
	}
}

// TestWhatNobodyJudgesIsNoCalmTable: a setting under which nothing is judged shows its UNKNOWN
// minutes, and what would be judged is named; times before the log are told in the host's zone.
func TestWhatNobodyJudgesIsNoCalmTable(t *testing.T) {
	h := newHost(t)
	h.zone = time.FixedZone("JST", 9*3600)
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }"))
	each(0, 1800, 10, func(n float64, _ int) { h.lines("a.log", request(n, 200, "")) })
	for _, c := range []struct{ args, says string }{
		{"--set check.critical_ratio=80,90", "UNKNOWN  left availability\n  80                    0      0        0 min     0 min    10 min"},
		{"", "try --set check.sli=availability --set check.critical_ratio=90\n"},
		{"--lang ja", "--set check.sli=availability --set check.critical_ratio=90 を試してください"},
	} {
		a := h.run(3600, append([]string{"backtest", "--from", stamp(900), "--to", stamp(1500)}, strings.Fields(c.args)...)...)
		if a.code != 0 || !strings.Contains(a.out, c.says) {
			t.Errorf("%s: exit %d, %s%s", c.args, a.code, a.out, a.complaints)
		}
	}
	if a := h.run(3600, "backtest", "--from", stamp(900), "--to", stamp(1500), "--set", "check.sli=availability", "--set", "check.critical_ratio=90"); strings.Contains(a.out, "0 min  10 min") || !strings.Contains(a.out, "CRITICAL  WARNING  left") {
		t.Errorf("judged: %s", a.out)
	}
	before := h.run(3600, "backtest", "--from", stamp(-86400), "--to", stamp(-86000), "--set", "check.sli=availability", "--set", "check.critical_ratio=90")
	if strings.Contains(before.out+before.complaints, "nothing is known of before 2026-03-02 1") || !strings.Contains(before.out+before.complaints, " JST") {
		t.Errorf("before the log: %s%s", before.out, before.complaints)
	}
}

// What a log holds of its first minute, which isn't whole, is told to a backtest as it is
// to a run: it was accepted, came out, updated something.
func TestABacktestKnowsWhatCameBeforeTheFirstWholeMinute(t *testing.T) {
	batch := `
pipelines:
  - name: v
    stages: [ { name: job, app_log: { path: DIR/job.json, format: json%s, fields: { time: ts }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 10m, within: 2m } } } ]
    slis: { freshness: { threshold: 12m, target: 99, expect_every: 10m } }
`
	for name, start := range map[string]string{"": "", " from the beginning": ", start: beginning"} {
		t.Run("a run"+name, func(t *testing.T) {
			h := newHost(t)
			h.config(fmt.Sprintf(batch, start))
			h.lines("job.json", fmt.Sprintf(`{"ts":"%s","msg":"run"}`, stamp(5)))
			b := h.backtest(612, 120, 600).Pipelines[0]
			if b.Minutes["OK"] != 8 || b.Minutes["UNKNOWN"] != 0 {
				t.Errorf("minutes %v: %+v", b.Minutes, b.Spans)
			}
		})
		t.Run("a record"+name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(true, strings.TrimPrefix(start, ", "), "slis: { freshness: { threshold: 60s, target: 99 } }"))
			h.lines("front.json", request(-300, 200, "r0"), request(10, 200, "r1"))
			h.lines("worker.json", worked(11.5, "done", "r1", 10))
			b := h.backtest(612, 120, 600).Pipelines[0]
			if b.Minutes["OK"] != 8 {
				t.Errorf("minutes %v: %+v", b.Minutes, b.Spans)
			}
		})
	}
}
