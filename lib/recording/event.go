package recording

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// What an event has beside its signal and time, a bit each.
const (
	hasWeight = 1 << iota // another than 1
	hasStatus
	hasMethod
	hasLatency
	isConnection
	hasVerdicts // what conditions of the stage say
	hasObservations
	hasDelay
	hasAcceptedAt
	isAhead
	hasID
	hasWatermark
	hasShould
	hasGroup
	hasMore // what few events have, as JSON
)

// more is what few events have.
type more struct {
	Lambda *sli.LambdaReport `json:"lambda,omitempty"`
	EMF    []sli.EMFSeries   `json:"emf,omitempty"`
	Probe  *sli.Probe        `json:"probe,omitempty"`
	Lasted time.Duration     `json:"lasted,omitempty"`
}

// Events writes events and the accounting of lines one after another, in some 10 bytes
// each. The zero value is ready.
type Events struct {
	last int64 // the time of the event before, which the next one's is spelled by
}

// The first byte of what is written: an event, or a minute's accounting.
const (
	markEvent = 'e'
	markTally = 't'
)

// Append writes an event.
func (w *Events) Append(out []byte, e *sli.Event) []byte {
	has := contents(e)
	out = append(out, markEvent, byte(e.Signal))
	out = binary.AppendUvarint(out, has)
	out = binary.AppendVarint(out, e.Time-w.last)
	w.last = e.Time
	if has&hasWeight != 0 {
		out = appendFloat(out, e.Weight)
	}
	if has&hasStatus != 0 {
		out = binary.AppendVarint(out, int64(e.Status))
	}
	if has&hasMethod != 0 {
		out = append(binary.AppendUvarint(out, uint64(len(e.Method))), e.Method...)
	}
	if has&hasLatency != 0 {
		out = appendLatency(out, e.Latency, e.HasLatency)
	}
	if has&hasVerdicts != 0 {
		out = append(out, byte(e.Good), byte(e.Accepted))
	}
	if has&hasObservations != 0 {
		out = binary.AppendUvarint(out, uint64(len(e.Observations)))
		last := e.Time
		for _, m := range e.Observations {
			out = binary.AppendVarint(binary.AppendVarint(out, m.Time-last), int64(m.Latency))
			last = m.Time
		}
	}
	if has&hasDelay != 0 {
		out = binary.AppendVarint(out, int64(e.Delay))
	}
	if has&hasAcceptedAt != 0 {
		out = binary.AppendVarint(out, e.AcceptedAt-e.Time)
	}
	if has&isAhead != 0 {
		out = binary.AppendVarint(out, int64(e.Ahead))
	}
	if has&hasID != 0 {
		out = binary.LittleEndian.AppendUint64(out, e.ID)
	}
	if has&hasWatermark != 0 {
		out = binary.AppendVarint(out, e.Watermark-e.Time)
	}
	if has&hasShould != 0 {
		out = appendFloat(out, e.Should)
	}
	if has&hasGroup != 0 {
		out = binary.LittleEndian.AppendUint64(out, e.Group)
	}
	if has&hasMore != 0 {
		// Plain data of ours; a number that JSON can't spell is no number of a log.
		text, _ := json.Marshal(more{e.Lambda, e.EMF, e.Probe, e.Lasted})
		out = append(binary.AppendUvarint(out, uint64(len(text))), text...)
	}
	return out
}

// contents tells what an event has.
func contents(e *sli.Event) (has uint64) {
	note := func(bit uint64, is bool) {
		if is {
			has |= bit
		}
	}
	note(hasWeight, e.Weight != 1)
	note(hasStatus, e.Status != 0)
	note(hasMethod, len(e.Method) > 0)
	note(hasLatency, e.HasLatency || e.Latency != 0)
	note(isConnection, e.Connection)
	note(hasVerdicts, e.Good != 0 || e.Accepted != 0)
	note(hasObservations, e.Observations != nil)
	note(hasDelay, e.HasDelay)
	note(hasAcceptedAt, e.AcceptedAt != 0)
	note(isAhead, e.Ahead != 0)
	note(hasID, e.HasID)
	note(hasWatermark, e.Watermark != 0)
	note(hasShould, e.Should != 0)
	note(hasGroup, e.Group != 0)
	note(hasMore, e.Lambda != nil || e.EMF != nil || e.Probe != nil || e.Lasted != 0)
	return has
}

