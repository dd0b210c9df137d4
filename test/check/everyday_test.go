package check

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/judge"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// diary is what is written to logs, by file.
type diary map[string][]sim.Line

// note writes a line to a log at an instant after the start; TIME in it is that instant.
func (d diary) note(log string, at time.Duration, format string, args ...any) {
	moment := sim.At(start.Add(at))
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "TIME", stamped(at))
	d[log] = append(d[log], sim.Line{Written: moment, Text: []byte(text + "\n")})
}

func stamped(at time.Duration) string { return start.Add(at).Format("2006-01-02T15:04:05.000Z07:00") }

// accepted is a record that the front answers with a status; its id follows.
func (d diary) accepted(at time.Duration, status int, id string) {
	d.note("front.json", at, `{"time":"TIME","method":"POST","uri":"/videos","status":%d,"request_time":0.05,"id":"%s"}`, status, id)
}

// done is the worker's line of a record that was accepted at an instant.
func (d diary) done(at time.Duration, id string, accepted time.Duration) {
	d.note("worker.json", at, `{"ts":"TIME","msg":"done","id":"%s","acc":"%s"}`, id, stamped(accepted))
}

// steady accepts a record each step from from to to, and has the worker do it a second
// later, where comes says so.
func (d diary) steady(from, to, step time.Duration, comes func(i int, at time.Duration) bool) {
	for i, at := 0, from; at < to; i, at = i+1, at+step {
		id := fmt.Sprintf("%d-%d", from, i)
		d.accepted(at, 200, id)
		if comes == nil || comes(i, at) {
			d.done(at+time.Second, id, at)
		}
	}
}

// logs are the diary's files.
func (d diary) logs(*sim.World) []judge.Log {
	var out []judge.Log
	for _, name := range []string{"front.json", "worker.json", "front.log"} {
		lines, ok := d[name]
		if !ok {
			continue
		}
		slices.SortStableFunc(lines, func(a, b sim.Line) int { return int(a.Written - b.Written) })
		out = append(out, judge.Log{Name: name, Lines: func(from, to sim.Instant) iter.Seq[sim.Line] {
			return func(yield func(sim.Line) bool) {
				for _, l := range lines {
					if l.Written >= from && l.Written < to && !yield(l) {
						return
					}
				}
			}
		}})
	}
	return out
}

// told writes a diary.
func told(tell func(d diary)) func(*sim.World) []judge.Log {
	d := diary{}
	tell(d)
	return d.logs
}

// ends is a pipeline whose front and worker log every record, with ids and without;
// more is the pipeline's besides.
func ends(ids bool, deadline, more string) string {
	front, worker, coverage := "", "", ""
	if ids {
		front, worker = ", fields: {id: id}", ", id: id"
		coverage = "\n    coverage: {target: 99, deadline: " + deadline + "}"
	}
	return `pipelines:
- name: video
  stages:
  - name: front
    access_log: {path: "{{dir}}/front.json", format: json` + front + `}
  - name: worker
    app_log: {path: "{{dir}}/worker.json", format: json, fields: {time: ts, accepted_at: acc` + worker + `}, events: [{match: {msg: done}, is: done}]}
  slis:
    freshness: {threshold: 60s, target: 99}` + coverage + `
` + more
}

// one is a front alone in combined or LTSV format.
func one(format, section, slis, check string) string {
	return `pipelines:
- name: video
  stages: [{name: front, access_log: {path: "{{dir}}/front.log", format: ` + format + section + `}}]
  slis: {` + slis + `}
` + check
}

const (
	second = time.Second
	minute = time.Minute
)

// requests writes LTSV lines of a front alone, a status each.
func (d diary) requests(from, to, step time.Duration, status func(i int) int) {
	for i, at := 0, from; at < to; i, at = i+1, at+step {
		d.note("front.log", at, "time:TIME\tmethod:POST\turi:/videos\tstatus:%d\treqtime:0.1", status(i))
	}
}

