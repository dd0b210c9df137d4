package recording

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// preparer is a source that asks together with others.
type preparer interface {
	Prepare(ask sli.Ask, cursor []byte)
}

// prober is a source that sends the records it looks for.
type prober interface {
	Due(position []byte, now time.Time) (claimed []byte, tasks [][]byte)
	Send(ctx context.Context, task []byte, clock func() time.Time) (outcome []byte, err error)
	Note(position []byte, outcomes [][]byte) []byte
}

// witness is a source whose answers are written down as they are given.
type witness struct {
	source   Source
	recorder *Recorder
	number   int
}

func (w witness) Facts() sli.Facts { return w.source.Facts() }

// Prepare passes on what the source will be asked.
func (w witness) Prepare(ask sli.Ask, cursor []byte) {
	if p, ok := w.source.(preparer); ok {
		p.Prepare(ask, cursor)
	}
}

// Read asks the source and writes down what it says.
func (w witness) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	a := answer{Source: w.number, Ask: question{
		From: ask.From, Read: ask.Read, Until: ask.Until, Edges: ask.Edges, Again: ask.Again, Final: ask.Final, Cursor: digest(cursor),
	}}
	a.Number = w.recorder.begin()
	o := &outcome{recorder: w.recorder, number: a.Number}
	emit, count := ask.Emit, ask.Count
	ask.Emit = func(e *sli.Event) {
		o.event(e)
		emit(e)
	}
	ask.Count = func(m sli.Minute, t sli.Tally) {
		o.tally(m, t)
		count(m, t)
	}
	b, err := w.source.Read(w.recorder.watching(ctx, w.number), ask, cursor)
	a.Batch, a.Ask.Next = batch{Batch: b}, digest(b.Cursor)
	a.Batch.Batch.Cursor, a.Batch.Batch.Unanswered = nil, nil
	if b.Unanswered != nil {
		a.Batch.Unanswered = b.Unanswered.Error()
	}
	if err != nil {
		a.Err = err.Error()
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			a.Err = context.Cause(ctx).Error()
		}
	}
	o.end(a)
	return b, err
}

// digest names a position, which may hold what nobody else should see.
func digest(position []byte) string {
	if position == nil {
		return ""
	}
	sum := sha256.Sum256(position)
	return hex.EncodeToString(sum[:8])
}

// begin gives the number of the next answer.
func (r *Recorder) begin() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers++
	return r.answers
}

// outcome collects the events of an answer.
type outcome struct {
	recorder *Recorder
	number   int
	events   Events
	pending  []byte
	count    int
	cut      bool
}

// flushAt is how much of an answer is written at once.
const flushAt = 64 << 10

func (o *outcome) event(e *sli.Event) {
	if o.count += max(1, len(e.Observations)); !o.cut {
		o.pending = o.events.Append(o.pending, e)
		o.flush(flushAt)
	}
}

func (o *outcome) tally(m sli.Minute, t sli.Tally) {
	if !o.cut {
		o.pending = o.events.AppendTally(o.pending, m, t)
		o.flush(flushAt)
	}
}

// flush writes what is pending, once it is as much as that.
func (o *outcome) flush(least int) {
	if len(o.pending) < max(least, 1) {
		return
	}
	r := o.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left -= int64(len(o.pending)); r.left < 0 {
		o.cut = true
	} else {
		r.write(frameEvents, binary.AppendUvarint(nil, uint64(o.number)), o.pending)
	}
	o.pending, o.events = o.pending[:0], Events{} // what is read back at once
}

func (o *outcome) end(a answer) {
	o.flush(0)
	r := o.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Cut = o.cut
	r.events += o.count
	r.put(frameAnswer, a)
}

// witnessedProber is a prober whose sending is written down.
type witnessedProber struct {
	witness
	sends prober
}

func (w witnessedProber) Due(position []byte, now time.Time) (claimed []byte, tasks [][]byte) {
	claimed, tasks = w.sends.Due(position, now)
	for i, task := range tasks { // by its number it is known again
		tasks[i] = append(binary.AppendUvarint(nil, uint64(i)), task...)
	}
	w.note(sent{Source: w.number, Due: len(tasks), Task: -1})
	return claimed, tasks
}

func (w witnessedProber) Send(ctx context.Context, task []byte, clock func() time.Time) ([]byte, error) {
	i, n := binary.Uvarint(task)
	outcome, err := w.sends.Send(ctx, task[max(n, 0):], clock)
	s := sent{Source: w.number, Task: int(i)}
	if err != nil {
		s.Err = err.Error()
	}
	w.note(s)
	return outcome, err
}

func (w witnessedProber) Note(position []byte, outcomes [][]byte) []byte {
	return w.sends.Note(position, outcomes)
}

func (w witnessedProber) note(s sent) {
	w.recorder.mu.Lock()
	defer w.recorder.mu.Unlock()
	w.recorder.put(frameSent, s)
}
