package cases

import (
	"strings"
	"testing"
)

// doubts are what validate warns of.
func doubts(h *host) string {
	a := h.run(0, "validate")
	if a.code != 0 {
		h.t.Fatalf("exit %d: %s", a.code, a.complaints)
	}
	strict := h.run(0, "validate", "--strict")
	if want := min(1, len(a.complaints)); strict.code != want || strict.complaints != a.complaints {
		h.t.Errorf("--strict: exit %d with %q", strict.code, strict.complaints)
	}
	return strings.ReplaceAll(a.complaints, "mackerel-plugin-pipeline-sli: warning: pipeline v: ", "")
}

func probing(every, deadline, slis, check string) string {
	return `
pipelines:
  - name: v
    stages: [ { name: front, access_log: { path: DIR/a.log, format: ltsv } } ]
    prover: { every: ` + every + `, deadline: ` + deadline + `, inject: { http: { method: POST, url: "http://127.0.0.1:9/x", body: '{"id":"{{.ID}}"}' } },
              expect: { http: { url: "http://127.0.0.1:9/x?id={{.ID}}", json: { n: "{{.Want}}" } } }, want: "{{mul .N .N}}" }
    slis: { ` + slis + ` }
    check: { ` + check + ` }
`
}

func inCloud(stages, slis, check string) string {
	return `
aws: { region: us-east-1 }
pipelines:
  - name: v
    stages: [ ` + stages + ` ]
    slis: { ` + slis + ` }
    check: { ` + check + ` }
`
}

const queue = "{ name: stream, kinesis: { stream: s, shards: 1, mode: provisioned, retention: 1d } }, "

// A limit below what is reached while all is well, or before a minute is known, is a
// doubt, whatever the source.
func TestLimitsBelowWhatCanBeObservedAreDoubted(t *testing.T) {
	freshness := "freshness: { threshold: 60s, target: 99 }"
	for _, c := range []struct {
		name, config string
		want         []string // none: no doubt
	}{
		{"batching window, and an age limit", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 900s, batching_window: 300s } }", "freshness: { threshold: 5s, target: 99 }", "critical_age: 10s"),
			[]string{"freshness: threshold 5s is below what can be observed: the batching window of f is 5m", "check: critical_age 10s is below what can be observed: the batching window of f is 5m", "check: critical_age 10s is below what can be observed: a minute is known 18m after its end"}},
		{"threshold at the batching window", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 10s, batching_window: 60s } }", freshness, ""), []string{"freshness: threshold 1m is below"}},
		{"threshold over it", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 10s, batching_window: 59s } }", freshness, ""), nil},
		{"the function's timeout", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 600s } }", freshness, "critical_age: 5m"), []string{"check: critical_age 5m is below what can be observed: a minute is known 13m after its end"}},
		{"a deadline", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 10s, batching_window: 120s, event_source_mapping: 12345678-1234-1234-1234-123456789012 } }", "coverage: { target: 99, deadline: 1m }", ""), []string{"coverage: deadline 1m is below"}},
		{"a delivery's buffer", inCloud("{ name: d, firehose: { stream: s, buffering: 300s } }", freshness, ""), []string{"freshness: threshold 1m is below what can be observed: the buffering interval of d is 5m"}},
		{"a query now and then", inCloud(`{ name: q, sql: { dsn: "postgres://u@127.0.0.1:9/db", query: "SELECT max(t) AS updated_at FROM x", every: 10m } }`, "freshness: { threshold: 5m, target: 99 }", "warning_age: 8m, critical_age: 30m"),
			[]string{"freshness: threshold 5m is below what can be observed: the time between readings of q is 10m", "check: warning_age 8m is below"}},
		{"a query a minute", inCloud(`{ name: q, sql: { dsn: "postgres://u@127.0.0.1:9/db", query: "SELECT max(t) AS updated_at FROM x" } }`, freshness, ""), nil},
		{"a log that is settled late", frontAndWorker(true, "settle: 5m", "slis: { "+freshness+" }\n    check: { critical_age: 2m }"), []string{"check: critical_age 2m is below what can be observed: a minute is known 5m after its end"}},
		{"an update an hour", `
pipelines:
  - name: v
    stages: [ { name: load, app_log: { path: DIR/b.log, format: json, fields: { time: ts }, events: [ { match: { msg: run }, is: run_done } ], runs: { every: 1h } } } ]
    slis: { freshness: { threshold: 15m, target: 99, expect_every: 1h } }
`, []string{"freshness: threshold 15m is below what can be observed: an update comes every 1h"}},
		{"looks a minute apart", probing("1m", "5m", "freshness: { threshold: 30s, target: 99, from: prover }", ""), []string{"freshness: threshold 30s is below what can be observed: the time between looks of prover is 1m"}},
		{"a lag that is always there", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 60s } }", freshness, "max_lag: 2m"), []string{"check: max_lag 2m is below what can be observed: the newest minute is known up to 5m after its end"}},
		{"nothing", inCloud(queue+"{ name: f, lambda: { function: f, timeout: 60s } }", freshness, "critical_age: 10m, max_lag: 8m"), nil},
	} {
		t.Run(strings.ReplaceAll(c.name, ",", ""), func(t *testing.T) {
			h := newHost(t)
			h.config(c.config)
			got := doubts(h)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q isn't among:\n%s", want, got)
				}
			}
			if len(c.want) == 0 && got != "" {
				t.Errorf("doubted: %s", got)
			}
		})
	}
}

