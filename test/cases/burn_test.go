package cases

import (
	"fmt"
	"strings"
	"testing"
)

// failing is an LTSV log with a request each step seconds from from to 0, every k-th
// answered 500.
func failing(h *host, from, step float64, k int) {
	var lines []string
	each(from, 0, step, func(n float64, i int) {
		status := 200
		if i%k == k-1 {
			status = 500
		}
		lines = append(lines, fmt.Sprintf("time:%s\tmethod:POST\turi:/videos\tstatus:%d", stamp(n), status))
	})
	h.lines("a.log", lines...)
}

func burning(period string, target string) string {
	return oneLog("ltsv", "start: beginning", fmt.Sprintf("slis: { availability: { target: %s } }\n    slo: { period: %s }\n    check: { sli: [availability], burn_rate: true }", target, period))
}

// What spends less than the budget is not too fast, whatever the period.
func TestABurnRuleIsSilentWhileTheObjectiveIsMet(t *testing.T) {
	for _, c := range []struct {
		period, target string
		k              int
	}{{"1d", "99", 1000}, {"7d", "99", 250}, {"28d", "99", 104}, {"2d", "95", 25}, {"3d", "99.5", 230}, {"90d", "99", 111}, {"1d", "90", 11}} {
		t.Run(c.period+" of "+c.target, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.config(burning(c.period, c.target))
			failing(h, -2*86400, 20, c.k)
			if e := h.explain(12, "--all"); e.Verdict.Status != "OK" {
				t.Errorf("%s: %s", e.Verdict.Status, e.Verdict.Message)
			}
		})
	}
}

// A page needs two bad events, no more: an outage pages however quiet the service is.
func TestAnOutageOfAQuietServicePages(t *testing.T) {
	for _, c := range []struct {
		name   string
		step   float64
		target string
	}{{"6 an hour", 600, "99.8"}, {"20 an hour", 180, "99.9"}, {"4 an hour", 900, "99.99"}, {"20 an hour of a low target", 180, "90"}} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(burning("28d", c.target))
			failing(h, -7*3600, c.step, 1)
			e := h.explain(12, "--all")
			if e.Verdict.Status != "CRITICAL" || e.Verdict.Rule == nil || *e.Verdict.Rule != "burn_rate" {
				t.Errorf("%s: %s", e.Verdict.Status, e.Verdict.Message)
			}
			if strings.Contains(e.Verdict.Message, "e+") {
				t.Errorf("an exponent: %s", e.Verdict.Message)
			}
		})
	}
}

// One failure may be chance: it warns at most, and says what a page needs.
func TestOneLoneFailureDoesNotPage(t *testing.T) {
	h := newHost(t)
	h.config(burning("28d", "99.9"))
	failing(h, -7*3600, 180, 140) // the last of 140
	e := h.explain(12, "--all")
	if e.Verdict.Status != "WARNING" || !strings.Contains(e.Verdict.Message, "too few to page: a page needs 2 bad") {
		t.Errorf("%s: %s", e.Verdict.Status, e.Verdict.Message)
	}
}

// Burn rates are exact decimal numbers; windows keep the length they name, and those
// longer than the period are left out.
func TestBurnMetricsNameTheirWindows(t *testing.T) {
	for period, want := range map[string]string{"1d": "1h 6h", "28d": "1h 6h 3d"} {
		h := newHost(t)
		h.config(strings.Replace(burning(period, "99.9"), "name: v", "name: v\n    metrics: [burn]", 1))
		failing(h, -12*3600, 60, 4)
		got := h.metrics(12)
		var names []string
		for _, window := range []string{"1h", "6h", "3d"} {
			if v, ok := got["burn.v.availability_"+window]; ok {
				names = append(names, window)
				if v != "250" {
					t.Errorf("%s of %s: %s", window, period, v)
				}
			}
		}
		if text := strings.Join(names, " "); text != strings.TrimSuffix(want, " 3d") {
			t.Errorf("period %s: got windows %s, want %s", period, text, want)
		}
		h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
		if defined := strings.Contains(h.run(12).out, `"availability_3d"`); defined != strings.Contains(want, "3d") {
			t.Errorf("period %s: a definition of 3d is there: %t", period, defined)
		}
	}
}
