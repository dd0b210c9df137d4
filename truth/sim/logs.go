package sim

import (
	"iter"
	"strconv"
)

// Line is one line of a log file (of EMF: the lines of one flush).
type Line struct {
	Written Instant // true time at which the file has it, whole
	Task    int     // front task whose file it is; 0 in other logs
	Text    []byte  // with its newline; reused, copy it to keep it
}

// Format is a format of access logs.
type Format uint8

const (
	// LTSV with labels time, method, uri, status, size, reqtime, ua, id.
	LTSV Format = iota
	// JSON with the keys of an nginx JSON format; time in microseconds.
	JSON
	// Combined with the request time in seconds at its end.
	Combined
	// ALB: the load balancer's own log, of all requests, by its own clock.
	ALB
)

// AccessLog gives the lines of the front that get into the file in
// [from, to), in order. A line is made when the request ends and written with
// the writer's next flush. A task logs by its own clock what reached it; the
// balancer's log has every request.
func (w *World) AccessLog(f Format, from, to Instant) iter.Seq[Line] {
	answered := func(r *Record) Instant { return r.Answered }
	flush := span(w.Scenario.Front.Flush)
	if f == ALB {
		flush = 0
	}
	return func(yield func(Line) bool) {
		ids := w.byAnswered()
		var text []byte
		for _, id := range ids[w.from(ids, answered, from-flush):] {
			r := &w.Records[id]
			if r.Answered >= to {
				return
			}
			written := r.Answered
			if flush > 0 {
				written = ceil(written, flush, 0)
			}
			if written < from || written >= to || r.Status == 0 || f != ALB && w.Scenario.Front.ALB && r.byBalancer() {
				continue
			}
			text = w.appendAccess(text[:0], f, r, id)
			if !yield(Line{written, int(r.Task), text}) {
				return
			}
		}
	}
}

func (w *World) appendAccess(b []byte, f Format, r *Record, id uint32) []byte {
	at := r.Answered + w.skew(r.Task, r.Answered)
	took := r.Answered - r.Accepted
	switch f {
	case LTSV:
		b = append(b, "time:"...)
		b = append(at.Time().AppendFormat(b, "2006-01-02T15:04:05Z07:00"), "\thost:192.0.2.7\tmethod:"...)
		b = append(appendURI(append(b, r.method()...), "\turi:", r, id), "\tprotocol:HTTP/1.1\tstatus:"...)
		b = append(strconv.AppendUint(b, uint64(r.Status), 10), "\tsize:612\treqtime:"...)
		b = append(appendSeconds(b, took), "\tua:curl/8.5.0\tid:"...)
		b = appendID(b, id)
	case JSON:
		b = append(b, `{"time":"`...)
		b = append(appendTime(b, at), `","remote_addr":"192.0.2.7","method":"`...)
		b = append(appendURI(append(b, r.method()...), `","uri":"`, r, id), `","status":`...)
		b = append(strconv.AppendUint(b, uint64(r.Status), 10), `,"body_bytes":612,"request_time":`...)
		b = append(appendSeconds(b, took), `,"ua":"curl/8.5.0","id":"`...)
		b = append(appendID(b, id), `"}`...)
	case Combined:
		b = append(b, "192.0.2.7 - - ["...)
		b = append(at.Time().AppendFormat(b, "02/Jan/2006:15:04:05 -0700"), `] "`...)
		b = append(appendURI(append(b, r.method()...), " ", r, id), ` HTTP/1.1" `...)
		b = append(strconv.AppendUint(b, uint64(r.Status), 10), ` 612 "-" "curl/8.5.0" `...)
		b = appendSeconds(b, took)
	case ALB:
		b = w.appendALB(b, r, id)
	}
	return append(b, '\n')
}

