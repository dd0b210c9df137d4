package sim

import "math"

// Outcome says how an invocation ended.
type Outcome uint8

const (
	// Success of the whole batch.
	Success Outcome = iota
	// Failure at the record Stop; the ones before it have been written.
	Failure
	// Timeout at the record Stop.
	Timeout
)

// String is what a REPORT line would call it.
func (o Outcome) String() string { return [...]string{"success", "error", "timeout"}[o] }

// Invocation is one run of the function over one batch.
type Invocation struct {
	Began     Instant // handed over: the stamp of its metrics
	Work      Instant // the first record's work begins
	Ended     Instant
	Init      Instant // microseconds of cold start, before Duration begins
	PerRecord Instant // microseconds of work, the write included
	Newest    Instant // arrival of the batch's newest record
	Oldest    Instant // arrival of its oldest
	Lane      int
	From, To  int // of the lane's records
	Stop      int // first record that was not processed
	Events    int // records handed over
	Failed    int // of these, not done when it ended
	Running   int // invocations at its start, itself included
	Outcome   Outcome
	byStore   bool // the store was the reason
}

// Duration leaves out the cold start, as CloudWatch's does.
func (i *Invocation) Duration() Instant { return i.Ended - i.Began - i.Init }

// idleContainer is how long an idle container stays warm.
const idleContainer = 10 * minute

// container takes a warm container, or tells how long a cold start takes.
func (e *worker) container(now Instant) Instant {
	if n := len(e.warm); n > 0 {
		used := e.warm[n-1]
		e.warm = e.warm[:n-1]
		if now-used < idleContainer {
			return 0
		}
		e.warm = e.warm[:0] // the others have been idle for longer
	}
	return Instant(e.rng.Float64() * 2 * float64(span(e.w.Scenario.Worker.ColdStart)))
}

// invoke runs the function over the lane's next batch. What happens to each
// record is settled here, at instants that may lie after now.
func (e *worker) invoke(k int, now Instant) Invocation {
	w := e.w
	l, s := &w.lanes[k], &w.Scenario.Worker
	b := l.todo[len(l.todo)-1]
	slow := w.faults.factor(WorkerSlow, now) * math.Exp(s.Spread*e.rng.NormFloat64())
	inv := Invocation{Began: now, Init: e.container(now), Lane: k, From: b.from, To: b.to, Running: e.running,
		PerRecord: max(1, Instant(slow*float64(span(s.PerRecord)))), Oldest: w.arrived(l, b.from)}
	inv.Work = now + inv.Init + max(1, Instant(slow*float64(span(s.Overhead))))
	breaks := b.to // where a failure of its own begins
	if e.rng.Float64() < w.faults.share(Errors, now, s.Errors) {
		breaks = b.from + e.rng.IntN(b.to-b.from)
	}
	kill := now + inv.Init + span(s.Timeout)
	at := inv.Work
	i := b.from
	for ; i < b.to; i++ {
		r := &w.Records[l.order[i]]
		if r.mapped {
			continue
		}
		inv.Newest = r.Arrived
		if inv.Outcome != Success {
			continue
		}
		at += inv.PerRecord
		inv.Stop, inv.Ended = i, at
		switch {
		case at > kill:
			inv.Outcome, inv.Ended = Timeout, kill
		case w.storeFails(at):
			inv.Outcome, inv.byStore = Failure, true
		case i >= breaks || w.poisoned(r, at):
			inv.Outcome = Failure
		case happens(w.Scenario.Seed, forSkip, uint64(l.order[i]), s.Skips):
			r.leave(at, Filtered)
		default:
			w.show(r, l.order[i], at)
		}
	}
	inv.Events = e.events(l, b.from, b.to)
	if inv.Outcome == Success {
		inv.Stop = b.to
	} else {
		inv.Failed = inv.Events
		if s.Partial && inv.Outcome == Failure {
			inv.Failed = e.events(l, inv.Stop, b.to)
		}
	}
	w.longest = max(w.longest, inv.Ended-now)
	return inv
}

func (w *World) storeFails(at Instant) bool {
	return w.faults.active(StoreDown, at) || w.faults.active(StoreThrottled, at)
}

// A step is what an invocation did to one record. Retries repeat steps.
type step struct {
	at     Instant
	id     uint32
	writes int  // to the store
	failed bool // the one the invocation failed at
	skip   bool
}

// steps gives what an invocation did, record by record.
func (w *World) steps(inv *Invocation, yield func(step)) {
	l, s := &w.lanes[inv.Lane], &w.Scenario
	at := inv.Work
	for i := inv.From; i <= inv.Stop && i < inv.To; i++ {
		id := l.order[i]
		if w.Records[id].mapped {
			continue
		}
		at += inv.PerRecord
		st := step{at: at, id: id, writes: 1}
		switch {
		case i == inv.Stop:
			st.at, st.failed, st.writes = inv.Ended, true, 0
		case happens(s.Seed, forSkip, uint64(id), s.Worker.Skips):
			st.skip, st.writes = true, 0
		case happens(s.Seed, forLoss, uint64(id), w.faults.share(ResultsLost, at, 0)):
			st.writes = 0
		case happens(s.Seed, forDuplicate, uint64(id), w.faults.share(ResultsDuplicate, at, 0)):
			st.writes = 2
		}
		yield(st)
	}
}