// everyday are situations of a working week.
var everyday = []scenario{
	{
		name: "a log that tells no duration", story: "combined lines without a request time; latency is judged",
		length: 20 * minute, config: one("combined", "", "latency: {threshold: 100ms, target: 99}", "  check: {sli: latency, critical_ratio: 90}\n"),
		logs: told(func(d diary) {
			for at := time.Duration(0); at < 20*minute; at += 2 * second {
				d.note("front.log", at, `192.0.2.1 - - [%s] "GET /a HTTP/1.1" 200 12 "-" "ua"`, start.Add(at).Format("02/Jan/2006:15:04:05 -0700"))
			}
		}),
		status: "UNKNOWN", rule: "not_measured",
	}, {
		name: "`where` without a match", story: "`where: {uri: /video}`, and all lines are of /videos",
		length: 20 * minute, config: one("ltsv", `, where: {uri: /video}`, "availability: {target: 99}", "  check: {sli: availability, critical_ratio: 90}\n"),
		logs: told(func(d diary) {
			d.requests(0, 20*minute, 2*second, func(int) int { return 200 })
		}),
		status: "OK", rule: "no_traffic",
	},
	lone("a record each 10 s", 10*second), lone("a record each second", second), lone("five a second", 200*time.Millisecond),
	{
		name: "a quarter stuck for an hour", story: "every fourth record never comes out; coverage's deadline is 2 minutes",
		length: 80 * minute, every: 10, config: ends(true, "2m", ""),
		logs: told(func(d diary) {
			d.steady(0, 80*minute, 5*second, func(i int, at time.Duration) bool { return at < 20*minute || i%4 != 0 })
		}),
		status: "CRITICAL", rule: "age",
	}, {
		name: "redelivery storm", story: "a record that came out is delivered 30 times more",
		length: 22 * minute, config: ends(true, "5m", ""),
		logs: told(func(d diary) {
			d.steady(0, 22*minute, 10*second, nil)
			for i := range 30 {
				d.done(20*minute+time.Duration(i)*2*second, fmt.Sprintf("0-%d", 60), 10*minute)
			}
		}),
		status: "OK",
	}, {
		name: "one stamp in the future", story: "of a healthy worker's, nine hours ahead",
		length: 22 * minute, config: ends(false, "", ""),
		logs: told(func(d diary) {
			d.steady(0, 22*minute, second, nil)
			d.done(20*minute, "odd", 9*time.Hour)
		}),
		status: "OK",
	}, {
		name: "one stamp in the future, and a standstill", story: "the worker stopped ten minutes ago",
		length: 30 * minute, config: ends(false, "", ""),
		logs: told(func(d diary) {
			d.steady(0, 30*minute, second, func(_ int, at time.Duration) bool { return at < 20*minute })
			d.done(19*minute, "odd", 9*time.Hour)
		}),
		status: "CRITICAL", rule: "state",
	}, {
		name: "refused requests", story: "15 % are answered 4xx; records aren't followed",
		length: 40 * minute, every: 5, config: ends(false, "", ""),
		logs: told(func(d diary) {
			for i, at := 0, time.Duration(0); at < 40*minute; i, at = i+1, at+2*second {
				status := []int{200, 200, 400, 200, 200, 200, 404, 200, 200, 200, 200, 409, 200, 200, 200, 200, 200, 200, 200, 200}[i%20]
				d.accepted(at, status, "-")
				if status == 200 {
					d.done(at+second, "-", at)
				}
			}
		}),
		status: "OK",
	}, {
		name: "30 of 600 records of one minute lost", story: "three minutes ago",
		length: 24 * minute, config: ends(true, "10m", ""), logs: lostMinute, status: "WARNING", rule: "state",
	}, {
		name: "30 of 600 records of one minute lost, long ago", story: "20 minutes ago; coverage's deadline of 10 minutes has passed",
		length: 41 * minute, config: ends(true, "10m", ""), logs: lostMinute, status: "OK",
	}, {
		name: "a loss that the target allows", story: "1.5 % of the records never come out, with a target of 98 %",
		length: 60 * minute, every: 5, config: strings.Replace(ends(true, "10m", ""), "coverage: {target: 99,", "coverage: {target: 98,", 1),
		logs: told(func(d diary) {
			d.steady(0, 60*minute, second, func(i int, _ time.Duration) bool { return i%67 != 0 })
		}),
		status: "OK",
	}, {
		name: "a record each ten minutes", story: "each takes 25 seconds",
		length: 61 * minute, config: ends(true, "10m", ""), logs: seldom(25 * second), status: "OK",
	}, {
		name: "a record each ten minutes that is slow", story: "each takes 170 seconds; the last came 100 seconds ago",
		length: 62 * minute, config: ends(true, "10m", ""), logs: seldom(170 * second), status: "WARNING", rule: "age",
	}, {
		name: "a night without writers", story: "nobody has come for five hours",
		length: 6 * time.Hour, every: 10, config: ends(true, "10m", ""),
		logs:   told(func(d diary) { d.steady(0, 60*minute, 5*second, nil) }),
		status: "OK", rule: "no_traffic",
	}, {
		name: "maintenance", story: "the worker has been stopped for 20 minutes inside `exclude:`",
		length: 40 * minute, config: ends(true, "10m", "  exclude: [{from: "+start.Add(15*minute).Format(time.RFC3339)+", to: "+start.Add(60*minute).Format(time.RFC3339)+", reason: new version}]\n"),
		logs: told(func(d diary) {
			d.steady(0, 40*minute, 5*second, func(_ int, at time.Duration) bool { return at < 20*minute })
		}),
		status: "OK", rule: "excluded",
	}, {
		name: "a host's reboot", story: "front and worker were away for four minutes, three minutes ago; what was under way came out afterwards",
		length: 27 * minute, config: ends(true, "10m", ""),
		logs: told(func(d diary) {
			d.steady(0, 20*minute, second, func(_ int, at time.Duration) bool { return at < 20*minute-3*second })
			for i := range 3 {
				d.done(24*minute+time.Duration(i)*second, fmt.Sprintf("0-%d", 1197+i), 20*minute-time.Duration(3-i)*second)
			}
			d.steady(24*minute, 27*minute, second, nil)
		}),
		status: "OK",
	}, {
		name: "a replay", story: "1,200 records of a day ago are worked off once more beside those of today",
		length: 25 * minute, config: ends(true, "10m", ""),
		logs: told(func(d diary) {
			d.steady(0, 25*minute, second, nil)
			for i := range 1200 {
				d.done(20*minute+time.Duration(i)*200*time.Millisecond, fmt.Sprintf("yesterday-%d", i), time.Duration(i)*time.Second-24*time.Hour)
			}
		}),
		status: "OK",
	}, {
		name: "three hosts on one queue", story: "each worker takes records of all hosts; this host reads its own logs alone",
		length: 40 * minute, config: ends(true, "5m", ""),
		logs: told(func(d diary) {
			for i, at := 0, time.Duration(0); at < 40*minute; i, at = i+1, at+second {
				d.accepted(at, 200, fmt.Sprintf("here-%d", i))
				d.done(at+second, fmt.Sprintf("%s-%d", []string{"here", "there", "beyond"}[i%3], i), at)
			}
		}),
		status: "UNKNOWN", rule: "not_measured",
	}, {
		name: "55 aborts and 45 errors", story: "of 100 requests, and no other in five minutes; limit 90 %",
		length: 20 * minute, config: one("ltsv", "", "availability: {target: 99}", "  check: {sli: availability, critical_ratio: 90}\n"),
		logs: told(func(d diary) {
			d.requests(0, 15*minute, 3*second, func(int) int { return 200 })
			d.requests(15*minute, 20*minute, 3*second, func(i int) int { return map[bool]int{true: 499, false: 500}[i%20 < 11] })
		}),
		status: "CRITICAL", rule: "ratio",
	}, {
		name: "an outage at 20 requests an hour", story: "for an hour every request has failed; burn rates are judged, the target is 99.9 %",
		length: 8 * time.Hour, every: 10, config: burning("28d"),
		logs: told(func(d diary) {
			d.requests(0, 7*time.Hour, 3*minute, func(int) int { return 200 })
			d.requests(7*time.Hour, 8*time.Hour, 3*minute, func(int) int { return 500 })
		}),
		status: "CRITICAL", rule: "burn_rate",
	}, {
		name: "one failure at 20 requests an hour", story: "the last; burn rates are judged, the target is 99.9 %",
		length: 8 * time.Hour, every: 10, config: burning("28d"),
		logs: told(func(d diary) {
			d.requests(0, 8*time.Hour-3*minute, 3*minute, func(int) int { return 200 })
			d.requests(8*time.Hour-3*minute, 8*time.Hour, 3*minute, func(int) int { return 500 })
		}),
		status: "WARNING", rule: "burn_rate",
	}, {
		name: "errors at nine tenths of the budget", story: "evenly for four days; burn rates are judged, over a period of a day",
		length: 96 * time.Hour, every: 240, config: burning("1d"),
		logs: told(func(d diary) {
			d.requests(0, 96*time.Hour, 10*second, func(i int) int { return map[bool]int{true: 500, false: 200}[i%1111 == 1110] })
		}),
		status: "OK",
	}, {
		name: "errors by chance at half of the budget", story: "for four days; burn rates are judged, over a period of seven",
		length: 96 * time.Hour, every: 240, config: burning("7d"),
		logs: told(func(d diary) {
			random := rand.New(rand.NewPCG(1, 2))
			d.requests(0, 96*time.Hour, 10*second, func(int) int { return map[bool]int{true: 500, false: 200}[random.Float64() < 0.0005] })
		}),
		status: "OK",
	},
}

