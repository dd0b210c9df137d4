package cases

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// canary is in every secret, and must be nowhere else.
const canary = "CANARYbird"

// repeating is a server that refuses everything, and repeats all it was told in its words.
func repeating(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said := fmt.Sprint(r.Header.Get("X-Amz-Security-Token"), r.Header.Get("X-Api-Key"), r.Header.Get("Authorization"), r.URL, r.Header, string(body))
		w.Header().Set("X-Amzn-ErrorType", "Odd"+said[:min(len(said), 30)])
		w.WriteHeader(http.StatusBadRequest)
		if strings.Contains(string(body), "Action=AssumeRole") {
			fmt.Fprintf(w, "<ErrorResponse><Error><Code>Odd</Code><Message>%s</Message></Error></ErrorResponse>", strings.ReplaceAll(string(body), "&", " "))
			return
		}
		fmt.Fprintf(w, `{"__type":"OddException","message":%q,"error":{"message":%q}}`, said, said)
	}))
	t.Cleanup(s.Close)
	return s
}

// everySecret is a configuration that holds a secret wherever one can stand.
const everySecret = `
aws: { region: eu-west-1, endpoint_url: "URL" }
metrics: full
pipelines:
  - name: v
    stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv, start: beginning } } ]
    slis: { availability: { target: 99 }, correctness: { target: 99 } }
    prover:
      inject: { http: { url: "URL/?key=${SECRET}", headers: { Authorization: "Bearer ${SECRET}", X-Own: CANARYbird-literal }, body: '{"id":"{{.ID}}","token":"CANARYbird-body"}' } }
      expect: { http: { url: "URL/${SECRET}/{{.ID}}", headers: { Cookie: "${SECRET}" }, json: { "CANARYbird.path": "{{.Want}}" } } }
      cleanup: { http: { url: "URL/${SECRET}/{{.ID}}" } }
      want: "{{mul .N .N}}"
  - name: role
    aws: { role_arn: "arn:aws:iam::123456789012:role/r", external_id: CANARYbird-external }
    stages: [ { name: in, kinesis: { stream: s } }, { name: work, lambda: { function: f } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
  - name: keys
    stages: [ { name: item, dynamodb_item: { table: t, key: { id: w }, time: upto } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
  - name: store
    stages: [ { name: rows, sql: { dsn: "postgres://app:${SECRET}@127.0.0.1:1/app?sslmode=disable", query: "SELECT updated_at FROM t" } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
  - name: mysql
    stages: [ { name: rows, sql: { dsn: "app:${SECRET}@tcp(127.0.0.1:1)/app", query: "SELECT updated_at FROM t" } } ]
    slis: { freshness: { threshold: 60s, target: 99 } }
`

func withSecrets(t *testing.T) *host {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": canary + "/secret", "AWS_SESSION_TOKEN": canary + "/token",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	h := newHost(t)
	at := repeating(t).URL
	h.env["SECRET"], h.env["MACKEREL_APIKEY"], h.env["MACKEREL_APIBASE"] = canary+"-variable", canary+"-key", at
	each(0, 600, 5, func(n float64, _ int) { h.lines("a.log", "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200") })
	h.config(strings.ReplaceAll(everySecret, "URL", at))
	return h
}

// betrayed looks for the canary in what was said, and in all files but the configuration.
func (h *host) betrayed(a answer, args ...string) {
	h.t.Helper()
	for _, text := range []string{a.out, a.complaints} {
		if i := strings.Index(text, canary); i >= 0 {
			h.t.Errorf("%v: …%s", args, text[max(0, i-200):min(len(text), i+60)])
		}
	}
	_ = filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "c.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if i := strings.Index(string(text), canary); i >= 0 {
			h.t.Errorf("%v: %s holds …%q", args, path, text[max(0, i-80):min(len(text), i+60)])
		}
		return err
	})
}

