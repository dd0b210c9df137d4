package cases

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// threeHosts is what one host of a healthy service logs whose hosts each run front and
// worker on one queue: of the records accepted here one third is done here.
func (h *host) threeHosts(from, to, gap float64) {
	h.t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var front, worker []string
	i := 0
	for n := from; n < to; n += gap * rng.ExpFloat64() {
		id := fmt.Sprint("r", i)
		i++
		if rng.IntN(3) == 0 {
			front = append(front, request(n, 200, id))
		}
		if rng.IntN(3) == 0 {
			worker = append(worker, worked(n+1, "done", id, n))
		}
	}
	h.lines("front.json", front...)
	h.lines("worker.json", worker...)
}

func TestWorkersThatShareAQueueOverHostsAreToldSo(t *testing.T) {
	for _, gap := range []float64{0.5, 3, 20} {
		t.Run(fmt.Sprint(gap), func(t *testing.T) {
			h := newHost(t)
			h.config(followed(""))
			h.threeHosts(0, 3600, gap)
			for _, at := range []float64{1212, 2412, 3612} {
				e := h.explain(at)
				if e.Verdict.Status != "UNKNOWN" || !strings.Contains(e.Verdict.Message, "from: counts") || e.stateName() != "UNKNOWN" || e.age() != -1 {
					t.Errorf("at +%g: want to be told, got %s %s, state %s", at, e.Verdict.Status, e.Verdict.Message, e.stateName())
				}
				if c := e.sli("coverage"); c.Status != "not_measured" || !strings.Contains(c.Reason, "from: counts") {
					t.Errorf("at +%g: want coverage not measured for that reason, got %s %q", at, c.Status, c.Reason)
				}
				if got := e.sli("freshness").Status; got != "value" {
					t.Errorf("at +%g: freshness needs no ids, got %s", at, got)
				}
			}
		})
	}
}

// The way out: by counts nothing needs to meet.
func TestBySharedQueuesCountsSuffice(t *testing.T) {
	h := newHost(t)
	h.config(followed(", from: counts"))
	h.threeHosts(0, 3600, 0.5)
	if e := h.explain(3612); e.Verdict.Status != "OK" || e.age() < 0 {
		t.Errorf("want OK, got %s %s", e.Verdict.Status, e.Verdict.Message)
	}
}

// A standstill is one, though some records come out that nobody accepted here.
func TestAStandstillIsNoSharedQueue(t *testing.T) {
	for _, c := range []struct{ at, unmatched float64 }{{1212, 5}, {1512, 3}} {
		h := newHost(t)
		h.config(followed(""))
		each(0, 1500, 1, func(n float64, i int) {
			status := 200
			if int(n)%int(c.unmatched) == 0 {
				status = 500
			}
			id := fmt.Sprint("r", i)
			h.lines("front.json", request(n, status, id))
			if n < 900 {
				h.lines("worker.json", worked(n+1, "done", id, n))
			}
		})
		if e := h.explain(c.at); e.Verdict.Status != "CRITICAL" && e.Verdict.Status != "WARNING" || e.stateName() != "FROZEN" {
			t.Errorf("at +%g: want FROZEN, got %s", c.at, e.Verdict.Message)
		}
	}
}

func TestALayoutWhereIDsMayNotMeetIsDoubted(t *testing.T) {
	for _, c := range []struct {
		between, worker, pipeline string
		doubt                     bool
	}{
		{"- { name: stream, kinesis: { stream: s, region: us-east-1 } }", "path: DIR/worker.json", "", true},
		{"- { name: jobs, sqs: { queue: s, region: us-east-1 } }", "path: DIR/worker.json", "", true},
		{"", "cloudwatch_logs: /worker", "", true},
		{"- { name: stream, kinesis: { stream: s, region: us-east-1 } }", "path: DIR/worker.json", "assume: single_host", false},
		{"", "path: DIR/worker.json", "", false},
	} {
		h := newHost(t)
		h.config(fmt.Sprintf(`
aws: { region: us-east-1 }
pipelines:
  - name: v
    %s
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json, fields: { id: id } } }
      %s
      - { name: worker, app_log: { %s, format: json, fields: { time: ts, accepted_at: acc, id: id } } }
    slis: { freshness: { threshold: 60s, target: 99, from: records }, coverage: { target: 99, accepted: front, done: worker } }
`, c.pipeline, c.between, c.worker))
		a := h.run(0, "validate")
		if got := strings.Contains(a.complaints, "ids: stage"); got != c.doubt {
			t.Errorf("%q, %q, %q: want a doubt %v, got %s%s", c.between, c.worker, c.pipeline, c.doubt, a.out, a.complaints)
		}
	}
}
