package cases

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mackerel is the service's API on loopback, with its limits: a key, a point a minute only
// where a question spans up to 20 hours and means of several beyond, 404 for what was never
// posted, and 429 for questions that come too close.
type mackerel struct {
	*httptest.Server
	t       *testing.T
	points  map[string]map[int64]float64 // host metrics by their name
	asked   int
	refused int
}

func newMackerel(t *testing.T) *mackerel {
	m := &mackerel{t: t, points: map[string]map[int64]float64{}}
	m.Server = httptest.NewServer(http.HandlerFunc(m.serve))
	t.Cleanup(m.Close)
	return m
}

// post is what an agent sends of a run's lines.
func (m *mackerel) post(lines string) {
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		at, _ := strconv.ParseInt(f[2], 10, 64)
		name := "custom." + f[0]
		if m.points[name] == nil {
			m.points[name] = map[int64]float64{}
		}
		m.points[name][at] = amount(f[1])
	}
}

func (m *mackerel) serve(w http.ResponseWriter, r *http.Request) {
	m.asked++
	name, q := "", r.URL.Query()
	switch r.URL.Path {
	case "/api/v0/hosts/abc123/metrics":
		name = q.Get("name")
	case "/api/v0/services/shop/metrics":
		name = "custom." + q.Get("name")
	}
	points := m.points[name]
	switch {
	case r.Header.Get("X-Api-Key") != "secret1":
		http.Error(w, `{"error":"Authentication failed. secret1"}`, http.StatusForbidden)
		return
	case m.asked%7 == 0:
		m.refused++
		http.Error(w, `{"error":"too many"}`, http.StatusTooManyRequests)
		return
	case points == nil:
		http.Error(w, `{"error":"metric not found"}`, http.StatusNotFound)
		return
	}
	from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("to"), 10, 64)
	step := int64(60)
	if to-from > 20*3600 {
		step = 300
	}
	type point struct {
		Time  int64   `json:"time"`
		Value float64 `json:"value"`
	}
	sums, counts := map[int64]float64{}, map[int64]float64{}
	for at, v := range points {
		if from <= at && at <= to {
			sums[at-at%step] += v
			counts[at-at%step]++
		}
	}
	out := []point{}
	for _, at := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, point{at, sums[at] / counts[at]})
	}
	if err := json.NewEncoder(w).Encode(map[string]any{"metrics": out}); err != nil {
		m.t.Error(err)
	}
}

// filling is a host whose agent posts to Mackerel, and its log.
func filling(t *testing.T, m *mackerel) *host {
	h := newHost(t)
	h.config(oneLog("ltsv", "settle: 10s", `metrics: [minimal, events]
    slis: { availability: { target: 99 }, latency: { threshold: 100ms, target: 90 } }
    slo: { period: 2d }`))
	h.env["MACKEREL_APIKEY"] = "secret1"
	h.env["MACKEREL_APIBASE"] = m.URL
	return h
}

// TestABudgetFilledFromMackerelIsThatOfTheFirst: of a second host, of one whose state is wiped,
// and of a service, for all but the minutes before the first point.
func TestABudgetFilledFromMackerelIsThatOfTheFirst(t *testing.T) {
	m := newMackerel(t)
	first := filling(t, m)
	const minutes = 44 * 60
	lines := []string{labelled(-600, "status:200", "reqtime:0.05")}
	run := func(h *host, minute int) {
		if a := h.run(float64(60*minute)+12, "--take"); h == first {
			m.post(a.out)
		}
	}
	var others []*host
	for minute := range minutes {
		for i := range minute % 4 {
			status, took := "status:200", "reqtime:0.05"
			if (minute*4+i)%97 == 0 {
				status = "status:503"
			}
			if minute%31 == 0 {
				took = "reqtime:0.3"
			}
			lines = append(lines, labelled(float64(60*minute+10*i), status, took))
		}
		if minute%5 == 0 || minute > minutes-30 { // points hold up to five minutes
			first.lines("a.log", lines...)
			for _, h := range others {
				h.lines("a.log", lines...)
			}
			if lines = nil; minute%600 == 300 { // a late line goes into a later point
				late := labelled(float64(60*minute-1800), "status:503", "reqtime:0.01")
				lines = append(lines, late)
			}
			run(first, minute)
			for _, h := range others {
				run(h, minute)
			}
		}
		if minute == minutes-20 { // then others come up
			others = []*host{filling(t, m), filling(t, m)}
			for _, h := range others {
				h.lines("a.log", labelled(float64(60*minute+1), "status:200", "reqtime:0.05"))
			}
			lines = append(lines, labelled(float64(60*minute+1), "status:200", "reqtime:0.05"))
		}
	}
	end := float64(60*minutes) + 10
	want := first.budget(end, "--from", stamp(600), "--to", stamp(60*minutes-120))
	for i, args := range [][]string{{"--host-id", "abc123"}, {"--service", "shop"}} {
		h := others[i]
		a := h.run(end, append([]string{"budget", "fill", "--from-mackerel"}, args...)...)
		if a.code != 0 || !strings.Contains(a.out, "minutes from mackerel") || strings.Contains(a.out+a.complaints, "secret1") {
			t.Fatalf("fill: %d %q %q", a.code, a.out, a.complaints)
		}
		got := h.budget(end, "--from", stamp(600), "--to", stamp(60*minutes-120))
		for j := range want {
			w, g := want[j], got[j]
			if w.Valid != g.Valid || w.Good != g.Good || math.Abs(*w.Left-*g.Left) > 1e-12 {
				t.Errorf("%q %s: want %v of %v, %v left, got %v of %v, %v", args, w.Name, w.Good, w.Valid, *w.Left, g.Good, g.Valid, *g.Left)
			}
			if w.Minutes["not_measured"] != g.Minutes["not_measured"] {
				t.Errorf("%q %s: want the minutes measured, got %v, %v; the first has %v", args, w.Name, g.Minutes, g.Reasons, w.Minutes)
			}
			if g.Filled["mackerel"] < minutes-60 {
				t.Errorf("%q %s: want it said where minutes are from, got %v", args, w.Name, g.Filled)
			}
		}
		// Again: nothing is left to fill, and nothing becomes more.
		h.run(end, append([]string{"budget", "fill", "--from-mackerel"}, args...)...)
		if again := h.budget(end, "--from", stamp(600), "--to", stamp(60*minutes-120)); again[0].Valid != got[0].Valid {
			t.Errorf("%q: want the same again, got %v", args, again[0].Valid)
		}
		// What is filled goes into budgets and burn, never into points.
		if a := h.run(end+60, "--take"); strings.Contains(a.out, "availability_valid\t1000") {
			t.Errorf("a point holds what was filled: %q", a.out)
		}
	}
	if m.refused == 0 {
		t.Error("want some questions refused for their number")
	}
	// A wiped state's, before its first run.
	wiped := filling(t, m)
	wiped.lines("a.log", labelled(float64(60*minutes), "status:200", "reqtime:0.05"))
	if a := wiped.run(end, "budget", "fill", "--from-mackerel", "--host-id", "abc123"); a.code != 0 {
		t.Fatalf("fill: %q %q", a.out, a.complaints)
	}
	wiped.run(end + 60)
	if got := of(wiped.budget(end+60, "--from", stamp(600), "--to", stamp(60*minutes-120)), "availability"); got.Valid != want[0].Valid || got.Good != want[0].Good {
		t.Errorf("a wiped state: want %v of %v, got %v of %v", want[0].Good, want[0].Valid, got.Good, got.Valid)
	}
}