// appendALB writes an entry of a load balancer's access log: 30 fields.
func (w *World) appendALB(b []byte, r *Record, id uint32) []byte {
	b = append(b, "http "...)
	b = append(appendTime(b, r.Answered), " "+LoadBalancer+" 192.0.2.7:51234 "...)
	target := "10.0.0." + strconv.Itoa(int(r.Task)+1) + ":80"
	status := strconv.Itoa(int(r.Status))
	targets, codes := target, status
	switch {
	case r.NoTarget:
		target, targets = "-", "-"
		fallthrough
	case r.byBalancer():
		codes = "-"
		b = append(append(b, target...), " -1 -1 -1 "...)
	default:
		took := r.Answered - r.Accepted
		request := min((took-r.target())/2, millisecond)
		b = appendSeconds(append(append(b, target...), ' '), request)
		b = appendSeconds(append(b, ' '), r.target())
		b = append(appendSeconds(append(b, ' '), took-r.target()-request), ' ')
	}
	b = append(append(append(b, status...), ' '), codes...)
	b = append(append(b, ` 640 612 "`...), r.method()...)
	b = append(appendURI(b, " http://video.example.com:80", r, id), ` HTTP/1.1" "curl/8.5.0" - - arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:`+TargetGroup+` "Root=1-`...)
	b = strconv.AppendUint(b, uint64(r.Accepted/second), 16)
	b = append(b, '-')
	b = append(appendHex(b, mix(uint64(id)), 24), `" "-" "-" 0 `...)
	b = append(appendTime(b, r.Accepted), ` "forward" "-" "-" "`...)
	b = append(append(b, targets...), `" "`...)
	b = append(append(b, codes...), `" "-" "-" TID_`...)
	return appendHex(b, mix(uint64(id)+1), 32)
}

func (r *Record) method() string {
	if r.Read {
		return "GET"
	}
	return "POST"
}

// appendURI writes /videos for a write and /videos/ID for a read.
func appendURI(b []byte, before string, r *Record, id uint32) []byte {
	b = append(append(b, before...), "/videos"...)
	if r.Read {
		b = appendID(append(b, '/'), id)
	}
	return b
}

// ID is the name of a record in logs.
func ID(record uint32) string { return string(appendID(nil, record)) }

func appendID(b []byte, id uint32) []byte { return strconv.AppendUint(append(b, 'v'), uint64(id), 10) }

// appendTime writes RFC 3339 in UTC with microseconds.
func appendTime(b []byte, i Instant) []byte {
	return i.Time().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
}

// appendSeconds writes microseconds as seconds with three decimals.
func appendSeconds(b []byte, us Instant) []byte {
	ms := us / millisecond
	b = append(strconv.AppendInt(b, int64(ms/1000), 10), '.')
	return append(b, byte('0'+ms/100%10), byte('0'+ms/10%10), byte('0'+ms%10))
}

// appendHex writes digits hexadecimal digits that belong to x.
func appendHex(b []byte, x uint64, digits int) []byte {
	for i := range digits {
		if i%16 == 0 {
			x = mix(x)
		}
		b = append(b, "0123456789abcdef"[x&15])
		x >>= 4
	}
	return b
}

// FrontLog gives the front's application log: one JSON line for each record
// it accepted, written when the stream had it.
//
//	{"ts":"…","msg":"accepted","id":"v12","accepted_at":"…","task":1}
func (w *World) FrontLog(from, to Instant) iter.Seq[Line] {
	arrived := func(r *Record) Instant { return r.Arrived }
	return func(yield func(Line) bool) {
		ids := w.byArrived()
		var b []byte
		for _, id := range ids[w.from(ids, arrived, from):] {
			r := &w.Records[id]
			if r.Arrived >= to {
				return
			}
			b = append(b[:0], `{"ts":"`...)
			b = append(appendTime(b, r.Arrived+w.skew(r.Task, r.Arrived)), `","msg":"accepted","id":"`...)
			b = append(appendID(b, id), `","accepted_at":"`...)
			b = append(appendTime(b, w.stampAccepted(r)), `","task":`...)
			b = append(strconv.AppendUint(b, uint64(r.Task), 10), "}\n"...)
			if !yield(Line{r.Arrived, int(r.Task), b}) {
				return
			}
		}
	}
}
