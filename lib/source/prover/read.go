package prover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	// atOnce is how many records are looked for at the same time.
	atOnce = 8
	// giveUp is after how many failed looks in a row the store isn't asked any more in a run.
	giveUp = 2 * atOnce
)

// Read looks for the records that were sent and emits a verdict for each that is due,
// in the minute it was sent in. It never sends.
func (s *Source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	if ask.Again { // what was sent before a rule began is judged under the old one
		return sli.Batch{From: ask.Now, To: ask.Now}, nil
	}
	b := s.open(cursor)
	looks := s.looks(ctx, b.Probes, ask)
	batch := sli.Batch{From: ask.Now, Calls: len(looks)}
	failed, incredible := 0, 0
	var first error
	waiting := b.Probes[:0:0]
	for i, p := range b.Probes {
		l := looks[i]
		if l.err != nil {
			failed++
			if first == nil {
				first = l.err
			}
		}
		s.extend(&p, b.Read, ask.Now)
		if !p.see(l) {
			incredible++
		}
		verdict, final := s.judge(&p, l, ask.Now)
		if !final {
			waiting = append(waiting, p)
			continue
		}
		ask.Emit(&sli.Event{Time: min(p.At, ask.Now.UnixMicro()), Weight: 1, Signal: sli.Probed, Probe: &verdict})
		b.sweep(p, s.cleaner != nil)
	}
	b.Probes = waiting
	for _, at := range b.Refused {
		ask.Emit(&sli.Event{Time: min(at, ask.Now.UnixMicro()), Weight: 1, Signal: sli.Uninjected})
	}
	b.Refused = nil
	switch {
	case failed > 0 && failed == len(looks):
		batch.Unanswered = first
	case failed > 0:
		batch.Warnings = append(batch.Warnings, fmt.Sprintf("%d of %d records could not be looked for: %v", failed, len(looks), first))
	}
	if incredible > 0 {
		batch.Warnings = append(batch.Warnings, fmt.Sprintf("visible_at: %d records say they came out before they were sent, or in the future; when they were found counts instead; check clocks and the field's zone", incredible))
	}
	if len(b.Probes) >= maxOutstanding {
		batch.Warnings = append(batch.Warnings, fmt.Sprintf("%d records wait for a verdict; no more are sent until there are fewer", len(b.Probes)))
	}
	s.answerFor(b, &batch, ask.Now)
	b.Read = ask.Now.UnixMicro()
	batch.Cursor = b.encode()
	return batch, nil
}

// answerFor says which minutes the verdicts are complete of: those before the oldest
// overdue record that still waits. Minutes whose slot nobody claimed aren't measured.
func (s *Source) answerFor(b *book, batch *sli.Batch, now time.Time) {
	batch.To = now
	for _, p := range b.Probes {
		if whole := sli.MinuteOf(p.At).Start().Add(s.facts.Settle); whole.Before(batch.To) {
			batch.To = whole
		}
	}
	settled := sli.MinuteAt(batch.To.Add(-s.facts.Settle))
	upTo := sli.Window{From: 0, To: settled}
	batch.Missing = sli.Intervals{upTo}
	for _, w := range b.Covered {
		batch.Missing = batch.Missing.Remove(w)
	}
	b.Covered = b.Covered.Remove(upTo)
}

// looks looks for all records, a few at a time. Once the store failed often in a row
// the rest are taken to fail as well.
func (s *Source) looks(ctx context.Context, probes []probe, ask sli.Ask) []look {
	clock := ask.Clock
	if clock == nil {
		clock = func() time.Time { return ask.Now }
	}
	out := make([]look, len(probes))
	var down atomic.Pointer[error]
	var inARow atomic.Int64
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(atOnce, len(probes)) {
		wg.Go(func() {
			for i := range next {
				if err := down.Load(); err != nil {
					out[i] = look{err: *err}
					continue
				}
				out[i] = s.look(ctx, &probes[i], clock)
				if out[i].err == nil {
					inARow.Store(0)
				} else if inARow.Add(1) >= giveUp {
					down.Store(&out[i].err)
				}
			}
		})
	}
	for i := range probes {
		next <- i
	}
	close(next)
	wg.Wait()
	return out
}

