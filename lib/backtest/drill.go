package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Drill is an incident that is put into the evidence.
type Drill struct {
	Text  string // as it was asked for
	Kind  string
	Share float64 // errors, lost: of the requests or records, 0…1
	Times float64 // slow
	At    time.Time
	For   time.Duration
}

// The kinds of drills.
const (
	ConsumerStop = "consumer-stop" // what would come out comes out afterwards, at the largest rate of the last day
	FrontStop    = "front-stop"    // nothing is accepted
	Errors       = "errors"        // that share of the requests is answered 500
	Slow         = "slow"          // delays are so many times as long; nothing queues
	Lost         = "lost"          // that share of the records never comes out
)

// DrillKinds are all of them.
func DrillKinds() []string { return []string{ConsumerStop, Errors, Slow, Lost, FrontStop} }

// ParseDrill reads KIND@T,D: errors=20%@2026-03-02 12:00,10m.
func ParseDrill(text string, instant func(string) (time.Time, error), duration func(string) (time.Duration, error)) (Drill, error) {
	d := Drill{Text: text}
	what, when, ok := strings.Cut(text, "@")
	at, length, comma := strings.Cut(when, ",")
	if !ok || !comma {
		return d, errors.New("must be KIND@T,D")
	}
	kind, value, given := strings.Cut(strings.TrimSpace(what), "=")
	d.Kind = kind
	if kinds := DrillKinds(); !slices.Contains(kinds, kind) {
		return d, fmt.Errorf("no drill of that name, they are %s (got %q)", strings.Join(kinds, ", "), kind)
	}
	var err error
	switch kind {
	case Errors, Lost:
		percent, isPercent := strings.CutSuffix(value, "%")
		d.Share, err = strconv.ParseFloat(percent, 64)
		if d.Share /= 100; err != nil || !isPercent || !(d.Share > 0 && d.Share <= 1) {
			return d, fmt.Errorf("%s needs a share of 0%% to 100%%, like %s=20%% (got %q)", kind, kind, value)
		}
	case Slow:
		times := strings.TrimRight(value, "x×")
		d.Times, err = strconv.ParseFloat(times, 64)
		if err != nil || times == value || !(d.Times > 1 && d.Times <= 1e6) {
			return d, fmt.Errorf("slow needs a factor over 1, like slow=5x (got %q)", value)
		}
	default:
		if given {
			return d, fmt.Errorf("%s takes no value (got %q)", kind, value)
		}
	}
	if d.At, err = instant(strings.TrimSpace(at)); err != nil {
		return d, err
	}
	if d.For, err = duration(strings.TrimSpace(length)); err != nil || d.For < time.Minute {
		return d, fmt.Errorf("must last a minute or longer (got %q)", length)
	}
	return d, nil
}

// within tells whether an instant, in microseconds since the epoch, lies in the drill.
func (d Drill) within(at int64) bool {
	return d.At.UnixMicro() <= at && at < d.At.Add(d.For).UnixMicro()
}

// minutes are those that the drill touches.
func (d Drill) minutes() sli.Window {
	return sli.Window{From: sli.MinuteAt(d.At), To: sli.MinuteAt(d.At.Add(d.For-time.Microsecond)) + 1}
}

// hits tells whether a request or record is one of the share; alike for one record at both
// of its ends.
func (d Drill) hits(number uint64) bool {
	h := fnv.New64a()
	for i := range 8 {
		_, _ = h.Write([]byte{byte(number >> (8 * i))})
	}
	// The lower bits of FNV are the better mixed ones.
	return float64(h.Sum64()&(1<<32-1)) < d.Share*(1<<32)
}

// out tells whether a signal is of the consumer's side: what it reads, does and ends.
func out(s sli.Signal) bool {
	switch s {
	case sli.Done, sli.Failed, sli.Filtered, sli.Dropped, sli.DeadLettered, sli.Duplicate, sli.Correct, sli.Wrong,
		sli.Invocation, sli.Throttled, sli.Polled, sli.Handed, sli.HandFailed, sli.Deleted, sli.RunStart, sli.RunDone:
		return true
	}
	return false
}

// in tells whether a signal is of the front's side.
func in(s sli.Signal) bool {
	switch s {
	case sli.Request, sli.Answer, sli.Accepted, sli.Received, sli.Sent, sli.Trace:
		return true
	}
	return false
}

// accepted is when the event's record was accepted, as far as it is known; else when it
// happened.
func accepted(e *sli.Event) int64 {
	if e.AcceptedAt != 0 {
		return e.AcceptedAt
	}
	return e.Time - e.Delay.Microseconds()
}