// AppendTally writes the accounting of lines of a minute.
func (w *Events) AppendTally(out []byte, m sli.Minute, t sli.Tally) []byte {
	out = binary.AppendVarint(append(out, markTally), int64(m))
	for _, n := range tallied(&t) {
		out = binary.AppendVarint(out, *n)
	}
	return out
}

// tallied are the numbers of a tally in the order they are spelled in.
func tallied(t *sli.Tally) []*int64 {
	return []*int64{&t.Lines, &t.Parsed, &t.Malformed, &t.Blank, &t.Late, &t.Skewed, &t.Bytes, &t.Unmatched}
}

func appendFloat(out []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
}

// appendLatency writes a latency and whether it is known.
func appendLatency(out []byte, d time.Duration, known bool) []byte {
	flag := byte(0)
	if known {
		flag = 1
	}
	return binary.AppendVarint(append(out, flag), int64(d))
}

var errCut = errors.New("recording: an event is cut off")

// Visit reads back what Events wrote. What is visited is valid only during the call.
func Visit(data []byte, event func(*sli.Event), tally func(sli.Minute, sli.Tally)) error {
	r := reader{data: data}
	var e sli.Event
	var observations []sli.Observation
	last := int64(0)
	for len(r.data) > 0 && !r.cut {
		switch r.byte() {
		case markTally:
			m := sli.Minute(r.varint())
			var t sli.Tally
			for _, n := range tallied(&t) {
				*n = r.varint()
			}
			if !r.cut {
				tally(m, t)
			}
		case markEvent:
			observations = r.event(&e, last, observations[:0])
			last = e.Time
			if !r.cut {
				event(&e)
			}
		default:
			return errCut
		}
	}
	if r.cut {
		return errCut
	}
	return nil
}

// reader takes values off the front of data; cut says that there was too little.
type reader struct {
	data []byte
	cut  bool
}

func (r *reader) event(e *sli.Event, last int64, observations []sli.Observation) []sli.Observation {
	*e = sli.Event{Signal: sli.Signal(r.byte()), Weight: 1}
	has := r.uvarint()
	e.Time = last + r.varint()
	if has&hasWeight != 0 {
		e.Weight = r.float()
	}
	if has&hasStatus != 0 {
		e.Status = int(r.varint())
	}
	if has&hasMethod != 0 {
		e.Method = r.take(r.uvarint())
	}
	if has&hasLatency != 0 {
		e.HasLatency = r.byte() == 1
		e.Latency = time.Duration(r.varint())
	}
	e.Connection = has&isConnection != 0
	if has&hasVerdicts != 0 {
		e.Good, e.Accepted = sli.Verdict(r.byte()), sli.Verdict(r.byte())
	}
	if has&hasObservations != 0 {
		at := e.Time
		for n := r.uvarint(); n > 0 && !r.cut; n-- {
			at += r.varint()
			observations = append(observations, sli.Observation{Time: at, Latency: time.Duration(r.varint())})
		}
		e.Observations = observations
	}
	if has&hasDelay != 0 {
		e.Delay, e.HasDelay = time.Duration(r.varint()), true
	}
	if has&hasAcceptedAt != 0 {
		e.AcceptedAt = e.Time + r.varint()
	}
	if has&isAhead != 0 {
		e.Ahead = time.Duration(r.varint())
	}
	if has&hasID != 0 {
		e.ID, e.HasID = r.uint64(), true
	}
	if has&hasWatermark != 0 {
		e.Watermark = e.Time + r.varint()
	}
	if has&hasShould != 0 {
		e.Should = r.float()
	}
	if has&hasGroup != 0 {
		e.Group = r.uint64()
	}
	if has&hasMore != 0 {
		var m more
		r.cut = json.Unmarshal(r.take(r.uvarint()), &m) != nil || r.cut
		e.Lambda, e.EMF, e.Probe, e.Lasted = m.Lambda, m.EMF, m.Probe, m.Lasted
	}
	return observations
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.cut = true
		return nil
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) float() float64 { return math.Float64frombits(r.uint64()) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	return v * r.step(n)
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.data)
	return v * int64(r.step(n))
}

// step moves behind a number of n bytes; 0 where there was none.
func (r *reader) step(n int) uint64 {
	if n <= 0 {
		r.cut = true
		return 0
	}
	r.data = r.data[n:]
	return 1
}
