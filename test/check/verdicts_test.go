package check

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// records is a pipeline whose two ends log every record, which is followed by its id;
// limits are its check's.
func records(limits string) string {
	return ended(", id: id", "    coverage: {target: 99.9, deadline: 1h}\n", limits)
}

// unfollowed is the same where records have no ids.
func unfollowed(limits string) string { return ended("", "", limits) }

func ended(id, coverage, limits string) string {
	return `pipelines:
- name: video
  stages:
  - name: front
    access_log: {path: "{{dir}}/front.log", format: ltsv, where: {method: POST}}
  - name: front-app
    app_log: {path: "{{dir}}/front-app.json", where: {msg: accepted}, events: [{is: accepted}], fields: {time: ts, accepted_at: accepted_at` + id + `}}
  - name: worker
    app_log: {path: "{{dir}}/worker.json", fields: {time: ts, accepted_at: accepted_at` + id + `}, events: [{match: {msg: done}, is: done}, {match: {msg: error}, is: failed}]}
  slis:
    availability: {target: 99.9}
` + coverage + `    freshness: {threshold: 60s, target: 99}
  check: {` + limits + `}
`
}

// requests is a front alone, whose availability is judged.
const requests = `pipelines:
- name: video
  stages: [{name: front, access_log: {path: "{{dir}}/front.log", format: ltsv}}]
  slis: {availability: {target: 99.9}}
  check: {sli: availability, warning_ratio: 99.9, critical_ratio: 99}
`

// hourly is a batch job that logs when a run starts and when it is done.
const hourly = `pipelines:
- name: video
  stages:
  - name: job
    app_log:
      path: "{{dir}}/job.json"
      fields: {time: ts, watermark: watermark}
      events: [{match: {msg: start}, is: run_start}, {match: {msg: done}, is: run_done}]
      runs: {every: 1h, at: "00"}
  slis: {freshness: {threshold: 60s, target: 99, expect_every: 1h}}
`

// runs is the hourly job's log: it starts on the hour and takes 8 minutes.
func runs(more map[time.Duration]string, hours ...int) map[time.Duration]string {
	lines := map[time.Duration]string{}
	for _, h := range hours {
		at := time.Duration(h) * time.Hour
		lines[at] = `{"ts":"TIME","msg":"start"}`
		lines[at+8*time.Minute] = `{"ts":"TIME","msg":"done","watermark":"` + start.Add(at).Format(time.RFC3339) + `"}`
	}
	for at, line := range more {
		lines[at] = line
	}
	return lines
}

// must fails the test that broke something in vain.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at does something before the check of one minute.
func at(minute int, do func(t *testing.T, dir string)) disturbance {
	return func(t *testing.T, s *stage, m int) func() {
		if m == minute {
			do(t, s.Dir)
		}
		return nil
	}
}

// from does something before every check from a minute on.
func from(minute int, do func(t *testing.T, dir string)) disturbance {
	return func(t *testing.T, s *stage, m int) func() {
		if m >= minute {
			do(t, s.Dir)
		}
		return nil
	}
}

