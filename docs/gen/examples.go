package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"
)

// What the recipes' logs have in common: twenty minutes of a request every two seconds.
var (
	exampleFrom = time.Date(2026, 4, 15, 10, 0, 0, 0, tokyo)
	exampleTo   = exampleFrom.Add(20 * time.Minute)
)

const exampleEvery = 2 * time.Second

// examples are the logs in examples/, by name.
func examples() map[string][]byte {
	front, worker := frontAndWorker()
	out, errors := containers()
	return map[string][]byte{
		"examples/nginx/access.log":                  combined(),
		"examples/from-axslog/access.ltsv":           labelled("time:%s\tmethod:%s\turi:%s\tstatus:%d\tsize:512\treqtime:%.3f\n"),
		"examples/several-hosts/web1.ltsv":           labelled("time:%s\tmethod:%s\turi:%s\tstatus:%d\tsize:512\treqtime:%.3f\n"),
		"examples/front-and-worker/front.log":        front,
		"examples/front-and-worker/worker.log":       worker,
		"examples/containers/front.log":              out,
		"examples/containers/worker.log":             errors,
		"examples/alb-in-s3/balancer.log":            balancer(),
		"examples/cron/job.log":                      job(),
		"examples/kinesis-lambda-dynamodb/front.log": stream(),
		"examples/sqs-ecs/worker.log":                jobs(),
	}
}

// request is the i-th request of a recipe: some are slow, and for two minutes some fail.
func request(i int) (at time.Time, method, uri string, status int, took time.Duration) {
	at = exampleFrom.Add(time.Duration(i) * exampleEvery)
	method, uri, status = "POST", "/videos", 201
	if i%4 == 3 {
		method, uri, status = "GET", fmt.Sprintf("/videos/v%d", i-3), 200
	}
	took = time.Duration(40+i*37%90) * time.Millisecond
	if i%50 == 7 {
		took = 730 * time.Millisecond
	}
	if minute := at.Minute(); (minute == 12 || minute == 13) && i%10 == 1 {
		status = 503
	}
	return at, method, uri, status, took
}

// requests visits all requests of a recipe.
func requests(visit func(i int, at time.Time, method, uri string, status int, took time.Duration)) {
	for i := 0; i < int(exampleTo.Sub(exampleFrom)/exampleEvery); i++ {
		at, method, uri, status, took := request(i)
		visit(i, at, method, uri, status, took)
	}
}

// combined is what nginx writes, with $request_time behind.
func combined() []byte {
	var b bytes.Buffer
	requests(func(i int, at time.Time, method, uri string, status int, took time.Duration) {
		fmt.Fprintf(&b, "203.0.113.%d - - [%s] \"%s %s HTTP/1.1\" %d 512 \"-\" \"Mozilla/5.0\" %.3f\n", 1+i%200, stamp(at), method, uri, status, took.Seconds())
	})
	return b.Bytes()
}

func labelled(format string) []byte {
	var b bytes.Buffer
	requests(func(_ int, at time.Time, method, uri string, status int, took time.Duration) {
		fmt.Fprintf(&b, format, stamp(at), method, uri, status, took.Seconds())
	})
	return b.Bytes()
}

// accepted tells whether a request left a record.
func accepted(method string, status int) bool { return method == "POST" && status < 400 }

// outcome is when the record of the i-th request comes out: seconds later, a minute and a
// half later while the worker is slow, or never.
func outcome(i int, at time.Time) (visible time.Time, ok bool) {
	delay := time.Duration(1200+i*531%2600) * time.Millisecond
	if minute := at.Minute(); minute == 16 {
		delay += 90 * time.Second
	}
	return at.Add(delay), i != 250 && at.Add(delay).Before(exampleTo)
}

// aRequest is one that a front answered; id is empty where it accepted no record.
type aRequest struct {
	at              time.Time
	method, uri, id string
	status          int
	took            time.Duration
}

// twoLogs are the logs of a front and of a worker, by how each writes what it has to say.
func twoLogs(answered func(aRequest) string, done func(visible, accepted time.Time, id string) string) (front, worker []byte) {
	var lines []string
	requests(func(i int, at time.Time, method, uri string, status int, took time.Duration) {
		id := ""
		if accepted(method, status) {
			id = fmt.Sprintf("v%d", i)
			if visible, ok := outcome(i, at); ok {
				lines = append(lines, done(visible, at, id))
			}
		}
		front = append(front, answered(aRequest{at, method, uri, id, status, took})...)
	})
	slices.Sort(lines) // by time, which they begin with
	for _, line := range lines {
		worker = append(worker, line...)
	}
	return front, worker
}

