package cases

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestARecordedDayIsSaidAgain: every run of both programs, as the agent makes them, is kept
// where the file says, and made once more from there it prints the same, without logs,
// state and configuration.
func TestARecordedDayIsSaidAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		ids   bool
		delay func(n float64) float64
		flags []string
	}{
		{"healthy, ids", true, func(float64) float64 { return 1 }, nil},
		{"a stall", false, func(n float64) float64 { return 1 + on(n > 600, 1200-n) }, nil},
		{"flags of the check", true, func(n float64) float64 { return 2 }, []string{"--sli", "availability", "--critical-ratio", "99.5", "--status-as", "critical=warning"}},
		{"falling behind", false, func(n float64) float64 { return 1 + n/8 }, []string{"--burn-rate"}},
	} {
		h := newHost(t)
		h.config("record: DIR/kept\n" + frontAndWorker(c.ids, "start: beginning", "label: 動画\n    metrics: [full]\n    slis: { availability: { target: 99 }, latency: { threshold: 100ms, target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 3m, window: 10m } }"))
		h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
		var live strings.Builder
		var queue []string
		var due []float64
		for m := 0.0; m < 1500; m += 60 {
			each(m, m+60, 5, func(n float64, i int) {
				h.lines("front.json", request(n, 200+int(on(i%9 == 8, 303)), fmt.Sprint(n)))
				queue, due = append(queue, worked(n+c.delay(n), "done", fmt.Sprint(n), n)), append(due, n+c.delay(n))
			})
			for len(due) > 0 && due[0] < m+60 {
				h.lines("worker.json", queue[0])
				queue, due = queue[1:], due[1:]
			}
			live.WriteString(h.run(m + 72).out)
			live.WriteString("PipelineFreshness " + h.check(m+73, c.flags...) + "\n")
		}
		for _, gone := range []string{"front.json", "worker.json", "state", "c.yaml"} {
			if err := os.RemoveAll(h.path(gone)); err != nil {
				t.Fatal(err)
			}
		}
		again := h.run(100_000, "replay", h.path("kept"))
		if again.out != live.String() || again.code != 0 {
			t.Errorf("%s: exit %d, %s\n%s", c.name, again.code, again.complaints, firstDifference(live.String(), again.out))
		}
	}
}

// TestARecordingExplainsItself: of one run the explanation and the check's line can be had.
func TestARecordingExplainsItself(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 99 }"))
	each(0, 600, 2, func(n float64, i int) { h.lines("a.log", request(n, 200+int(on(i%4 == 3, 300)), "")) })
	h.run(612)
	text, check, metrics := h.run(620, "explain").out, h.check(620), h.run(620, "--peek").out
	if a := h.run(620, "record", h.path("kept")); a.code != 0 || !strings.HasPrefix(a.out, "recorded in kept/") {
		t.Fatalf("%d %s %s", a.code, a.out, a.complaints)
	}
	for what, want := range map[string]string{"": metrics, "explain": text, "check": "PipelineFreshness " + check + "\n"} {
		got := h.run(9999, append([]string{"replay", h.path("kept")}, strings.Fields(what)...)...)
		if got.out != want || got.code != 0 {
			t.Errorf("replay %s: exit %d, %s\n%s", what, got.code, got.complaints, firstDifference(want, got.out))
		}
	}
}

// TestNothingSecretIsRecorded of what configuration, variables and logs hold.
func TestNothingSecretIsRecorded(t *testing.T) {
	secrets := []string{"pass-Wq7Zz", "extern-Kp55", "bearer-Gh77", "body-Jk12", "query-Ww55", "line-Xx91", "agent-Yy33", "item-Vv88", "comment-Tt66", "attr-Rr44"}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer front.Close()
	h := newHost(t)
	h.env["DBPW"], h.env["TOKEN"], h.env["MACKEREL_AGENT_PLUGIN_META"] = secrets[0], secrets[2], ""
	h.config(fmt.Sprintf(`# comment-Tt66
record: DIR/kept
pipelines:
  - name: v
    aws: { region: x, external_id: extern-Kp55 }
    metrics: full
    stages:
      - { name: front, access_log: { path: DIR/a.log, format: json, start: beginning } }
      - { name: store, sql: { dsn: "postgres://app:${DBPW}@127.0.0.1:9/app", query: "SELECT max(updated_at) AS updated_at FROM v WHERE token = '${TOKEN}'" } }
    slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, correctness: { target: 99 } }
    prover:
      every: 1m
      deadline: 5m
      inject: { http: { method: POST, url: "%[1]s/videos?key=${TOKEN}", headers: { Authorization: "Bearer ${TOKEN}" }, body: '{"id":"{{.ID}}","k":"body-Jk12"}' } }
      expect: { http: { url: "%[1]s/videos/{{.ID}}?key=query-Ww55", json: { n: "{{.Want}}" } } }
      want: "{{mul .N .N}}"
`, front.URL))
	each(0, 300, 2, func(n float64, _ int) {
		h.lines("a.log", `{"time":"`+stamp(n)+`","method":"POST","uri":"/v?token=line-Xx91","status":200,"request_time":0.1,"user_agent":"agent-Yy33"}`)
	})
	h.lines("a.log", `no line of a log`)
	for _, n := range []float64{312, 372, 700} {
		h.run(n)
		h.check(n + 1)
	}
	files, err := filepath.Glob(h.path("kept/*"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%q %v", files, err)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unpacked)
		if err != nil || f.Close() != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte("availability")) {
			t.Errorf("%s holds no configuration", file)
		}
		for _, secret := range secrets {
			if i := bytes.Index(text, []byte(secret)); i >= 0 {
				t.Errorf("%s holds %s: %q", file, secret, text[max(0, i-100):i+20])
			}
		}
	}
	if a := h.run(9999, "replay", h.path("kept")); a.code != 0 {
		t.Errorf("replay: exit %d, %s", a.code, a.complaints)
	}
}