// look looks for one record, unless nothing could be learnt from it.
func (s *Source) look(ctx context.Context, p *probe, clock func() time.Time) (l look) {
	defer func() {
		if p := recover(); p != nil { // it costs this prover, not the whole run
			l = look{err: fmt.Errorf("internal error: %v", p)}
		}
	}()
	v, err := s.values(p.ID, p.N, p.Slot)
	if err != nil {
		return look{err: err}
	}
	begin := clock().UnixMicro()
	if p.RightBy != 0 && begin < p.At+s.deadline.Microseconds() {
		return look{begin: begin, end: begin, skipped: true} // it is looked at again at the deadline
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	a, err := s.store.look(ctx, v)
	return look{answer: a, begin: begin, end: clock().UnixMicro(), err: err}
}

// values are what a record's templates may name.
func (s *Source) values(id string, n, slot int64) (values, error) {
	v := values{ID: id, N: n, Slot: slot}
	var err error
	v.Want, err = s.want.expand(v)
	return v, err
}

// sweep remembers a judged record that is to be cleaned up after.
func (b *book) sweep(p probe, wanted bool) {
	if wanted && len(b.Sweeps) < maxSweeps {
		b.Sweeps = append(b.Sweeps, sweep{ID: p.ID, N: p.N, Slot: p.Slot})
	}
}

// task is a claimed record to be sent, or a judged one to be cleaned up after.
type task struct {
	Send  *probe `json:"send,omitempty"`
	Sweep *sweep `json:"sweep,omitempty"`
}

// outcome is what became of a task.
type outcome struct {
	ID    string `json:"id,omitempty"`
	State string `json:"state,omitempty"` // of a record sent
	At    int64  `json:"at,omitempty"`    // when
	Sweep *sweep `json:"sweep,omitempty"` // to be tried again
}

const (
	taken     = "taken"     // by the front
	refused   = "refused"   // by the front, or it can't be reached
	withdrawn = "withdrawn" // not sent, or not as it should be
	unknown   = "unknown"   // the run ended while it was being sent
)

// ownFault is why nothing was accepted that is no fault of the front's: a template,
// credentials, a refused request. It says nothing of the front's availability, and the
// slot's minutes aren't measured.
type ownFault struct{ error }

func (f ownFault) Unwrap() error { return f.error }

// sweepsAtOnce is how many records are cleaned up after in a run.
const sweepsAtOnce = 16

// Due claims the slot of now, and what is to be cleaned up.
func (s *Source) Due(position []byte, now time.Time) (claimed []byte, tasks [][]byte) {
	b := s.open(position)
	if p, ok := s.claim(b, now); ok {
		tasks = append(tasks, spell(task{Send: &p}))
	}
	n := min(sweepsAtOnce, len(b.Sweeps))
	for _, sweep := range b.Sweeps[:n] {
		tasks = append(tasks, spell(task{Sweep: &sweep}))
	}
	b.Sweeps = b.Sweeps[n:]
	if len(tasks) == 0 {
		return nil, nil
	}
	return b.encode(), tasks
}

// Send sends a claimed record, or cleans up after a judged one.
func (s *Source) Send(ctx context.Context, claimed []byte, clock func() time.Time) ([]byte, error) {
	var e task
	if err := json.Unmarshal(claimed, &e); err != nil {
		return nil, err
	}
	if e.Sweep != nil {
		return s.clean(ctx, *e.Sweep)
	}
	p := e.Send
	o := outcome{ID: p.ID, State: taken, At: clock().UnixMicro()}
	if ctx.Err() != nil {
		o.State = withdrawn
		return spell(o), fmt.Errorf("the run ended before a record could be sent")
	}
	err := s.send(ctx, p)
	var own ownFault
	switch {
	case errors.As(err, &own):
		o.State = withdrawn
		return spell(o), fmt.Errorf("no record was sent: %w", err)
	case err != nil && ctx.Err() != nil:
		o.State = unknown
		return spell(o), fmt.Errorf("%s: the run ended while a record was being sent; it counts as uncertain unless it is found", s.front)
	case err != nil:
		o.State = refused
		return spell(o), fmt.Errorf("a record was not taken: %w", err)
	}
	return spell(o), nil
}

func (s *Source) send(ctx context.Context, p *probe) error {
	v, err := s.values(p.ID, p.N, p.Slot)
	if err != nil {
		return ownFault{err}
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	return s.front.send(ctx, v)
}

func (s *Source) clean(ctx context.Context, w sweep) ([]byte, error) {
	v, err := s.values(w.ID, w.N, w.Slot)
	if err == nil {
		ctx, cancel := s.limited(ctx)
		defer cancel()
		err = s.cleaner.send(ctx, v)
	}
	if err == nil {
		return spell(outcome{}), nil
	}
	if w.Tries++; w.Tries >= sweepTries {
		return spell(outcome{}), fmt.Errorf("record %s is left behind: %w", w.ID, err)
	}
	return spell(outcome{Sweep: &w}), nil
}

// Note puts outcomes into the position. A record that was judged in the meantime is
// passed over.
func (s *Source) Note(position []byte, outcomes [][]byte) []byte {
	b := s.open(position)
	for _, text := range outcomes {
		var o outcome
		if json.Unmarshal(text, &o) != nil {
			continue
		}
		if o.Sweep != nil {
			b.Sweeps = append(b.Sweeps, *o.Sweep)
		}
		i := b.find(o.ID)
		if i < 0 {
			continue
		}
		switch o.State {
		case taken:
			b.Probes[i].Sent, b.Probes[i].At = true, o.At
		case refused:
			b.Refused = append(b.Refused, o.At)
			b.Probes = slices.Delete(b.Probes, i, i+1)
		case withdrawn:
			b.Covered = b.Covered.Remove(s.minutes(b.Probes[i].Slot))
			b.Probes = slices.Delete(b.Probes, i, i+1)
		}
	}
	return b.encode()
}

// spell writes one of our own records.
func spell(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic("prover: " + err.Error()) // plain data of ours
	}
	return out
}

// limited gives a request its time. What ended it, this or the run's, is the cause.
func (s *Source) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer within %s; raise prover.timeout if it is slow rather than away", section.Duration(s.timeout)))
}