// TestASecretIsNowhere: not in what any command says, nor in what it keeps, though all
// servers repeat it.
func TestASecretIsNowhere(t *testing.T) {
	h := withSecrets(t)
	h.file("cases.yaml", "cases: [ { name: one, at: 2026-03-02T12:10:12Z, given: [ { stage: v.front, lines: [] } ], expect: { status: OK } } ]\n")
	for i, args := range [][]string{
		nil, {"--take"}, {"--take"}, {"explain"}, {"explain", "--json"}, {"explain", "--all"}, {"doctor"}, {"validate"}, {"iam-policy"},
		{"budget"}, {"budget", "--json"}, {"budget", "fill", "--from-mackerel", "--host-id", "abc123"}, {"budget", "fill", "--from", "-20m", "--to", "-10m"},
		{"export", "--from", "-9m", "--to", "-1m"}, {"dashboard", "--host-id", "abc"}, {"monitors", "--role", "S:R"}, {"annotations", "--from", "-9m", "--to", "-1m", "--service", "S"},
		{"report", "--out", "DIR/r.html", "--from", "-9m", "--to", "-1m"}, {"report", "--incident", "--out", "DIR/i.html", "--from", "-9m", "--to", "-1m"},
		{"backtest", "--from", "-9m", "--to", "-1m"}, {"backtest", "--from", "-9m", "--to", "-1m", "--json"}, {"test", "DIR/cases.yaml"},
		{"record", "DIR/recording"}, {"replay", "DIR/recording"}, {"replay", "DIR/recording", "explain", "--json"}, {"init", "--name", "x"},
	} {
		for j := range args {
			args[j] = strings.ReplaceAll(args[j], "DIR", h.dir)
		}
		h.betrayed(h.run(612+60*float64(i/4), append(args, "-t", "2s")...), args...)
	}
	h.betrayed(h.program(672, cli.Check, "-t", "2s"), "check")
	h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
	h.betrayed(h.run(672), "definitions")
}

