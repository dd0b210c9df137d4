package accesslog

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// bundles gather requests of one minute that differ in their instants and latencies
// alone, so that an SLI judges many at once.
type bundles struct {
	ask      sli.Ask
	where    sli.Match   // over methods: which bundles count
	some     [64]*bundle // by hash
	integers int         // latencies whose unit was a guess
}

// bundle is an event in the making.
type bundle struct {
	likeness
	begin  int64 // of the minute, in microseconds since the epoch
	wanted bool
	event  sli.Event
	method [8]byte
}

// likeness is what the requests of a bundle have in common, beside their minute.
type likeness struct {
	method uint64 // its bytes
	kind   uint64 // their number, status, how many edges the latency is beyond, whether it is known, the verdict
}

const (
	bundled = 64 // moments of one bundle, at most
	minute  = int64(time.Minute / time.Microsecond)
)

// add takes a request; false where it must be judged by itself: of a client's abort the
// latency matters, whatever the edges.
func (b *bundles) add(g *logscan.Glance, good sli.Verdict) bool {
	if g.Time < 0 || g.Status == 499 || g.Status == 460 {
		return false
	}
	like := likeness{method: g.Method, kind: uint64(uint32(g.Status))<<32 | uint64(g.MethodLen)<<24 | uint64(good)<<16}
	if g.HasLatency {
		like.kind |= 1 << 8
		for _, edge := range b.ask.Edges {
			like.kind += uint64(edge-g.Latency) >> 63 // one more where it is beyond
		}
	}
	slot := &b.some[like.hash()%uint64(len(b.some))]
	of := *slot
	if of == nil {
		of = new(bundle)
		of.event.Moments = make([]sli.Moment, 0, bundled)
		*slot = of
	}
	if of.likeness != like || uint64(g.Time-of.begin) >= uint64(minute) || len(of.event.Moments) == cap(of.event.Moments) {
		b.emit(of)
		of.start(like, g, good)
		of.wanted = b.wants(of.event.Method)
	}
	if of.wanted {
		of.event.Moments = append(of.event.Moments, sli.Moment{Time: g.Time, Latency: g.Latency})
		if g.IntegerLatency {
			b.integers++
		}
	}
	return true
}

// wants tells whether requests with a method count.
func (b *bundles) wants(method []byte) bool {
	return b.where.Holds(func(int) ([]byte, bool) { return method, len(method) > 0 })
}

// hash is Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the upper
// bits of a product.
func (l likeness) hash() uint64 { return (l.method ^ l.kind<<20) * 0x9E3779B97F4A7C15 >> 32 }

// start makes it the bundle of a request's kind and minute.
func (b *bundle) start(like likeness, g *logscan.Glance, good sli.Verdict) {
	b.likeness, b.begin = like, g.Time-g.Time%minute
	e := &b.event
	e.Signal, e.Time, e.Latency, e.HasLatency = sli.Request, g.Time, g.Latency, g.HasLatency
	e.Status, e.Method, e.Good = int(g.Status), g.AppendMethod(b.method[:0]), good
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
