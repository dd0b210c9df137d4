package backtest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// tape is what a source tells of a stretch of time, asked once and kept by the minute it
// happened in. It is played to runs, each as far as the run's instant: where a line stood,
// and since when, isn't known any more, so what happened was there at once.
type tape struct {
	facts    sli.Facts
	batch    sli.Batch // of the one question
	err      error
	recorded bool // it is put together of recorded runs
	levels   map[sli.Minute][]sli.Level
	sums     map[sli.Minute][]sli.MinuteSummary

	minutes map[sli.Minute]*recorded
	size    int      // of what is in memory
	file    *os.File // the rest; nil: there is none
	written int64
}

// recorded is what happened in a minute.
type recorded struct {
	events recording.Events
	data   []byte
	parts  []part // of the file, what came before data
}

type part struct {
	at   int64
	size int
}

// inMemory is what a tape keeps in memory; what is more lies in a file without a name.
const inMemory = 8 << 20

func newTape(facts sli.Facts) *tape {
	return &tape{facts: facts, minutes: map[sli.Minute]*recorded{}, levels: map[sli.Minute][]sli.Level{}, sums: map[sli.Minute][]sli.MinuteSummary{}}
}

// record asks a source for everything from one instant to another.
func record(ctx context.Context, s sli.Source, ask sli.Ask) *tape {
	t := newTape(s.Facts())
	var mu sync.Mutex // a source that is given up goes on
	over := false
	ask.Emit = func(e *sli.Event) {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			t.put(e)
		}
	}
	ask.Count = func(m sli.Minute, n sli.Tally) {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			t.tally(m, n)
		}
	}
	batch, err := s.Read(ctx, ask, nil)
	mu.Lock()
	defer mu.Unlock()
	over = true
	t.answer(batch, err)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		t.err = context.Cause(ctx)
	}
	return t
}

// answer keeps what was said beside events.
func (t *tape) answer(b sli.Batch, err error) {
	for _, l := range b.Levels {
		t.levels[l.Minute] = append(t.levels[l.Minute], l)
	}
	for _, v := range b.Summaries {
		t.sums[v.Minute] = append(t.sums[v.Minute], v)
	}
	b.Levels, b.Summaries, b.Cursor = nil, nil, nil
	if t.batch = b; t.err == nil {
		t.err = err
	}
}

func (t *tape) at(m sli.Minute) *recorded {
	r := t.minutes[m]
	if r == nil {
		r = new(recorded)
		t.minutes[m] = r
	}
	return r
}

// begins is the first minute that something happened in.
func (t *tape) begins() sli.Minute {
	first := sli.Minute(math.MaxInt64)
	for m := range t.minutes {
		first = min(first, m)
	}
	for m := range t.levels {
		first = min(first, m)
	}
	for m := range t.sums {
		first = min(first, m)
	}
	return first
}

func (t *tape) put(e *sli.Event) {
	r := t.at(sli.MinuteOf(e.Time))
	before := len(r.data)
	r.data = r.events.Append(r.data, e)
	t.grow(len(r.data) - before)
}

func (t *tape) tally(m sli.Minute, n sli.Tally) {
	r := t.at(m)
	before := len(r.data)
	r.data = r.events.AppendTally(r.data, m, n)
	t.grow(len(r.data) - before)
}

// forget takes away what is told of a minute.
func (t *tape) forget(m sli.Minute) {
	if r := t.minutes[m]; r != nil {
		t.size -= len(r.data)
		delete(t.minutes, m)
	}
	delete(t.levels, m)
	delete(t.sums, m)
}

// grow puts what there is into the file once it is too much.
func (t *tape) grow(by int) {
	if t.size += by; t.size < inMemory {
		return
	}
	t.size = 0
	if t.err == nil {
		t.err = t.spill()
	}
}

func (t *tape) spill() error {
	if t.file == nil {
		f, err := os.CreateTemp("", "pipeline-sli-backtest-")
		if err != nil {
			return err
		}
		if err := os.Remove(f.Name()); err != nil {
			return errors.Join(err, f.Close())
		}
		t.file = f
	}
	var all []byte
	start := t.written
	for _, r := range t.minutes {
		if len(r.data) == 0 {
			continue
		}
		r.parts = append(r.parts, part{t.written, len(r.data)})
		all = append(all, r.data...)
		t.written += int64(len(r.data))
		r.data, r.events = nil, recording.Events{}
	}
	_, err := t.file.WriteAt(all, start)
	return err
}

