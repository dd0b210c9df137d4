package cases

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

// several is pipelines of all kinds of histories: requests, records by their ids and by
// counts, a batch job.
const several = `
metrics: [full]
pipelines:
  - name: web
    stages: [ { name: front, access_log: { path: logs/web.log, format: ltsv } } ]
    slis: { availability: { target: 99.9 }, latency: { threshold: 500ms, target: 99 } }
    check: { sli: [availability], burn_rate: true }
  - name: ids
    stages:
      - { name: front, access_log: { path: logs/front.json, format: json, start: beginning, fields: { id: id } } }
      - name: worker
        app_log:
          { path: logs/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc, id: id },
            events: [ { match: { msg: done }, is: done }, { match: { msg: dropped }, is: dropped } ] }
    slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 5m } }
  - name: counts
    stages:
      - { name: front, access_log: { path: "logs/front.*", format: json, start: beginning } }
      - name: worker
        app_log:
          { path: logs/worker.json, format: json, start: beginning, fields: { time: ts, accepted_at: acc },
            events: [ { match: { msg: done }, is: done }, { match: { msg: dropped }, is: dropped } ] }
    slis: { freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 5m } }
  - name: batch
    stages:
      - name: load
        app_log: { path: logs/load.json, format: json, start: beginning, fields: { time: ts, watermark: upto }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 10m } }
    slis: { freshness: { threshold: 15m, target: 99, expect_every: 10m }, coverage: { target: 99, from: runs } }
`

// severalMinute writes a minute of their logs.
func (h *host) severalMinute(m float64) {
	each(m, m+60, 10, func(n float64, i int) {
		status, took := 200, 0.1
		if int(n)%700 == 0 {
			status = 503
		}
		if i == 3 {
			took = 0.9
		}
		h.lines("logs/web.log", fmt.Sprintf("time:%s\tmethod:POST\turi:/videos\tstatus:%d\treqtime:%g", stamp(n), status, took))
		id, became := fmt.Sprintf("r%v", n), "done"
		if int(n)%900 == 0 {
			became = "dropped"
		}
		h.lines("logs/front.json", request(n, 200, id))
		h.lines("logs/worker.json", worked(n+2, became, id, n))
	})
	if int(m)%600 == 0 {
		h.lines("logs/load.json", fmt.Sprintf(`{"ts":"%s","msg":"run","upto":"%s"}`, stamp(m+5), stamp(m-60)))
	}
}

// upgraded is a host with what the release before left after an hour of runs.
func upgraded(t *testing.T, change func(state []byte) []byte) *host {
	t.Helper()
	packed, err := os.ReadFile("testdata/upgrade/state.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	state, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t)
	h.file("c.yaml", several)
	if err := os.Mkdir(h.path("state"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.file("state/state.db", string(change(state)))
	h.file("logs/web.log", "")
	for m := -3600.0; m < 0; m += 60 {
		h.severalMinute(m)
	}
	t.Chdir(h.dir) // the paths are those that the state knows
	return h
}

// History, budgets and positions of an older state go on.
func TestTheStateOfTheReleaseBeforeIsCarriedOver(t *testing.T) {
	expected, err := os.ReadFile("testdata/upgrade/explain.json")
	if err != nil {
		t.Fatal(err)
	}
	h := upgraded(t, func(state []byte) []byte { return state })
	type pipeline struct {
		Age   *float64
		State *string
		SLIs  map[string]judged
	}
	was := map[string]pipeline{}
	if err := json.Unmarshal(expected, &was); err != nil {
		t.Fatal(err)
	}
	for name, was := range was {
		is := h.explain(72, "--pipeline", name)
		if is.stateName() != (explained{State: was.State}).stateName() || was.Age != nil && *was.Age != is.age() {
			t.Errorf("%s: was %v, age %v; is %q, %v", name, was.State, was.Age, is.stateName(), is.age())
		}
		for kind, was := range was.SLIs {
			is := is.sli(kind)
			if was.Status != is.Status || was.counts() != is.counts() || *was.Since != *is.Since || was.Measured != is.Measured {
				t.Errorf("%s %s: was %s %s since %s, is %s %s since %s", name, kind, was.Status, was.counts(), *was.Since, is.Status, is.counts(), *is.Since)
			}
			if math.Abs(*was.Budget-*is.Budget) > 1e-12 {
				t.Errorf("%s %s: of the budget %v was left, is %v", name, kind, *was.Budget, *is.Budget)
			}
			if math.Abs(was.Burn["1h"]-is.Burn["1h"]) > 1e-9 {
				t.Errorf("%s %s: burnt %v, burns %v", name, kind, was.Burn, is.Burn)
			}
		}
	}
	// Each line from then on is in one point, and none of before.
	sums := map[string]float64{}
	for m := 0.0; m < 600; m += 60 {
		h.severalMinute(m)
		a := h.run(m+72, "--take")
		for _, metric := range []string{"web.availability", "web.latency", "ids.availability", "ids.freshness", "counts.freshness"} {
			_, sum := a.exported("events." + metric + "_valid")
			sums[metric] += sum
		}
	}
	for metric, sum := range sums {
		want := 60.0
		if metric == "web.latency" {
			want-- // one was no success
		}
		if sum != want && !(strings.Contains(metric, "freshness") && math.Abs(sum-want) <= 2) { // of them some were dropped
			t.Errorf("%s: want %v events, got %v", metric, want, sum)
		}
	}
	points, total := h.run(672, "export", "--from", stamp(-3540), "--to", stamp(600)).exported("events.web.availability_valid")
	if points != 69 || total != 69*6 {
		t.Errorf("the history holds %d minutes, %v requests", points, total)
	}
	if e := h.explain(672, "--at", stamp(-588), "--pipeline", "web").sli("availability"); e.counts() != "29/30" {
		t.Errorf("ten minutes before: %s", e.counts())
	}
}

// What a later release wrote is left as it is: the run says so, and keeps nothing.
func TestTheStateOfALaterReleaseIsLeftAlone(t *testing.T) {
	later := func(state []byte) []byte {
		return bytes.ReplaceAll(state, []byte("pipeline-sli/1/1"), []byte("pipeline-sli/2/2"))
	}
	h := upgraded(t, later)
	before, err := os.ReadFile(h.path("state/state.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--take"}, {"doctor"}, {"explain"}, {"--at", stamp(-588)}, {"export", "--from", "-10m", "--to", "-0m"}} {
		a := h.run(72, args...)
		if !strings.Contains(a.out+a.complaints, "written by a newer version") {
			t.Errorf("%v: %s", args, a.complaints)
		}
		if strings.Contains(a.out, "pipeline-sli.events.") && args[0] == "--take" {
			t.Errorf("%v: want no events without positions: %s", args, a.out)
		}
	}
	if after, _ := os.ReadFile(h.path("state/state.db")); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}