// number is what tells a request or record from others.
func number(e *sli.Event) uint64 {
	switch {
	case e.HasID:
		return e.ID
	case out(e.Signal):
		return uint64(accepted(e))
	}
	return uint64(e.Time)
}

// put is the evidence of a pipeline with the incident in it. What is told of records that
// come out goes by when they were accepted, where that is known.
func (d Drill) put(tapes []*tape) ([]*tape, error) {
	records := slices.ContainsFunc(tapes, func(t *tape) bool {
		return t.facts.Delay || slices.ContainsFunc(t.facts.Signals, out) || len(t.facts.Levels) > 0
	})
	altered := make([]*tape, len(tapes))
	for i, t := range tapes {
		var err error
		if d.Kind == ConsumerStop {
			altered[i], err = d.stop(t)
		} else {
			altered[i], err = d.alter(t, records)
		}
		if err != nil {
			return nil, err
		}
	}
	return altered, nil
}

// alter is a tape with each event changed by itself.
func (d Drill) alter(t *tape, records bool) (*tape, error) {
	to := newTape(t.facts)
	to.batch, to.err = t.batch, t.err
	w := d.minutes()
	for m := range t.minutes {
		err := t.visit(m, func(e *sli.Event) { d.change(e, records, to.put) }, to.tally)
		if err != nil {
			return nil, err
		}
	}
	for m, levels := range t.levels {
		for _, l := range levels {
			if d.Kind == Slow && w.Contains(m) && strings.HasPrefix(l.Name, "age") {
				l.Value *= d.Times
			}
			to.levels[m] = append(to.levels[m], l)
		}
	}
	for m, sums := range t.sums {
		for _, s := range sums {
			if w.Contains(m) {
				if s, ok := d.summary(s); ok {
					to.sums[m] = append(to.sums[m], s)
				}
				continue
			}
			to.sums[m] = append(to.sums[m], s)
		}
	}
	return to, nil
}

// summary is what statistics of a minute would have said.
func (d Drill) summary(s sli.MinuteSummary) (sli.MinuteSummary, bool) {
	switch d.Kind {
	case FrontStop:
		return s, false
	case Slow:
		v := &s.Summary
		v.Mean, v.Max, v.Min.Value = v.Mean*d.Times, v.Max*d.Times, v.Min.Value*d.Times
		v.Edges = slices.Clone(v.Edges)
		for i := range v.Edges {
			v.Edges[i].At *= d.Times
		}
	}
	return s, true
}

// change gives what becomes of an event to put.
func (d Drill) change(e *sli.Event, records bool, put func(*sli.Event)) {
	each(e, func(e *sli.Event) {
		from := e.Time
		if out(e.Signal) {
			from = accepted(e)
		}
		if !d.within(from) {
			put(e)
			return
		}
		switch d.Kind {
		case FrontStop:
			if !in(e.Signal) && !out(e.Signal) {
				put(e)
			}
		case Errors:
			d.fail(e, put)
		case Lost:
			if out(e.Signal) {
				d.lose(e, put)
				return
			}
			put(e)
		case Slow:
			switch {
			case e.HasDelay || out(e.Signal) && e.AcceptedAt != 0:
				more := time.Duration(float64(e.Time-from)*(d.Times-1)) * time.Microsecond
				postpone(e, more)
			case !records && e.HasLatency:
				e.Latency = time.Duration(float64(e.Latency) * d.Times)
			}
			put(e)
		}
	})
}

// each gives the requests that an event stands for one by one.
func each(e *sli.Event, visit func(*sli.Event)) {
	if e.Observations == nil {
		visit(e)
		return
	}
	for _, o := range e.Observations {
		one := *e
		one.Observations, one.Weight, one.Time, one.Latency = nil, 1, o.Time, o.Latency
		visit(&one)
	}
}

// fail answers a share of the requests with 500; their records were never accepted.
func (d Drill) fail(e *sli.Event, put func(*sli.Event)) {
	failed := *e
	failed.Status, failed.Accepted = 500, 0
	if failed.Good != 0 {
		failed.Good = sli.Bad
	}
	if e.Accepted != 0 {
		failed.Accepted = sli.Bad
	}
	isRequest := e.Signal == sli.Request
	if e.Weight == 1 {
		switch {
		case !d.hits(number(e)) || !in(e.Signal) && !out(e.Signal):
			put(e)
		case isRequest:
			put(&failed)
		}
		return
	}
	if in(e.Signal) || out(e.Signal) {
		failed.Weight = estimate.Weight(e.Weight * d.Share)
		e.Weight -= failed.Weight
	}
	put(e)
	if isRequest {
		put(&failed)
	}
}