var scenarios = []scenario{
	{
		name: "on time", story: "two records a second, each visible within seconds",
		length: 20 * time.Minute, config: records(""), logs: bothLogs, status: "OK",
	}, {
		name: "slow", story: "each record waits up to 4 minutes for its batch",
		length: 23 * time.Minute, config: records(""), logs: bothLogs, world: sim.Scenario{Worker: sim.Worker{Window: 4 * time.Minute, BatchSize: 10000}},
		status: "WARNING", rule: "age",
	}, {
		name: "stopped consumer", story: "stopped for 8 minutes while records arrive",
		length: 28 * time.Minute, config: records(""), logs: bothLogs, faults: "+20m consumer stopped",
		status: "CRITICAL", rule: "state",
	}, {
		name: "nothing arrives", story: "for 20 minutes",
		length: 40 * time.Minute, config: records(""), logs: bothLogs, faults: "+20m no traffic", status: "OK", rule: "no_traffic",
	}, {
		name: "nothing arrives, records aren't followed", story: "for 20 minutes; without ids the age is told by the newest record that came out",
		length: 40 * time.Minute, config: unfollowed(""), logs: bothLogs, faults: "+20m no traffic", status: "OK", rule: "no_traffic",
	}, {
		name: "stopped consumer, records aren't followed", story: "stopped for 8 minutes while records arrive",
		length: 28 * time.Minute, config: unfollowed(""), logs: bothLogs, faults: "+20m consumer stopped",
		status: "CRITICAL", rule: "state",
	}, {
		name: "nothing arrives, not allowed", story: "for 20 minutes, `no_traffic: WARNING`",
		length: 40 * time.Minute, config: records("no_traffic: WARNING"), logs: bothLogs, faults: "+20m no traffic",
		status: "WARNING", rule: "no_traffic",
	}, {
		name: "backlog draining, over the limit", story: "the consumer was stopped for 15 minutes and works off what has waited",
		length: 41 * time.Minute, config: records(""), logs: bothLogs, faults: "+20m consumer stopped\n+35m consumer resumed",
		world:  sim.Scenario{Worker: sim.Worker{PerRecord: time.Second, BatchSize: 20}},
		status: "CRITICAL", rule: "age",
	}, {
		name: "backlog draining, within the limits", story: "the same, with `warning_age: 30m, critical_age: 1h`",
		length: 50 * time.Minute, config: records("warning_age: 30m, critical_age: 1h"), logs: bothLogs, faults: "+20m consumer stopped\n+35m consumer resumed",
		world:  sim.Scenario{Worker: sim.Worker{PerRecord: time.Second, BatchSize: 20}},
		status: "OK",
	}, {
		name: "backlog growing by a saw-tooth", story: "bursts every 5 minutes, of which not all is worked off until the next; `warning_age: 30m, critical_age: 1h`",
		length: 40 * time.Minute, config: records("warning_age: 30m, critical_age: 1h"), logs: bothLogs,
		world: sim.Scenario{Traffic: sim.Traffic{PerSecond: 1, Bursts: sim.Bursts{Every: 5 * time.Minute, Length: 2 * time.Minute, Factor: 6}},
			Worker: sim.Worker{PerRecord: 1800 * time.Millisecond, BatchSize: 20}},
		status: "WARNING", rule: "state",
	}, {
		name: "the worker's clock is wrong", story: "by 10 minutes, into the future",
		length: 20 * time.Minute, config: records(""), logs: bothLogs, faults: "clock skew worker +10m",
		status: "UNKNOWN", rule: "skew",
	}, {
		name: "log missing", story: "the worker's log was removed 10 minutes ago",
		length: 30 * time.Minute, config: records(""), logs: bothLogs,
		disturb: from(20, func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, "worker.json"))) }),
		status:  "UNKNOWN", rule: "lag",
	}, {
		name: "log unreadable", story: "a directory stands where the worker's log was, for 10 minutes",
		length: 30 * time.Minute, config: records(""), logs: bothLogs, disturb: unreadable(20),
		status: "UNKNOWN", rule: "lag",
	}, {
		name: "log unreadable, allowed", story: "the same, with `missing: OK`",
		length: 30 * time.Minute, config: records("missing: OK"), logs: bothLogs, disturb: unreadable(20),
		status: "OK", rule: "not_measured",
	}, {
		name: "stopped consumer and no front log", story: "a proven breach beats what is not measured",
		length: 29 * time.Minute, config: strings.Replace(records("sli: [availability, freshness], warning_ratio: 90"), "deadline: 1h", "deadline: 1h, accepted: front-app, done: worker", 1),
		logs: bothLogs, faults: "+20m consumer stopped",
		disturb: from(29, func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, "front.log"))) }),
		status:  "CRITICAL", rule: "state",
	}, {
		name: "state missing", story: "removed before the last run: windows are read back from the logs",
		length: 20 * time.Minute, config: records(""), logs: bothLogs,
		disturb: at(20, func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, "state"))) }),
		status:  "OK",
	}, {
		name: "state unusable", story: "a file stands where its directory was: windows are read back from the logs",
		length: 20 * time.Minute, config: records(""), logs: bothLogs,
		disturb: at(20, func(t *testing.T, dir string) {
			must(t, os.RemoveAll(filepath.Join(dir, "state")))
			must(t, os.WriteFile(filepath.Join(dir, "state"), nil, 0o600))
		}),
		status: "OK",
	}, {
		name: "state damaged", story: "overwritten: set aside, and begun anew",
		length: 20 * time.Minute, config: records(""), logs: bothLogs, disturb: at(20, damage), status: "OK",
	}, {
		name: "batch job on time", story: "runs every hour, takes 8 minutes",
		length: 3*time.Hour + 5*time.Minute, config: hourly, logs: written("job.json", runs(nil, 0, 1, 2)), status: "OK",
	}, {
		name: "batch job that didn't run", story: "the last run was due an hour ago",
		length: 4 * time.Hour, config: hourly, logs: written("job.json", runs(nil, 0, 1, 2)), status: "WARNING", rule: "age",
	}, {
		name: "batch job that didn't run twice", story: "the last two runs",
		length: 4*time.Hour + 40*time.Minute, config: hourly, logs: written("job.json", runs(nil, 0, 1, 2)), status: "CRITICAL", rule: "age",
	}, {
		name: "batch job late but running", story: "it usually takes 8 minutes, and has been running for 38",
		length: 3*time.Hour + 38*time.Minute, config: hourly,
		logs:   written("job.json", runs(map[time.Duration]string{3 * time.Hour: `{"ts":"TIME","msg":"start"}`}, 0, 1, 2)),
		status: "WARNING", rule: "age",
	}, {
		name: "one failure among ten requests", story: "availability is 90 % in the window, limits 99.5 and 99 %: ten requests prove nothing",
		length: 20 * time.Minute, config: strings.Replace(requests, "warning_ratio: 99.9", "warning_ratio: 99.5", 1), logs: written("front.log", tenRequests), status: "OK",
	}, {
		name: "failing front", story: "5 % of the requests fail for 10 minutes; limits 99.9 and 99 %",
		length: 30 * time.Minute, config: requests, logs: frontLog, faults: "+20m front errors 5%", status: "CRITICAL", rule: "ratio",
	}, {
		name: "front's log without lines", story: "nobody came; availability is judged",
		length: 30 * time.Minute, config: requests, logs: frontLog, faults: "+10m no traffic", status: "OK", rule: "no_traffic",
	},
}

