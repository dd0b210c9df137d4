package cases

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// posting is a host that posts what its runs print, and whose check is asked each minute.
type posting struct {
	*host
	said []string // what the check said of the minutes that ended from a minute past noon on
}

const postedChecks = "check: { sli: [availability, freshness], warning_ratio: 99, critical_ratio: 90, no_traffic: WARNING, warning_age: 60s, critical_age: 4m }"

// post lives a world's minutes, and posts of each run what the agent makes of it.
func post(t *testing.T, m *mackerel, config string, w world, r *rand.Rand, agent func(lines string, at float64) string, judged bool) posting {
	t.Helper()
	p := posting{host: newHost(t)}
	p.config(config)
	lines := w.lines(r)
	for at := 70.0; at < w.until-300; at += 60 {
		for len(lines) > 0 && lines[0].at < at {
			p.lines(lines[0].log, lines[0].line)
			lines = lines[1:]
		}
		if printed := agent(p.run(at+2, "--take").out, at); printed != "" {
			m.post(printed)
		}
		if judged {
			p.said = append(p.said, p.check(at+3))
		}
	}
	for _, l := range lines {
		p.lines(l.log, l.line)
	}
	return p
}

// asPrinted is an agent with use_plugin_timestamp, asTicks one without.
func asPrinted(lines string, _ float64) string { return lines }

func asTicks(lines string, at float64) string {
	var out strings.Builder
	tick := noonPlus(at).Truncate(time.Minute).Unix()
	for line := range strings.Lines(lines) {
		f := strings.Split(line, "\t")
		fmt.Fprintf(&out, "%s\t%s\t%d\n", f[0], f[1], tick)
	}
	return out.String()
}

// fromMackerel is backtest at a new host: with the configuration, without logs and state.
func (h *host) fromMackerel(m *mackerel, from, to float64, args ...string) (backtested, answer) {
	h.t.Helper()
	fresh := newHost(h.t)
	fresh.zone = h.zone
	fresh.env["MACKEREL_APIKEY"], fresh.env["MACKEREL_APIBASE"] = "secret1", m.URL
	args = append([]string{"--config", h.path("c.yaml"), "--state-dir", fresh.path("state"), "backtest", "--json", "--from-mackerel", "--host-id", "abc123", "--from", stamp(from), "--to", stamp(to)}, args...)
	a := fresh.bare(9000, cli.Main, args...)
	var b backtested
	if err := json.Unmarshal([]byte(a.out), &b); err != nil {
		h.t.Fatalf("backtest: exit %d, %v; %s", a.code, err, a.complaints)
	}
	if strings.Contains(a.out+a.complaints, "secret1") {
		h.t.Errorf("the key is told: %q %q", a.out, a.complaints)
	}
	return b, a
}

// postedWorlds are the incidents of random histories, the agents that post them and how long
// their minutes take to settle.
func postedWorlds(t *testing.T, seed uint64) (posting, *mackerel, incident) {
	r := rand.New(rand.NewPCG(seed, 5))
	start := 1200 + float64(r.IntN(6))*60
	in := incident{[]string{"consumer-stop", "errors", "slow", "lost", "front-stop"}[seed%5], start, start + float64(7+r.IntN(5))*60, []float64{0, 0.5, 100, 0.6, 0}[seed%5]}
	agent, settle := asPrinted, ""
	if seed%2 == 1 {
		agent = asTicks
	}
	if seed%3 != 0 {
		settle = ", settle: 130s"
	}
	m := newMackerel(t)
	config := frontAndWorker(seed%2 == 0, "start: beginning"+settle, "metrics: [minimal, events]\n    "+backtestedSLIs+"\n    "+postedChecks)
	return post(t, m, config, world{every: float64(3 + r.IntN(4)), until: 2700, incident: []incident{in}}, r, agent, true), m, in
}

// TestABacktestOfPostedPointsSaysWhatTheCheckSaid, minute by minute, with an agent that gives
// points the time of their minute and with one that gives them its own; but for states, which
// aren't posted.
func TestABacktestOfPostedPointsSaysWhatTheCheckSaid(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			h, m, in := postedWorlds(t, seed)
			settle := 0 // in minutes, beyond that of a run
			if seed%3 != 0 {
				settle = 2
			}
			b, a := h.fromMackerel(m, 960, 2280)
			if a.code != 0 || a.complaints != "" || b.Pipelines[0].History != "mackerel" {
				t.Errorf("exit %d, %q, of %s", a.code, a.complaints, b.Pipelines[0].History)
			}
			found := 0.0
			for i, status := range b.statuses() {
				said := h.said[15+i+settle]
				if !strings.HasPrefix(said, status+":") && !strings.Contains(said, "LOSING") {
					t.Errorf("%s, minute %d: the check said %q, the points say %s", in.kind, i, said, status)
				}
				found += on(status != "OK", 1)
			}
			if want := on(in.kind != "lost", 5); found < want {
				t.Errorf("%s: %v minutes aren't OK", in.kind, found)
			}
		})
	}
}

