package cases

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// examined is what doctor says at n, and its exit code.
func (h *host) examined(n float64) answer { return h.run(n, "doctor") }

// says holds an answer against lines that must be in it.
func (a answer) says(t *testing.T, code int, lines ...string) {
	t.Helper()
	if a.code != code {
		t.Errorf("want exit %d, got %d with %q", code, a.code, a.out)
	}
	for _, line := range lines {
		if !strings.Contains(a.out, line) {
			t.Errorf("want %q in %q", line, a.out)
		}
	}
}

// saysNot holds it against what must not be.
func (a answer) saysNot(t *testing.T, words ...string) {
	t.Helper()
	for _, word := range words {
		if strings.Contains(a.out, word) {
			t.Errorf("don't want %q in %q", word, a.out)
		}
	}
}

const onlyAvailability = "slis: { availability: { target: 99 } }"

// TestDoctorNeverCallsWellWhatItCannotJudge: a log of which nothing can be judged, or half
// can't be read, is a failed point, with what to do.
func TestDoctorNeverCallsWellWhatItCannotJudge(t *testing.T) {
	for _, c := range []struct {
		name, format, slis string
		line               func(n float64, i int) string
		code               int
		says               []string
	}{
		{"no request time", "combined", "slis: { latency: { threshold: 100ms, target: 99 } }", func(n float64, _ int) string { return combined(n, "GET", "/a", 200, "") },
			1, []string{"FAILED v latency: not measured: 30 of 30 requests can't be judged", "$request_time"}},
		{"half of a JSON log is not JSON", "json", onlyAvailability, func(n float64, i int) string {
			if i%2 == 1 {
				return strings.Replace(request(n, 200, "-"), "/videos", `/v\x22`, 1)
			}
			return request(n, 200, "-")
		}, 1, []string{"FAILED v/front (access_log a.log): 50% of 30 lines can be read", "escape=json", "max_malformed: 10%"}},
		{"one bad line of thirty", "ltsv", onlyAvailability, func(n float64, i int) string {
			if i == 40 {
				return "odd"
			}
			return labelled(n, "status:200")
		}, 0, []string{"ok     v/front (access_log a.log): 96.7% of 30 lines can be read", "points that were looked at are well"}},
		{"all is well", "ltsv", onlyAvailability, func(n float64, i int) string { return labelled(n, "status:200") },
			0, []string{"ok     v/front (access_log a.log): 30 lines in the window, all can be read", "ok     v availability: 100%"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(oneLog(c.format, "start: beginning", c.slis))
			each(0, 600, 10, func(n float64, i int) { h.lines("a.log", c.line(n, i)) })
			a := h.examined(612)
			a.says(t, c.code, c.says...)
			if c.code == 1 {
				a.saysNot(t, "are well")
			}
		})
	}
}

// TestDoctorTellsWhyNothingIsMeasured: a file that isn't there is not one that can't be
// read, and a failed source is no young history.
func TestDoctorTellsWhyNothingIsMeasured(t *testing.T) {
	t.Run("no such log", func(t *testing.T) {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", onlyAvailability))
		a := h.examined(612)
		a.says(t, 1, "FAILED v/front (access_log a.log): log file a.log: no such file", "optional: true", "note   v availability: not measured: stage front: log file a.log: no such file")
		a.saysNot(t, "whole minute", "agent.conf can't be read", "are well")
	})
	t.Run("a young log", func(t *testing.T) {
		h := newHost(t)
		h.config(oneLog("ltsv", "", onlyAvailability))
		h.lines("a.log", labelled(600, "status:200"))
		h.examined(612).says(t, 0, "note   v availability: not measured: no whole minute yet", "can't be told yet")
	})
	t.Run("an empty log", func(t *testing.T) {
		h := newHost(t)
		h.config(oneLog("ltsv", "", onlyAvailability))
		h.file("a.log", "")
		a := h.examined(612)
		a.says(t, 0, "note   v availability: not measured: stage front: nothing was written to a.log since it was first looked at", "note   v/front (access_log a.log): answers, but so far for 0 of the window's 5 minutes")
		a.saysNot(t, "nothing happened in the window")
	})
	t.Run("a log that is first looked at in the middle of the window", func(t *testing.T) {
		h := newHost(t)
		h.config(oneLog("ltsv", "", onlyAvailability))
		h.file("a.log", "")
		h.run(500)
		a := h.examined(612)
		a.says(t, 0, "note   v/front (access_log a.log): answers, but so far for 2 of the window's 5 minutes")
		a.saysNot(t, "nothing happened in the window")
	})
	t.Run("a log that is quiet for longer than the window", func(t *testing.T) {
		h := newHost(t)
		h.config(oneLog("ltsv", "start: beginning", onlyAvailability))
		h.lines("a.log", labelled(100, "status:200"))
		h.examined(612).says(t, 0, "ok     v/front (access_log a.log): answers; nothing happened in the window")
	})
}

// TestDoctorAsksTheProversPeers, with what injects nothing, or says that it doesn't.
func TestDoctorAsksTheProversPeers(t *testing.T) {
	const prover = `slis: { availability: { target: 99 }, correctness: { target: 99 } }
    prover: { every: 1m, deadline: 5m, inject: { %s }, expect: { http: { url: "%s/x?id={{.ID}}", json: { n: "{{.Want}}" } } }, want: "{{mul .N .N}}" }`
	const inject = `http: { method: POST, url: %s/x, body: '{"id":"{{.ID}}"}' }`
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method)
		if r.URL.RawQuery == "" {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer broken.Close()
	for _, c := range []struct {
		name, inject, url string
		code              int
		says              []string
	}{
		{"a closed port", fmt.Sprintf(inject, "http://127.0.0.1:9"), "http://127.0.0.1:9", 1,
			[]string{"FAILED v/prover", "GET http://127.0.0.1:9: ", "connection refused", "2 of 5 points failed"}},
		{"both answer", fmt.Sprintf(inject, server.URL), server.URL, 0,
			[]string{"can be reached: a GET of it was answered 405; no record was sent", "GET " + server.URL + " answers"}},
		{"both fail", fmt.Sprintf(inject, broken.URL), broken.URL, 1, []string{"was answered 502", "answered 502"}},
		{"a stream would have to be written to", "kinesis: { stream: s, data: '{{.ID}}' }", server.URL, 0,
			[]string{"note   v/prover", "kinesis s wasn't asked: that would send a record"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			asked = nil
			h.config(oneLog("ltsv", "start: beginning", fmt.Sprintf(prover, c.inject, c.url)))
			each(0, 600, 10, func(n float64, i int) { h.lines("a.log", labelled(n, "status:200")) })
			a := h.examined(612)
			a.says(t, c.code, c.says...)
			a.saysNot(t, "nothing happened in the window")
			for _, method := range asked {
				if method != http.MethodGet {
					t.Errorf("a record was sent: %s", method)
				}
			}
		})
	}
}