func TestReplaySaysWhatItCannotRead(t *testing.T) {
	h := newHost(t)
	h.config(oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }"))
	h.file("text.run", "a text")
	for args, want := range map[string]string{
		"replay":                "error: replay needs DIR [explain | check | raw]",
		"replay nowhere":        "nowhere: no such file or directory",
		"replay text.run":       "text.run: is no recording of a run",
		"replay . explan":       "did you mean explain?",
		"replay x check --json": "--json goes with the explanation",
		"replay x check y":      "no further words",
		"record":                "record needs DIR",
		"record x --at -5m":     "--at doesn't go with record",
	} {
		words := strings.Fields(args)
		for i := range words {
			if words[i] == "nowhere" || words[i] == "text.run" {
				words[i] = h.path(words[i])
			}
		}
		if a := h.run(60, words...); a.code == 0 || !strings.Contains(a.complaints, want) {
			t.Errorf("%s: exit %d, %s", args, a.code, a.complaints)
		}
	}
}

// TestARawRecordingKeepsTheLinesAsTheyWereRead, so that a parser's fault can be reported,
// and nothing of credentials, headers and files that aren't for everybody's eyes.
func TestARawRecordingKeepsTheLinesAsTheyWereRead(t *testing.T) {
	secrets := []string{"pass-Wq7Zz", "extern-Kp55", "bearer-Gh77", "body-Jk12", "query-Ww55", "echo-Pp44", "comment-Tt66", "shadow-Ss99"}
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"n":"echo-Pp44"}`) }))
	defer peer.Close()
	h := newHost(t)
	h.env["DBPW"], h.env["TOKEN"], h.env["MACKEREL_AGENT_PLUGIN_META"] = secrets[0], secrets[2], ""
	h.config(fmt.Sprintf(`# comment-Tt66
pipelines:
  - name: v
    aws: { region: x, external_id: extern-Kp55 }
    stages:
      - { name: front, access_log: { path: DIR/a.log, format: json, start: beginning } }
      - { name: hidden, access_log: { path: DIR/logs/b.log, format: json, start: beginning } }
      - { name: store, sql: { dsn: "postgres://app:${DBPW}@127.0.0.1:9/app", query: "SELECT max(updated_at) AS updated_at FROM v WHERE token = '${TOKEN}'" } }
    slis: { availability: { target: 99, from: front }, correctness: { target: 99 } }
    prover:
      every: 1m
      deadline: 5m
      inject: { http: { method: POST, url: "%[1]s/videos?key=${TOKEN}", headers: { Authorization: "Bearer ${TOKEN}" }, body: '{"id":"{{.ID}}","k":"body-Jk12"}' } }
      expect: { http: { url: "%[1]s/videos/{{.ID}}?key=query-Ww55", json: { n: "{{.Want}}" } } }
      want: "{{mul .N .N}}"
`, peer.URL))
	each(0, 300, 2, func(n float64, _ int) { h.lines("a.log", request(n, 200, "")) })
	h.lines("a.log", `{"time":"`+stamp(300)+`","status":"two hundred","user":"personal-Xx91"}`, "no line of a log\x1b[2J")
	h.file("logs/x", "")
	h.file("shadow", `{"time":"`+stamp(200)+`","status":200,"password":"shadow-Ss99"}`+"\n")
	withheld := os.Getuid() == 0
	if withheld {
		for file, owner := range map[string]int{"logs": 1000, "shadow": 65534} {
			if err := os.Chown(h.path(file), owner, owner); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(h.path("shadow"), h.path("logs/b.log")); err != nil {
			t.Fatal(err)
		}
	}
	a := h.run(372, "record", h.path("kept"), "--raw")
	if a.code != 0 || !strings.Contains(a.out, "personal data") {
		t.Errorf("exit %d, %s%s", a.code, a.out, a.complaints)
	}
	text := unpacked(t, h.path("kept"))
	log, err := os.ReadFile(h.path("a.log"))
	if err != nil || !strings.Contains(text, string(log)) {
		t.Errorf("the lines aren't kept as they are (%v)", err)
	}
	for _, secret := range secrets {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("it holds %s: %q", secret, text[max(0, i-100):i+20])
		}
	}
	if got, want := h.run(9999, "replay", h.path("kept"), "raw").out, "== pipeline v: stage front: a.log\n"+string(log); got != want {
		t.Errorf("replay raw:\n%s", firstDifference(want, got))
	}

	h.run(372, "record", h.path("plain"))
	if plain := unpacked(t, h.path("plain")); strings.Contains(plain, "personal-Xx91") {
		t.Error("without --raw lines are kept")
	}
	if a := h.run(9999, "replay", h.path("plain"), "raw"); a.code == 0 || !strings.Contains(a.complaints, "no lines and answers are kept in it; record DIR --raw keeps them") {
		t.Errorf("exit %d, %s", a.code, a.complaints)
	}
	if with, without := h.run(9999, "replay", h.path("kept")), h.run(9999, "replay", h.path("plain")); with.code != 0 || with.out != without.out {
		t.Errorf("what is kept beside changes what is said: exit %d, %s\n%s", with.code, with.complaints, firstDifference(without.out, with.out))
	}
}

// unpacked is what the recordings of a directory hold.
func unpacked(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%q %v", files, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, in); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
