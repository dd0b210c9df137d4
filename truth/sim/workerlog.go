package sim

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"time"
)

// Lines says which lines a worker's log has; values may be combined.
type Lines uint8

const (
	// RecordLines: one JSON line a record and attempt: msg is done, skipped
	// or error (the record an attempt failed at), with id and accepted_at. A
	// record written twice has two; a lost one and one cut off by a timeout
	// have none.
	RecordLines Lines = 1 << iota
	// AuditLines: msg audit, with equal true or false, for a share of the results.
	AuditLines
	// BatchLines: msg batch, with in, ok, ng and skip, at each invocation's end.
	BatchLines
	// ReportLines: the REPORT line that the Lambda service writes.
	ReportLines
	// EMFLines: embedded metrics E2ELatency (ms) with one value for each
	// record written, of invocations that did not time out.
	EMFLines
)

// entry is a line to be: of a step, or of a whole invocation.
type entry struct {
	at   Instant
	inv  int
	kind Lines
	step step
}

// WorkerLog gives the lines of the kinds wanted that the worker writes in
// [from, to), in order. A minute of lines is held at a time.
func (w *World) WorkerLog(kinds Lines, from, to Instant) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		var text []byte
		var list []entry
		for ; from < to; from = from.Minute() + minute {
			list = w.entries(list[:0], kinds, from, min(to, from.Minute()+minute))
			for _, e := range list {
				text = w.appendEntry(text[:0], e)
				if len(text) > 0 && !yield(Line{Written: e.at, Text: text}) {
					return
				}
			}
		}
	}
}

