package sim

import (
	"math/rand/v2"
)

// worker is the event source mapping and the function: lanes poll, batches
// are handed over, containers run.
type worker struct {
	w       *World
	rng     *rand.Rand
	queue   queue
	running int
	warm    []Instant // when each idle container was last used
}

// pollMinute counts the polls of one minute that found nothing.
type pollMinute struct{ empty int32 }

// polledBatch is a poll that found records.
type polledBatch struct {
	at       Instant
	newest   Instant // arrival of the newest record
	shard    int32
	records  int32
	filtered int32
}

func (w *World) runWorker() {
	w.makeLanes()
	w.polls = make([]pollMinute, (w.End-w.Start)/minute+1)
	e := &worker{w: w, rng: source(w.Scenario.Seed, forWorker)}
	for k := range w.lanes {
		// Batching windows of lanes that have run for long don't open together.
		open := fixed(w.Scenario.Seed, forWindow, uint64(k)) * float64(span(w.Scenario.Worker.Window))
		e.read(k, w.Start+Instant(open))
	}
	for len(e.queue) > 0 && e.queue[0].at <= w.End {
		at := e.queue.pop()
		switch w.lanes[at.lane].state {
		case reading:
			e.collect(at.lane, at.at)
		case holding:
			e.attempt(at.lane, at.at)
		case running:
			e.finish(at.lane, at.at)
		}
	}
}

func (e *worker) wait(k int, state laneState, at Instant) {
	e.w.lanes[k].state = state
	e.queue.push(event{at, k})
}

// read plans when a free lane will have its next batch complete.
func (e *worker) read(k int, now Instant) {
	l := &e.w.lanes[k]
	ready := e.complete(l, now)
	e.bookEmpty(l, now, min(ready, e.w.End))
	if ready < Never {
		e.wait(k, reading, ready)
	}
}

// complete is when the next batch of a lane that is free now is complete. A
// lane that finds records waiting reads them at once; else it polls at its
// own times. The batching window opens with the first record that is read.
func (e *worker) complete(l *lane, now Instant) Instant {
	s, f := &e.w.Scenario.Worker, &e.w.faults
	if l.next == len(l.order) {
		return Never
	}
	at := now
	if first := e.w.arrived(l, l.next); first > at {
		at = ceil(first, span(s.Poll), l.phase)
	}
	at = f.unblocked(l.shard, at)
	if s.Window == 0 || at == Never {
		return at
	}
	end := at + span(s.Window)
	if last := l.next + s.BatchSize - 1; last < len(l.order) {
		if full := e.w.arrived(l, last); full <= at {
			end = at
		} else {
			end = min(end, ceil(full, span(s.Poll), l.phase))
		}
	}
	return f.unblocked(l.shard, end)
}

// bookEmpty books the polls in [from, to) that found nothing; there are none
// while the lane is blocked.
func (e *worker) bookEmpty(l *lane, from, to Instant) {
	poll := span(e.w.Scenario.Worker.Poll)
	for from < to {
		if free := e.w.faults.unblocked(l.shard, from); free > from {
			from = free
			continue
		}
		end := min(to, e.w.faults.blockedFrom(l.shard, from), from.Minute()+minute)
		polls := (ceil(end, poll, l.phase) - ceil(from, poll, l.phase)) / poll
		e.w.polls[(from-e.w.Start)/minute].empty += int32(polls)
		from = end
	}
}

// collect reads what has arrived, up to the batch size.
func (e *worker) collect(k int, now Instant) {
	w := e.w
	l, s := &w.lanes[k], &w.Scenario
	if free := w.faults.unblocked(l.shard, now); free > now {
		e.read(k, now)
		return
	}
	for l.next < len(l.order) && w.arrived(l, l.next)+span(s.Stream.Retention) < now {
		r := &w.Records[l.order[l.next]]
		r.leave(r.Arrived+span(s.Stream.Retention), Expired)
		l.next++
	}
	from := l.next
	read := polledBatch{at: now, shard: int32(l.shard)}
	for l.next < len(l.order) && l.next-from < s.Worker.BatchSize && w.arrived(l, l.next) <= now {
		id := l.order[l.next]
		if r := &w.Records[id]; happens(s.Seed, forFilter, uint64(id), s.Worker.MappingDrops) {
			r.mapped = true
			r.leave(now, Filtered)
			read.filtered++
		}
		l.next++
	}
	if l.next == from {
		e.read(k, now)
		return
	}
	read.records, read.newest = int32(l.next-from), w.arrived(l, l.next-1)
	w.polled = append(w.polled, read)
	l.todo = append(l.todo, batch{from: from, to: l.next})
	e.attempt(k, now)
}

