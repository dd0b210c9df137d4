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
	ask   sli.Ask
	where sli.Match   // over methods: which bundles count
	some  [64]*bundle // by hash
}

// bundle is an event in the making.
type bundle struct {
	likeness
	begin  int64 // of the minute, in microseconds since the epoch
	wanted bool
	event  sli.Event
	name   [8]byte // the method
}

// likeness is what the requests of a bundle have in common, beside their minute.
type likeness struct {
	method uint64 // its bytes
	kind   uint64 // their number, status, how many edges the latency is beyond, whether it is known, and the verdict
}

const (
	bundled = 64 // moments of one bundle, at most
	minute  = int64(time.Minute / time.Microsecond)
)

// bundleable tells whether a request can be judged with others. Of a client's abort the
// latency matters, whatever the edges.
func bundleable(rec *logscan.Record) bool {
	return rec.Time >= 0 && len(rec.Method) <= len(bundle{}.name) && rec.Status != 499 && rec.Status != 460
}

// add takes a request that is bundleable; false where it isn't wanted.
func (b *bundles) add(rec *logscan.Record, good sli.Verdict) bool {
	like := likeness{method: word(rec.Method), kind: uint64(uint32(rec.Status))<<32 | uint64(len(rec.Method))<<24 | uint64(good)<<16}
	if rec.HasLatency {
		like.kind |= 1 << 8
		for _, edge := range b.ask.Edges {
			if rec.Latency > edge {
				like.kind++
			}
		}
	}
	slot := &b.some[like.hash()%uint64(len(b.some))]
	of := *slot
	if of == nil {
		of = new(bundle)
		of.event.Moments = make([]sli.Moment, 0, bundled)
		*slot = of
	}
	if of.likeness != like || uint64(rec.Time-of.begin) >= uint64(minute) || len(of.event.Moments) == cap(of.event.Moments) {
		b.emit(of)
		of.start(like, rec, good)
		of.wanted = b.where.Holds(rec.Field)
	}
	if of.wanted {
		of.event.Moments = append(of.event.Moments, sli.Moment{Time: rec.Time, Latency: rec.Latency})
	}
	return of.wanted
}

// word is the bytes of a method of up to eight of them.
func word(method []byte) (w uint64) {
	switch len(method) { // most are so long
	case 4:
		return uint64(binary.LittleEndian.Uint32(method))
	case 3:
		return uint64(binary.LittleEndian.Uint16(method)) | uint64(method[2])<<16
	}
	for i, c := range method {
		w |= uint64(c) << (8 * i)
	}
	return w
}

// hash is Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the upper
// bits of a product.
func (l likeness) hash() uint64 { return (l.method ^ l.kind<<20) * 0x9E3779B97F4A7C15 >> 32 }

// start makes it the bundle of a request's kind and minute.
func (b *bundle) start(like likeness, rec *logscan.Record, good sli.Verdict) {
	b.likeness, b.begin = like, rec.Time-rec.Time%minute
	binary.LittleEndian.PutUint64(b.name[:], like.method)
	e := &b.event
	e.Signal, e.Time, e.Latency, e.HasLatency = sli.Request, rec.Time, rec.Latency, rec.HasLatency
	e.Status, e.Method, e.Good = rec.Status, b.name[:len(rec.Method)], good
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