// burning judges burn rates of a front alone over a period.
func burning(period string) string {
	return one("ltsv", "", "availability: {target: 99.9}", "  check: {sli: availability, burn_rate: true}\n  slo: {period: "+period+"}\n")
}

// lone is one record that is lost among others at some pace.
func lone(pace string, step time.Duration) scenario {
	return scenario{
		name: "one record lost, " + pace, story: "nine minutes ago, while all others come out",
		length: 20 * minute, config: ends(true, "5m", ""),
		logs: told(func(d diary) {
			d.steady(0, 20*minute, step, func(_ int, at time.Duration) bool { return at != 11*minute })
		}),
		status: "OK",
	}
}

// lostMinute loses every twentieth record of the minute 09:20.
var lostMinute = told(func(d diary) {
	d.steady(0, 41*minute, 100*time.Millisecond, func(i int, at time.Duration) bool { return at < 20*minute || at >= 21*minute || i%20 != 0 })
})

// seldom is a record each ten minutes, 20 s after the minute's start, done after a while.
func seldom(takes time.Duration) func(*sim.World) []judge.Log {
	return told(func(d diary) {
		for i := range 7 {
			at := time.Duration(i)*10*minute + 20*second
			d.accepted(at, 200, fmt.Sprint(i))
			d.done(at+takes, fmt.Sprint(i), at)
		}
	})
}