// TestSettingsOfPostedPoints: what is made of counts can be tried, and a wider limit never
// has more CRITICAL minutes; what would have counted otherwise is refused by its name.
func TestSettingsOfPostedPoints(t *testing.T) {
	m := newMackerel(t)
	config := frontAndWorker(true, "start: beginning", "metrics: [minimal, events]\n    "+backtestedSLIs+"\n    check: { sli: [availability, freshness], critical_ratio: 90 }")
	h := post(t, m, config, world{every: 3, until: 2400, incident: []incident{{"errors", 1200, 1500, 0.4}}}, rand.New(rand.NewPCG(1, 9)), asPrinted, false)
	for _, sweep := range []string{"check.critical_ratio=99.5,95,80,50", "check.critical_age=5s,30s,5m", "slis.availability.target=99.9,99,90", "window=1m,5m"} {
		b, a := h.fromMackerel(m, 960, 2040, "--set", sweep)
		if a.code != 0 || len(b.Sweep) < 2 {
			t.Fatalf("%s: exit %d, %s", sweep, a.code, a.complaints)
		}
		for i := 1; i < len(b.Sweep); i++ {
			x, y := b.Sweep[i-1], b.Sweep[i]
			if strings.HasPrefix(sweep, "check") && (y.Minutes["CRITICAL"] > x.Minutes["CRITICAL"] || y.Pages > x.Pages) {
				t.Errorf("%v has %v, %v has %v", x.Set, x.Minutes, y.Set, y.Minutes)
			}
			if strings.Contains(sweep, "target") && y.Left["availability"] <= x.Left["availability"] {
				t.Errorf("%v leaves %v, %v leaves %v", x.Set, x.Left, y.Set, y.Left)
			}
		}
	}
	fresh := newHost(t)
	fresh.env["MACKEREL_APIKEY"], fresh.env["MACKEREL_APIBASE"] = "secret1", m.URL
	for _, c := range []struct{ args, says string }{
		{"--set slis.freshness.threshold=30s,90s", "--set slis.freshness.threshold=30s: points hold what was counted"},
		{"--set slis.latency.threshold=10ms", "--set slis.latency.threshold=10ms: points hold"},
		{"--set slis.coverage.deadline=9m", "points hold what was counted"},
		{"--set stages.front.access_log.where.method=POST", "points hold what was counted"},
		{"--set slis.availability.good.status=<400 --set check.critical_age=5m", "points hold what was counted"},
		{"--set check.critical_ratoi=5", "unknown key"},
		{"--drill slow=5x@2026-03-02T12:20:00Z,10m", "--drill slow: points hold counts"},
		{"--drill consumer-stop@2026-03-02T12:20:00Z,10m", "--drill consumer-stop: points hold counts"},
		{"--recording DIR", "--recording doesn't go with --from-mackerel"},
		{"--service shop", "--host-id doesn't go with --service"},
		{"--metric-key-prefix a..b", "--metric-key-prefix: must be"},
	} {
		a := fresh.bare(9000, cli.Main, append([]string{"--config", h.path("c.yaml"), "backtest", "--from-mackerel", "--host-id", "abc123", "--from", stamp(960), "--to", stamp(2040)}, strings.Fields(c.args)...)...)
		if a.code != 2 || !strings.Contains(a.complaints, c.says) || a.out != "" {
			t.Errorf("%s: exit %d, %q", c.args, a.code, a.complaints)
		}
	}
	if a := fresh.bare(9000, cli.Main, "--config", h.path("c.yaml"), "backtest", "--from", "-2h", "--to", "-1h", "--host-id", "abc123"); a.code != 2 || !strings.Contains(a.complaints, "add --from-mackerel") {
		t.Errorf("exit %d, %q", a.code, a.complaints)
	}

	// Errors that are put into points are found as they are in the lines.
	drill := []string{"--drill", "errors=30%@" + stamp(1630) + ",5m", "--set", "check.critical_ratio=95,60"}
	posted, _ := h.fromMackerel(m, 960, 2040, drill...)
	lines := h.backtest(9000, 960, 2040, drill...)
	for i, row := range posted.Sweep {
		p, l := row.Drills[0], lines.Sweep[i].Drills[0]
		if i == 1 && p.Status == nil && l.Status == nil { // 70 % are not below 60 %
			continue
		}
		if p.Status == nil || l.Status == nil || *p.Status != *l.Status || *p.FoundAfter-*l.FoundAfter > 60 || *l.FoundAfter-*p.FoundAfter > 60 {
			t.Errorf("%v: put into points it is %v after %v, into lines %v after %v", row.Set, p.Status, p.FoundAfter, l.Status, l.FoundAfter)
		}
	}
	if lines.Pipelines[0].History != "sources" || posted.Sweep[0].History != "mackerel" {
		t.Errorf("of %s, and of %s", lines.Pipelines[0].History, posted.Sweep[0].History)
	}
}