// entries appends the lines of [from, to) to an empty list, sorted.
func (w *World) entries(list []entry, kinds Lines, from, to Instant) []entry {
	note := func(at Instant, inv int, kind Lines, s step) {
		if kinds&kind != 0 && at >= from && at < to {
			list = append(list, entry{at, inv, kind, s})
		}
	}
	i, _ := slices.BinarySearchFunc(w.Invocations, from-w.longest, func(v Invocation, t Instant) int { return cmp.Compare(v.Began, t) })
	for ; i < len(w.Invocations) && w.Invocations[i].Began < to; i++ {
		v := &w.Invocations[i]
		if v.Ended < from {
			continue
		}
		if kinds&(RecordLines|AuditLines) != 0 {
			w.steps(v, func(s step) {
				for range max(s.writes, 1) {
					note(s.at, i, RecordLines, s)
				}
				if s.writes > 0 && happens(w.Scenario.Seed, forAudit, uint64(s.id), w.Scenario.Worker.Audits) {
					note(s.at, i, AuditLines, s)
				}
			})
		}
		for _, kind := range []Lines{BatchLines, EMFLines, ReportLines} {
			note(v.Ended, i, kind, step{})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	return list
}

func (w *World) appendEntry(b []byte, e entry) []byte {
	v := &w.Invocations[e.inv]
	switch e.kind {
	case RecordLines:
		return w.appendStep(b, v, e.step)
	case AuditLines:
		b = w.appendHead(b, e.at, "audit")
		b = append(appendID(append(b, `,"id":"`...), e.step.id), `","equal":`...)
		return append(strconv.AppendBool(b, !w.Records[e.step.id].Wrong), "}\n"...)
	case BatchLines:
		return w.appendBatch(b, v)
	case EMFLines:
		return w.appendEMF(b, v)
	}
	return appendReport(b, v, w.Scenario.Seed, e.inv)
}

func (w *World) workerClock(at Instant) Instant { return at + w.faults.delay(SkewWorker, at, 0) }

func (w *World) appendHead(b []byte, at Instant, msg string) []byte {
	b = append(appendTime(append(b, `{"ts":"`...), w.workerClock(at)), `","msg":"`...)
	return append(append(b, msg...), '"')
}

func (w *World) appendStep(b []byte, v *Invocation, s step) []byte {
	msg := "done"
	switch {
	case s.skip:
		msg = "skipped"
	case s.failed && v.Outcome == Timeout:
		return b
	case s.failed:
		msg = "error"
	case s.writes == 0:
		return b
	}
	b = w.appendHead(b, s.at, msg)
	b = append(appendID(append(b, `,"id":"`...), s.id), `","accepted_at":"`...)
	return append(appendTime(b, w.stampAccepted(&w.Records[s.id])), "\"}\n"...)
}

func (w *World) appendBatch(b []byte, v *Invocation) []byte {
	ok, skipped := 0, 0
	w.steps(v, func(s step) {
		if s.skip {
			skipped++
		} else if !s.failed {
			ok++
		}
	})
	b = w.appendHead(b, v.Ended, "batch")
	for _, f := range []struct {
		name  string
		value int
	}{{`,"in":`, v.Events}, {`,"ok":`, ok}, {`,"ng":`, v.Events - ok - skipped}, {`,"skip":`, skipped}} {
		b = strconv.AppendInt(append(b, f.name...), int64(f.value), 10)
	}
	return append(b, "}\n"...)
}

// appendEMF writes events of at most 100 values each, as the format allows.
func (w *World) appendEMF(b []byte, v *Invocation) []byte {
	if v.Outcome == Timeout {
		return b
	}
	n := 0
	w.steps(v, func(s step) {
		for range s.writes {
			if n%100 == 0 {
				if n > 0 {
					b = append(b, "]}\n"...)
				}
				b = append(b, `{"_aws":{"Timestamp":`...)
				b = strconv.AppendInt(b, int64(w.workerClock(v.Ended)/millisecond), 10)
				b = append(b, `,"CloudWatchMetrics":[{"Namespace":"Video","Dimensions":[["service"]],"Metrics":[{"Name":"E2ELatency","Unit":"Milliseconds"}]}]},"service":"transform","E2ELatency":[`...)
			} else {
				b = append(b, ',')
			}
			delay := w.workerClock(s.at) - w.stampAccepted(&w.Records[s.id])
			b = strconv.AppendFloat(b, float64(delay)/1000, 'f', -1, 64)
			n++
		}
	})
	if n > 0 {
		b = append(b, "]}\n"...)
	}
	return b
}

// appendReport writes the service's REPORT line, trailing tab included.
func appendReport(b []byte, v *Invocation, seed uint64, inv int) []byte {
	b = append(b, "REPORT RequestId: "...)
	x := mix(seed ^ uint64(inv))
	for i, digits := range []int{8, 4, 4, 4, 12} {
		if i > 0 {
			b = append(b, '-')
		}
		b = appendHex(b, x+uint64(i), digits)
	}
	ms := float64(v.Duration()) / 1000
	b = strconv.AppendFloat(append(b, "\tDuration: "...), ms, 'f', 2, 64)
	b = strconv.AppendInt(append(b, " ms\tBilled Duration: "...), int64(v.Ended-v.Began+999)/1000, 10)
	b = append(b, " ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB\t"...)
	if v.Init > 0 {
		b = strconv.AppendFloat(append(b, "Init Duration: "...), float64(v.Init)/1000, 'f', 2, 64)
		b = append(b, " ms\t"...)
	}
	if v.Outcome != Success {
		b = append(append(append(b, "Status: "...), v.Outcome.String()...), '\t')
	}
	return append(b, '\n')
}

// BatchLog gives the batch job's log: a line when a run starts and one when
// it is done, whose watermark says up to when everything has been processed.
func (w *World) BatchLog(from, to Instant) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for _, r := range w.Runs {
			run := r.Due.Time().Format(time.RFC3339)
			if r.Started >= from && r.Started < to {
				b := append(w.appendHead(nil, r.Started, "run start"), `,"run":"`+run+"\"}\n"...)
				if !yield(Line{Written: r.Started, Text: b}) {
					return
				}
			}
			if r.Done >= from && r.Done < to {
				b := append(w.appendHead(nil, r.Done, "run done"), `,"run":"`+run+`","should":`...)
				b = append(strconv.AppendInt(b, int64(r.Should), 10), `,"processed":`...)
				b = append(strconv.AppendInt(b, int64(r.Processed), 10), `,"watermark":"`...)
				b = append(appendTime(b, w.workerClock(r.Started)), "\"}\n"...)
				if !yield(Line{Written: r.Done, Text: b}) {
					return
				}
			}
		}
	}
}