// frontAndWorker are the logs of a front and of a worker that note the record's id.
func frontAndWorker() (front, worker []byte) {
	return twoLogs(func(r aRequest) string {
		return fmt.Sprintf("time:%s\tmethod:%s\turi:%s\tstatus:%d\treqtime:%.3f\tvideo:%s\n", stamp(r.at), r.method, r.uri, r.status, r.took.Seconds(), cmp.Or(r.id, "-"))
	}, func(visible, accepted time.Time, id string) string {
		return fmt.Sprintf(`{"ts":%q,"msg":"done","video":%q,"accepted_at":%q}`+"\n", precise(visible), id, precise(accepted))
	})
}

// containers are the same two logs as a container runtime (CRI) writes them.
func containers() (front, worker []byte) {
	return twoLogs(func(r aRequest) string {
		return fmt.Sprintf(`%s stdout F {"time":%q,"method":%q,"uri":%q,"status":%d,"request_time":%.3f,"video":%q}`+"\n", precise(r.at), precise(r.at), r.method, r.uri, r.status, r.took.Seconds(), r.id)
	}, func(visible, accepted time.Time, id string) string {
		return fmt.Sprintf(`%s stdout F {"ts":%q,"msg":"done","video":%q,"accepted_at":%q}`+"\n", precise(visible), precise(visible), id, precise(accepted))
	})
}

// balancer is the access log of an application load balancer.
func balancer() []byte {
	var b bytes.Buffer
	requests(func(i int, at time.Time, method, uri string, status int, took time.Duration) {
		end := at.Add(took).UTC().Format("2006-01-02T15:04:05.000000Z")
		target, work := "10.0.1.7:8080", fmt.Sprintf("%.3f", took.Seconds()-0.001)
		if status == 503 { // no target: the balancer answers by itself
			target, work = "-", "-1"
		}
		fmt.Fprintf(&b, "https %s app/video/50dc6c495c0c9188 203.0.113.%d:%d %s 0.001 %s 0.000 %d %s 512 512 \"%s https://video.example.com:443%s HTTP/2.0\" \"Mozilla/5.0\" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/video/73e2d6bc24d8a067 \"Root=1-67fdb4a1-%024x\" \"video.example.com\" \"-\" 0 %s \"forward\" \"-\" \"-\" \"%s\" \"%s\" \"-\" \"-\"\n",
			end, 1+i%200, 40000+i, target, work, status, map[bool]string{true: "-", false: fmt.Sprint(status)}[status == 503], method, uri, i, at.UTC().Format("2006-01-02T15:04:05.000000Z"), target, map[bool]string{true: "-", false: fmt.Sprint(status)}[status == 503])
	})
	return b.Bytes()
}

// job is the log of an hourly job: it begins at five past and notes how much of what was due
// it did. One hour it failed, and one run did too little.
func job() []byte {
	var b bytes.Buffer
	for hour := 4; hour <= 10; hour++ {
		begin := time.Date(2026, 4, 15, hour, 5, 0, 0, tokyo)
		if hour == 7 {
			continue
		}
		due, done := 1000+hour*10, 1000+hour*10
		if hour == 9 {
			done = due - 200
		}
		fmt.Fprintf(&b, `{"ts":%q,"msg":"start"}`+"\n", precise(begin))
		fmt.Fprintf(&b, `{"ts":%q,"msg":"end","upto":%q,"rows":{"due":%d,"done":%d}}`+"\n", precise(begin.Add(8*time.Minute)), precise(begin.Truncate(time.Hour)), due, done)
	}
	return b.Bytes()
}

// stream is the front's log of an hour: a record every six seconds.
func stream() []byte {
	var b bytes.Buffer
	for at := exampleFrom; at.Before(exampleFrom.Add(70 * time.Minute)); at = at.Add(6 * time.Second) {
		fmt.Fprintf(&b, "time:%s\tmethod:POST\turi:/videos\tstatus:202\treqtime:0.035\n", stamp(at))
	}
	return b.Bytes()
}

// jobs is the log of a worker that takes jobs from a queue.
func jobs() []byte {
	var done []string
	requests(func(i int, at time.Time, method, _ string, status int, _ time.Duration) {
		if visible, ok := outcome(i, at); ok && accepted(method, status) {
			done = append(done, fmt.Sprintf(`{"ts":%q,"msg":"done","job":"j%d","sent_at":%q}`+"\n", precise(visible), i, precise(at)))
		}
	})
	slices.Sort(done)
	var b bytes.Buffer
	for _, line := range done {
		b.WriteString(line)
	}
	return b.Bytes()
}