// TestWhatWasNotPostedIsNamed: half an hour without an agent, SLIs whose counts aren't
// posted, an age that isn't, another pipeline's.
func TestWhatWasNotPostedIsNamed(t *testing.T) {
	m := newMackerel(t)
	config := func(metrics, check string) string {
		return frontAndWorker(true, "start: beginning", "metrics: ["+metrics+"]\n    "+backtestedSLIs+"\n    "+check)
	}
	const ratios, ages = "check: { sli: [availability], critical_ratio: 90 }", "check: { critical_age: 4m }"
	h := post(t, m, config("minimal, events", ratios), world{every: 6, until: 3600}, rand.New(rand.NewPCG(1, 9)), func(lines string, at float64) string {
		if at > 1200 && at < 3000 {
			return ""
		}
		return lines
	}, false)
	b, a := h.fromMackerel(m, 960, 3240)
	if unknown := b.Pipelines[0].Minutes["UNKNOWN"]; a.code != 1 || unknown < 30 || unknown > 33 ||
		!strings.Contains(a.complaints, "nothing was posted of age in 30 minutes: 2026-03-02 12:19–12:49 UTC") ||
		!strings.Contains(a.complaints, "nothing was posted of availability in 30 minutes") {
		t.Errorf("exit %d, %v, %s", a.code, b.Pipelines[0].Minutes, a.complaints)
	}
	if len(b.Pipelines[0].Missing) != 2 {
		t.Errorf("missing: %q", b.Pipelines[0].Missing)
	}
	for _, c := range []struct {
		metrics, check, says string
		unknown, code        int
	}{
		{"minimal", ages, "", 0, 0},
		{"minimal", ratios, "nothing was posted of availability", 18, 1},
		{"events", ages, "nothing was posted of age", 18, 1},
	} {
		m := newMackerel(t)
		h := post(t, m, config(c.metrics, c.check), world{every: 6, until: 2400}, rand.New(rand.NewPCG(1, 9)), asPrinted, false)
		b, a := h.fromMackerel(m, 960, 2040)
		if b.Pipelines[0].Minutes["UNKNOWN"] != c.unknown || a.code != c.code || !strings.Contains(a.complaints, c.says) {
			t.Errorf("%s: exit %d, %v, %s", c.metrics, a.code, b.Pipelines[0].Minutes, a.complaints)
		}
	}
	h.config(strings.ReplaceAll(config("minimal", ages), "name: v", "name: w"))
	h.env["MACKEREL_APIKEY"], h.env["MACKEREL_APIBASE"] = "secret1", m.URL
	if a := h.run(9000, "backtest", "--from-mackerel", "--host-id", "abc123", "--from", "-2h", "--to", "-1h"); a.code != 1 || !strings.Contains(a.complaints, "pipeline w: Mackerel holds no points of that time") || a.out != "" {
		t.Errorf("exit %d, %q", a.code, a.complaints)
	}
}

// TestAMackerelThatDoesNotAnswerEndsABacktest, with what it said, in time, and never with the
// key.
func TestAMackerelThatDoesNotAnswerEndsABacktest(t *testing.T) {
	h := newHost(t)
	h.config(frontAndWorker(true, "start: beginning", backtestedSLIs))
	for _, c := range []struct {
		answer func(w http.ResponseWriter, r *http.Request)
		key    string
		says   string
		code   int
	}{
		{nil, "", "MACKEREL_APIKEY is not set", 2},
		{status(401, `{"error":"secret1"}`), "secret1", "refused the key (HTTP 401)", 1},
		{status(403, `{"error":"secret1"}`), "secret1", "refused the key (HTTP 403)", 1},
		{status(404, `{"error":{"message":"host not found"}}`), "secret1", "Mackerel holds no points", 1},
		{status(404, `<html>secret1</html>`), "secret1", "isn't Mackerel", 1},
		{status(200, `<html>secret1</html>`), "secret1", "isn't Mackerel", 1},
		{status(429, `{"error":"secret1"}`), "secret1", "answered HTTP 429", 1},
		{status(503, `secret1`), "secret1", "answered HTTP 503", 1},
		{status(302, ``), "secret1", "redirection", 1},
		{func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "secret1", "no answer within 300ms (--timeout)", 1},
	} {
		s := httptest.NewServer(http.HandlerFunc(c.answer))
		h.env["MACKEREL_APIKEY"], h.env["MACKEREL_APIBASE"] = c.key, s.URL
		args := []string{"backtest", "--from-mackerel", "--host-id", "abc123", "--from", "-2h", "--to", "-1h"}
		if strings.Contains(c.says, "--timeout") {
			args = append(args, "--timeout", "0.3")
		}
		a := h.run(9000, args...)
		s.Close()
		if a.code != c.code || !strings.Contains(a.complaints, c.says) || strings.Contains(a.out+a.complaints, "secret1") || a.out != "" {
			t.Errorf("%s: exit %d, %q %q", c.says, a.code, a.out, a.complaints)
		}
	}
}