// lose leaves a share of what comes out away.
func (d Drill) lose(e *sli.Event, put func(*sli.Event)) {
	if e.Weight == 1 {
		if !d.hits(number(e)) {
			put(e)
		}
		return
	}
	e.Weight -= estimate.Weight(e.Weight * d.Share)
	put(e)
}

// postpone has a record come out later.
func postpone(e *sli.Event, by time.Duration) {
	e.Time += by.Microseconds()
	if e.HasDelay {
		e.Delay += by
	}
}

// stop is a tape on which nothing comes out while the consumer stands: it comes out
// afterwards, first in, first out, at the largest rate of the day before, and what comes
// then queues behind it.
func (d Drill) stop(t *tape) (*tape, error) {
	to := newTape(t.facts)
	to.batch, to.err = t.batch, t.err
	w := d.minutes()
	end := d.At.Add(d.For)
	if !slices.ContainsFunc(t.facts.Signals, out) && t.facts.Role != sli.Worker && t.facts.Role != sli.Queue {
		return t, nil
	}
	rate, err := d.rate(t)
	if err != nil {
		return nil, err
	}
	queue := queue{drill: d, rate: rate, free: map[sli.Signal]float64{}, drained: end, to: to}
	for _, m := range slices.Sorted(maps.Keys(t.minutes)) {
		if err := queue.minute(t, m); err != nil {
			return nil, err
		}
	}
	drained := queue.drained
	for m, levels := range t.levels {
		for _, l := range levels {
			switch {
			case w.Contains(m) && strings.HasPrefix(l.Name, "age"):
				continue // a consumer that doesn't read reports no age
			case m >= w.To && m < sli.MinuteAt(drained) && strings.HasPrefix(l.Name, "age"):
				l.Value += d.For.Seconds() * drained.Sub(m.End()).Seconds() / max(drained.Sub(end).Seconds(), 1)
			}
			to.levels[m] = append(to.levels[m], l)
		}
	}
	for m, sums := range t.sums {
		if !w.Contains(m) {
			to.sums[m] = sums
		}
	}
	return to, nil
}

// queue is what comes out in the order it would have come out in.
type queue struct {
	drill   Drill
	rate    map[sli.Signal]float64 // a minute
	free    map[sli.Signal]float64 // microseconds since the epoch from which on the next may come out
	drained time.Time              // when the last that waited came out
	to      *tape
}

// minute lets what came out in a minute come out when it would have.
func (q *queue) minute(t *tape, m sli.Minute) error {
	var coming []sli.Event
	err := t.visit(m, func(e *sli.Event) {
		each(e, func(e *sli.Event) {
			if !out(e.Signal) || e.Time < q.drill.At.UnixMicro() {
				q.to.put(e)
				return
			}
			kept := *e
			kept.Method, kept.EMF = slices.Clone(e.Method), slices.Clone(e.EMF)
			coming = append(coming, kept)
		})
	}, q.to.tally)
	slices.SortStableFunc(coming, func(a, b sli.Event) int { return cmp.Compare(a.Time, b.Time) })
	for i := range coming {
		q.release(&coming[i])
	}
	return err
}

func (q *queue) release(e *sli.Event) {
	at := max(float64(e.Time), q.free[e.Signal])
	if q.drill.within(e.Time) {
		at = max(at, float64(q.drill.At.Add(q.drill.For).UnixMicro()))
	}
	if by := time.Duration(int64(at)-e.Time) * time.Microsecond; by > 0 {
		q.free[e.Signal] = at + 60e6/q.rate[e.Signal]*e.Weight
		postpone(e, by)
		q.drained = later(q.drained, time.UnixMicro(e.Time))
	}
	q.to.put(e)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// rate is the most that came out in a minute of the day before, by signal.
func (d Drill) rate(t *tape) (map[sli.Signal]float64, error) {
	most := map[sli.Signal]float64{}
	first := sli.MinuteAt(d.At.Add(-24 * time.Hour))
	for m := range t.minutes {
		if m < first || m >= sli.MinuteAt(d.At) {
			continue
		}
		here := map[sli.Signal]float64{}
		if err := t.visit(m, func(e *sli.Event) { here[e.Signal] += e.Weight }, func(sli.Minute, sli.Tally) {}); err != nil {
			return nil, err
		}
		for s, n := range here {
			most[s] = max(most[s], n)
		}
	}
	for s := range sli.Signal(64) {
		most[s] = max(most[s], 1)
	}
	return most, nil
}