// TestABrokenFileShowsNoSecret: whatever is wrong with a file, and beside whatever it stands.
func TestABrokenFileShowsNoSecret(t *testing.T) {
	h := withSecrets(t)
	try := func(from, to string) {
		t.Helper()
		broken := strings.Replace(everySecret, from, to, 1)
		if broken == everySecret {
			t.Fatalf("nothing is like %q", from)
		}
		h.config(strings.ReplaceAll(broken, "URL", "http://127.0.0.1:1"))
		for _, args := range [][]string{{"validate"}, {"iam-policy"}} {
			a := h.run(612, args...)
			a.complaints = strings.ReplaceAll(a.complaints, canary+"-key-is-no-secret-but", "") // a key is what is wrong
			h.betrayed(a, to, args[0])
		}
	}
	for _, c := range [][2]string{
		{`headers: { Authorization`, `headers: { 7: [ Authorization`},
		{`headers: {`, `headrs: {`},
		{`body: '{"id"`, `body: "{\q`},
		{`external_id:`, `external-id:`},
		{`external_id: CANARYbird-external`, `external_id: [ CANARYbird-external ]`},
		{`external_id: CANARYbird-external`, `external_id: { CANARYbird-external: 1 }`},
		{`aws: { role_arn`, `aws: [ role_arn`},
		{`dsn: "postgres://app:${SECRET}@`, `dsn: "postgres://app:CANARYbird@`},
		{`dsn: "postgres://app:${SECRET}@`, `dsn: "postgres:/app:${SECRET}@`},
		{`dsn: "postgres://app:${SECRET}@127.0.0.1:1`, `dsn: "postgres://app:${SECRET}@127.0.0.1:x`},
		{`dsn: "app:${SECRET}@tcp(127.0.0.1:1)/app"`, `dsn: "app:${SECRET}@tcp(127.0.0.1:1"`},
		{`dsn: "app:${SECRET}@tcp(127.0.0.1:1)/app"`, `dsn: [ "app:${SECRET}@tcp(127.0.0.1:1)/app" ]`},
		{`dsn: "app:${SECRET}@tcp(127.0.0.1:1)/app"`, `dsn: "app:${SECRET}@tcp(127.0.0.1:1)/app?x=${SECRET}%zz"`},
		{`"URL/?key=${SECRET}"`, `"ftp://${SECRET}@x/"`},
		{`"URL/?key=${SECRET}"`, `"http://${SECRET}@[::1/"`},
		{`"URL/?key=${SECRET}"`, `"URL/?key=${SECRET}{{.No}}"`},
		{`json: { "CANARYbird.path": "{{.Want}}" }`, `json: "CANARYbird"`},
		{`endpoint_url: "URL"`, `endpoint_url: "https://user:CANARYbird@host/"`},
		{`endpoint_url: "URL"`, `endpoint_url: "CANARYbird"`},
		{`want:`, `CANARYbird-key-is-no-secret-but: ${SECRET}` + "\n      want:"},
		{"pipelines:", "pipelines: &CANARYbird"},
		{"name: store", "name: \"${SECRET}\""},
		{"format: ltsv", "format: ${SECRET}"},
		{"target: 99 }, correctness", "target: ${SECRET} }, correctness"},
		{"target: 99 }, correctness", "target: 99, from: \"${SECRET}\" }, correctness"},
		{"target: 99 }, correctness", "target: 99, good: { status: \"<${SECRET}\" } }, correctness"},
		{"format: ltsv", "format: ltsv, where: { uri: \"~${SECRET}(\" }"},
		{"format: ltsv", "format: ltsv, where: { uri: [ \"/\", \"<= ${SECRET}\" ] }"},
		{"format: ltsv", "format: ltsv, time_format: \"%Q${SECRET}\""},
		{"format: ltsv", "format: ltsv, settle: \"${SECRET}\", max_malformed: \"${SECRET}\", columns: [ \"${SECRET}\" ]"},
		{"- name: store", "- name: store\n    exclude: [ { weekly: \"${SECRET}\", reason: r }, { from: \"${SECRET}\", to: x, reason: r }, { monthly: \"${SECRET}\", reason: r } ]"},
		{"- name: store", "- name: store\n    check: { sli: \"${SECRET}\", critical_age: \"${SECRET}\", no_traffic: \"${SECRET}\" }"},
		{"- name: store", "- name: store\n    metrics: [ \"${SECRET}\" ]"},
		{"- name: store", "- name: store\n    slo: { period: \"${SECRET}\" }"},
		{"query: \"SELECT updated_at FROM t\" } } ]", "query: \"DELETE ${SECRET}\" } } ]"},
	} {
		try(c[0], c[1])
	}
	for _, secret := range []string{
		"!CANARYbird", "!!CANARYbird", "!<CANARYbird> x", "&CANARYbird", "&CANARYbird x", "*CANARYbird", "@CANARYbird", "%CANARYbird", "`CANARYbird", "|CANARYbird", ">CANARYbird", "\"CANARYbird", "'CANARYbird",
		"CANARYbird: x", "{ CANARYbird }", "[ CANARYbird", "- CANARYbird", "? CANARYbird", "\"\\qCANARYbird\"", "CANARYbird ]", "CANARYbird }", "\tCANARYbird: {", "~CANARYbird\n  : x", "${CANARYbird", "${CANARYbird-}", "\x01CANARYbird", "\xffCANARYbird",
	} {
		try("external_id: CANARYbird-external }", "external_id: "+secret+"}")
		try("external_id: CANARYbird-external }", "external_id: "+secret)
		try("X-Own: CANARYbird-literal", "X-Own: "+secret)
		try("aws: { role_arn: \"arn:aws:iam::123456789012:role/r\", external_id: CANARYbird-external }", "aws:\n      role_arn: \"arn:aws:iam::123456789012:role/r\"\n      external_id: "+secret)
	}
}
