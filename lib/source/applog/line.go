package applog

import (
	"bytes"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/loglines"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Why a line that can be read says nothing that can be counted.
const (
	errCount      logscan.Malformed = "count is not a number from 0 to 2^53"
	errSignals    logscan.Malformed = "line has none of the fields that signals names"
	errAcceptedAt logscan.Malformed = "accepted_at is not a time"
	errDelay      logscan.Malformed = "delay is not a duration"
	errWatermark  logscan.Malformed = "watermark is not a time"
	errRows       logscan.Malformed = "should or processed is not a number of 0 or more"
)

// maxEarly is how long before it was accepted a record may seem to come out: clocks
// differ that much. Such a delay counts as 0; a longer one is unknown.
const maxEarly = 5 * time.Second

// emitter tells what the lines of one reading say.
type emitter struct {
	*lineLog
	ask    sli.Ask
	told   toldTwice
	rec    *logscan.Record
	scan   *logscan.Scanner
	emf    *metrics // of the line, nil where it has none
	event  sli.Event
	early  int           // records that came out before they were accepted
	unborn int           // runs whose data are complete to an instant in the future
	ahead  time.Duration // by how much, at most
	sift   sli.Sifter    // by where and events together
	lacks  []sli.Lack
}

// line tells what one line says. The error is a logscan.Malformed.
func (t *emitter) line(rec *logscan.Record, scan *logscan.Scanner) error {
	t.rec, t.scan, t.emf = rec, scan, nil
	if t.isProver() {
		return nil
	}
	if !t.holds(t.where) {
		t.drop()
		return nil
	}
	if rec.Line == logscan.LineEMF {
		m, err := parseMetrics(rec.Text)
		if err != nil {
			return err
		}
		t.emf = m
	}
	emit, matched, err := t.byRule()
	if err != nil {
		return err
	}
	t.platform()
	switch {
	case matched:
		t.sift.Pass(1)
	case rec.Line == logscan.LineRecord || rec.Line == logscan.LineEMF: // the platform's own lines are no rule's
		t.drop()
	}
	for _, e := range emit {
		t.event = e
		t.ask.Emit(&t.event)
	}
	return nil
}

// isProver tells known-answer records, which the prover's own SLIs speak of.
func (t *emitter) isProver() bool {
	for _, i := range t.fields.index[fieldID] {
		if b, ok := t.rec.Field(i); ok && bytes.HasPrefix(b, proverMarker) {
			return true
		}
	}
	return false
}

// proverMarker begins the ids of known-answer records.
var proverMarker = []byte(sli.ProverMarker)

// platform emits what a function's platform says, and the metrics that it takes in.
func (t *emitter) platform() {
	e := sli.Event{Time: t.rec.Time, Should: -1}
	switch inv := t.rec.Invocation; {
	case t.emf != nil:
		if e.EMF = t.emf.series(); len(e.EMF) == 0 {
			return
		}
	case inv == nil:
		return
	default:
		e.Lambda = &sli.LambdaReport{Init: inv.Init, HasInit: inv.HasInit, ColdStart: inv.ColdStart,
			Timeout: inv.TimedOut && t.told.first(inv.RequestID, 'T'), Killed: inv.Killed && t.told.first(inv.RequestID, 'K')}
		if t.rec.Line == logscan.LineReport {
			e.Signal, e.Weight, e.Latency, e.HasLatency = sli.Invocation, 1, inv.Duration, true
		}
	}
	t.ask.Emit(&e)
}

func (t *emitter) holds(m matcher) bool {
	return m.conditions.Empty() || m.conditions.Holds(func(i int) ([]byte, bool) { return t.rec.Field(m.first + i) })
}

// drop notes a line that conditions left out.
func (t *emitter) drop() {
	if t.sift.First() {
		t.sift.Miss(t.rec.Field, func(name string) string { return loglines.Instead(name, t.scan.Lack(name, t.rec.Text).Labels) })
	}
	t.sift.Drop(t.rec.Field, t.scan.Withheld)
}

// byRule is the events of the first rule that is for the line.
func (t *emitter) byRule() (events []sli.Event, matched bool, err error) {
	for i := range t.rules {
		r := &t.rules[i]
		if !t.concerns(r) || !t.holds(r.match) {
			continue
		}
		if events, matched, err := t.events(r); matched || err != nil {
			return events, matched, err
		}
	}
	return nil, false, nil
}

// concerns tells whether a rule may be for this kind of line at all: the platform's
// lines need to be asked for, by a field that they have.
func (t *emitter) concerns(r *rule) bool {
	switch t.rec.Line {
	case logscan.LineEMF:
		return true
	case logscan.LineRecord:
		return !r.metrics
	}
	for i := range r.match.conditions.Fields() {
		if _, ok := t.rec.Field(r.match.first + i); ok {
			return true
		}
	}
	return false
}

// events are what a rule makes of the line. It doesn't match where the embedded
// metric that it is about isn't in the line.
func (t *emitter) events(r *rule) (events []sli.Event, matched bool, err error) {
	base := sli.Event{Time: t.rec.Time, Should: -1}
	if b, ok := t.field(t.fields.one(fieldGroup)); ok {
		base.Group = sli.HashID(b)
	}
	if ids := t.fields.index[fieldID]; len(ids) > 0 {
		base.ID, base.HasID = sli.RecordID(t.values(ids)...)
	}
	if b, ok := t.field(t.fields.one(fieldAcceptedAt)); ok {
		if base.AcceptedAt, ok = t.scan.ParseTime(b, base.Time+maxEarly.Microseconds()); !ok {
			return nil, true, t.unreadable(errAcceptedAt, t.fields.one(fieldAcceptedAt))
		}
		t.stamped(&base)
	}
	told := false
	for _, c := range r.counts {
		e := base
		e.Signal = c.signal
		weight, known, err := t.weight(r, c)
		switch {
		case err != nil:
			return nil, true, err
		case !known:
			continue // this batch doesn't say, or the metric isn't there
		}
		told = true
		if e.Weight = weight; weight == 0 {
			continue
		}
		more, err := t.complete(r, e)
		if err != nil {
			return nil, true, err
		}
		events = append(events, more...)
	}
	if !told && r.batch && t.emf == nil {
		return nil, true, errSignals
	}
	return events, told, nil
}

// complete adds to an event what belongs to its signal.
func (t *emitter) complete(r *rule, e sli.Event) ([]sli.Event, error) {
	switch e.Signal {
	case sli.Done:
		if r.ok != nil && !t.holds(*r.ok) {
			e.Signal = sli.Failed
			return []sli.Event{e}, nil
		}
		return t.delayed(r, e)
	case sli.RunStart, sli.RunDone:
		return t.run(e)
	}
	return []sli.Event{e}, nil
}

// delayed gives a record that came out its delay: the delay's own field, else the
// time since it was accepted.
func (t *emitter) delayed(r *rule, e sli.Event) ([]sli.Event, error) {
	if r.delay == none {
		switch {
		case e.Ahead > 0:
			t.early, t.ahead = t.early+1, max(t.ahead, e.Ahead)
		case e.AcceptedAt != 0:
			t.since(&e)
		case t.fields.has(fieldAcceptedAt):
			t.lack(sli.FieldAcceptedAt, t.fields.one(fieldAcceptedAt), "fields: accepted_at")
		}
		return []sli.Event{e}, nil
	}
	if v := t.emf.named(t.need[r.delay]); v != nil {
		return v.delays(t.log.LatencyUnit(), e)
	}
	if b, ok := t.field(r.delay); ok {
		d, ok := logscan.ParseDuration(b, t.log.LatencyUnit())
		if !ok {
			return nil, t.unreadable(errDelay, r.delay)
		}
		e.Delay, e.HasDelay = d, true
	} else {
		t.lack(sli.FieldDelay, r.delay, "delay")
	}
	return []sli.Event{e}, nil
}

// stamped leaves out what can't be an instant of acceptance: one before the epoch, which
// is an unset stamp, and one after the line's own time, which is skewed.
func (t *emitter) stamped(e *sli.Event) {
	switch ahead := e.AcceptedAt - e.Time; {
	case e.AcceptedAt < 0:
	case ahead > maxEarly.Microseconds():
		e.Ahead = inFuture(ahead)
	default:
		return
	}
	e.AcceptedAt = 0
}

// inFuture is so many microseconds.
func inFuture(micros int64) time.Duration {
	return time.Duration(min(micros, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
}

// lack notes that a line doesn't have a field that a key names, once for each field.
func (t *emitter) lack(field string, i int, key string) {
	if !slices.ContainsFunc(t.lacks, func(l sli.Lack) bool { return l.Field == field }) {
		t.lacks = append(t.lacks, sli.Lack{Field: field, Text: loglines.Missing(t.scan, t.rec.Text, t.need[i], key)})
	}
}

// since sets the delay to the time since the record was accepted.
func (t *emitter) since(e *sli.Event) {
	switch micros := e.Time - e.AcceptedAt; {
	case micros > math.MaxInt64/int64(time.Microsecond):
		e.Delay, e.HasDelay = math.MaxInt64, true
	default:
		e.Delay, e.HasDelay = time.Duration(max(0, micros))*time.Microsecond, true
	}
}

// run gives a batch job's run its watermark, its rows, and a verdict: good when it
// did enough of what was due.
func (t *emitter) run(e sli.Event) ([]sli.Event, error) {
	if b, ok := t.field(t.fields.one(fieldWatermark)); ok {
		if e.Watermark, ok = t.scan.ParseTime(b, e.Time+sli.Skew.Microseconds()); !ok {
			return nil, t.unreadable(errWatermark, t.fields.one(fieldWatermark))
		}
	}
	e.Ahead = 0 // accepted_at is of records
	if e.Signal == sli.RunStart {
		return []sli.Event{e}, nil
	}
	if ahead := e.Watermark - e.Time; ahead > sli.Skew.Microseconds() {
		t.unborn++
		e.Watermark, e.Ahead = 0, inFuture(ahead)
	} else if e.Watermark == 0 {
		e.Watermark = e.Time
	}
	var rows [2]float64
	for i, name := range [...]string{fieldShould, fieldProcessed} {
		rows[i] = -1
		if b, ok := t.field(t.fields.one(name)); ok {
			if rows[i], ok = number(b); !ok {
				return nil, t.unreadable(errRows, t.fields.one(name))
			}
		}
	}
	e.Should = rows[0]
	switch {
	case !t.fields.has(fieldShould) || !t.fields.has(fieldProcessed):
	case rows[0] < 0 || rows[1] < 0:
		e.Good = sli.Uncertain
	case rows[1] < t.target*rows[0]:
		e.Good = sli.Bad
	default:
		e.Good = sli.Good
	}
	return []sli.Event{e}, nil
}

// weight is how many the line counts; unknown where it doesn't say.
func (t *emitter) weight(r *rule, c weighed) (weight float64, known bool, err error) {
	switch {
	case c.field != none && t.emf != nil:
		weight, known = t.emf.sum(t.need[c.field])
		if weight < 0 {
			return 0, true, errCount
		}
		if known {
			return weight, true, nil
		}
		fallthrough // a property of the line, not a metric
	case c.field != none:
		b, ok := t.field(c.field)
		if !ok && (r.batch || t.emf != nil) {
			return 0, false, nil
		}
		if weight, ok = number(b); !ok {
			return 0, true, t.unreadable(errCount, c.field)
		}
		return weight, true, nil
	case t.emf == nil:
		return c.number, true, nil
	case r.delay != none:
		if v := t.emf.named(t.need[r.delay]); v != nil {
			n := v.series().Count
			return n * c.number, n > 0, nil
		}
		_, known = t.field(r.delay)
		return c.number, known, nil
	}
	n := t.emf.most()
	return n * c.number, n > 0, nil
}

// field is a needed field's text; false where it isn't mapped, missing or empty.
func (t *emitter) field(i int) ([]byte, bool) {
	if i == none {
		return nil, false
	}
	b, ok := t.rec.Field(i)
	return b, ok && len(bytes.TrimSpace(b)) > 0
}

// unreadable is the reason with the needed field that is to blame.
func (t *emitter) unreadable(reason logscan.Malformed, i int) error {
	b, ok := t.rec.Field(i)
	if !ok {
		return reason
	}
	return logscan.NewUnreadable(reason, t.need[i], b)
}

// values are those of some needed fields, nil where one is missing.
func (t *emitter) values(fields []int) [][]byte {
	values := make([][]byte, len(fields))
	for n, i := range fields {
		values[n], _ = t.field(i)
	}
	return values
}

// number reads a count; it isn't negative, and not beyond what can be counted exactly.
func number(b []byte) (float64, bool) {
	if len(b) > 64 {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(bytes.TrimSpace(b)), 64)
	return v, err == nil && v >= 0 && estimate.Countable(v)
}

// toldTwice remembers the invocations whose end was told, since a timeout and a kill
// stand in two lines: in the report, and in one of their own.
type toldTwice struct {
	recent [128]uint64
	next   int
}

// first tells whether it is the first line that tells this of the invocation.
func (t *toldTwice) first(id []byte, what byte) bool {
	h := fnv.New64a()
	h.Write([]byte{what})
	h.Write(id)
	sum := max(1, h.Sum64())
	for _, old := range t.recent {
		if old == sum {
			return false
		}
	}
	t.recent[t.next] = sum
	t.next = (t.next + 1) % len(t.recent)
	return true
}