// attempt invokes the function with the lane's next batch, if it may.
func (e *worker) attempt(k int, now Instant) {
	w := e.w
	l := &w.lanes[k]
	if free := w.faults.unblocked(l.shard, now); free > now {
		if free < Never {
			e.wait(k, holding, free)
		}
		return
	}
	for len(l.todo) > 0 && e.trim(l, now) == 0 {
		l.todo = l.todo[:len(l.todo)-1]
	}
	if len(l.todo) == 0 {
		e.read(k, now)
		return
	}
	base := -1
	if c := w.Scenario.Worker.Concurrency; c > 0 {
		base = c
	}
	if limit := w.faults.limit(base, now); limit >= 0 && e.running >= limit {
		w.Throttles = append(w.Throttles, now)
		e.wait(k, holding, now+e.backOff(l.failed))
		l.failed++
		return
	}
	l.failed = 0
	e.running++
	l.now = int32(len(w.Invocations))
	w.Invocations = append(w.Invocations, e.invoke(k, now))
	e.wait(k, running, w.Invocations[l.now].Ended)
}

// trim gives up what has become too old at the head of the next batch, and
// counts the events that are left to hand over.
func (e *worker) trim(l *lane, now Instant) int {
	w, b := e.w, &l.todo[len(l.todo)-1]
	s := &w.Scenario
	given := 0
	for ; b.from < b.to; b.from++ {
		r := &w.Records[l.order[b.from]]
		age := now - r.Arrived
		if s.Worker.MaxAge > 0 && age > span(s.Worker.MaxAge) && !r.mapped {
			e.giveUp(r, now)
			given++
		} else if age > span(s.Stream.Retention) {
			r.leave(r.Arrived+span(s.Stream.Retention), Expired)
		} else if !r.mapped {
			break
		}
	}
	e.noteDrop(now, given)
	return e.events(l, b.from, b.to)
}

func (e *worker) events(l *lane, from, to int) int {
	if e.w.Scenario.Worker.MappingDrops == 0 {
		return to - from
	}
	n := 0
	for _, id := range l.order[from:to] {
		if !e.w.Records[id].mapped {
			n++
		}
	}
	return n
}

func (e *worker) giveUp(r *Record, now Instant) {
	if e.w.Scenario.Worker.OnFailure {
		r.leave(now, DeadLettered)
	} else {
		r.leave(now, Dropped)
	}
}

func (e *worker) noteDrop(now Instant, records int) {
	if records > 0 {
		e.w.Drops = append(e.w.Drops, Drop{now, records, e.w.Scenario.Worker.OnFailure})
	}
}

// backOff is 1, 2, 4, … s up to the longest one, less up to a quarter.
func (e *worker) backOff(failures int) Instant {
	wait := min(second<<min(failures, 20), span(e.w.Scenario.Worker.MaxBackOff))
	return wait - Instant(e.rng.Float64()*float64(wait)/4)
}

// finish takes an invocation's end: the batch is done, or parts of it will be
// tried again.
func (e *worker) finish(k int, now Instant) {
	w := e.w
	l := &w.lanes[k]
	inv := &w.Invocations[l.now]
	e.running--
	e.warm = append(e.warm, now)
	last := len(l.todo) - 1
	b := l.todo[last]
	l.todo = l.todo[:last]
	if inv.Outcome == Success {
		e.attempt(k, now)
		return
	}
	s := &w.Scenario.Worker
	if s.Partial && inv.Outcome == Failure {
		b.from = inv.Stop
	}
	b.attempt++
	b.tries++
	half := (b.from + b.to) / 2
	switch {
	case s.Bisect && b.to-b.from > 1: // does not count as a retry
		b.attempt--
		l.todo = append(l.todo, batch{half, b.to, b.attempt, b.tries}, batch{b.from, half, b.attempt, b.tries})
	case s.MaxRetries > 0 && b.attempt > s.MaxRetries:
		for _, id := range l.order[b.from:b.to] {
			if r := &w.Records[id]; !r.mapped {
				e.giveUp(r, now)
			}
		}
		e.noteDrop(now, e.events(l, b.from, b.to))
		e.attempt(k, now)
		return
	default:
		l.todo = append(l.todo, b)
	}
	e.wait(k, holding, now+e.backOff(b.tries-1))
}