// close lets go of the file.
func (t *tape) close() {
	if t.file != nil {
		_ = t.file.Close() // it has no name any more
	}
}

// visit goes through what happened in a minute.
func (t *tape) visit(m sli.Minute, event func(*sli.Event), tally func(sli.Minute, sli.Tally)) error {
	r := t.minutes[m]
	if r == nil {
		return nil
	}
	for _, p := range r.parts {
		data := make([]byte, p.size)
		if _, err := t.file.ReadAt(data, p.at); err != nil {
			return err
		}
		if err := recording.Visit(data, event, tally); err != nil {
			return err
		}
	}
	return recording.Visit(r.data, event, tally)
}

// player plays a tape to the runs of one pipeline. It is a source: its position is the
// instant up to which it has played.
type player struct {
	*tape
	begins sli.Minute // of the tape: who asks from the beginning of time is told from there on
}

func (p player) Facts() sli.Facts { return p.facts }

func (p player) Read(_ context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	if p.err != nil {
		return sli.Batch{}, p.err
	}
	b := p.batch
	from, to := ask.From, ask.Now
	if len(cursor) == 8 {
		from = time.UnixMicro(int64(binary.BigEndian.Uint64(cursor)))
	}
	first := cursor == nil
	if !first || ask.Again { // what is told of the whole question is told once
		b.Sifted, b.Warnings, b.Skipped, b.Calls, b.Bytes = nil, nil, 0, 0, 0
	}
	if ask.Again {
		from, to, first = ask.From, from, true
	}
	if !b.To.IsZero() && b.To.Before(to) {
		to = b.To
	}
	if b.To.IsZero() || to.Before(b.From) { // no position: whoever is answered first is told what the first, broken minute held, too
		b.From, b.To, b.Cursor = time.Time{}, time.Time{}, nil
		if b.Unanswered == nil {
			b.Unanswered = fmt.Errorf("nothing is known of before %s", p.batch.From.In(ask.Now.Location()).Format("2006-01-02 15:04 MST"))
		}
		return b, nil
	}
	b.Cursor = binary.BigEndian.AppendUint64(nil, uint64(to.UnixMicro()))
	b.From, b.To = time.Time{}, to
	if first {
		if b.From = from; p.batch.From.After(from) {
			b.From = p.batch.From
		}
	}
	ends := to
	if p.facts.Replaces { // whole minutes, told once they stand
		ends = sli.MinuteAt(to.Add(-p.facts.Settle)).Start()
		if !first {
			from = sli.MinuteAt(from.Add(-p.facts.Settle)).Start()
		}
		b.From = from
	}
	return b, p.play(ask, from, ends, &b)
}

// play emits what happened from one instant to before another.
func (p player) play(ask sli.Ask, from, ends time.Time, b *sli.Batch) error {
	begin, end := from.UnixMicro(), ends.UnixMicro()
	whole := sli.Window{From: sli.MinuteAt(from), To: sli.MinuteAt(ends)} // whose lines are told
	emit := func(e *sli.Event) {
		if e.Observations != nil {
			e.Observations = slices.DeleteFunc(e.Observations, func(o sli.Observation) bool { return o.Time < begin || o.Time >= end })
			if e.Weight = float64(len(e.Observations)); e.Weight > 0 {
				e.Time, e.Latency = e.Observations[0].Time, e.Observations[0].Latency
				ask.Emit(e)
			}
			return
		}
		if begin <= e.Time && e.Time < end {
			ask.Emit(e)
		}
	}
	tally := func(m sli.Minute, n sli.Tally) {
		if whole.Contains(m) && ask.Count != nil {
			ask.Count(m, n)
		}
	}
	for m := max(whole.From, p.begins); m <= whole.To; m++ {
		if err := p.visit(m, emit, tally); err != nil {
			return err
		}
		if whole.Contains(m) {
			b.Levels = append(b.Levels, p.levels[m]...)
			b.Summaries = append(b.Summaries, p.sums[m]...)
		}
	}
	return nil
}