// TestWhatSourcesStillHaveFillsTheLedger: a log that is there, without any state.
func TestWhatSourcesStillHaveFillsTheLedger(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("ltsv", "settle: 10s", "slis: { availability: { target: 99 } }\n    slo: { period: 1d }"))
	var lines []string
	each(-7200, 0, 30, func(n float64, i int) {
		lines = append(lines, labelled(n, map[bool]string{true: "status:503", false: "status:200"}[i%50 == 0]))
	})
	h.lines("a.log", lines...)
	h.run(12)
	before := of(h.budget(12), "availability")
	a := h.run(20, "budget", "fill")
	after := of(h.budget(30), "availability")
	for _, w := range after.Worst {
		if w.Class != "5xx" || w.By["status"]["503"] != w.Bad {
			t.Errorf("want it told what was wrong, got %+v", w)
		}
	}
	if a.code != 0 || before.Valid > 12 || after.Valid != 238 || after.Good != 238-4 || after.Filled["access_log"] == 0 {
		t.Errorf("want two hours, got %v, then %v of %v, %v; %q %q", before.Valid, after.Good, after.Valid, after.Filled, a.out, a.complaints)
	}
}

// TestFillingSaysWhatIsWrong, and never the key.
func TestFillingSaysWhatIsWrong(t *testing.T) {
	m := newMackerel(t)
	for _, c := range []struct {
		args, key, base, says string
		code                  int
	}{
		{"--from-mackerel --host-id abc123", "", "", "MACKEREL_APIKEY is not set", 2},
		{"--from-mackerel --host-id abc123", "wrong-secret1", "", "refused the key", 1},
		{"--from-mackerel --host-id abc123 --service shop", "secret1", "", "doesn't go with", 2},
		{"--from-mackerel --host-id a/b", "secret1", "", "--host-id: must be", 2},
		{"--from-mackerel --service ../x", "secret1", "", "--service: must be", 2},
		{"--host-id abc123", "secret1", "", "--from-mackerel", 2},
		{"--from-mackerel --host-id abc123", "secret1", "http://example.com/", "https URL", 2},
		{"--from-mackerel --host-id abc123", "secret1", "https://secret1@example.com/", "without a login", 2},
		{"--from-mackerel --host-id abc123", "secret1", "", "holds no points", 0},
	} {
		h := filling(t, m)
		h.lines("a.log", labelled(-100, "status:200"))
		h.env["MACKEREL_APIKEY"] = c.key
		if c.base != "" {
			h.env["MACKEREL_APIBASE"] = c.base
		}
		a := h.run(12, append([]string{"budget", "fill"}, strings.Fields(c.args)...)...)
		if a.code != c.code || !strings.Contains(a.complaints, c.says) || strings.Contains(a.out+a.complaints, "secret1") {
			t.Errorf("%s: want exit %d and %q, got %d %q %q", c.args, c.code, c.says, a.code, a.out, a.complaints)
		}
	}
}
