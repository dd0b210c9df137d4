package cases

import (
	"fmt"
	"strings"
	"testing"
)

// TestAvailabilityUpToWhatIsDelivered: a request is good when it was answered well and
// its record wasn't given up before the deadline.
func TestAvailabilityUpToWhatIsDelivered(t *testing.T) {
	const slis = "slis: { availability: { target: 99, from: delivered }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"
	for _, c := range []struct {
		name    string
		ids     bool
		fate    func(i int) (string, float64) // what becomes of a record, after so many seconds
		status  func(i int) int
		want    string
		quality string
	}{
		{"all delivered by ids", true, nil, nil, "30/30", "exact"},
		{"all delivered by counts", false, nil, nil, "30/30", "estimate"},
		{"one in ten dropped by ids", true, func(i int) (string, float64) { return fates(i%10 == 0, "dropped"), 2 }, nil, "27/30", "exact"},
		{"one in ten dead-lettered by ids", true, func(i int) (string, float64) { return fates(i%10 == 0, "dlq"), 100 }, nil, "27/30", "exact"},
		{"dropped after the deadline by ids", true, func(i int) (string, float64) { return fates(i%10 == 0, "dropped"), 200 }, nil, "30/30", "exact"},
		{"one in ten dropped by counts", false, func(i int) (string, float64) { return fates(i%10 == 0, "dropped"), 2 }, nil, "27/30", "estimate"},
		{"all dead-lettered by counts", false, func(int) (string, float64) { return "dlq", 30 }, nil, "0/30", "estimate"},
		{"refused ones owe nothing", true, nil, func(i int) int { return 200 + 209*(i%2) }, "30/30", "exact"},
		{"failed ones are bad", true, nil, func(i int) int { return 200 + 300*(i%2) }, "15/30", "exact"},
		{"failed and dropped by ids", true, func(i int) (string, float64) { return fates(i%10 == 0, "dropped"), 2 }, func(i int) int { return 200 + 300*(i%2) }, "12/30", "exact"},
		{"failed attempts are no loss", true, func(i int) (string, float64) { return fates(i%3 == 0, "failed"), 2 }, nil, "30/30", "exact"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(frontAndWorker(c.ids, "start: beginning", slis))
			each(0, 1200, 10, func(n float64, i int) {
				id, status, fate, after := fmt.Sprintf("r%d", i), 200, "done", 1.0
				if c.status != nil {
					status = c.status(i)
				}
				if c.fate != nil {
					fate, after = c.fate(i)
				}
				h.lines("front.json", request(n, status, id))
				if status < 400 && n+after < 1200 {
					h.lines("worker.json", worked(n+after, fate, id, n))
				}
			})
			a := h.explain(1212).sli("availability")
			if a.counts() != c.want || a.Quality != c.quality || a.Method != "delivered" {
				t.Errorf("want %s %s, got %s %s %s %s", c.want, c.quality, a.Status, a.counts(), a.Quality, a.Reason)
			}
			h.metrics(1212, "--take")
			if got := h.metrics(1212)["sli.v.availability"]; got == "" {
				t.Error("no metric")
			}
		})
	}
}

func fates(holds bool, what string) string {
	if holds {
		return what
	}
	return "done"
}

// TestDeliveredIsCountedOnceOverManyRuns: a minute settles at its end and the deadline.
func TestDeliveredIsCountedOnceOverManyRuns(t *testing.T) {
	for _, ids := range []bool{true, false} {
		h := newHost(t)
		h.config(frontAndWorker(ids, "start: beginning", "metrics: [full]\n    slis: { availability: { target: 99, from: delivered }, coverage: { target: 99, deadline: 2m } }"))
		write := func(n float64, _ int) {
			id := fmt.Sprintf("r%v", n)
			h.lines("front.json", request(n, 200, id))
			h.lines("worker.json", worked(n+1, fates(int(n)%50 == 0, "dropped"), id, n))
		}
		good, valid := 0.0, 0.0
		for at := 12.0; at < 1500; at += 60 {
			each(max(0, at-60+8), at-1, 10, write)
			m := h.metrics(at, "--take")
			var g, v float64
			_, _ = fmt.Sscan(m["events.v.availability_good"], &g)
			_, _ = fmt.Sscan(m["events.v.availability_valid"], &v)
			good, valid = good+g, valid+v
		}
		if valid < 120 || good < 0.75*valid || good > 0.85*valid {
			t.Errorf("ids %v: %g of %g", ids, good, valid)
		}
		if e := h.explain(1452).sli("availability"); *e.Ratio < 0.7 || *e.Ratio > 0.9 {
			t.Errorf("ids %v: %s", ids, e.counts())
		}
	}
}

// TestDeliveredIsRefusedWhereNothingCountsWhatIsGivenUp, with what to add.
func TestDeliveredIsRefusedWhereNothingCountsWhatIsGivenUp(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99, from: delivered } }"))
	a := h.run(12, "validate")
	if a.code != 2 || !strings.Contains(a.complaints, "from: delivered needs a stage that counts what is given up") || !strings.Contains(a.complaints, "hint: say is: dropped") {
		t.Errorf("exit %d, %s", a.code, a.complaints)
	}
}