func status(code int, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		if code == 302 {
			w.Header().Set("Location", "https://example.com/")
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(text))
	}
}

// TestABacktestSaysWhatItSpeaksOf, in both languages: of the points of a host or a service, of
// the state, of the sources.
func TestABacktestSaysWhatItSpeaksOf(t *testing.T) {
	m := newMackerel(t)
	h := post(t, m, frontAndWorker(true, "start: beginning", "metrics: [minimal, events]\n    "+backtestedSLIs), world{every: 6, until: 2400}, rand.New(rand.NewPCG(1, 9)), asPrinted, false)
	h.env["MACKEREL_APIKEY"], h.env["MACKEREL_APIBASE"] = "secret1", m.URL
	counts := newHost(t)
	counts.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"))
	each(0, 2400, 6, func(n float64, _ int) { counts.lines("a.log", request(n, 200, "")) })
	each(60, 2400, 60, func(n float64, _ int) { counts.run(n + 12) })
	for _, c := range []struct {
		h          *host
		args, says string
	}{
		{h.host, "--from-mackerel --host-id abc123", "of the points that Mackerel holds of host abc123"},
		{h.host, "--from-mackerel --service shop", "of the points that Mackerel holds of service shop"},
		{h.host, "--from-mackerel --service shop", "FROZEN, LOSING and records that retention threatens aren't told"},
		{h.host, "--from-mackerel --service shop --lang ja", "Mackerel にあるサービス shop の投稿値から"},
		{h.host, "", "of what the sources say now"},
		{counts, "", "of what the state holds"},
		{counts, "--lang ja", "状態ファイルの履歴から"},
	} {
		a := c.h.run(2300, append([]string{"backtest", "--from", stamp(960), "--to", stamp(2040)}, strings.Fields(c.args)...)...)
		if a.code != 0 || !strings.Contains(a.out, c.says) {
			t.Errorf("%s: exit %d, %s%s", c.args, a.code, a.out, a.complaints)
		}
	}
}

// TestFilledMinutesAreThoseThatPointsSpeakOf, also where an agent gives points its own time,
// and a backtest of the state tells the budget with them at each of its instants.
func TestFilledMinutesAreThoseThatPointsSpeakOf(t *testing.T) {
	m := newMackerel(t)
	config := oneLog("json", "start: beginning, settle: 190s", "metrics: [minimal, events]\n    slis: { availability: { target: 99 } }\n    check: { sli: [availability], burn_rate: true }")
	first, lines := newHost(t), []string(nil)
	first.config(config)
	each(0, 3000, 5, func(n float64, i int) {
		lines = append(lines, request(n, map[bool]int{true: 500, false: 200}[n >= 900 && n < 1020], ""))
	})
	each(60, 3000, 60, func(n float64, i int) {
		first.lines("a.log", slices.Clone(lines[12*i:12*i+12])...)
		m.post(asTicks(first.run(n+12, "--take").out, n+12))
	})
	second := newHost(t)
	second.config(strings.ReplaceAll(config, "start: beginning, ", ""))
	second.env["MACKEREL_APIKEY"], second.env["MACKEREL_APIBASE"] = "secret1", m.URL
	second.lines("a.log", lines[0])
	each(3000, 5400, 60, func(n float64, _ int) {
		second.lines("a.log", request(n+1, 200, ""))
		second.run(n + 12)
	})
	if a := second.run(5412, "budget", "fill", "--from-mackerel", "--host-id", "abc123"); a.code != 0 {
		t.Fatalf("fill: %s", a.complaints)
	}
	want, got := of(first.budget(3000, "--from", stamp(600), "--to", stamp(1200)), "availability"), of(second.budget(5412, "--from", stamp(600), "--to", stamp(1200)), "availability")
	if want.Valid != got.Valid || want.Good != got.Good || want.Valid != 120 || want.Good != 96 {
		t.Errorf("want %v of %v, got %v of %v", want.Good, want.Valid, got.Good, got.Valid)
	}
	b := second.backtest(5412, 4800, 5160)
	left := second.explain(5400).SLIs[0].Budget
	for _, at := range b.Sweep[0].Budget[1:] {
		if at.Left["availability"] > 0.999 {
			t.Errorf("at %s %v is left, as if nothing were filled; it is %v (of %s)", at.At, at.Left["availability"], *left, b.Pipelines[0].History)
		}
	}
}