// unreadable puts a directory, which nobody can read as a file, where the worker's log
// is during the checks from a minute on.
func unreadable(minute int) disturbance {
	return func(t *testing.T, s *stage, m int) func() {
		if m < minute {
			return nil
		}
		log, away := filepath.Join(s.Dir, "worker.json"), filepath.Join(s.Dir, "away")
		must(t, os.Rename(log, away))
		must(t, os.Mkdir(log, 0o700))
		return func() {
			must(t, os.Remove(log))
			must(t, os.Rename(away, log))
		}
	}
}

// damage overwrites every file of the state.
func damage(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "state", "*"))
	must(t, err)
	for _, file := range files {
		must(t, os.WriteFile(file, []byte(strings.Repeat("damaged ", 10000)), 0o600))
	}
}

// tenRequests are one in two minutes, but for ten in the last window, of which one fails.
var tenRequests = func() map[time.Duration]string {
	lines := map[time.Duration]string{}
	line := func(at time.Duration, status int) {
		lines[at] = fmt.Sprintf("time:TIME\tmethod:POST\turi:/v\tstatus:%d\treqtime:0.1", status)
	}
	for m := range 15 {
		line(time.Duration(m)*time.Minute, 200)
	}
	for i := range 9 {
		line(15*time.Minute+time.Duration(i)*30*time.Second, 200)
	}
	line(19*time.Minute+40*time.Second, 503)
	return lines
}()

const document = "../../docs/verdicts.md"

const preamble = `# What the check says

<!-- written by: go test ./test/check -run Verdicts -update -->

Situations, played minute by minute through check-pipeline-freshness over logs and metrics of a simulated pipeline, and the
verdict at their end. The freshness threshold is 60 s throughout (an age over 60 s warns, one over 5 minutes is critical)
unless the situation says otherwise; the rule is the one that ` + "`explain`" + ` names.

| situation | status | rule | text |
|---|---|---|---|
`

func TestVerdicts(t *testing.T) {
	all := slices.Concat(scenarios, everyday, clouds)
	rows, japaneseRows := make([]string, len(all)), make([]string, len(all))
	t.Run("played", func(t *testing.T) {
		for i, s := range all {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				v := s.play(t)
				rows[i] = row("**"+s.name+"**: "+s.story, v.status, v.rule, v.text)
				japaneseRows[i] = row(japanese[s.name], v.status, v.rule, v.japanese)
				if v.status != s.status || v.rule != s.rule {
					t.Errorf("want %s by %q, got %s by %q: %s", s.status, s.rule, v.status, v.rule, v.text)
				}
			})
		}
	})
	stands(t, document, preamble+strings.Join(rows, ""))
	stands(t, japaneseDocument, japanesePreamble+strings.Join(japaneseRows, ""))
}

func row(situation, status, rule, text string) string {
	return fmt.Sprintf("| %s | %s | %s | %s |\n", situation, status, rule, strings.ReplaceAll(text, "|", `\|`))
}

// stands compares a page with what the check says, or rewrites it.
func stands(t *testing.T, page, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(page, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(page)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-as it stands +as the check says; -update rewrites it):\n%s", page, diff)
	}
}