// Doubts about burn rates and slow probes say what the check's rules will do, and only
// of rules that it is asked to judge.
func TestDoubtsSpeakOfWhatTheRulesDo(t *testing.T) {
	correctness := "correctness: { target: 99.9 }"
	for _, c := range []struct {
		name, config  string
		want, without []string
	}{
		{"one of six warns", probing("10m", "30m", correctness, "sli: [correctness], burn_rate: true"),
			[]string{"check: correctness: one bad one of its probes, 6 in 1h, burns 167 times the budget, limit 13.4: it warns by itself"}, []string{"page"}},
		{"not asked for", probing("10m", "30m", correctness, ""), nil, []string{"burns", "page", "alert"}},
		{"one in twelve hours never pages", probing("12h", "25h", correctness, "sli: [correctness], burn_rate: true"),
			[]string{"its burn rate can never page: a page needs 2 bad in 6h, and one of its probes comes every 12h"}, nil},
		{"one in five hours pages by the second rule", probing("5h", "11h", correctness, "sli: [correctness], burn_rate: true"), nil, []string{"never page"}},
		{"a low target pages as well", oneLog("ltsv", "", "slis: { availability: { target: 90 } }\n    check: { sli: [availability], burn_rate: true }"), nil, []string{"page", "alert"}},
		{"one record breaks a ratio", probing("1m", "5m", "correctness: { target: 99.9 }", "sli: [correctness], warning_ratio: 99.9, critical_ratio: 99.85"),
			[]string{"check: correctness: one bad one of its probes, 5 in 5m, is CRITICAL by itself"}, nil},
		{"most windows are empty", probing("10m", "30m", correctness, "sli: [correctness], critical_ratio: 90"),
			[]string{"check: correctness: its window of 5m is shorter than the 10m from one of its probes to the next"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(strings.Replace(c.config, "deadline: 25h", "deadline: 24h", 1))
			got := doubts(h)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q isn't among:\n%s", want, got)
				}
			}
			for _, no := range c.without {
				if strings.Contains(got, no) {
					t.Errorf("%q is in:\n%s", no, got)
				}
			}
		})
	}
}

// Whether an age is exact is its source's to say.
func TestAnAgeIsAsExactAsItsSource(t *testing.T) {
	for name, c := range map[string]struct{ stages, want string }{
		"a queue that counts about":      {"{ name: jobs, sqs: { queue: jobs, retention: 4d } }", "age from jobs, estimate"},
		"a stream that others read":      {"{ name: s, kinesis: { stream: s, shards: 1, mode: provisioned, retention: 1d } }", "age from s, estimate"},
		"a stream with one reader":       {"{ name: s, kinesis: { stream: s, consumers: 1, shards: 1, mode: provisioned, retention: 1d } }", "age from s, exact"},
		"a named consumer":               {"{ name: s, kinesis: { stream: s, consumer: c, shards: 1, mode: provisioned, retention: 1d } }", "age from s, exact"},
		"a metric that says approximate": {"{ name: m, cloudwatch: { namespace: AWS/SQS, dimensions: { QueueName: q }, signals: { age: { metric: ApproximateAgeOfOldestMessage, stat: Maximum } } } }", "age from m, estimate"},
		"a metric that doesn't":          {"{ name: m, cloudwatch: { namespace: N, dimensions: { Q: q }, signals: { age: { metric: Lag, stat: Maximum } } } }", "age from m, exact"},
		"a delivery's oldest record":     {"{ name: d, firehose: { stream: s } }", "age from d, exact"},
		"a replica":                      {"{ name: r, rds: { instance: i, replica: true } }", "age from r, exact"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(inCloud(c.stages, "freshness: { threshold: 10m, target: 99 }", ""))
			if a := h.run(0, "validate"); !strings.Contains(a.out, c.want) {
				t.Errorf("%s%s", a.out, a.complaints)
			}
		})
	}
}
