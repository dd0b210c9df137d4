package accesslog

import (
	"encoding/binary"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// bundles gather requests of one minute that differ in their instants and latencies
// alone, so that an SLI judges many at once.
type bundles struct {
	ask  sli.Ask
	some [64]*bundle // by hash
}

// bundle is an event in the making.
type bundle struct {
	like   likeness
	end    int64 // of the minute, in microseconds since the epoch
	event  sli.Event
	method [8]byte
}

// likeness is what the requests of a bundle have in common, beside their minute.
type likeness struct {
	method uint64 // its bytes
	status int32
	side   uint8 // how many edges the latency is beyond
	timed  bool
	good   sli.Verdict
}

const (
	bundled = 64 // moments of one bundle, at most
	minute  = int64(time.Minute / time.Microsecond)
)

func (b *bundles) begin(ask sli.Ask) { b.ask = ask }

// add takes a request; false where it can't be bundled.
func (b *bundles) add(rec *logscan.Record, good sli.Verdict) bool {
	if rec.Time < 0 || len(rec.Method) > len(bundle{}.method) || rec.Status == 499 || rec.Status == 460 || rec.Status > 999 {
		return false // of an abort the latency matters, whatever the edges
	}
	var side uint8
	if rec.HasLatency {
		for _, edge := range b.ask.Edges {
			if rec.Latency > edge {
				side++
			}
		}
	}
	like := likeness{method: word(rec.Method), status: int32(rec.Status), side: side, timed: rec.HasLatency, good: good}
	slot := &b.some[like.hash()%uint64(len(b.some))]
	of := *slot
	if of == nil {
		of = new(bundle)
		of.event.Moments = make([]sli.Moment, 0, bundled)
		*slot = of
	}
	if of.like != like || uint64(rec.Time-of.end+minute) >= uint64(minute) || len(of.event.Moments) == bundled {
		b.emit(of)
		of.begin(like, rec)
	}
	of.event.Moments = append(of.event.Moments, sli.Moment{Time: rec.Time, Latency: rec.Latency})
	return true
}

// word is the bytes of a method of up to eight of them.
func word(method []byte) (w uint64) {
	for i, c := range method {
		w |= uint64(c) << (8 * i)
	}
	return w
}

func (l likeness) hash() uint64 {
	h := l.method ^ uint64(l.status)<<40 ^ uint64(l.side)<<56 ^ uint64(l.good)<<60
	return h * 0x9E3779B97F4A7C15 >> 58 // Fibonacci hashing: Knuth, TAOCP 3, 6.4
}

func (b *bundle) begin(like likeness, rec *logscan.Record) {
	b.like, b.end = like, rec.Time-rec.Time%minute+minute
	binary.LittleEndian.PutUint64(b.method[:], like.method)
	e := &b.event
	e.Signal, e.Time, e.Latency, e.HasLatency = sli.Request, rec.Time, rec.Latency, rec.HasLatency
	e.Status, e.Method, e.Good = rec.Status, b.method[:len(rec.Method)], like.good
}

func (b *bundles) emit(of *bundle) {
	if e := &of.event; len(e.Moments) > 0 {
		e.Weight = float64(len(e.Moments))
		b.ask.Emit(e)
		e.Moments = e.Moments[:0]
	}
}

// end emits what is left.
func (b *bundles) end() {
	for _, of := range b.some {
		if of != nil {
			b.emit(of)
		}
	}
}
