package cases

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// store is a table whose item was updated at an instant.
type store struct{ updated string }

// frontAndStore is a pipeline of requests and the newest item of a table.
func frontAndStore(t *testing.T, h *host, front, pipeline string) *store {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	s := new(store)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, fmt.Sprintf(`{"Item":{"at":{"S":%q}}}`, s.updated))
	}))
	t.Cleanup(server.Close)
	h.config(fmt.Sprintf(`
pipelines:
  - name: v
    stages:
      - { name: front, access_log: { path: DIR/front.json, format: json, where: { method: POST }%s } }
      - { name: store, dynamodb_item: { table: videos, key: { id: watermark }, time: at, endpoint_url: "%s" } }
    %s
`, front, server.URL, pipeline))
	return s
}

const availableAndFresh = "slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 } }"

// read is a line of front.json that accepts nothing: a GET.
func looked(n float64) string { return strings.Replace(request(n, 200, ""), "POST", "GET", 1) }

// TestNothingIsOwedAfterTheNewestItemUnlessSomethingWasAccepted: its age alone says
// nothing where a stage counts what was accepted.
func TestNothingIsOwedAfterTheNewestItemUnlessSomethingWasAccepted(t *testing.T) {
	for _, c := range []struct {
		name      string
		front     string
		post      []float64 // requests that write, beside a GET each 10 s from −3300 on
		updated   float64
		status    string
		least     float64
		most      float64
		freshness string // counts of the newest minute
	}{
		{"only reads, first run", "", nil, -2400, "OK", 0, 0, "60/60"},
		{"only reads", ", start: beginning", nil, -2400, "OK", 0, 0, "60/60"},
		{"the write that made the item", ", start: beginning", []float64{-2401}, -2400, "OK", 0, 0, "60/60"},
		{"which ended after the item was there", ", start: beginning", []float64{-2398.5}, -2400, "OK", 0, 0, "60/60"},
		{"writes all the time", ", start: beginning", every(-3300, 0, 10), -2400, "CRITICAL", 2340, 2400, "0/60"},
		{"writes all the time, first run", "", every(-3300, 0, 10), -2400, "CRITICAL", 2400, 2400, "0/60"},
		{"a write after a long quiet", ", start: beginning", []float64{-3200, -20}, -2400, "OK", 20, 21, "60/60"},
		{"a write that is refused", ", start: beginning", nil, -2400, "OK", 0, 0, "60/60"},
		{"a write seven minutes ago", ", start: beginning", []float64{-3200, -420}, -2400, "CRITICAL", 420, 421, "0/60"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			s := frontAndStore(t, h, c.front, availableAndFresh)
			s.updated = stamp(c.updated)
			each(-3300, 10, 10, func(n float64, _ int) { h.lines("front.json", looked(n)) })
			for _, n := range c.post {
				h.lines("front.json", request(n, 200, ""))
			}
			if strings.Contains(c.name, "refused") {
				h.lines("front.json", request(-600, 409, ""))
			}
			h.written("front.json", 10)
			e := h.explain(12)
			if e.Verdict.Status != c.status || e.age() < c.least || e.age() > c.most {
				t.Errorf("want %s and an age of %g to %g, got %+v and %g", c.status, c.least, c.most, e.Verdict, e.age())
			}
			if got := e.sli("freshness").counts(); got != c.freshness {
				t.Errorf("want %s, got %s %s", c.freshness, got, e.sli("freshness").Status)
			}
		})
	}
}

func every(from, to, step float64) (all []float64) {
	each(from, to, step, func(n float64, _ int) { all = append(all, n) })
	return all
}

// TestAnItemExpectedAtIntervalsAgesWhateverIsAccepted, and so does one where nothing
// counts what is.
func TestAnItemExpectedAtIntervalsAgesWhateverIsAccepted(t *testing.T) {
	h := newHost(t)
	s := frontAndStore(t, h, "", "slis: { availability: { target: 99 }, freshness: { threshold: 15m, target: 99, expect_every: 10m } }")
	s.updated = stamp(-2400)
	each(-600, 10, 10, func(n float64, _ int) { h.lines("front.json", looked(n)) })
	h.written("front.json", 10)
	if e := h.explain(12); e.Verdict.Status != "CRITICAL" || e.age() != 2400 {
		t.Errorf("got %+v and %g", e.Verdict, e.age())
	}
}

// TestAnItemOfTheFutureIsSkewedNotFresh: the next one that isn't counts again.
func TestAnItemOfTheFutureIsSkewedNotFresh(t *testing.T) {
	h := newHost(t)
	s := frontAndStore(t, h, "", availableAndFresh)
	write := func(n float64, _ int) { h.lines("front.json", request(n, 200, "")) }
	each(-600, 10, 10, write)
	h.written("front.json", 10)
	s.updated = stamp(12 + 59)
	if got := h.check(12); got != "OK: v: fresh" {
		t.Errorf("within the tolerance: got %q", got)
	}
	for i, ahead := range []float64{61, 7200, 1e9} {
		at := 72 + 60*float64(i)
		each(at-60, at-2, 10, write)
		s.updated = stamp(at + ahead)
		h.metrics(at)
		if got := h.check(at); !strings.HasPrefix(got, "UNKNOWN: v: clock skew: 100% of the rows of stage store at 12:0") {
			t.Errorf("%g s ahead: got %q", ahead, got)
		}
		if e := h.explain(at); e.age() != -1 {
			t.Errorf("%g s ahead: age %g", ahead, e.age())
		}
	}
	each(192, 250, 10, write)
	s.updated = stamp(245)
	h.metrics(252)
	if got := h.check(252); got != "OK: v: fresh" {
		t.Errorf("trusted again: got %q", got)
	}
}
