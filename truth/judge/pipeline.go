package judge

import (
	"fmt"
	"iter"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Objectives of the pipelines that have more than a front.
const (
	freshnessThreshold = time.Minute
	coverageDeadline   = 10 * time.Minute
)

// frontStage is the front's access log.
const frontStage = `  - name: front
    access_log: {path: "{{dir}}/front.log", format: ltsv, where: {method: POST}}
`

// appStages are application logs of both ends.
const appStages = `  - name: front-app
    app_log:
      path: "{{dir}}/front-app.json"
      where: {msg: accepted}
      events: [{is: accepted}]
      fields: {time: ts, accepted_at: accepted_at, id: id}
  - name: worker
    app_log:
      path: "{{dir}}/worker.json"
      fields: {time: ts, accepted_at: accepted_at, id: id}
      events:
      - {match: {msg: done}, is: done}
      - {match: {msg: skipped}, is: filtered}
      - {match: {msg: error}, is: failed}
      - {match: {msg: audit, equal: "true"}, is: correct}
      - {match: {msg: audit}, is: wrong}
`

// mapped is the key of a function's stage that has the mapping's counts read.
var mapped = "      event_source_mapping: " + sim.MappingUUID + "\n"

// cloudStages are a stream and a function as CloudWatch shows them; more are further lines
// of the function's section.
func cloudStages(w *sim.World, more string) string {
	s := &w.Scenario
	return fmt.Sprintf(`  - name: stream
    kinesis: {stream: %s, shards: %d, retention: %s, consumers: 1, endpoint_url: "{{cloud}}", region: us-east-1}
  - name: transform
    lambda:
      function: %s
      timeout: %s
      reserved_concurrency: 100
      batch_size: %d
      batching_window: %s
      parallelization_factor: %d
      endpoint_url: "{{cloud}}"
      region: us-east-1
%s`, sim.StreamName, s.Stream.Shards, seconds(s.Stream.Retention), sim.FunctionName, seconds(s.Worker.Timeout), s.Worker.BatchSize,
		seconds(s.Worker.Window), s.Worker.Lanes, more)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%gs", d.Seconds()) }

// logsOf are the files of a pipeline whose ends log.
func logsOf(w *sim.World, app bool) []Log {
	logs := []Log{{"front.log", func(from, to sim.Instant) iter.Seq[sim.Line] { return w.AccessLog(sim.LTSV, from, to) }}}
	if app {
		logs = append(logs, Log{"front-app.json", w.FrontLog},
			Log{"worker.json", func(from, to sim.Instant) iter.Seq[sim.Line] {
				return w.WorkerLog(sim.RecordLines|sim.AuditLines, from, to)
			}})
	}
	return logs
}

// Pipeline is the trial of a whole pipeline, with as much of it as this suite has
// kinds of stages for: a stream and a function in the cloud, else application
// logs, else the front alone. Its name is video.
func Pipeline(w *sim.World) *Trial {
	switch {
	case known("kinesis", "lambda"):
		return Cloud(w)
	case known("app_log"):
		return AppLogs(w)
	}
	return pipeline(w, frontStage, false)
}

// pipeline configures the stages with the SLIs that they are evidence for; the
// check judges the ratios of the first three.
func pipeline(w *sim.World, stages string, app bool, slis ...string) *Trial {
	slis = append([]string{"availability: {target: 99.9}", "latency: {threshold: 200ms, target: 99}"}, slis...)
	var judged []string
	for _, s := range slis[:min(3, len(slis))] {
		name, _, _ := strings.Cut(s, ":")
		judged = append(judged, name)
	}
	return &Trial{
		World:  w,
		Second: 12 * time.Second,
		Logs:   logsOf(w, app),
		Config: "metrics: full\npipelines:\n- name: video\n  stages:\n" + stages + "  slis:\n    " + strings.Join(slis, "\n    ") +
			"\n  check: {sli: [" + strings.Join(judged, ", ") + "], warning_ratio: 97, critical_ratio: 90}\n",
	}
}

// Cloud is a pipeline whose stream and function CloudWatch shows.
func Cloud(w *sim.World) *Trial {
	t := pipeline(w, frontStage+cloudStages(w, mapped), false,
		"freshness: {threshold: 60s, target: 99}", "coverage: {target: 99.9, deadline: 10m}")
	t.claims = append(t.claims,
		&claim{pipeline: "video", sli: ageMetric, method: "stages, SF; in seconds"},
		&claim{pipeline: "video", sli: "freshness", method: "stages, SF", truth: w.FreshnessByArrival(w.Start, w.End, freshnessThreshold)},
		&claim{pipeline: "video", sli: "coverage", method: "counts", minutes: 60, truth: w.Coverage(w.Start, w.End, coverageDeadline)})
	return t
}

// tableStage is a store whose successful writes are counted.
const tableStage = `  - name: table
    dynamodb: {table: %s, operation: %s, writes: one_per_record, endpoint_url: "{{cloud}}", region: us-east-1}
`

// Store is a pipeline whose stream, function and store CloudWatch shows; what came out are
// the store's writes. The check judges coverage as well.
func Store(w *sim.World) *Trial {
	t := pipeline(w, frontStage+cloudStages(w, mapped)+fmt.Sprintf(tableStage, sim.TableName, sim.Operation), false,
		"coverage: {target: 99.9, deadline: 10m}", "freshness: {threshold: 60s, target: 99}")
	t.claims = append(t.claims,
		&claim{pipeline: "video", sli: ageMetric, method: "stages, SF by writes; in seconds"},
		&claim{pipeline: "video", sli: "freshness", method: "stages, SF by writes", truth: w.FreshnessByArrival(w.Start, w.End, freshnessThreshold)},
		&claim{pipeline: "video", sli: "coverage", method: "counts of writes", minutes: 60, truth: w.Coverage(w.Start, w.End, coverageDeadline)})
	return t
}

// Ages is a pipeline of whose records nothing is counted but arrivals.
func Ages(w *sim.World) *Trial {
	t := pipeline(w, frontStage+cloudStages(w, ""), false, "freshness: {threshold: 60s, target: 99}")
	t.claims = append(t.claims,
		&claim{pipeline: "video", sli: ageMetric, method: "stages, S; in seconds"},
		&claim{pipeline: "video", sli: "freshness", method: "stages, S", truth: w.FreshnessByArrival(w.Start, w.End, freshnessThreshold)})
	return t
}

// AppLogs is a pipeline whose both ends log every record.
func AppLogs(w *sim.World) *Trial {
	slis := []string{"freshness: {threshold: 60s, target: 99}", "coverage: {target: 99.9, deadline: 10m}"}
	if w.Scenario.Worker.Audits > 0 {
		slis = append(slis, "correctness: {target: 99.9}")
	}
	t := pipeline(w, frontStage+appStages, true, slis...)
	log := 10 * time.Second
	t.claims = append(t.claims,
		&claim{pipeline: "video", sli: "freshness", method: "records", exact: true, settle: log, truth: w.FreshnessByLog(freshnessThreshold),
			late: w.SilentMinutes(freshnessThreshold), lateBy: freshnessThreshold},
		&claim{pipeline: "video", sli: ageMetric, method: "ids; in seconds"},
		&claim{pipeline: "video", sli: "flow", flow: "accepted", method: "app_log, accepted", exact: true, settle: log, truth: w.AcceptedLines()},
		&claim{pipeline: "video", sli: "flow", flow: "done", method: "app_log, done", exact: true, settle: log, truth: w.DoneLines()},
		&claim{pipeline: "video", sli: "coverage", method: "ids", exact: true, settle: log + coverageDeadline, truth: w.Coverage(w.Start, w.End, coverageDeadline)})
	if w.Scenario.Worker.Audits > 0 {
		t.claims = append(t.claims, &claim{pipeline: "video", sli: "correctness", method: "verdicts", exact: true, settle: log, truth: w.Verdicts()})
	}
	return t
}

// balancer is a load balancer's metrics: requests by the class of their answer, and
// answers by their time.
const balancer = `  - name: front
    alb: {load_balancer: %s, endpoint_url: "{{cloud}}", region: us-east-1}
`

// Balancer is a trial of availability and latency by a load balancer's metrics.
func Balancer(w *sim.World) *Trial {
	settle := 3 * time.Minute
	t := pipeline(w, fmt.Sprintf(balancer, sim.LoadBalancer), false)
	t.Logs = nil
	t.claims = []*claim{
		{pipeline: "video", sli: "availability", method: "alb", exact: true, settle: settle, truth: w.Availability(w.Start, w.End)},
		{pipeline: "video", sli: "latency", method: "alb", exact: true, settle: settle, truth: w.TargetLatency(200 * time.Millisecond)},
	}
	return t
}
